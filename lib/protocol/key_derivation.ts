import type { AeadKey, Cryptography, MasterKey } from "./cryptography.ts";

/** What protects packets of one kind: the keyed AEAD and the 12-byte session salt. */
export interface SessionKey {
  readonly aead: AeadKey;
  readonly salt: Uint8Array;
}

/** The session keys of one master key. */
export interface SessionKeys {
  readonly rtp: SessionKey;
  readonly rtcp: SessionKey;
}

/** Labels of RFC 3711 section 4.3.1; AEAD needs no authentication keys. */
const LABEL = { rtpKey: 0, rtpSalt: 2, rtcpKey: 3, rtcpSalt: 5 } as const;

/** The session keys for a key derivation rate of 0: derived once, valid as long as the master key. */
export function deriveSessionKeys(cryptography: Cryptography, master: MasterKey): SessionKeys {
  const derive = (label: number, size: number) =>
    deriveBytes(cryptography, master, { label, size });
  return {
    rtp: {
      aead: cryptography.aesGcm(derive(LABEL.rtpKey, 16)),
      salt: derive(LABEL.rtpSalt, 12),
    },
    rtcp: {
      aead: cryptography.aesGcm(derive(LABEL.rtcpKey, 16)),
      salt: derive(LABEL.rtcpSalt, 12),
    },
  };
}

/**
 * Up to 16 bytes of key material: the AES-CM keystream for `label`. The 96-bit master salt takes the place of the
 * 112-bit one with 16 zero bits behind it.
 *
 * Source: RFC 3711 sections 4.3.1 and 4.3.3; RFC 7714 section 11.
 */
export function deriveBytes(
  cryptography: Cryptography,
  master: MasterKey,
  { label, size }: { label: number; size: number },
): Uint8Array {
  const block = new Uint8Array(16);
  block.set(master.salt);
  block[7] ^= label;
  return cryptography.aesBlock(master.key, block).slice(0, size);
}
