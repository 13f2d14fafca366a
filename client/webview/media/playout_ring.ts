import { PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import type { WorkletReport } from "./worker_messages.ts";

/** A program that keeps to the target never fills it; what is too much pushes out the oldest. */
export const RING_SAMPLES_MAX = 1 << 14;

/**
 * Each time it runs dry it fills up further before it plays again, and less again after a time without: after twice the
 * time where that was too soon.
 */
export const TARGET_SAMPLES_MAX = 9_600;
export const TARGET_STEP_UP_SAMPLES = 960;
export const TARGET_STEP_DOWN_SAMPLES = 240;
export const CALM_SAMPLES = 20 * 48_000;
export const CALM_SAMPLES_MAX = 8 * CALM_SAMPLES;

/**
 * What waits to be played in the worklet. Once empty it plays silence until the target is there again: what comes piece
 * by piece would run dry at every piece. A busy page, which holds up what is under way, gets a higher target. `push` and `pull` allocate nothing.
 */
export class PlayoutRing implements WorkletReport {
  readonly #samples = new Int16Array(RING_SAMPLES_MAX);
  #first = 0;
  #count = 0;
  #isFilling = true;
  #calmSamplesMin = CALM_SAMPLES;
  /** Played without a gap since it ran dry, or since the target fell. */
  #calmSamples = 0;
  generation = 0;
  playedSamples = 0;
  missedSamples = 0;
  underruns = 0;
  reserveSamples = 0;
  targetSamples = PLAYOUT_TARGET_SAMPLES;

  get bufferedSamples(): number {
    return this.#count;
  }

  /** Forgets what waits and begins the totals of this generation at 0; `underruns` go on. */
  restart(generation: number): void {
    this.generation = generation;
    this.#count = 0;
    this.#isFilling = true;
    this.playedSamples = this.missedSamples = 0;
  }

  /** `reserveSamples` counts from now on. */
  beginReport(): void {
    this.reserveSamples = this.#count;
  }

  /** @param pcm s16; copied. */
  push(pcm: Int16Array): void {
    for (let index = 0; index < pcm.length; index++) {
      this.#samples[(this.#first + this.#count) % RING_SAMPLES_MAX] = pcm[index];
      if (this.#count < RING_SAMPLES_MAX) this.#count++;
      else this.#first = (this.#first + 1) % RING_SAMPLES_MAX;
    }
  }

  /** Fills `out` with the next samples, -1..1, or silence. */
  pull(out: Float32Array): void {
    if (this.#isFilling && this.#count >= this.targetSamples) this.#isFilling = false;
    const played = this.#isFilling ? 0 : Math.min(out.length, this.#count);
    for (let index = 0; index < played; index++) {
      out[index] = this.#samples[(this.#first + index) % RING_SAMPLES_MAX] / 32_768;
    }
    out.fill(0, played);
    this.#first = (this.#first + played) % RING_SAMPLES_MAX;
    this.#count -= played;
    this.reserveSamples = Math.min(this.reserveSamples, this.#count);
    this.playedSamples += played;
    this.missedSamples += out.length - played;
    this.#steer(played, played < out.length && !this.#isFilling);
  }

  #steer(played: number, ranDry: boolean): void {
    this.#calmSamples += played;
    if (ranDry) {
      this.#isFilling = true;
      this.underruns++;
      this.#calmSamplesMin = Math.min(CALM_SAMPLES_MAX, 2 * this.#calmSamplesMin);
      this.#aimAt(this.targetSamples + TARGET_STEP_UP_SAMPLES);
    } else if (this.#calmSamples >= this.#calmSamplesMin) {
      this.#aimAt(this.targetSamples - TARGET_STEP_DOWN_SAMPLES);
    }
  }

  #aimAt(samples: number): void {
    this.#calmSamples = 0;
    this.targetSamples = Math.min(TARGET_SAMPLES_MAX, Math.max(PLAYOUT_TARGET_SAMPLES, samples));
  }
}
