import { assert, readU16 } from "@fusionmeet/base";
import { ACCESS_UNIT_BYTES_MAX, ACCESS_UNIT_NALS_MAX, RTP_PAYLOAD_BYTES_MAX } from "./limits.ts";
import { markFragments, type PictureFragment } from "./picture_fragment.ts";

/** NAL unit types we name. Source: ITU-T H.264 table 7-1; 24 and 28: RFC 6184 table 1. */
export const NAL_TYPE = {
  slice: 1,
  idr: 5,
  sps: 7,
  pps: 8,
  delimiter: 9,
  stapA: 24,
  fuA: 28,
} as const;

/** Why bytes are not H.264 we can use. */
export type H264Fault = "empty" | "short" | "too-large" | "malformed" | "unsupported";

const START_CODE = Uint8Array.of(0, 0, 0, 1);
/** FU indicator and FU header, RFC 6184 section 5.8. */
const FU_HEADER_BYTES = 2;
const FU_START = 0x80;
const FU_END = 0x40;

/**
 * The NAL units of Annex B bytes, without start codes, as views of `bytes`; empty ones are left out.
 *
 * Source: ITU-T H.264 annex B.
 */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  const add = (from: number, to: number) => {
    let end = to;
    while (end > from && bytes[end - 1] === 0) end--;
    if (end > from) nals.push(bytes.subarray(from, end));
  };
  let from = -1;
  for (let one = bytes.indexOf(1); one >= 0; one = bytes.indexOf(1, one + 1)) {
    if (one < 2 || bytes[one - 1] !== 0 || bytes[one - 2] !== 0) continue;
    if (from >= 0) add(from, one - 2);
    from = one + 1;
  }
  if (from >= 0) add(from, bytes.length);
  return nals;
}

/** Annex B with 4-byte start codes. */
export function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    nals.reduce((size, nal) => size + START_CODE.length + nal.length, 0),
  );
  let at = 0;
  for (const nal of nals) {
    bytes.set(START_CODE, at);
    bytes.set(nal, at + START_CODE.length);
    at += START_CODE.length + nal.length;
  }
  return bytes;
}

/** The type of a NAL unit, 0..31. */
export function nalType(nal: Uint8Array): number {
  return nal[0] & 0x1f;
}

/** True when a fresh decoder can start with this Annex B access unit: SPS, PPS and an IDR picture. */
export function isH264Keyframe(accessUnit: Uint8Array): boolean {
  return isKeyframe(splitAnnexB(accessUnit).map(nalType));
}

function isKeyframe(types: readonly number[]): boolean {
  return types.includes(NAL_TYPE.idr) && types.includes(NAL_TYPE.sps) &&
    types.includes(NAL_TYPE.pps);
}

/** Types 1..23 are NAL units of the bitstream; the others mean something else in RTP. */
function isSingleNal(type: number): boolean {
  return type >= 1 && type < NAL_TYPE.stapA;
}

/**
 * Cuts an Annex B access unit into RTP payloads: single NAL units, and FU-A of balanced sizes for those that
 * do not fit. Access unit delimiters are left out. Empty when there is nothing to send. Single NAL payloads
 * are views of `accessUnit`.
 *
 * Source: RFC 6184 sections 5.6 and 5.8, packetization-mode 1.
 */
export function packetizeH264(
  accessUnit: Uint8Array,
  payloadBytesMax = RTP_PAYLOAD_BYTES_MAX,
): PictureFragment[] {
  assert(accessUnit.length <= ACCESS_UNIT_BYTES_MAX, "an access unit fits ACCESS_UNIT_BYTES_MAX");
  assert(payloadBytesMax > FU_HEADER_BYTES, "a fragment has room for its header and one byte");
  const payloads: Uint8Array[] = [];
  for (const nal of splitAnnexB(accessUnit)) {
    const type = nalType(nal);
    if (!isSingleNal(type) || type === NAL_TYPE.delimiter) continue;
    if (nal.length <= payloadBytesMax) payloads.push(nal);
    else payloads.push(...fragmentNal(nal, payloadBytesMax));
  }
  return markFragments(payloads);
}

