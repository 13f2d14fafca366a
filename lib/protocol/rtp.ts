import { assert, readU16, readU32, writeU16, writeU32 } from "@fusionmeet/base";

/** RTP payload types of every stream; 64-95 stay free for RTCP (RFC 5761 section 4). */
export const PAYLOAD_TYPE = { h264: 96, vp8: 100, jpeg: 26, l16: 110, opus: 111 } as const;

/** Ids of the header extensions in one-byte form; what they hold is in header_extensions.ts. */
export const EXTENSION = { audioLevel: 1, frameMarking: 2, mixLevels: 3, captureTime: 4 } as const;

/** Bytes of an RTP header without CSRCs and extensions. */
export const RTP_HEADER_BYTES = 12;

const VERSION_BITS = 0x80;
const CSRCS_MAX = 15;
const ONE_BYTE_PROFILE = 0xbede;
const NO_CSRCS: readonly number[] = [];
const NO_EXTENSIONS: ReadonlyMap<number, Uint8Array> = new Map();

/** One RTP packet. Source: RFC 3550 section 5.1; extensions: RFC 8285 section 4.2. */
export interface RtpPacket {
  /** 0..127 */
  readonly payloadType: number;
  readonly marker: boolean;
  /** u16 */
  readonly sequence: number;
  /** u32, in units of the payload's clock. */
  readonly timestamp: number;
  /** u32 */
  readonly ssrc: number;
  /** At most 15 contributing sources, u32 each. */
  readonly csrcs: readonly number[];
  /** By id 1..14: 1..16 bytes each; of an id that comes twice, the first. */
  readonly extensions: ReadonlyMap<number, Uint8Array>;
  /** Without padding. */
  readonly payload: Uint8Array;
}

/** What `writeRtp()` needs: CSRCs and extensions may be left out. */
export type RtpDraft =
  & Omit<RtpPacket, "csrcs" | "extensions">
  & Partial<Pick<RtpPacket, "csrcs" | "extensions">>;

/** Why bytes are not an RTP packet. */
export type RtpFault =
  | "rtp-short"
  | "rtp-version"
  | "rtp-header"
  | "rtp-extension"
  | "rtp-padding";

/**
 * Reads one RTP packet. Extensions in another form than the one-byte one are skipped (RFC 8285 section 4.1.1).
 *
 * @returns the packet, its payload and extensions being views into `bytes`; or why it is none.
 */
export function parseRtp(bytes: Uint8Array): RtpPacket | RtpFault {
  const headerBytes = rtpHeaderBytes(bytes, bytes.length);
  if (typeof headerBytes === "string") return headerBytes;
  const fixedBytes = RTP_HEADER_BYTES + 4 * (bytes[0] & 0x0f);
  const extensions = bytes[0] & 0x10
    ? readExtensions(bytes, fixedBytes, headerBytes)
    : NO_EXTENSIONS;
  if (typeof extensions === "string") return extensions;
  let end = bytes.length;
  if (bytes[0] & 0x20) {
    const paddingBytes = end > headerBytes ? bytes[end - 1] : 0;
    if (paddingBytes === 0 || paddingBytes > end - headerBytes) return "rtp-padding";
    end -= paddingBytes;
  }
  return {
    payloadType: bytes[1] & 0x7f,
    marker: bytes[1] >= 0x80,
    sequence: readU16(bytes, 2),
    timestamp: readU32(bytes, 4),
    ssrc: readU32(bytes, 8),
    csrcs: fixedBytes === RTP_HEADER_BYTES ? NO_CSRCS : readCsrcs(bytes, fixedBytes),
    extensions,
    payload: bytes.subarray(headerBytes, end),
  };
}

/**
 * Writes one RTP packet without padding; a new array.
 *
 * @throws AssertionFailure on more than 15 CSRCs, an extension id out of 1..14 or a value out of 1..16 bytes.
 */
