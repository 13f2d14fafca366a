/** A rate limit: `perSecond` on average, `burst` at once. Time is the caller's. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(options: { perSecond: number; burst: number; nowMs: number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#atMs = options.nowMs;
  }

  /** Takes `count` tokens and says true, or takes none and says false. */
  take(nowMs: number, count = 1): boolean {
    this.#tokens = Math.min(
      this.#burst,
      this.#tokens + Math.max(0, nowMs - this.#atMs) / 1000 * this.#perSecond,
    );
    this.#atMs = Math.max(this.#atMs, nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
