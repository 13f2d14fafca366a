/**
 * What the RTP header extensions hold. They travel in clear, so that the server can act on them without
 * decrypting; the SRTP tag covers them. A reader gives `undefined` for a value of the wrong size.
 */
import { assert, readU32, writeU32 } from "@fusionmeet/base";

/** The level of the audio in one packet. */
export interface AudioLevel {
  /** Whether the sender takes it for speech. */
  readonly voice: boolean;
  /** -127..0 dBov; -127 is silence. */
  readonly level: number;
}

/** Where a packet stands in its access unit: short form, for streams of one layer. */
export interface FrameMarking {
  /** First packet of an access unit. */
  readonly start: boolean;
  /** Last packet of an access unit. */
  readonly end: boolean;
  /** Part of a picture that needs no other: a keyframe. */
  readonly independent: boolean;
  /** Nothing else needs this picture. */
  readonly discardable: boolean;
}

/** One byte, V flag and -dBov. A level out of -127..0 is clamped. Source: RFC 6464 section 3. */
export function encodeAudioLevel({ voice, level }: AudioLevel): Uint8Array<ArrayBuffer> {
  return Uint8Array.of((voice ? 0x80 : 0) | attenuation(level));
}

/** Reads `encodeAudioLevel()`. */
export function decodeAudioLevel(bytes: Uint8Array): AudioLevel | undefined {
  if (bytes.length !== 1) return undefined;
  return { voice: bytes[0] >= 0x80, level: 0 - (bytes[0] & 0x7f) };
}

/** One byte, `S E I D` and four zero bits. Source: RFC 9626 section 3.2. */
export function encodeFrameMarking(marking: FrameMarking): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(
    (marking.start ? 0x80 : 0) | (marking.end ? 0x40 : 0) |
      (marking.independent ? 0x20 : 0) | (marking.discardable ? 0x10 : 0),
  );
}

/** Reads `encodeFrameMarking()`. The long forms (2 and 3 bytes) begin with the same flags and are read too. */
export function decodeFrameMarking(bytes: Uint8Array): FrameMarking | undefined {
  if (bytes.length < 1 || bytes.length > 3) return undefined;
  const flags = bytes[0];
  return {
    start: (flags & 0x80) !== 0,
    end: (flags & 0x40) !== 0,
    independent: (flags & 0x20) !== 0,
    discardable: (flags & 0x10) !== 0,
  };
}

/**
 * One byte per CSRC in the same order. Source: RFC 6465 section 3.
 *
 * @param levels 1..15 levels, -127..0 dBov, clamped.
 */
export function encodeMixLevels(levels: readonly number[]): Uint8Array<ArrayBuffer> {
  assert(levels.length >= 1 && levels.length <= 15, "a mix packet names 1..15 talkers");
  return Uint8Array.from(levels, attenuation);
}

/** Reads `encodeMixLevels()`: -127..0 dBov each. */
export function decodeMixLevels(bytes: Uint8Array): number[] {
  return Array.from(bytes, (byte) => 0 - (byte & 0x7f));
}

/**
 * Eight bytes, seconds as UQ32.32, on the server's media clock instead of the sender's NTP clock.
 *
 * @param ms 0..2^32 s; a time before the clock's start becomes 0.
 *
 * Source: abs-capture-time, http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time.
 */
export function encodeCaptureTime(ms: number): Uint8Array<ArrayBuffer> {
  assert(Number.isFinite(ms), "a capture time is a number");
  const units = Math.round(Math.max(0, ms) / 1000 * 2 ** 32);
  const bytes = new Uint8Array(8);
  writeU32(bytes, 0, Math.floor(units / 2 ** 32));
  writeU32(bytes, 4, units % 2 ** 32);
  return bytes;
}

/** Reads `encodeCaptureTime()`; a clock offset behind it (16 bytes in all) is ignored. Ms, within 1 µs. */
export function decodeCaptureTime(bytes: Uint8Array): number | undefined {
  if (bytes.length !== 8 && bytes.length !== 16) return undefined;
  return (readU32(bytes, 0) + readU32(bytes, 4) / 2 ** 32) * 1000;
}

function attenuation(level: number): number {
  return Math.min(127, Math.max(0, Math.round(-level)));
}