export function writeRtp(packet: RtpDraft): Uint8Array<ArrayBuffer> {
  const csrcs = packet.csrcs ?? NO_CSRCS;
  const extensions = packet.extensions ?? NO_EXTENSIONS;
  assert(csrcs.length <= CSRCS_MAX, "an RTP packet names at most 15 CSRCs");
  let elementBytes = 0;
  for (const [id, value] of extensions) {
    assert(id >= 1 && id <= 14, "an extension id is 1..14");
    assert(value.length >= 1 && value.length <= 16, "an extension holds 1..16 bytes");
    elementBytes += 1 + value.length;
  }
  const paddedBytes = (elementBytes + 3) & ~3;
  const fixedBytes = RTP_HEADER_BYTES + 4 * csrcs.length;
  const headerBytes = fixedBytes + (extensions.size > 0 ? 4 + paddedBytes : 0);
  const bytes = new Uint8Array(headerBytes + packet.payload.length);
  bytes[0] = VERSION_BITS | (extensions.size > 0 ? 0x10 : 0) | csrcs.length;
  bytes[1] = (packet.marker ? 0x80 : 0) | (packet.payloadType & 0x7f);
  writeU16(bytes, 2, packet.sequence);
  writeU32(bytes, 4, packet.timestamp);
  writeU32(bytes, 8, packet.ssrc);
  csrcs.forEach((csrc, index) => writeU32(bytes, RTP_HEADER_BYTES + 4 * index, csrc));
  if (extensions.size > 0) {
    writeU16(bytes, fixedBytes, ONE_BYTE_PROFILE);
    writeU16(bytes, fixedBytes + 2, paddedBytes / 4);
    let at = fixedBytes + 4;
    for (const [id, value] of extensions) {
      bytes[at] = (id << 4) | (value.length - 1);
      bytes.set(value, at + 1);
      at += 1 + value.length;
    }
  }
  bytes.set(packet.payload, headerBytes);
  return bytes;
}

/**
 * Size of the RTP header with CSRCs and extensions, which SRTP leaves in clear.
 *
 * @param end The header must fit before this offset.
 */
export function rtpHeaderBytes(bytes: Uint8Array, end: number): number | RtpFault {
  if (end < RTP_HEADER_BYTES) return "rtp-short";
  if ((bytes[0] & 0xc0) !== VERSION_BITS) return "rtp-version";
  let size = RTP_HEADER_BYTES + 4 * (bytes[0] & 0x0f);
  if (bytes[0] & 0x10) {
    if (size + 4 > end) return "rtp-header";
    size += 4 + 4 * readU16(bytes, size + 2);
  }
  return size > end ? "rtp-header" : size;
}

/** Tells RTCP from RTP on their common port, by the second byte (RFC 5761 section 4). */
export function isRtcp(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[1] >= 192 && bytes[1] <= 223;
}

/** SSRC of an RTP or SRTP packet; 0, which is never given out, where the packet is too short. */
export function rtpSsrc(bytes: Uint8Array): number {
  return bytes.length < RTP_HEADER_BYTES ? 0 : readU32(bytes, 8);
}

/** SSRC of the sender of an RTCP or SRTCP packet; 0, which is never given out, where it is too short. */
export function rtcpSsrc(bytes: Uint8Array): number {
  return bytes.length < 8 ? 0 : readU32(bytes, 4);
}

function readCsrcs(bytes: Uint8Array, end: number): number[] {
  const csrcs: number[] = [];
  for (let at = RTP_HEADER_BYTES; at < end; at += 4) csrcs.push(readU32(bytes, at));
  return csrcs;
}

/** The elements between `at`, where the extension header starts, and `end`. */
function readExtensions(
  bytes: Uint8Array,
  at: number,
  end: number,
): ReadonlyMap<number, Uint8Array> | RtpFault {
  if (readU16(bytes, at) !== ONE_BYTE_PROFILE) return NO_EXTENSIONS;
  const extensions = new Map<number, Uint8Array>();
  for (at += 4; at < end;) {
    if (bytes[at] === 0) { // a byte of padding
      at++;
      continue;
    }
    const id = bytes[at] >>> 4;
    if (id === 0 || id === 15) break; // RFC 8285 section 4.2: neither may be here; what came before counts
    const next = at + 2 + (bytes[at] & 0x0f);
    if (next > end) return "rtp-extension";
    if (!extensions.has(id)) extensions.set(id, bytes.subarray(at + 1, next));
    at = next;
  }
  return extensions;
}
