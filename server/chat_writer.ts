import { messageOf } from "@fusionmeet/base";
import type { MeetingStore } from "@fusionmeet/store";
import type { ServerLog } from "./log.ts";

interface Pending {
  write(): void;
  done(isKept: boolean): void;
}

/**
 * Writes what is said to the disk. Flushing is what costs (0.5 ms on a fast disk, 50 ms on a USB stick), so everything that came
 * in one turn of the event loop, or while the disk was busy, is flushed together.
 */
export class ChatWriter {
  readonly #store: Pick<MeetingStore, "together">;
  readonly #log: ServerLog;
  readonly #soon: (run: () => void) => void;
  #pending: Pending[] = [];

  /** @param options.soon Runs something after this turn of the event loop. */
  constructor(options: {
    store: Pick<MeetingStore, "together">;
    log: ServerLog;
    soon: (run: () => void) => void;
  }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#soon = options.soon;
  }

  /** Does `write` in its turn; `done` hears, in the same order, whether it is on the disk. */
  add(write: () => void, done: (isKept: boolean) => void): void {
    this.#pending.push({ write, done });
    if (this.#pending.length === 1) this.#soon(() => this.flush());
  }

  /** Writes what waits now. */
  flush(): void {
    const batch = this.#pending;
    if (batch.length === 0) return;
    this.#pending = [];
    const isKept = this.#keep(batch);
    for (const { done } of batch) done(isKept);
  }

  #keep(batch: readonly Pending[]): boolean {
    try {
      this.#store.together(() => batch.forEach(({ write }) => write()));
      return true;
    } catch (thrown) {
      this.#log.event("chat-not-kept", { lines: batch.length, state: messageOf(thrown) });
      return false;
    }
  }
}
