import { assert } from "@fusionmeet/base";

/** Why a packet index is refused: it came before, or it is too far behind to know. */
export type ReplayFault = "replay" | "old";

/**
 * Remembers which of the last `windowPackets` indices came. Asking changes nothing; only `mark()` does, which the
 * caller does once the packet's tag was right. Source: RFC 3711 section 3.3.2.
 */
export class ReplayWindow {
  readonly #windowPackets: number;
  /** Bit `index % windowPackets` is set when that index came. */
  readonly #seen: Uint32Array;
  #highest: number;

  /**
   * @param windowPackets A multiple of 32.
   * @param highest Where the stream is; -1 before its first packet.
   */
  constructor(windowPackets: number, highest = -1) {
    assert(windowPackets > 0 && windowPackets % 32 === 0, "a replay window is a multiple of 32");
    this.#windowPackets = windowPackets;
    this.#seen = new Uint32Array(windowPackets / 32);
    this.#highest = highest;
  }

  /** The highest index marked or started from; -1 before any. */
  get highest(): number {
    return this.#highest;
  }

  /** Why `index` must be refused, or `undefined`. */
  check(index: number): ReplayFault | undefined {
    if (index > this.#highest) return undefined;
    if (index <= this.#highest - this.#windowPackets) return "old";
    const bit = index % this.#windowPackets;
    return this.#seen[bit >>> 5] & (1 << (bit & 31)) ? "replay" : undefined;
  }

  /** Notes that `index`, which `check()` let pass, has come. */
  mark(index: number): void {
    this.advance(index);
    const bit = index % this.#windowPackets;
    this.#seen[bit >>> 5] |= 1 << (bit & 31);
  }

  /** Moves on to `index` without it having come; never moves back. */
  advance(index: number): void {
    if (index - this.#highest >= this.#windowPackets) this.#seen.fill(0);
    else {
      for (let passed = this.#highest + 1; passed <= index; passed++) {
        const bit = passed % this.#windowPackets;
        this.#seen[bit >>> 5] &= ~(1 << (bit & 31));
      }
    }
    if (index > this.#highest) this.#highest = index;
  }
}
