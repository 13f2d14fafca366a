/** Arrivals older than this say nothing about now (200 ppm of clock skew are 2 ms in it). */
const AGE_MS_MAX = 10_000;
const ARRIVALS_MAX = 512;
/** The share of packets that should come in time. */
const IN_TIME_SHARE = 0.99;
const ARRIVALS_PER_UPDATE = 16;

/** Arrival minus media time of a stream's last ten seconds of packets, ms: the fastest, and what 99 % keep. */
export class TransitWindow {
  readonly #arrivalMs = new Float64Array(ARRIVALS_MAX);
  readonly #transitMs = new Float64Array(ARRIVALS_MAX);
  readonly #sorted = new Float64Array(ARRIVALS_MAX);
  #first = 0;
  #count = 0;
  #sinceUpdate = 0;
  #lastTransitMs = 0;
  /** The fastest arrival. */
  fastestMs = 0;
  /** 99 % were not slower. */
  slowMs = 0;
  /** Mean deviation, ms. Source: RFC 3550 section 6.4.1. */
  jitterMs = 0;

  get count(): number {
    return this.#count;
  }

  add(arrivalMs: number, transitMs: number): void {
    if (this.#count > 0) {
      this.jitterMs += (Math.abs(transitMs - this.#lastTransitMs) - this.jitterMs) / 16;
    }
    this.#lastTransitMs = transitMs;
    if (this.#count === ARRIVALS_MAX) this.#forgetFirst();
    const at = (this.#first + this.#count++) % ARRIVALS_MAX;
    this.#arrivalMs[at] = arrivalMs;
    this.#transitMs[at] = transitMs;
    const due = ++this.#sinceUpdate >= ARRIVALS_PER_UPDATE || this.#count < ARRIVALS_PER_UPDATE;
    if (this.#age(arrivalMs) || due) this.#update();
  }

  /** Starts anew. */
  clear(): void {
    this.#count = 0;
  }

  /** Whether anything came in the ten seconds before `nowMs`. */
  isFresh(nowMs: number): boolean {
    const newest = (this.#first + this.#count - 1) % ARRIVALS_MAX;
    return this.#count > 0 && this.#arrivalMs[newest] > nowMs - AGE_MS_MAX;
  }

  #forgetFirst(): void {
    this.#first = (this.#first + 1) % ARRIVALS_MAX;
    this.#count--;
  }

  /** Forgets the old ones; true when the fastest may have been among them. */
  #age(nowMs: number): boolean {
    let fastestGone = false;
    while (this.#count > 0 && this.#arrivalMs[this.#first] < nowMs - AGE_MS_MAX) {
      fastestGone ||= this.#transitMs[this.#first] <= this.fastestMs;
      this.#forgetFirst();
    }
    return fastestGone;
  }

  #update(): void {
    this.#sinceUpdate = 0;
    const sorted = this.#sorted.subarray(0, this.#count);
    for (let nth = 0; nth < this.#count; nth++) {
      sorted[nth] = this.#transitMs[(this.#first + nth) % ARRIVALS_MAX];
    }
    sorted.sort();
    this.fastestMs = sorted[0];
    this.slowMs = sorted[Math.ceil(this.#count * IN_TIME_SHARE) - 1];
  }
}
