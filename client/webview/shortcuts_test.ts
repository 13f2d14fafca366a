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
  strictEqual(
    shortcutOf(press("d", { ctrlKey: true }), { isTyping, isOnShare: false }),
    "microphone",
  );
  strictEqual(shortcutOf(press("E", { metaKey: true }), { isTyping, isOnShare: false }), "camera");
  strictEqual(
    shortcutOf(press("c", { ctrlKey: true, altKey: true }), { isTyping, isOnShare: false }),
    "chat",
  );
  strictEqual(
    shortcutOf(press("π", { metaKey: true, altKey: true, code: "KeyP" }), {
      isTyping,
      isOnShare: false,
    }),
    "people",
  );
  strictEqual(shortcutOf(press("PageDown"), { isTyping: false, isOnShare: false }), "nextPage");
});

Deno.test("shortcutOf() leaves to texts what belongs to texts", () => {
  for (const isTyping of [true, false]) {
    strictEqual(shortcutOf(press("d"), { isTyping, isOnShare: false }), undefined);
    strictEqual(
      shortcutOf(press("c", { ctrlKey: true }), { isTyping, isOnShare: false }),
      undefined,
      "copy",
    );
    const altGraph = press("c", { ctrlKey: true, altKey: true, altGraph: true });
    strictEqual(shortcutOf(altGraph, { isTyping, isOnShare: false }), undefined, "AltGr writes");
  }
  strictEqual(shortcutOf(press("PageDown"), { isTyping: true, isOnShare: false }), undefined);
  strictEqual(
    shortcutOf(press("d", { ctrlKey: true, repeat: true }), { isTyping: false, isOnShare: false }),
    undefined,
  );
});

Deno.test("shortcutOf() gives a shared screen its keys, and nobody else", () => {
  const keys = ["f", "+", "=", "-", "0", "1"];
  const actions = (isTyping: boolean, isOnShare: boolean) =>
    keys.map((key) => shortcutOf(press(key), { isTyping, isOnShare }));
  deepStrictEqual(actions(false, true), [
    ...["fullScreen", "zoomIn", "zoomIn", "zoomOut", "fit", "actualSize"],
  ]);
  const nothing = keys.map(() => undefined);
  deepStrictEqual(actions(false, false), nothing);
  deepStrictEqual(actions(true, true), nothing);
  strictEqual(
    shortcutOf(press("f", { ctrlKey: true }), { isTyping: false, isOnShare: true }),
    undefined,
    "the browser's own search",
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
      ...["F", "+", "-", "0", "1"],
      "Ctrl+/",
    ],
  ]);
  strictEqual(names(true)[2], "⌘+⌥+C");
});
