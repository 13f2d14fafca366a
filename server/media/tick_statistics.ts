/** Figures kept: over a minute of one room's ticks. */
const KEPT = 4_096;

/** Percentiles of the latest figures and the maximum of all, without allocating while it counts. */
export class LatestFigures {
  readonly #figures = new Float64Array(KEPT);
  #count = 0;
  #max = 0;

  add(figure: number): void {
    this.#figures[this.#count++ % KEPT] = figure;
    if (figure > this.#max) this.#max = figure;
  }

  /** How many there were in all. */
  get count(): number {
    return this.#count;
  }

  /** 0 before the first. */
  percentiles(): { p50: number; p99: number; max: number } {
    const kept = this.#figures.slice(0, Math.min(this.#count, KEPT)).sort();
    const at = (share: number): number =>
      kept[Math.min(kept.length - 1, Math.floor(share * kept.length))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: this.#max };
  }
}
