/** After this much silence a talker goes back to the shared mix. Source: MEDIA rule 15. */
const SILENCE_MS = 5_000;

/**
 * Who gets a mix of their own: everyone mixed in this tick, and who was mixed in the last 5 s (so that a pause
 * changes nothing). Never more than the maximum, unless more are being mixed: the longest silent goes back first.
 */
export class OwnMixes {
  readonly #listenersMax: number;
  readonly #mixedAtMs = new Map<number, number>();

  constructor(options: { listenersMax: number }) {
    this.#listenersMax = options.listenersMax;
  }

  /** @param mixed Ids in the mix of this tick. @returns ids who get their own mix in this tick. */
  update(mixed: readonly number[], nowMs: number): readonly number[] {
    for (const id of mixed) {
      this.#mixedAtMs.delete(id);
      this.#mixedAtMs.set(id, nowMs);
    }
    // A map keeps its order: the longest silent come first.
    for (const [id, atMs] of this.#mixedAtMs) {
      const tooMany = this.#mixedAtMs.size > this.#listenersMax && atMs < nowMs;
      if (tooMany || nowMs - atMs >= SILENCE_MS) this.#mixedAtMs.delete(id);
      else break;
    }
    return [...this.#mixedAtMs.keys()];
  }

  /** Forgets someone who left. */
  remove(id: number): void {
    this.#mixedAtMs.delete(id);
  }
}
