import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { keyNames, type KeyPress, shortcutOf, SHORTCUTS } from "./shortcuts.ts";

function press(key: string, rest: Partial<KeyPress> & { altGraph?: boolean } = {}): KeyPress {
  const { altGraph = false, ...changed } = rest;
  return {
    key,
    code: `Key${key.toUpperCase()}`,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    repeat: false,
    getModifierState: (name) => altGraph && name === "AltGraph",
    ...changed,
  };
}

Deno.test("shortcutOf() knows its keys, also while somebody writes", () => {
  const isTyping = true;
  strictEqual(shortcutOf(press("d", { ctrlKey: true }), { isTyping }), "microphone");
  strictEqual(shortcutOf(press("E", { metaKey: true }), { isTyping }), "camera");
  strictEqual(shortcutOf(press("c", { ctrlKey: true, altKey: true }), { isTyping }), "chat");
  strictEqual(
    shortcutOf(press("π", { metaKey: true, altKey: true, code: "KeyP" }), { isTyping }),
    "people",
  );
  strictEqual(shortcutOf(press("PageDown"), { isTyping: false }), "nextPage");
});

Deno.test("shortcutOf() leaves to texts what belongs to texts", () => {
  for (const isTyping of [true, false]) {
    strictEqual(shortcutOf(press("d"), { isTyping }), undefined);
    strictEqual(shortcutOf(press("c", { ctrlKey: true }), { isTyping }), undefined, "copy");
    const altGraph = press("c", { ctrlKey: true, altKey: true, altGraph: true });
    strictEqual(shortcutOf(altGraph, { isTyping }), undefined, "AltGr writes");
  }
  strictEqual(shortcutOf(press("PageDown"), { isTyping: true }), undefined);
  strictEqual(
    shortcutOf(press("d", { ctrlKey: true, repeat: true }), { isTyping: false }),
    undefined,
  );
});

Deno.test("keyNames() are what stands on the keys", () => {
  const names = (isMac: boolean) =>
    SHORTCUTS.map((shortcut) => keyNames(shortcut, { isMac }).join("+"));
  deepStrictEqual(names(false), [
    ...[
      "Ctrl+D",
      "Ctrl+E",
      "Ctrl+Alt+C",
      "Ctrl+Alt+P",
      "Ctrl+Alt+S",
      "Ctrl+Alt+F",
      "Page Up",
      "Page Down",
      "Ctrl+/",
    ],
  ]);
  strictEqual(names(true)[2], "⌘+⌥+C");
});
