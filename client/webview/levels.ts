/** Below this a level shows as silence, and above that as full, dBov. */
const QUIET_DBOV = -60;
const LOUD_DBOV = -12;

/** How far a meter goes up at `level` dBov, 0..1. */
export function meterHeight(level: number): number {
  return Math.min(1, Math.max(0, (level - QUIET_DBOV) / (LOUD_DBOV - QUIET_DBOV)));
}

/**
 * Levels of the voices, several times a second: past the signals, straight to the meters that listen, so that
 * nothing is drawn again for them.
 */
export class Levels {
  readonly #own = new Set<(height: number) => void>();
  readonly #people = new Map<number, Set<(height: number) => void>>();
  #heard = new Set<number>();

  /** @param own one's own, dBov. @param people only those who are heard now. */
  set(own: number, people: readonly { readonly id: number; readonly level: number }[]): void {
    for (const listener of this.#own) listener(meterHeight(own));
    const heard = new Set(people.map(({ id }) => id));
    for (const { id, level } of people) this.#tell(id, meterHeight(level));
    for (const id of this.#heard) if (!heard.has(id)) this.#tell(id, 0);
    this.#heard = heard;
  }

  /** Calls `listener` with 0..1 at each level of one's own. @returns ends that. */
  onOwn(listener: (height: number) => void): () => void {
    this.#own.add(listener);
    return () => void this.#own.delete(listener);
  }

  /** The same for somebody else. */
  onPerson(id: number, listener: (height: number) => void): () => void {
    const listeners = this.#people.get(id) ?? new Set();
    this.#people.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#people.get(id) === listeners) this.#people.delete(id);
    };
  }

  #tell(id: number, height: number): void {
    for (const listener of this.#people.get(id) ?? []) listener(height);
  }
}
