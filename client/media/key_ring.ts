import {
  type MasterKey,
  PARTICIPANTS_MAX,
  RETIRED_EPOCHS_MAX,
  RETIRED_KEY_MS,
} from "@fusionmeet/protocol";

/** `KeyRing`'s name for the key of the mixes; participants count from 1. */
export const MIX = 0;
/** Owners whose keys are kept, the mix among them. More of them have come and gone: who was told of longest ago gives way. */
export const KEY_OWNERS_MAX = 1 + PARTICIPANTS_MAX;

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

  /**
   * Keys of an epoch that was over before one came (of pictures under way) are on their way out at once.
   *
   * @returns false for those of an epoch after the next: there can be none yet.
   */
  add(owner: number, epoch: number, key: MasterKey, nowMs: number): boolean {
    const ahead = (epoch - this.#epoch) & 0xff;
    const isOver = ahead >= 0x80;
    if (!isOver && ahead > 1) return false;
    if (isOver && !this.#retired.some((each) => each.epoch === epoch)) {
      this.#retired.push({ epoch, untilMs: nowMs + RETIRED_KEY_MS });
    }
    const keys = this.#keys.get(owner) ?? new Map<number, MasterKey>();
    keys.set(epoch, key);
    // The newest last.
    this.#keys.delete(owner);
    this.#keys.set(owner, keys);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > KEY_OWNERS_MAX) this.#keys.delete(oldest);
    return true;
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

  /** Forgets the keys whose time is over, or that are more than `RETIRED_EPOCHS_MAX`, and names their epochs. */
  takeRetired(nowMs: number): number[] {
    const isDue = ({ untilMs }: { untilMs: number }) =>
      untilMs <= nowMs || this.#retired.length > RETIRED_EPOCHS_MAX;
    const epochs: number[] = [];
    while (this.#retired.length > 0 && isDue(this.#retired[0])) {
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
