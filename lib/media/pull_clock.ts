/** How long the earliest pull counts, ms. */
const WINDOW_MS = 1_000;
/** A pull later than this is a stall, not jitter, ms. */
const STALL_MS = 100;

/**
 * When pulls are due, out of when they are made. Pulls come late, never early, so the earliest of the last seconds
 * shows the clock of whoever pulls; one late tick moves nothing.
 */
export class PullClock {
  #windowFromMs = 0;
  #earliestMs: number | undefined;
  #earliestBeforeMs = 0;
  #samples = 0;

  /** The next `samples` are pulled at `nowMs`. @returns when they are due, ms. */
  pull(nowMs: number, samples: number): number {
    const offsetMs = nowMs - this.#samples / 48;
    const stalled = this.#earliestMs === undefined ||
      offsetMs - Math.min(this.#earliestMs, this.#earliestBeforeMs) > STALL_MS;
    if (stalled) this.#earliestMs = this.#earliestBeforeMs = offsetMs;
    if (nowMs - this.#windowFromMs > WINDOW_MS) {
      this.#windowFromMs = nowMs;
      this.#earliestBeforeMs = this.#earliestMs!;
      this.#earliestMs = offsetMs;
    }
    this.#earliestMs = Math.min(this.#earliestMs!, offsetMs);
    const dueMs = Math.min(this.#earliestMs, this.#earliestBeforeMs) + this.#samples / 48;
    this.#samples += samples;
    return dueMs;
  }
}
