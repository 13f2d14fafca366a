import { concatBytes, equalBytes } from "@fusionmeet/base";
import type { Cryptography } from "./cryptography.ts";

/**
 * For tests of pure modules: behaves like AES-GCM towards its caller (any change of key, nonce, associated bytes or
 * ciphertext is noticed, the ciphertext differs from the plaintext) and keeps nothing secret.
 */
export const toyCryptography: Cryptography = {
  aesGcm: (key) => ({
    seal: (nonce, associated, plaintext) =>
      concatBytes(mask(plaintext, key, nonce), digest(key, nonce, associated, plaintext)),
    open: (nonce, associated, sealed) => {
      if (sealed.length < 16) return undefined;
      const plaintext = mask(sealed.subarray(0, -16), key, nonce);
      const tag = digest(key, nonce, associated, plaintext);
      return equalBytes(tag, sealed.subarray(-16)) ? plaintext : undefined;
    },
  }),
  aesBlock: (key, block) => digest(key, block),
};

function mask(bytes: Uint8Array, key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const stream = digest(key, nonce);
  return bytes.map((byte, index) => byte ^ stream[index % 16] ^ (index >>> 4));
}

/** 16 bytes that depend on every byte of every part and on the sizes. Source: FNV-1a in four lanes. */
function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const lanes = Int32Array.of(0x811c9dc5, 0x1b873593, 0x2545f491, 0x6c078965);
  const feed = (value: number) => {
    for (let lane = 0; lane < 4; lane++) {
      const mixed = Math.imul(lanes[lane] ^ value, 0x01000193);
      lanes[lane] = mixed ^ (mixed >>> 15) ^ lanes[(lane + 3) % 4];
    }
  };
  for (const part of parts) {
    feed(part.length);
    part.forEach(feed);
  }
  for (let round = 0; round < 4; round++) feed(0);
  return new Uint8Array(lanes.buffer);
}
