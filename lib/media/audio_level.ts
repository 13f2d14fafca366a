/** The level of digital silence, dBov. */
export const SILENCE_LEVEL = -127;
/** A talker is decoded until this long after the last frame that `isHeard`. */
export const DECODE_HANGOVER_MS = 500;
/** Sound above this is decoded even where the sender says it is no voice, dBov. */
const HEARD_ABOVE_LEVEL = -50;

/** Whether a frame with this claimed level (RFC 6464) is worth decoding. */
export function isHeard(level: number, voice: boolean): boolean {
  return voice || level > HEARD_ABOVE_LEVEL;
}

/** Level of samples in dBov as RFC 6464 counts: -127 (digital silence) .. 0, whole. A full-scale sine is -3. */
export function audioLevel(pcm: Int16Array): number {
  let power = 0;
  for (let index = 0; index < pcm.length; index++) power += pcm[index] * pcm[index];
  if (power === 0) return SILENCE_LEVEL;
  const level = Math.round(10 * Math.log10(power / pcm.length / (32_767 * 32_767)));
  return Math.max(SILENCE_LEVEL, Math.min(0, level));
}

/**
 * A plain voice activity flag from levels alone: voice is above -42 dBov, or above -55 dBov and 8 dB over the
 * background, and for 300 ms after.
 */
export class VoiceActivity {
  #backgroundDb = -60;
  #hangoverFrames = 0;

  /** @param level Level of the next 20 ms, -127..0 dBov. */
  update(level: number): boolean {
    this.#backgroundDb = level < this.#backgroundDb
      ? Math.max(level, -90)
      : Math.min(level, this.#backgroundDb + 0.05);
    if (level > -42 || level > Math.max(-55, this.#backgroundDb + 8)) this.#hangoverFrames = 15;
    else if (this.#hangoverFrames > 0) this.#hangoverFrames--;
    return this.#hangoverFrames > 0;
  }
}
