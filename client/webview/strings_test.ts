import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { figuresOf } from "./figures.ts";
import { lobbyFor, missingField } from "./join_form.ts";
import { stringsFor } from "./strings.ts";
import { ThemeChoice } from "./theme.ts";
import { dayText, secondsUntil } from "./times.ts";

const strings = stringsFor(["en"]);

Deno.test("stringsFor() has forms for one and for many, and English for languages it does not know", () => {
  strictEqual(strings.join.people(1), "1 person");
  strictEqual(strings.join.people(1_200), "1,200 people");
  strictEqual(stringsFor(["tlh", "en-GB"]), strings);
  strictEqual(stringsFor([]), strings);
});

Deno.test("dayText() names today and yesterday, also over the end of a month", () => {
  const now = new Date(2026, 2, 1, 0, 30).getTime();
  strictEqual(dayText(now, now, strings), "Today");
  strictEqual(dayText(new Date(2026, 1, 28, 23).getTime(), now, strings), "Yesterday");
  strictEqual(dayText(new Date(2025, 1, 27).getTime(), now, strings).includes("2025"), true);
  strictEqual(dayText(new Date(2026, 0, 5).getTime(), now, strings).includes("2026"), false);
});

Deno.test("secondsUntil() counts down to 0", () => {
  deepStrictEqual([10_000, 9_001, 9_000, 0, -5].map((end) => secondsUntil(end, 0)), [
    10,
    10,
    9,
    0,
    0,
  ]);
});

Deno.test("missingField() names the first empty field, the PIN only where one is needed", () => {
  const form = {
    ...{ server: "s", name: "n", room: "r", pin: "", ownerPin: "" },
    ...{ microphone: true, camera: true },
  };
  strictEqual(missingField(form, { needsPin: false }), undefined);
  strictEqual(missingField(form, { needsPin: true }), "pin");
  strictEqual(missingField({ ...form, name: "  ", room: "" }, { needsPin: true }), "name");
});

Deno.test("lobbyFor() knows nothing about another server", () => {
  const lobby = { server: "a", state: "known", needsPin: true, rooms: [] } as const;
  strictEqual(lobbyFor(lobby, " a "), lobby);
  strictEqual(lobbyFor(lobby, "ab"), undefined);
  strictEqual(lobbyFor(null, "a"), undefined);
});

Deno.test("figuresOf() says what is received from somebody, the voice's delay first", () => {
  const picture = {
    participant: 2,
    width: 320,
    height: 240,
    fps: 29.7,
    lost: 1,
    repaired: 0,
    delayMs: 40,
  };
  const statistics = {
    rttMs: 1,
    pictures: [picture],
    voices: [{ participant: 2, delayMs: 117.6 }],
    playoutDelayMs: 60,
    missedMs: 0,
  };
  deepStrictEqual(figuresOf(2, statistics, strings), [
    ...["320 × 240", "30 fps", "delay 118 ms", "1 packet lost"],
  ]);
  deepStrictEqual(figuresOf(3, statistics, strings), []);
  deepStrictEqual(figuresOf(2, null, strings), []);
});

Deno.test("ThemeChoice shows what was chosen, tells it, and follows the computer else", () => {
  const told: string[] = [];
  const root = { dataset: {} as DOMStringMap };
  const choice = new ThemeChoice(root, (theme) => told.push(theme));
  choice.choose("dark");
  deepStrictEqual([root.dataset.theme, choice.theme.value, told], ["dark", "dark", ["dark"]]);
  choice.show("light");
  strictEqual(root.dataset.theme, "light");
  choice.show("system");
  strictEqual("theme" in root.dataset, false);
  deepStrictEqual(told, ["dark"]);
});
