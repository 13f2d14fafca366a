import { assert, readU16, readU32, sequenceDistance, writeU16, writeU32 } from "@fusionmeet/base";
import { NACK_SEQUENCES_MAX, RTCP_PACKETS_MAX, SYNC_NONCE_BYTES } from "./limits.ts";

/** Asks `media` to send packets again. Source: generic NACK, RFC 4585 section 6.2.1. */
export interface Nack {
  readonly kind: "nack";
  /** The feedback SSRC of who asks. */
  readonly sender: number;
  /** The SSRC the packets are missing of. */
  readonly media: number;
  /** Sequence numbers, each once, at most `NACK_SEQUENCES_MAX`, in the order of the packet. */
  readonly sequences: readonly number[];
}

/** A client's question for the time and, with the nonce it was given, for being bound to its address. */
export interface SyncRequest {
  readonly kind: "syncRequest";
  readonly ssrc: number;
  /** Ms on the client's clock. */
  readonly sentAtMs: number;
  /** `SYNC_NONCE_BYTES`; zeros where it has none. */
  readonly nonce: Uint8Array;
}

/** The server's answer, of the same size as the question. Times in ms. */
export interface SyncAnswer {
  readonly kind: "syncAnswer";
  readonly ssrc: number;
  /** `sentAtMs` of the request, on the client's clock. */
  readonly requestSentAtMs: number;
  /** On the server's media clock. */
  readonly receivedAtMs: number;
  /** On the server's media clock. */
  readonly sentAtMs: number;
  /** To be echoed from the same address; zeros once bound. */
  readonly nonce: Uint8Array;
  /** Whether the server sends media to the address the request came from. */
  readonly bound: boolean;
}

/** What one receiver knows of one ssrc. Source: RFC 3550 section 6.4.1. */
export interface ReportBlock {
  readonly ssrc: number;
  /** Lost since the last report, in 1/256. */
  readonly fractionLost: number;
  /** Lost since the start, -2^23..2^23-1. */
  readonly cumulativeLost: number;
  /** u32: cycles of the sequence number, then its highest. */
  readonly highestSequence: number;
  /** In timestamp units. */
  readonly jitter: number;
  /** The middle 32 bits of the last sender report's NTP time. */
  readonly lastSenderReport: number;
  /** In 1/65 536 s. */
  readonly delaySinceLastSenderReport: number;
}

/** Source: RFC 3550 section 6.4.2. */
export interface ReceiverReport {
  readonly kind: "receiverReport";
  readonly ssrc: number;
  /** At most 31. */
  readonly blocks: readonly ReportBlock[];
}

/** Well-formed, of a type we do not act on. */
export interface OtherRtcp {
  readonly kind: "other";
  readonly type: number;
}

export type RtcpPacket = Nack | SyncRequest | SyncAnswer | ReceiverReport | OtherRtcp;

/** Why bytes are not RTCP. One bad packet spoils the datagram. */
export type RtcpFault =
  | "rtcp-short"
  | "rtcp-version"
  | "rtcp-length"
  | "rtcp-padding"
  | "rtcp-many"
  | "rtcp-body";

const TYPE = { receiverReport: 201, app: 204, transportFeedback: 205 } as const;
const GENERIC_NACK = 1;
const SYNC_SUBTYPE = { request: 0, answer: 1 } as const;
/** "FMSY" */
const SYNC_NAME = 0x464d5359;
const SYNC_BYTES = 48;
const BLOCK_BYTES = 24;
const BLOCKS_MAX = 31;

/**
 * Reads a datagram of RTCP, compound or reduced-size (RFC 5506): at most `RTCP_PACKETS_MAX` packets.
 * A nonce is a view into `bytes`.
 */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] | RtcpFault {
  if (bytes.length === 0) return "rtcp-short";
  const packets: RtcpPacket[] = [];
  for (let at = 0; at < bytes.length;) {
    if (packets.length === RTCP_PACKETS_MAX) return "rtcp-many";
    if (at + 4 > bytes.length) return "rtcp-short";
    if (bytes[at] >>> 6 !== 2) return "rtcp-version";
    const next = at + 4 + 4 * readU16(bytes, at + 2);
    if (next > bytes.length) return "rtcp-length";
    let size = next - at;
    if (bytes[at] & 0x20) {
      const paddingBytes = bytes[next - 1];
      if (next !== bytes.length || paddingBytes === 0 || paddingBytes > size - 4) {
        return "rtcp-padding";
      }
      size -= paddingBytes;
    }
    const packet = parseOne(bytes.subarray(at, at + size));
    if (typeof packet === "string") return packet;
    packets.push(packet);
    at = next;
  }
  return packets;
}

