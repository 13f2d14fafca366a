/** Binary frames on the media socket, little-endian. The first message there is the text of the session key. */

/** First byte: what a frame is. */
export const FRAME_KIND = { voice: 1, picture: 2, consumed: 3, screen: 4 } as const;

/** One picture frame, header included: an access unit and no more. */
export const PICTURE_FRAME_BYTES_MAX = (2 << 20) + 64;
/** Longest time a picture is held back for its sound, ms. */
export const PICTURE_WAIT_MS_MAX = 1_000;

/**
 * What waits in the page to be played, samples: 60 ms (20 ms were measured to run dry). The worklet plays nothing
 * before so much is there, and more after it ran dry.
 */
export const PLAYOUT_TARGET_SAMPLES = 2_880;

export const PICTURE_CODECS = ["h264", "vp8", "jpeg"] as const;
export type PictureCodec = typeof PICTURE_CODECS[number];

const PICTURE_HEADER_BYTES = 16;
const VOICE_HEADER_BYTES = 4;
const CONSUMED_BYTES = 34;
const SCREEN_HEADER_BYTES = 24;

/** A coded picture for one tile. */
export interface PictureFrame {
  /** Whose; one's own preview has one's own id. */
  readonly participant: number;
  readonly codec: PictureCodec;
  readonly keyframe: boolean;
  /** RTP timestamp, 90 kHz. */
  readonly timestamp: number;
  /** How long to hold it before it is shown, ms, 0..`PICTURE_WAIT_MS_MAX`: its sound comes later. */
  readonly waitMs: number;
  /** When the program sent it: the low 16 bits of its epoch ms. Both are on one computer, with one clock. */
  readonly sentAtMs: number;
  /** H.264: Annex B, SPS and PPS before every IDR. A view of the frame where it was decoded. */
  readonly bytes: Uint8Array;
}

/** How long ago `sentAtMs` was, ms, up to a minute; 0 where clocks are read in another order. */
export function sinceSentMs(sentAtMs: number, nowEpochMs: number): number {
  const elapsedMs = (Math.round(nowEpochMs) - sentAtMs) & 0xffff;
  return elapsedMs > 0xf000 ? 0 : elapsedMs;
}

/** What the sound device did: totals since the worklet started. */
export interface Consumption {
  /** Changes with each start of a worklet; its totals begin at 0. */
  readonly generation: number;
  /** Samples of ours that were played. */
  readonly playedSamples: number;
  /** Silence that was played because nothing was there. */
  readonly missedSamples: number;
  /** From the worklet to the ear, ms, as the sound system says. */
  readonly outputLatencyMs: number;
  /** The least that waited in the worklet since the report before, 0..65 535; absent where nobody counts. */
  readonly reserveSamples?: number;
  /** What the worklet wants to wait there, 0..65 535: more on a page that is held up; absent where nobody says. */
  readonly targetSamples?: number;
}

/** @param pcm s16, 48 kHz mono, a multiple of 480 samples. @param generation that of the report it answers. */
export function encodeVoiceFrame(pcm: Int16Array, generation: number): Uint8Array {
  const frame = new Uint8Array(VOICE_HEADER_BYTES + pcm.byteLength);
  frame[0] = FRAME_KIND.voice;
  frame[1] = generation & 0xff;
  frame.set(
    new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength),
    VOICE_HEADER_BYTES,
  );
  return frame;
}

/** @returns the samples (a copy) and the low byte of the generation; `undefined` for anything else. */
export function decodeVoiceFrame(
  frame: Uint8Array,
): { readonly pcm: Int16Array; readonly generation: number } | undefined {
  const isVoice = frame[0] === FRAME_KIND.voice && frame.length >= VOICE_HEADER_BYTES;
  if (!isVoice || frame.length % 2 !== 0) return undefined;
  return { pcm: new Int16Array(frame.slice(VOICE_HEADER_BYTES).buffer), generation: frame[1] };
}

export function encodePictureFrame(picture: PictureFrame): Uint8Array {
  const frame = new Uint8Array(PICTURE_HEADER_BYTES + picture.bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, FRAME_KIND.picture);
  view.setUint8(1, PICTURE_CODECS.indexOf(picture.codec));
  view.setUint8(2, picture.keyframe ? 1 : 0);
  view.setUint32(4, picture.participant, true);
  view.setUint32(8, picture.timestamp, true);
  view.setUint16(12, Math.min(PICTURE_WAIT_MS_MAX, Math.max(0, Math.round(picture.waitMs))), true);
  view.setUint16(14, picture.sentAtMs & 0xffff, true);
  frame.set(picture.bytes, PICTURE_HEADER_BYTES);
  return frame;
}

