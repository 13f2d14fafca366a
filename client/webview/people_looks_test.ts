import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { hueOf, initials } from "./people_looks.ts";

Deno.test("initials() takes the first letters of the first and the last word", () => {
  const cases = {
    "Ann": "A",
    "amelie roth": "AR",
    "Kim Min-ji Park": "KP",
    "  Ann  ": "A",
    "<img src=x>": "IS",
    "דניאל אברהם": "דא",
    "🦊🦊 Fox": "🦊",
    "👩🏽‍💻": "👩🏽‍💻",
    "(Ann) [Bo]": "AB",
    "?": "?",
    "": "?",
  };
  deepStrictEqual(Object.keys(cases).map(initials), Object.values(cases));
});

Deno.test("hueOf() is a hue, the same for the same name, spread over different ones", () => {
  const hues = ["Ann", "Ben", "Cem", "Dora", "Emil", "Finn", "Gül", "Hana"].map(hueOf);
  ok(hues.every((hue) => Number.isInteger(hue) && hue >= 0 && hue < 360));
  strictEqual(hueOf("Ann"), hues[0]);
  ok(new Set(hues.map((hue) => Math.floor(hue / 45))).size >= 4, String(hues));
});
