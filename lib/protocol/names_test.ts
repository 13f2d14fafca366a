import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cleanName, nameKey, roomSlug, shownName } from "./names.ts";

Deno.test("cleanName() trims, folds inner spaces and composes", () => {
  deepStrictEqual(cleanName("  Anna \u00a0\u3000 Lena\n", 64), { name: "Anna Lena" });
  deepStrictEqual(cleanName("Zoe\u0308", 64), { name: "Zo\u00eb" });
  deepStrictEqual(cleanName("山田 太郎 ❤️", 64), { name: "山田 太郎 ❤️" });
  deepStrictEqual(cleanName("<b>&amp;'\"", 64), { name: "<b>&amp;'\"" });
});

Deno.test("cleanName() at the limit, one under and one over", () => {
  deepStrictEqual(cleanName("x".repeat(63), 64), { name: "x".repeat(63) });
  deepStrictEqual(cleanName("x".repeat(64), 64), { name: "x".repeat(64) });
  strictEqual(cleanName("x".repeat(65), 64), "too-long");
  deepStrictEqual(cleanName(` ${"e\u0301".repeat(64)} `, 64), { name: "\u00e9".repeat(64) });
});

/** What a name must not be, or have in it. */
const HIDDEN = [
  "a\u0000b",
  "a\nb",
  "a\tb",
  "\u001b[31mred",
  "a\u007fb",
  "a\u200bb",
  "a\u200db",
  "a\u202eb",
  "a\u2066b",
  "a\u061cb",
  "a\u00adb",
  "a\u2028b",
  "a\ufffeb",
  "\ud800",
  "a\udc00",
  "\u{e0041}",
  "\ue000",
  "\u3164",
  "\u115f\u1160",
  "a\u034fb",
  "\u2800",
  "\ufe0f",
  "\u0301",
];

Deno.test("cleanName() refuses what is empty or cannot be seen", () => {
  for (const empty of ["", " ", "\t\n", "\u3000\u00a0"]) strictEqual(cleanName(empty, 64), "empty");
  for (const name of HIDDEN) {
    strictEqual(cleanName(name, 64), "bad-characters", JSON.stringify(name));
  }
});

Deno.test("shownName() is clean whatever is said, and a clean name is as it was", () => {
  for (const name of [...HIDDEN, "", " ", "\t\n", "\u202e\u200b", " a \u00a0 b\n", "e\u0301"]) {
    const shown = shownName(name);
    deepStrictEqual(cleanName(shown, 64), { name: shown }, JSON.stringify(name));
  }
  for (
    const name of ["Anna Lena", "Zo\u00eb", "山田 太郎 ❤\ufe0f", "<b>&amp;'\"", "אבג", "\ufffd"]
  ) {
    strictEqual(shownName(name), name);
  }
  deepStrictEqual(
    ["a\u202eb", "\u001b[31mred", "a\u200db\u200dc", "a\u3164b", "\u2800", "\u0301", "", "\ufe0f"]
      .map(
        shownName,
      ),
    ["a\ufffdb", "\ufffd[31mred", "a\ufffdb\ufffdc", "a\ufffdb", ...Array(4).fill("\ufffd")],
  );
});

Deno.test("nameKey() is the same for names that only differ in case or form", () => {
  const same = [
    ["Anna", "ANNA"],
    ["Straße", "STRASSE"],
    ["ΟΔΟΣ", "οδοσ"],
    ["ﬁn", "FIN"],
    ["Ａｎｎａ", "anna"],
    ["Zo\u00eb", "ZOE\u0308"],
    ["❤", "❤\ufe0f"],
    ["K\u212a", "kk"],
  ];
  for (const [one, other] of same) strictEqual(nameKey(one), nameKey(other), `${one} ${other}`);
  notStrictEqual(nameKey("Anna"), nameKey("Anne"));
  notStrictEqual(nameKey("Zoë"), nameKey("Zoe"));
});

Deno.test("nameKey() is its own key", () => {
  for (const name of ["Straße", "ŉa", "ΐ", "İstanbul", "ǆ", "ᾳ", "ﬃ"]) {
    strictEqual(nameKey(nameKey(name)), nameKey(name), name);
  }
});

Deno.test("roomSlug() never leaves its folder and is a file name everywhere", () => {
  deepStrictEqual(
    ["Main", "a b", "../../etc/passwd", "..", ".hidden", "a.", "nul", "COM1.txt", "C:\\x", "日本"]
      .map(roomSlug),
    ["Main", "a_b", "__.._etc_passwd", "_", "_hidden", "a_", "_nul", "_COM1.txt", "C__x", "日本"],
  );
  ok(new TextEncoder().encode(roomSlug("漢".repeat(64))).length <= 255);
});
