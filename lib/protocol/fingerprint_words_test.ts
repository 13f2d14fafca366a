import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { fingerprintWords, isFingerprint, parseFingerprint } from "./fingerprint_words.ts";

Deno.test("fingerprintWords() gives the first 66 bits, eleven a word", () => {
  deepStrictEqual(fingerprintWords("0".repeat(64)), Array(6).fill("abandon"));
  deepStrictEqual(fingerprintWords("f".repeat(64)), Array(6).fill("zoo"));
  // 00000000001 00000000010 00000000000 11111111111 00000000000 00000000001 then nothing of the rest.
  const bits = "000000000010000000001000000000000111111111110000000000000000000001" +
    "1".repeat(190);
  const hex = BigInt(`0b${bits}`).toString(16).padStart(64, "0");
  deepStrictEqual(fingerprintWords(hex), [
    "ability",
    "able",
    "abandon",
    "zoo",
    "abandon",
    "ability",
  ]);
});

Deno.test("parseFingerprint() takes what people paste", () => {
  const hex = "0123456789abcdef".repeat(4);
  strictEqual(parseFingerprint(hex), hex);
  strictEqual(parseFingerprint(` ${hex.toUpperCase().match(/../g)!.join(":")}\n`), hex);
  strictEqual(parseFingerprint(hex.slice(1)), undefined);
  strictEqual(parseFingerprint(`g${hex.slice(1)}`), undefined);
  strictEqual(isFingerprint(hex.toUpperCase()), false);
});