/**
 * A generic NACK as one reduced-size packet.
 *
 * @param sequences At least one; what comes after the first `NACK_SEQUENCES_MAX` is left for the next NACK.
 */
export function writeNack(
  { sender, media, sequences }: Omit<Nack, "kind">,
): Uint8Array<ArrayBuffer> {
  assert(sequences.length > 0, "a NACK asks for something");
  const pairs = pairsOf(sequences.slice(0, NACK_SEQUENCES_MAX));
  const bytes = start(GENERIC_NACK, TYPE.transportFeedback, { size: 12 + 4 * pairs.length });
  writeU32(bytes, 4, sender);
  writeU32(bytes, 8, media);
  pairs.forEach(({ first, following }, index) => {
    writeU16(bytes, 12 + 4 * index, first);
    writeU16(bytes, 14 + 4 * index, following);
  });
  return bytes;
}

/** An APP packet "FMSY" with subtype 0, as long as its answer (so an answer never amplifies). */
export function writeSyncRequest(
  { ssrc, sentAtMs, nonce }: Omit<SyncRequest, "kind">,
): Uint8Array<ArrayBuffer> {
  return writeSync(SYNC_SUBTYPE.request, { ssrc, times: [sentAtMs, 0, 0], nonce, bound: false });
}

/** An APP packet "FMSY" with subtype 1. */
export function writeSyncAnswer(
  { ssrc, requestSentAtMs, receivedAtMs, sentAtMs, nonce, bound }: Omit<SyncAnswer, "kind">,
): Uint8Array<ArrayBuffer> {
  const times = [requestSentAtMs, receivedAtMs, sentAtMs];
  return writeSync(SYNC_SUBTYPE.answer, { ssrc, times, nonce, bound });
}

/** A receiver report of at most 31 blocks. */
export function writeReceiverReport(
  { ssrc, blocks }: Omit<ReceiverReport, "kind">,
): Uint8Array<ArrayBuffer> {
  assert(blocks.length <= BLOCKS_MAX, "a receiver report holds at most 31 blocks");
  const bytes = start(blocks.length, TYPE.receiverReport, {
    size: 8 + BLOCK_BYTES * blocks.length,
  });
  writeU32(bytes, 4, ssrc);
  blocks.forEach((block, index) => {
    const at = 8 + BLOCK_BYTES * index;
    writeU32(bytes, at, block.ssrc);
    writeU32(bytes, at + 4, (block.fractionLost << 24) | (block.cumulativeLost & 0xff_ffff));
    writeU32(bytes, at + 8, block.highestSequence);
    writeU32(bytes, at + 12, block.jitter);
    writeU32(bytes, at + 16, block.lastSenderReport);
    writeU32(bytes, at + 20, block.delaySinceLastSenderReport);
  });
  return bytes;
}

/** One packet without padding; its common header has been checked. */
function parseOne(bytes: Uint8Array): RtcpPacket | RtcpFault {
  const type = bytes[1];
  const count = bytes[0] & 0x1f;
  if (type === TYPE.transportFeedback && count === GENERIC_NACK) return parseNack(bytes);
  if (type === TYPE.receiverReport) return parseReceiverReport(bytes, count);
  if (type === TYPE.app && bytes.length >= 12 && readU32(bytes, 8) === SYNC_NAME) {
    return parseSync(bytes, count);
  }
  return { kind: "other", type };
}

