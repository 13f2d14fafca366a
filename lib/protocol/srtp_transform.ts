/**
 * AEAD_AES_128_GCM on single packets, without state: who calls knows the key, the ROC and the index.
 * Source: RFC 7714 sections 8 (SRTP) and 9 (SRTCP); MKI: RFC 3711 section 3.1, one byte here.
 */
import { concatBytes, readU16, readU32, writeU16, writeU32 } from "@fusionmeet/base";
import type { SessionKey } from "./key_derivation.ts";

export const SRTP_TAG_BYTES = 16;
/** The MKI, which is the key epoch, ends every packet. */
export const SRTP_MKI_BYTES = 1;
/** What SRTP adds to an RTP packet. */
export const SRTP_OVERHEAD_BYTES = SRTP_TAG_BYTES + SRTP_MKI_BYTES;
/** What SRTCP leaves in clear: the first header and the sender's SSRC. */
export const SRTCP_HEADER_BYTES = 8;
const INDEX_BYTES = 4;
/** What SRTCP adds to RTCP: tag, index word, MKI. */
export const SRTCP_OVERHEAD_BYTES = SRTP_TAG_BYTES + INDEX_BYTES + SRTP_MKI_BYTES;
const ENCRYPTED_FLAG = 0x8000_0000;

/** Header in clear | ciphertext and tag | epoch; a new array. */
export function sealRtp(
  session: SessionKey,
  rtp: Uint8Array,
  { headerBytes, roc, epoch }: { headerBytes: number; roc: number; epoch: number },
): Uint8Array<ArrayBuffer> {
  const header = rtp.subarray(0, headerBytes);
  const nonce = rtpNonce(session.salt, rtp, roc);
  const sealed = session.aead.seal(nonce, header, rtp.subarray(headerBytes));
  const packet = new Uint8Array(rtp.length + SRTP_OVERHEAD_BYTES);
  packet.set(header);
  packet.set(sealed, headerBytes);
  packet[packet.length - 1] = epoch;
  return packet;
}

/** The RTP packet in a new array, or `undefined` where the tag is wrong. The caller has checked the sizes. */
export function openRtp(
  session: SessionKey,
  packet: Uint8Array,
  { headerBytes, roc }: { headerBytes: number; roc: number },
): Uint8Array<ArrayBuffer> | undefined {
  const header = packet.subarray(0, headerBytes);
  const sealed = packet.subarray(headerBytes, packet.length - SRTP_MKI_BYTES);
  const payload = session.aead.open(rtpNonce(session.salt, packet, roc), header, sealed);
  if (!payload) return undefined;
  const rtp = new Uint8Array(headerBytes + payload.length);
  rtp.set(header);
  rtp.set(payload, headerBytes);
  return rtp;
}

/** Header in clear | ciphertext and tag | E flag and index | epoch; a new array. */
export function sealRtcp(
  session: SessionKey,
  rtcp: Uint8Array,
  { index, epoch }: { index: number; epoch: number },
): Uint8Array<ArrayBuffer> {
  const header = rtcp.subarray(0, SRTCP_HEADER_BYTES);
  const word = indexWord(index);
  const associated = concatBytes(header, word);
  const nonce = rtcpNonce(session.salt, rtcp, index);
  const sealed = session.aead.seal(nonce, associated, rtcp.subarray(SRTCP_HEADER_BYTES));
  return concatBytes(header, sealed, word, Uint8Array.of(epoch));
}

/** The RTCP bytes in a new array, or `undefined` where the tag is wrong. The caller has checked the size and the E flag. */
export function openRtcp(
  session: SessionKey,
  packet: Uint8Array,
): Uint8Array<ArrayBuffer> | undefined {
  const header = packet.subarray(0, SRTCP_HEADER_BYTES);
  const wordAt = packet.length - SRTP_MKI_BYTES - INDEX_BYTES;
  const associated = concatBytes(header, packet.subarray(wordAt, wordAt + INDEX_BYTES));
  const nonce = rtcpNonce(session.salt, packet, srtcpIndex(packet).index);
  const body = session.aead.open(nonce, associated, packet.subarray(SRTCP_HEADER_BYTES, wordAt));
  return body && concatBytes(header, body);
}

/** The index word of an SRTCP packet, which is long enough. */
export function srtcpIndex(packet: Uint8Array): { encrypted: boolean; index: number } {
  const word = readU32(packet, packet.length - SRTP_MKI_BYTES - INDEX_BYTES);
  return { encrypted: word >= ENCRYPTED_FLAG, index: word % ENCRYPTED_FLAG };
}

/** RFC 7714 section 8.1: zeros | SSRC | ROC | sequence, XOR salt. */
function rtpNonce(salt: Uint8Array, rtp: Uint8Array, roc: number): Uint8Array {
  const nonce = new Uint8Array(12);
  writeU32(nonce, 2, readU32(rtp, 8));
  writeU32(nonce, 6, roc);
  writeU16(nonce, 10, readU16(rtp, 2));
  return xor(nonce, salt);
}

/** RFC 7714 section 9.1: zeros | SSRC | zeros | index, XOR salt. */
function rtcpNonce(salt: Uint8Array, rtcp: Uint8Array, index: number): Uint8Array {
  const nonce = new Uint8Array(12);
  writeU32(nonce, 2, readU32(rtcp, 4));
  writeU32(nonce, 8, index);
  return xor(nonce, salt);
}

function xor(nonce: Uint8Array, salt: Uint8Array): Uint8Array {
  for (let at = 0; at < nonce.length; at++) nonce[at] ^= salt[at];
  return nonce;
}

function indexWord(index: number): Uint8Array {
  const word = new Uint8Array(INDEX_BYTES);
  writeU32(word, 0, ENCRYPTED_FLAG + index);
  return word;
}
