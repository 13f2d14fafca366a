import { decibelToGain } from "@fusionmeet/base";

/** The gain is set at knots this far apart (2.5 ms) and runs straight between them. */
const KNOT_SAMPLES = 120;
/** How fast the gain comes back after a peak: 20 dB a second. */
const RELEASE_PER_KNOT = decibelToGain(20 * KNOT_SAMPLES / 48_000);

/**
 * Makes s16 of one mix, frame after frame. One gain for the whole mix, so the voices keep their relation: exactly 1
 * (bit-exact) while nothing passes the knee; above it the gain falls ahead of the peak, in straight ramps of 2.5 ms,
 * and returns by 20 dB/s. A peak too early in the frame for a ramp is bent smoothly; no sample ever passes the ceiling.
 */
export class Limiter {
  readonly #knee: number;
  readonly #ceiling: number;
  #gain = 1;

  /** Knee and ceiling in dBFS (0 = 32 768); defaults are those of the server's mixes. */
  constructor(options: { kneeDbfs?: number; ceilingDbfs?: number } = {}) {
    this.#knee = Math.floor(32_768 * decibelToGain(options.kneeDbfs ?? -3));
    this.#ceiling = Math.floor(32_768 * decibelToGain(options.ceilingDbfs ?? -1.5));
  }

  /** The gain at the end of the last frame, 0..1. */
  get gain(): number {
    return this.#gain;
  }

  /** @param out As many s16 samples to write as `mix` has; may be `mix` itself when that is s16. */
  apply(mix: Int32Array | Int16Array, out: Int16Array): void {
    let wanted = this.#wanted(mix, 0);
    for (let from = 0; from < mix.length; from += KNOT_SAMPLES) {
      const to = Math.min(from + KNOT_SAMPLES, mix.length);
      const wantedNext = this.#wanted(mix, to);
      const gain = Math.min(wanted, wantedNext, this.#gain * RELEASE_PER_KNOT);
      if (gain === 1 && this.#gain === 1) {
        for (let index = from; index < to; index++) out[index] = mix[index];
      } else this.#scale(mix, out, { from, to, gain });
      this.#gain = gain;
      wanted = wantedNext;
    }
  }

  /** The highest gain that keeps the samples from here to the next knot under the knee. */
  #wanted(mix: Int32Array | Int16Array, from: number): number {
    const to = Math.min(from + KNOT_SAMPLES, mix.length);
    let peak = this.#knee;
    for (let index = from; index < to; index++) {
      const sample = mix[index];
      if (sample > peak) peak = sample;
      else if (-sample > peak) peak = -sample;
    }
    return this.#knee / peak;
  }

  #scale(
    mix: Int32Array | Int16Array,
    out: Int16Array,
    options: { from: number; to: number; gain: number },
  ): void {
    const { from, to } = options;
    const step = (options.gain - this.#gain) / (to - from);
    for (let index = from; index < to; index++) {
      const scaled = mix[index] * (this.#gain + step * (index - from + 1));
      out[index] = Math.round(Math.abs(scaled) <= this.#knee ? scaled : this.#bend(scaled));
    }
  }

  /** A curve that leaves the knee with slope 1 and never reaches the ceiling. */
  #bend(sample: number): number {
    const room = this.#ceiling - this.#knee;
    const over = (Math.abs(sample) - this.#knee) / room;
    return Math.sign(sample) * (this.#knee + room * over / (1 + over));
  }
}
