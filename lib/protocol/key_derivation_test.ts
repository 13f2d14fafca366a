import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Cryptography } from "./cryptography.ts";
import { deriveBytes, deriveSessionKeys } from "./key_derivation.ts";
import { toyCryptography } from "./toy_cryptography.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const MASTER = {
  key: hex("00112233445566778899aabbccddeeff"),
  salt: hex("a0a1a2a3a4a5a6a7a8a9aaab"),
};

Deno.test("deriveBytes() encrypts the padded salt with the label in its eighth byte", () => {
  const blocks: string[] = [];
  const cryptography: Cryptography = {
    ...toyCryptography,
    aesBlock: (key, block) => {
      deepStrictEqual(key, MASTER.key);
      blocks.push(block.toHex());
      return toyCryptography.aesBlock(key, block);
    },
  };
  strictEqual(deriveBytes(cryptography, MASTER, { label: 0, size: 16 }).length, 16);
  strictEqual(deriveBytes(cryptography, MASTER, { label: 5, size: 12 }).length, 12);
  deepStrictEqual(blocks, [
    "a0a1a2a3a4a5a6a7a8a9aaab00000000",
    "a0a1a2a3a4a5a6a2a8a9aaab00000000",
  ]);
});

Deno.test("deriveSessionKeys() gives RTP and SRTCP keys and salts of their own", () => {
  const keys: string[] = [];
  const cryptography: Cryptography = {
    ...toyCryptography,
    aesGcm: (key) => {
      keys.push(key.toHex());
      return toyCryptography.aesGcm(key);
    },
  };
  const { rtp, rtcp } = deriveSessionKeys(cryptography, MASTER);
  strictEqual(new Set([...keys, rtp.salt.toHex(), rtcp.salt.toHex()]).size, 4);
  deepStrictEqual(keys.map((key) => key.length), [32, 32]);
  strictEqual(rtp.salt.length, 12);
  strictEqual(rtcp.salt.length, 12);
});
