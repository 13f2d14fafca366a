/** AES-128-GCM under one key: 12-byte nonce, 16-byte tag. Source: RFC 5116 section 5.1. */
export interface AeadKey {
  /** The ciphertext with the tag behind it; a new array. */
  seal(nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** The plaintext, or `undefined` where the tag is wrong; a new array. */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** What the pure core needs of a crypto library; lib/net gives it. */
export interface Cryptography {
  /** @param key 16 bytes. */
  aesGcm(key: Uint8Array): AeadKey;
  /** One 16-byte block through AES-128 (ECB), for the key derivation of RFC 3711 section 4.3.3. */
  aesBlock(key: Uint8Array, block: Uint8Array): Uint8Array;
}

/** An SRTP master key (16 bytes) and master salt (12 bytes). Source: RFC 7714 section 12. */
export interface MasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** Size of `MasterKey` on the wire: key, then salt. */
export const MASTER_KEY_BYTES = 28;

export function masterKeyFromBytes(bytes: Uint8Array): MasterKey {
  return { key: bytes.slice(0, 16), salt: bytes.slice(16, 28) };
}
