/** The least delay is looked for over the last one to two of these. */
const WINDOW_MS = 5_000;
/** A source that stays this far behind for this long has paused: its line starts anew. */
const PAUSE_MS = 100;
const PAUSE_SEEN_MS = 1_000;

/**
 * Puts what a device delivers on the local clock, without the jitter of its delivery: the line of the source's own
 * time goes through its earliest arrivals of late. Follows clock skew; after a pause of the source it starts anew.
 */
export class ArrivalClock {
  #leastMs = Infinity;
  #leastBeforeMs = Infinity;
  #windowStartMs = -Infinity;
  #behindSinceMs: number | undefined;
  /** Pauses of the source. */
  pauseCount = 0;

  /**
   * The local time of what carries `sourceMs` on the source's clock and arrived at `arrivalMs`: never after the
   * arrival.
   */
  place(sourceMs: number, arrivalMs: number): number {
    const offsetMs = arrivalMs - sourceMs;
    if (arrivalMs - this.#windowStartMs >= WINDOW_MS) {
      this.#leastBeforeMs = this.#leastMs;
      this.#leastMs = Infinity;
      this.#windowStartMs = arrivalMs;
    }
    this.#leastMs = Math.min(this.#leastMs, offsetMs);
    const leastMs = Math.min(this.#leastMs, this.#leastBeforeMs);
    if (offsetMs - leastMs <= PAUSE_MS) this.#behindSinceMs = undefined;
    else if (arrivalMs - (this.#behindSinceMs ??= arrivalMs) >= PAUSE_SEEN_MS) {
      this.pauseCount++;
      this.#leastMs = offsetMs;
      this.#leastBeforeMs = Infinity;
      this.#behindSinceMs = undefined;
      return arrivalMs;
    }
    return sourceMs + leastMs;
  }
}
