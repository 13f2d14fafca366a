/** Figures kept for percentiles: over a minute of one room's ticks. */
const KEPT = 4_096;

/** Percentiles of the latest figures, and the maximum, since the last `clear()`; allocates nothing while it counts. */
export class LatestFigures {
  readonly #figures = new Float64Array(KEPT);
  #count = 0;
  #max = 0;

  clear(): void {
    this.#count = this.#max = 0;
  }

  add(figure: number): void {
    this.#figures[this.#count++ % KEPT] = figure;
    if (figure > this.#max) this.#max = figure;
  }

  /** 0 before the first. */
  percentiles(): { p50: number; p99: number; max: number } {
    const kept = this.#figures.slice(0, Math.min(this.#count, KEPT)).sort();
    const at = (share: number): number =>
      kept[Math.min(kept.length - 1, Math.floor(share * kept.length))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: this.#max };
  }
}
