import { type H264Fault, NAL_TYPE, nalType, splitAnnexB } from "./h264.ts";

/** What a sequence parameter set says. */
export interface H264Parameters {
  /** As RFC 6381 and WebCodecs write it: `avc1.PPCCLL`. */
  readonly codec: string;
  /** In pixels, cropping applied. */
  readonly width: number;
  readonly height: number;
}

/** A sequence parameter set with everything in it stays far below this; the rest is not read. */
const SPS_BYTES_MAX = 1_024;
/** Macroblocks in a row or a column: 16 384 pixels, more than any level allows. */
const MACROBLOCKS_MAX = 1_024;
/** Profiles whose SPS names a chroma format. Source: ITU-T H.264 section 7.3.2.1.1. */
const CHROMA_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/**
 * Reads a sequence parameter set (a NAL unit, or Annex B bytes that hold one).
 *
 * Source: ITU-T H.264 section 7.3.2.1.1; codec string: RFC 6381 section 3.3.
 */
export function readSps(bytes: Uint8Array): H264Parameters | H264Fault {
  if (bytes.length === 0) return "empty";
  const nal = nalType(bytes) === NAL_TYPE.sps
    ? bytes
    : splitAnnexB(bytes).find((nal) => nalType(nal) === NAL_TYPE.sps);
  if (nal === undefined) return "empty";
  if (nal.length < 5) return "short";
  const codec = "avc1." + nal.subarray(1, 4).toHex().toUpperCase();
  const bits = new BitReader(unescapeNal(nal.subarray(4, SPS_BYTES_MAX)));
  const size = readSize(bits, nal[1]);
  return bits.fault ?? (size === undefined ? "malformed" : { codec, ...size });
}

/** Every sequence parameter set of an access unit, Annex B: a decoder goes by the last of them. */
export function readEverySps(accessUnit: Uint8Array): (H264Parameters | H264Fault)[] {
  return splitAnnexB(accessUnit).filter((nal) => nalType(nal) === NAL_TYPE.sps).map(readSps);
}

function readSize(
  bits: BitReader,
  profile: number,
): { width: number; height: number } | undefined {
  bits.exponential(); // seq_parameter_set_id
  const chroma = CHROMA_PROFILES.has(profile) ? readChroma(bits) : 1;
  bits.exponential(); // log2_max_frame_num_minus4
  skipPictureOrder(bits);
  bits.exponential(); // max_num_ref_frames
  bits.take(1); // gaps_in_frame_num_value_allowed_flag
  const columns = bits.exponential() + 1;
  const mapRows = bits.exponential() + 1;
  const fieldRows = 2 - bits.take(1); // frame_mbs_only_flag
  if (fieldRows === 2) bits.take(1); // mb_adaptive_frame_field_flag
  bits.take(1); // direct_8x8_inference_flag
  const cropped = bits.take(1) === 1;
  const [left, right, top, bottom] = [0, 0, 0, 0].map(() => cropped ? bits.exponential() : 0);
  if (columns > MACROBLOCKS_MAX || mapRows * fieldRows > MACROBLOCKS_MAX || chroma > 3) return;
  const cropX = chroma === 1 || chroma === 2 ? 2 : 1;
  const cropY = (chroma === 1 ? 2 : 1) * fieldRows;
  const width = columns * 16 - (left + right) * cropX;
  const height = mapRows * fieldRows * 16 - (top + bottom) * cropY;
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/** Reads the chroma format and what stands between it and the frame number; gives the ChromaArrayType. */
function readChroma(bits: BitReader): number {
  const format = bits.exponential();
  const separatePlanes = format === 3 && bits.take(1) === 1;
  bits.exponential(); // bit_depth_luma_minus8
  bits.exponential(); // bit_depth_chroma_minus8
  bits.take(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.take(1) === 1) {
    for (let list = 0; list < (format === 3 ? 12 : 8); list++) {
      if (bits.take(1) === 1) skipScalingList(bits, list < 6 ? 16 : 64);
    }
  }
  return separatePlanes ? 0 : format;
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size && next !== 0; index++) {
    next = (last + bits.signedExponential() + 256) & 255;
    if (next !== 0) last = next;
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.exponential();
  if (type === 0) bits.exponential(); // log2_max_pic_order_cnt_lsb_minus4
  if (type !== 1) return;
  bits.take(1); // delta_pic_order_always_zero_flag
  bits.signedExponential();
  bits.signedExponential();
  const cycle = Math.min(bits.exponential(), 255);
  for (let index = 0; index < cycle; index++) bits.signedExponential();
}

/** Without the emulation prevention bytes. Source: ITU-T H.264 section 7.3.1. */
function unescapeNal(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, at) => !(byte === 3 && bytes[at - 1] === 0 && bytes[at - 2] === 0));
}

/** Reads bits, most significant first. Past the end it gives zeros and holds a fault. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  fault: H264Fault | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `count` bits as a number, count <= 32. */
  take(count: number): number {
    if (this.#at + count > this.#bytes.length * 8) this.fault ??= "short";
    if (this.fault) return 0;
    let value = 0;
    for (let taken = 0; taken < count; taken++, this.#at++) {
      value = value * 2 + ((this.#bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  /** ue(v), ITU-T H.264 section 9.1. */
  exponential(): number {
    let zeros = 0;
    while (!this.fault && this.take(1) === 0) {
      if (++zeros > 32) this.fault ??= "malformed";
    }
    return this.fault ? 0 : 2 ** zeros - 1 + this.take(zeros);
  }

  /** se(v), ITU-T H.264 section 9.1.1. */
  signedExponential(): number {
    const code = this.exponential();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
