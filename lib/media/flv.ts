import { ProtocolError, readU16, readU32 } from "@fusionmeet/base";
import { ACCESS_UNIT_BYTES_MAX, joinAnnexB, NAL_TYPE, nalType } from "@fusionmeet/protocol";
import { ChunkBuffer } from "./chunk_buffer.ts";

/** One coded picture as ffmpeg's FLV output gave it. */
export interface FlvPicture {
  /** Annex B, SPS and PPS before every IDR; a new array, at most `ACCESS_UNIT_BYTES_MAX`. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** ffmpeg's own clock: presentation time in ms from its start. */
  readonly timestampMs: number;
}

const TAG_HEADER_BYTES = 11;
const TRAILER_BYTES = 4;
const VIDEO_HEADER_BYTES = 5;
const TAG = { audio: 8, video: 9, script: 18 };
const CODEC_AVC = 7;
const PACKET = { parameters: 0, picture: 1, end: 2 };

/**
 * Takes H.264 pictures out of an FLV stream that comes in chunks of any size (`ffmpeg -f flv pipe:1`).
 * Holds at most one tag (`ACCESS_UNIT_BYTES_MAX`) and one chunk.
 *
 * Source: Adobe Flash Video File Format 10.1, annex E; avcC: ISO/IEC 14496-15 section 5.3.3.1.
 */
export class FlvDemuxer {
  readonly #held = new ChunkBuffer();
  #headerRead = false;
  #lengthBytes = 4;
  /** SPS and PPS. */
  #parameters: Uint8Array[] = [];

  /**
   * @param chunk is copied.
   * @throws ProtocolError "malformed" when this is not FLV with H.264; the demuxer is of no use after.
   */
  push(chunk: Uint8Array): FlvPicture[] {
    this.#held.push(chunk);
    const held = this.#held.bytes;
    const pictures: FlvPicture[] = [];
    let at = this.#headerRead ? 0 : this.#readHeader(held);
    while (this.#headerRead && held.length - at >= TAG_HEADER_BYTES) {
      const tag = held.subarray(at);
      const size = readU32(tag, 0) & 0xffffff;
      if (size > ACCESS_UNIT_BYTES_MAX) fail(`a tag of ${size} bytes`);
      if (!Object.values(TAG).includes(tag[0])) fail(`a tag of type ${tag[0]}`);
      const tagBytes = TAG_HEADER_BYTES + size;
      if (tag.length < tagBytes + TRAILER_BYTES) break;
      if (readU32(tag, tagBytes) !== tagBytes) fail("a tag whose sizes differ");
      const timestampMs = ((tag[7] << 24) | (readU32(tag, 3) & 0xffffff)) >>> 0;
      if (tag[0] === TAG.video) {
        const picture = this.#readVideo(tag.subarray(TAG_HEADER_BYTES, tagBytes), timestampMs);
        if (picture) pictures.push(picture);
      }
      at += tagBytes + TRAILER_BYTES;
    }
    this.#held.drop(at);
    return pictures;
  }

  /** Gives the size of what it read. */
  #readHeader(header: Uint8Array): number {
    for (const [at, byte] of [0x46, 0x4c, 0x56, 1].slice(0, header.length).entries()) {
      if (header[at] !== byte) fail("something that does not start as FLV does");
    }
    if (header.length < 9 + TRAILER_BYTES) return 0;
    if (readU32(header, 5) !== 9 || readU32(header, 9) !== 0) fail("a strange FLV header");
    this.#headerRead = true;
    return 9 + TRAILER_BYTES;
  }

  #readVideo(body: Uint8Array, decodeMs: number): FlvPicture | undefined {
    if (body.length < VIDEO_HEADER_BYTES) fail("a picture without its header");
    if ((body[0] & 0x0f) !== CODEC_AVC) fail("a codec that is not H.264");
    const payload = body.subarray(VIDEO_HEADER_BYTES);
    if (body[1] === PACKET.parameters) this.#readParameters(payload);
    else if (body[1] === PACKET.picture) {
      const compositionMs = (readU32(body, 1) << 8) >> 8;
      return this.#readPicture(payload, Math.max(0, decodeMs + compositionMs));
    } else if (body[1] !== PACKET.end) fail(`an AVC packet of type ${body[1]}`);
  }

  #readPicture(payload: Uint8Array, timestampMs: number): FlvPicture | undefined {
    const nals = this.#splitLengths(payload);
    const types = nals.map(nalType);
    const keyframe = types.includes(NAL_TYPE.idr);
    if (keyframe && this.#parameters.length === 0) fail("a picture before its parameters");
    const complete = keyframe && !types.includes(NAL_TYPE.sps)
      ? [...this.#parameters, ...nals]
      : nals;
    if (complete.length === 0) return;
    const bytes = joinAnnexB(complete);
    if (bytes.length > ACCESS_UNIT_BYTES_MAX) fail(`a picture of ${bytes.length} bytes`);
    return { bytes, keyframe, timestampMs };
  }

  #splitLengths(payload: Uint8Array): Uint8Array[] {
    const nals: Uint8Array[] = [];
    for (let at = 0; at < payload.length;) {
      if (at + this.#lengthBytes > payload.length) fail("a cut unit");
      let size = 0;
      for (let byte = 0; byte < this.#lengthBytes; byte++) size = size * 256 + payload[at++];
      if (at + size > payload.length) fail("a unit larger than its picture");
      const nal = payload.subarray(at, at + size);
      if (size > 0 && nalType(nal) !== NAL_TYPE.delimiter) nals.push(nal);
      at += size;
    }
    return nals;
  }

  #readParameters(avcc: Uint8Array): void {
    if (avcc.length < 7 || avcc[0] !== 1) fail("a strange decoder configuration");
    this.#lengthBytes = (avcc[4] & 3) + 1;
    const parameters: Uint8Array[] = [];
    let at = 5;
    for (const mask of [0x1f, 0xff]) {
      for (let count = avcc[at++] & mask; count > 0; count--) {
        const size = at + 2 <= avcc.length ? readU16(avcc, at) : 0;
        if (size === 0 || at + 2 + size > avcc.length) fail("a cut decoder configuration");
        parameters.push(avcc.slice(at + 2, at + 2 + size));
        at += 2 + size;
      }
    }
    const types = parameters.map(nalType);
    if (!types.includes(NAL_TYPE.sps) || !types.includes(NAL_TYPE.pps)) {
      fail("a decoder configuration without SPS or PPS");
    }
    this.#parameters = parameters;
  }
}

function fail(what: string): never {
  throw new ProtocolError("malformed", `Cannot read the encoder's output: ${what}`);
}
