import { wordlist } from "@scure/bip39/wordlists/english";

/** A server key's fingerprint is its first 66 bits when written as words: 2^66 keys to try for a look-alike. */
const WORD_COUNT = 6;
const BITS_PER_WORD = 11;

/** The SHA-256 of a server's public key (SPKI, DER), in lower-case hex. */
export type Fingerprint = string;

/** True for 64 lower-case hex digits. */
export function isFingerprint(text: string): text is Fingerprint {
  return /^[0-9a-f]{64}$/.test(text);
}

/** What people type or paste, as a fingerprint: any case, with or without colons and spaces; `undefined` if it is none. */
export function parseFingerprint(typed: string): Fingerprint | undefined {
  const hex = typed.replace(/[\s:]/g, "").toLowerCase();
  return isFingerprint(hex) ? hex : undefined;
}

/**
 * A fingerprint as six words that people can read to each other: its first 66 bits, 11 bits a word, high bits first.
 *
 * Source: the English word list of BIP-39 (2 048 words, unique in their first four letters).
 */
export function fingerprintWords(fingerprint: Fingerprint): string[] {
  let bits = BigInt(`0x${fingerprint}`) >> BigInt(256 - WORD_COUNT * BITS_PER_WORD);
  const words: string[] = [];
  for (let index = 0; index < WORD_COUNT; index++) {
    words.unshift(wordlist[Number(bits & 2047n)]);
    bits >>= 11n;
  }
  return words;
}
