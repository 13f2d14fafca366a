import { createCipheriv, createDecipheriv } from "node:crypto";
import type { AeadKey, Cryptography } from "@fusionmeet/protocol";

const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };

/** AES by the system's crypto library, synchronous: a packet is sealed or opened where it is handled. */
export const systemCryptography: Cryptography = {
  aesGcm: (key) => new SystemAeadKey(key),
  aesBlock: (key, block) => {
    const cipher = createCipheriv("aes-128-ecb", key, null);
    cipher.setAutoPadding(false);
    const encrypted = new Uint8Array(cipher.update(block));
    cipher.final();
    return encrypted;
  },
};

class SystemAeadKey implements AeadKey {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key.slice();
  }

  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const cipher = createCipheriv("aes-128-gcm", this.#key, nonce, OPTIONS);
    cipher.setAAD(associated);
    const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  }

  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const size = sealed.length - TAG_BYTES;
    if (size < 0) return undefined;
    const decipher = createDecipheriv("aes-128-gcm", this.#key, nonce, OPTIONS);
    decipher.setAAD(associated);
    decipher.setAuthTag(sealed.subarray(size));
    const plaintext = decipher.update(sealed.subarray(0, size));
    try {
      decipher.final();
    } catch {
      return undefined; // how node:crypto says that the tag is wrong
    }
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  }
}