/** @returns the picture, its bytes a view of `frame`; `undefined` for anything else. */
export function decodePictureFrame(frame: Uint8Array): PictureFrame | undefined {
  if (frame[0] !== FRAME_KIND.picture || frame.length < PICTURE_HEADER_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const codec = PICTURE_CODECS[view.getUint8(1)];
  const waitMs = view.getUint16(12, true);
  if (codec === undefined || view.getUint8(2) > 1 || waitMs > PICTURE_WAIT_MS_MAX) return undefined;
  return {
    participant: view.getUint32(4, true),
    codec,
    keyframe: view.getUint8(2) === 1,
    timestamp: view.getUint32(8, true),
    waitMs,
    sentAtMs: view.getUint16(14, true),
    bytes: frame.subarray(PICTURE_HEADER_BYTES),
  };
}

export function encodeConsumption(consumption: Consumption): Uint8Array {
  const frame = new Uint8Array(CONSUMED_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint8(0, FRAME_KIND.consumed);
  const { reserveSamples, targetSamples } = consumption;
  view.setUint8(1, (reserveSamples === undefined ? 0 : 1) | (targetSamples === undefined ? 0 : 2));
  view.setUint16(2, Math.min(0xffff, reserveSamples ?? 0), true);
  view.setUint32(4, consumption.generation, true);
  view.setFloat64(8, consumption.playedSamples, true);
  view.setFloat64(16, consumption.missedSamples, true);
  view.setFloat64(24, consumption.outputLatencyMs, true);
  view.setUint16(32, Math.min(0xffff, targetSamples ?? 0), true);
  return frame;
}

/** @returns the report; `undefined` for anything else. */
export function decodeConsumption(frame: Uint8Array): Consumption | undefined {
  if (frame[0] !== FRAME_KIND.consumed || frame.length !== CONSUMED_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const [playedSamples, missedSamples, outputLatencyMs] = [8, 16, 24].map((offset) =>
    view.getFloat64(offset, true)
  );
  const isSane = [playedSamples, missedSamples, outputLatencyMs].every((value) =>
    Number.isFinite(value) && value >= 0
  );
  if (!isSane) return undefined;
  const flags = view.getUint8(1);
  const reserve = (flags & 1) !== 0 && { reserveSamples: view.getUint16(2, true) };
  const target = (flags & 2) !== 0 && { targetSamples: view.getUint16(32, true) };
  const generation = view.getUint32(4, true);
  return { generation, playedSamples, missedSamples, outputLatencyMs, ...reserve, ...target };
}

/** A message about a shared screen. */
export interface ScreenFrame {
  /** The share's id, 0..2^53-1. */
  readonly share: number;
  /** The server's wall clock minus this computer's, ms; NaN while it is not known. */
  readonly serverMinusLocalMs: number;
  /** A whole ScreenMessage as it travelled. A view of the frame where it was decoded. */
  readonly message: Uint8Array;
}

/** Each view of a share begins with its `format`; what comes before one is left alone. */
export function encodeScreenFrame(screen: ScreenFrame): Uint8Array {
  const frame = new Uint8Array(SCREEN_HEADER_BYTES + screen.message.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, FRAME_KIND.screen);
  view.setFloat64(8, screen.share, true);
  view.setFloat64(16, screen.serverMinusLocalMs, true);
  frame.set(screen.message, SCREEN_HEADER_BYTES);
  return frame;
}

/** @returns the frame, its message a view of `frame`; `undefined` for anything else. */
export function decodeScreenFrame(frame: Uint8Array): ScreenFrame | undefined {
  if (frame[0] !== FRAME_KIND.screen || frame.length <= SCREEN_HEADER_BYTES) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const share = view.getFloat64(8, true);
  const offset = view.getFloat64(16, true);
  const isSane = Number.isSafeInteger(share) && share >= 0 && Math.abs(offset) !== Infinity;
  if (!isSane) return undefined;
  const message = frame.subarray(SCREEN_HEADER_BYTES);
  return { share, serverMinusLocalMs: offset, message };
}