function parseNack(bytes: Uint8Array): Nack | RtcpFault {
  if (bytes.length < 16 || bytes.length % 4 !== 0) return "rtcp-body";
  const sequences = new Set<number>();
  for (let at = 12; at < bytes.length; at += 4) {
    const first = readU16(bytes, at);
    const following = readU16(bytes, at + 2);
    sequences.add(first);
    for (let bit = 0; bit < 16; bit++) {
      if (following & (1 << bit)) sequences.add((first + bit + 1) & 0xffff);
    }
    if (sequences.size > NACK_SEQUENCES_MAX) return "rtcp-many";
  }
  return {
    kind: "nack",
    sender: readU32(bytes, 4),
    media: readU32(bytes, 8),
    sequences: [...sequences],
  };
}

function parseReceiverReport(bytes: Uint8Array, count: number): ReceiverReport | RtcpFault {
  if (bytes.length < 8 + BLOCK_BYTES * count) return "rtcp-body";
  const blocks: ReportBlock[] = [];
  for (let at = 8; blocks.length < count; at += BLOCK_BYTES) {
    const lost = readU32(bytes, at + 4);
    blocks.push({
      ssrc: readU32(bytes, at),
      fractionLost: lost >>> 24,
      cumulativeLost: (lost << 8) >> 8,
      highestSequence: readU32(bytes, at + 8),
      jitter: readU32(bytes, at + 12),
      lastSenderReport: readU32(bytes, at + 16),
      delaySinceLastSenderReport: readU32(bytes, at + 20),
    });
  }
  return { kind: "receiverReport", ssrc: readU32(bytes, 4), blocks };
}

function parseSync(bytes: Uint8Array, subtype: number): RtcpPacket | RtcpFault {
  const request = subtype === SYNC_SUBTYPE.request;
  if (!request && subtype !== SYNC_SUBTYPE.answer) return { kind: "other", type: TYPE.app };
  if (bytes.length !== SYNC_BYTES) return "rtcp-body";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first, second, third] = [12, 20, 28].map((at) => view.getFloat64(at));
  if (![first, second, third].every(Number.isFinite)) return "rtcp-body";
  const ssrc = readU32(bytes, 4);
  const nonce = bytes.subarray(36, 36 + SYNC_NONCE_BYTES);
  if (request) return { kind: "syncRequest", ssrc, sentAtMs: first, nonce };
  return {
    kind: "syncAnswer",
    ssrc,
    requestSentAtMs: first,
    receivedAtMs: second,
    sentAtMs: third,
    nonce,
    bound: bytes[44] === 1,
  };
}

function writeSync(
  subtype: number,
  sync: { ssrc: number; times: readonly number[]; nonce: Uint8Array; bound: boolean },
): Uint8Array<ArrayBuffer> {
  assert(sync.nonce.length === SYNC_NONCE_BYTES, "a nonce is 8 bytes");
  const bytes = start(subtype, TYPE.app, { size: SYNC_BYTES });
  writeU32(bytes, 4, sync.ssrc);
  writeU32(bytes, 8, SYNC_NAME);
  const view = new DataView(bytes.buffer);
  sync.times.forEach((ms, index) => view.setFloat64(12 + 8 * index, ms));
  bytes.set(sync.nonce, 36);
  bytes[44] = sync.bound ? 1 : 0;
  return bytes;
}

/** A new packet with its common header; `count` is the report count, format or subtype. */
function start(count: number, type: number, { size }: { size: number }): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  bytes[0] = 0x80 | count;
  bytes[1] = type;
  writeU16(bytes, 2, size / 4 - 1);
  return bytes;
}

/** Packs sequence numbers into a first one and a bit mask of the 16 that follow it. */
function pairsOf(sequences: readonly number[]): { first: number; following: number }[] {
  const pairs: { first: number; following: number }[] = [];
  const ordered = sequences.toSorted((a, b) =>
    sequenceDistance(sequences[0], a) - sequenceDistance(sequences[0], b)
  );
  for (const sequence of ordered) {
    const last = pairs.at(-1);
    const distance = last ? sequenceDistance(last.first, sequence) : 0;
    if (!last || distance > 16) pairs.push({ first: sequence, following: 0 });
    else if (distance > 0) last.following |= 1 << (distance - 1);
  }
  return pairs;
}
