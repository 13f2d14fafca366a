import { messageOf } from "@fusionmeet/base";
import { CHAT_TURN_BYTES } from "@fusionmeet/protocol";
import type { MeetingStore } from "@fusionmeet/store";
import type { ServerLog } from "./log.ts";

/** For the operator, when the disk says no. */
export const DISK_ADVICE =
  "Meetings go on without chat. See to the disk or stick with the data folder, then start the server again";

interface Pending {
  readonly size: number;
  write(): void;
  done(isKept: boolean): void;
}

/**
 * Writes what is said to the disk. Flushing is what costs (0.5 ms on a fast disk, 50 ms on a USB stick), so everything that came
 * in one turn of the event loop, or while the disk was busy, is flushed together; up to `CHAT_TURN_BYTES` of it, for it goes
 * to everybody in its room, and what they are sent has to get away meanwhile.
 */
export class ChatWriter {
  readonly #store: Pick<MeetingStore, "together">;
  readonly #log: ServerLog;
  readonly #soon: (run: () => void) => void;
  readonly #pending: Pending[] = [];

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

  /** Does `write` of `size` bytes in its turn; `done` hears, in the same order, whether it is on the disk. */
  add(write: () => void, { size, done }: { size: number; done: (isKept: boolean) => void }): void {
    this.#pending.push({ size, write, done });
    if (this.#pending.length === 1) this.#soon(() => this.#turn());
  }

  /** Writes all that waits now. */
  flush(): void {
    this.#write(this.#pending.splice(0));
  }

  #turn(): void {
    let count = 0;
    for (let bytes = 0; bytes < CHAT_TURN_BYTES && count < this.#pending.length; count++) {
      bytes += this.#pending[count].size;
    }
    const batch = this.#pending.splice(0, count);
    if (this.#pending.length > 0) this.#soon(() => this.#turn());
    this.#write(batch);
  }

  #write(batch: readonly Pending[]): void {
    if (batch.length === 0) return;
    const isKept = this.#keep(batch);
    for (const { done } of batch) done(isKept);
  }

  #keep(batch: readonly Pending[]): boolean {
    try {
      this.#store.together(() => batch.forEach(({ write }) => write()));
      return true;
    } catch (thrown) {
      const state = messageOf(thrown);
      this.#log.event("chat-not-kept", { lines: batch.length, state, advice: DISK_ADVICE });
      return false;
    }
  }
}
