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

/** A rate, and how much of it may come at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/**
 * A rate limit shared fairly by whoever sends: so much from each of the latest `keysMax` senders, and so much from all
 * of them, so that a flood from one takes nothing from the others.
 */
export class FairBucket<Key> {
  readonly #options: { each: Rate; keysMax: number };
  readonly #all: TokenBucket;
  /** The one heard from longest ago first. */
  readonly #each = new Map<Key, TokenBucket>();

  constructor(options: { each: Rate; all: Rate; keysMax: number; nowMs: number }) {
    this.#options = options;
    this.#all = new TokenBucket({ ...options.all, nowMs: options.nowMs });
  }

  /** True when one more from `key` may be looked at now. */
  take(key: Key, nowMs: number): boolean {
    const { each, keysMax } = this.#options;
    const own = this.#each.get(key) ?? new TokenBucket({ ...each, nowMs });
    this.#each.delete(key);
    this.#each.set(key, own);
    if (this.#each.size > keysMax) this.#each.delete(this.#each.keys().next().value!);
    return own.take(nowMs) && this.#all.take(nowMs);
  }
}
