import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { systemCryptography } from "./cryptography.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

Deno.test("systemCryptography.aesBlock() gives the block of FIPS 197 appendix B", () => {
  const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
  const block = hex("3243f6a8885a308d313198a2e0370734");
  deepStrictEqual(
    systemCryptography.aesBlock(key, block),
    hex("3925841d02dc09fbdc118597196a0b32"),
  );
});

Deno.test("systemCryptography.aesGcm() agrees with cases 1, 2 and 4 of the GCM specification", () => {
  const zero = systemCryptography.aesGcm(new Uint8Array(16));
  const nonce = new Uint8Array(12);
  const nothing = new Uint8Array();
  deepStrictEqual(zero.seal(nonce, nothing, nothing), hex("58e2fccefa7e3061367f1d57a4e7455a"));
  deepStrictEqual(
    zero.seal(nonce, nothing, new Uint8Array(16)),
    hex("0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf"),
  );
  const key = systemCryptography.aesGcm(hex("feffe9928665731c6d6a8f9467308308"));
  const plaintext = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
  );
  const associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const sealed = hex(
    "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" +
      "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091" +
      "5bc94fbc3221a5db94fae95ae7121a47",
  );
  deepStrictEqual(key.seal(hex("cafebabefacedbaddecaf888"), associated, plaintext), sealed);
  deepStrictEqual(key.open(hex("cafebabefacedbaddecaf888"), associated, sealed), plaintext);
});

Deno.test("systemCryptography.aesGcm() opens nothing that was changed anywhere", () => {
  const random = seededRandom(800_38);
  const bytes = (size: number) => random.fill(new Uint8Array(size));
  const [keyBytes, nonce, associated, plaintext] = [bytes(16), bytes(12), bytes(20), bytes(50)];
  const key = systemCryptography.aesGcm(keyBytes);
  const sealed = key.seal(nonce, associated, plaintext);
  deepStrictEqual(key.open(nonce, associated, sealed), plaintext);
  const flipped = (whole: Uint8Array, at: number) => whole.with(at, whole[at] ^ 1);
  for (let at = 0; at < sealed.length; at++) {
    strictEqual(key.open(nonce, associated, flipped(sealed, at) as Uint8Array), undefined);
    strictEqual(key.open(nonce, associated, sealed.subarray(0, at)), undefined);
  }
  for (let at = 0; at < 12; at++) {
    strictEqual(key.open(flipped(nonce, at) as Uint8Array, associated, sealed), undefined);
  }
  for (let at = 0; at < 20; at++) {
    strictEqual(key.open(nonce, flipped(associated, at) as Uint8Array, sealed), undefined);
  }
  const other = systemCryptography.aesGcm(flipped(keyBytes, 3) as Uint8Array);
  strictEqual(other.open(nonce, associated, sealed), undefined);
});

Deno.test("systemCryptography.aesGcm() keeps its own copy of the key", () => {
  const keyBytes = new Uint8Array(16);
  const key = systemCryptography.aesGcm(keyBytes);
  const sealed = key.seal(new Uint8Array(12), new Uint8Array(), new Uint8Array(3));
  keyBytes.fill(1);
  deepStrictEqual(key.open(new Uint8Array(12), new Uint8Array(), sealed), new Uint8Array(3));
});
