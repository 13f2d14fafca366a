/**
 * Writes the sum of all voices; exact up to 65 536 of them.
 *
 * @param voices Audio frames of one length, s16, mono, 48 kHz.
 * @param sum s32 of the same length, overwritten.
 */
export function sumVoices(voices: readonly Int16Array[], sum: Int32Array): void {
  sum.fill(0);
  for (const voice of voices) {
    for (let index = 0; index < sum.length; index++) sum[index] += voice[index];
  }
}

/** Writes `sum` without `voice` to `mix`: what that talker hears. Exact; allocates nothing. */
export function subtractVoice(sum: Int32Array, voice: Int16Array, mix: Int32Array): void {
  for (let index = 0; index < sum.length; index++) mix[index] = sum[index] - voice[index];
}

/**
 * Writes what each member should hear: everyone except themselves (N-1). Exact; a `Limiter` makes it s16.
 *
 * @param voices N frames of `FRAME_SAMPLES` samples, s16, mono, 48 kHz.
 * @param mixes N frames of s32 to write, same order.
 * @param sum Scratch, `FRAME_SAMPLES` of s32, overwritten; exact up to 65 536 voices.
 *
 * Source: RFC 7667 section 3.6.1 (media-mixing mixer).
 */
export function mixMinus(
  voices: readonly Int16Array[],
  mixes: readonly Int32Array[],
  sum: Int32Array,
): void {
  sumVoices(voices, sum);
  for (let index = 0; index < voices.length; index++) {
    subtractVoice(sum, voices[index], mixes[index]);
  }
}

/** Scales `voice` in place by a straight line from gain `from` to gain `to`: a talker entering or leaving mid-word. */
export function rampVoice(voice: Int16Array, from: number, to: number): void {
  const step = (to - from) / voice.length;
  for (let index = 0; index < voice.length; index++) {
    voice[index] = Math.round(voice[index] * (from + step * (index + 1)));
  }
}
