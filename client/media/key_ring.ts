import { type MasterKey, RETIRED_KEY_MS } from "@fusionmeet/protocol";

/** `KeyRing`'s name for the key of the mixes; participants count from 1. */
export const MIX = 0;

/**
 * The room's keys by owner and epoch. Keys of the next epoch may come before a stream they belong to, and those
 * of the last one stay until nothing sealed with them can come any more.
 */
export class KeyRing {
  readonly #keys = new Map<number, Map<number, MasterKey>>();
  #epoch: number;
  #retired: { epoch: number; untilMs: number }[] = [];

  /** @param epoch in use now. */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Keys of an epoch that was over before one came (of pictures under way) are on their way out at once. */
  add(owner: number, epoch: number, key: MasterKey, nowMs: number): void {
    const isOver = ((epoch - this.#epoch) & 0xff) >= 0x80;
    if (isOver && !this.#retired.some((each) => each.epoch === epoch)) {
      this.#retired.push({ epoch, untilMs: nowMs + RETIRED_KEY_MS });
    }
    const keys = this.#keys.get(owner) ?? new Map<number, MasterKey>();
    keys.set(epoch, key);
    this.#keys.set(owner, keys);
  }

  /** Keys of `owner` by epoch. */
  of(owner: number): ReadonlyMap<number, MasterKey> {
    return this.#keys.get(owner) ?? new Map();
  }

  /** `epoch` is in use from now on; the one before it is on its way out. */
  use(epoch: number, nowMs: number): void {
    if (epoch === this.#epoch) return;
    this.#retired.push({ epoch: this.#epoch, untilMs: nowMs + RETIRED_KEY_MS });
    this.#epoch = epoch;
    this.#retired = this.#retired.filter((each) => each.epoch !== epoch);
  }

  /** When `takeRetired` has something next. */
  get nextDueMs(): number | undefined {
    return this.#retired[0]?.untilMs;
  }

  /** Forgets the keys whose time is over and names their epochs. */
  takeRetired(nowMs: number): number[] {
    const epochs: number[] = [];
    while (this.#retired.length > 0 && this.#retired[0].untilMs <= nowMs) {
      epochs.push(this.#retired.shift()!.epoch);
    }
    for (const epoch of epochs) {
      for (const [owner, keys] of this.#keys) {
        keys.delete(epoch);
        if (keys.size === 0) this.#keys.delete(owner);
      }
    }
    return epochs;
  }
}