function fragmentNal(nal: Uint8Array, payloadBytesMax: number): Uint8Array[] {
  const bytes = nal.length - 1;
  const count = Math.ceil(bytes / (payloadBytesMax - FU_HEADER_BYTES));
  return Array.from({ length: count }, (_, index) => {
    const from = 1 + Math.floor(bytes * index / count);
    const to = 1 + Math.floor(bytes * (index + 1) / count);
    const payload = new Uint8Array(FU_HEADER_BYTES + to - from);
    payload[0] = (nal[0] & 0xe0) | NAL_TYPE.fuA;
    payload[1] = nalType(nal) | (index === 0 ? FU_START : 0) | (index === count - 1 ? FU_END : 0);
    payload.set(nal.subarray(from, to), FU_HEADER_BYTES);
    return payload;
  });
}

/**
 * Puts the RTP payloads of one access unit, complete and in order, together to Annex B.
 * Takes single NAL units, STAP-A and FU-A; at most `ACCESS_UNIT_BYTES_MAX` bytes
 * and `ACCESS_UNIT_NALS_MAX` NAL units.
 *
 * Source: RFC 6184 section 5.
 */
export function depacketizeH264(
  payloads: readonly Uint8Array[],
): { bytes: Uint8Array; keyframe: boolean } | H264Fault {
  const unit = new UnitBuilder();
  for (const payload of payloads) {
    const fault = unit.add(payload);
    if (fault) return fault;
  }
  return unit.finish();
}

/** Collects the pieces of one access unit; every method gives a fault or nothing. */
class UnitBuilder {
  readonly #pieces: Uint8Array[] = [];
  readonly #types: number[] = [];
  #bytes = 0;
  /** The NAL type of the FU-A that is open. */
  #openType: number | undefined;

  add(payload: Uint8Array): H264Fault | undefined {
    if (payload.length === 0) return "short";
    const type = nalType(payload);
    if (type === NAL_TYPE.fuA) return this.#addFragment(payload);
    if (this.#openType !== undefined) return "malformed";
    return type === NAL_TYPE.stapA ? this.#addAggregate(payload) : this.#addNal(payload);
  }

  finish(): { bytes: Uint8Array; keyframe: boolean } | H264Fault {
    if (this.#openType !== undefined) return "short";
    if (this.#types.length === 0) return "empty";
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return { bytes, keyframe: isKeyframe(this.#types) };
  }

  #addNal(nal: Uint8Array): H264Fault | undefined {
    return this.#open(nal[0]) ?? this.#append(nal.subarray(1));
  }

  #addAggregate(payload: Uint8Array): H264Fault | undefined {
    if (payload.length < 4) return "short";
    for (let at = 1; at < payload.length;) {
      if (at + 2 >= payload.length) return "short";
      const size = readU16(payload, at);
      if (size === 0) return "malformed";
      if (at + 2 + size > payload.length) return "short";
      const fault = this.#addNal(payload.subarray(at + 2, at + 2 + size));
      if (fault) return fault;
      at += 2 + size;
    }
  }

  #addFragment(payload: Uint8Array): H264Fault | undefined {
    if (payload.length <= FU_HEADER_BYTES) return "short";
    const [indicator, header] = payload;
    const type = header & 0x1f;
    const starts = (header & FU_START) !== 0;
    const ends = (header & FU_END) !== 0;
    if (starts && ends) return "malformed";
    if (starts !== (this.#openType === undefined)) return "malformed";
    if (!starts && type !== this.#openType) return "malformed";
    const fault = starts ? this.#open((indicator & 0xe0) | type) : undefined;
    this.#openType = ends ? undefined : type;
    return fault ?? this.#append(payload.subarray(FU_HEADER_BYTES));
  }

  #open(header: number): H264Fault | undefined {
    const type = header & 0x1f;
    if (!isSingleNal(type)) return "unsupported";
    if (this.#types.push(type) > ACCESS_UNIT_NALS_MAX) return "too-large";
    return this.#append(START_CODE) ?? this.#append(Uint8Array.of(header));
  }

  #append(piece: Uint8Array): H264Fault | undefined {
    this.#bytes += piece.length;
    if (this.#bytes > ACCESS_UNIT_BYTES_MAX) return "too-large";
    this.#pieces.push(piece);
  }
}
