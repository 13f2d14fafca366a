/** So many may do something at once; the others wait in the order they came. */
export class Slots {
  readonly #count: number;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#count = this.#free = count;
  }

  /** Nobody does anything, and nobody waits. */
  get isIdle(): boolean {
    return this.#free === this.#count;
  }

  /** Does `work` when it is its turn. @throws what it throws, or the signal's reason before its turn. */
  async use<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    const stop = () => turn.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await turn.promise;
    } catch (thrown) {
      this.#waiting.splice(this.#waiting.indexOf(turn.resolve), 1);
      throw thrown;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #next(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
