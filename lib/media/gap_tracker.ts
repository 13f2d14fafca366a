import {
  GIVE_UP_MS,
  NACK_GAP_PACKETS_MAX,
  NACK_SEQUENCES_MAX,
  NACK_TRIES_MAX,
  REORDER_MS,
} from "@fusionmeet/protocol";

/**
 * What a packet turned out to be. `late`: it had been given up. `jump`: with the gap before it more than
 * `NACK_GAP_PACKETS_MAX` packets would be missing, so that gap is lost.
 */
export type Arrival = "new" | "reordered" | "repaired" | "late" | "duplicate" | "jump";

interface MissingPacket {
  readonly sinceMs: number;
  tries: number;
  nextMs: number;
}

/** Between two requests for the same packet, at least; else the round trip. */
const RETRY_MS_MIN = 20;
/** Given up, but remembered: to know a late packet from a duplicate. */
const ABANDONED_MAX = 4_096;

/** The gap that was too large to mend, and what came of it all the same. */
interface Jump {
  readonly first: number;
  readonly last: number;
  readonly came: Set<number>;
}

/**
 * Finds missing packets of one ssrc by their 48-bit index and says when to ask for them again (generic NACK):
 * first after `REORDER_MS`, then every round trip, at most `NACK_TRIES_MAX` times. After `GIVE_UP_MS` they are
 * lost. Used by viewers and, upstream, by the server.
 */
export class GapTracker {
  readonly #missing = new Map<number, MissingPacket>();
  readonly #abandoned = new Set<number>();
  #jump: Jump | undefined;
  #lowest = Infinity;
  #highest = -1;
  #nextDueMs = Infinity;
  /** Packets that were given up and have not come. */
  lost = 0;

  /** A packet came; its index is one the SRTP replay check let through, or any number from 0 on. */
  seen(index: number, nowMs: number): Arrival {
    if (this.#highest < 0) {
      this.#lowest = this.#highest = index;
      return "new";
    }
    if (index > this.#highest) return this.#advance(index, nowMs);
    if (index < this.#lowest) return this.#precede(index, nowMs);
    const missing = this.#missing.get(index);
    if (missing !== undefined) {
      this.#missing.delete(index);
      return missing.tries > 0 ? "repaired" : "reordered";
    }
    if (!this.#abandoned.delete(index) && !this.#isLateOfJump(index)) return "duplicate";
    this.lost--;
    return "late";
  }

  /** Misses the packet before the first one that was seen. */
  missFirst(nowMs: number): void {
    if (this.#lowest > 0 && this.#lowest < Infinity) this.#miss(--this.#lowest, nowMs);
  }

  /** True while `index` may still come; false when it came, was given up or is beyond what was seen. */
  isMissing(index: number): boolean {
    return this.#missing.has(index);
  }

  /** The first and the last index that were seen or missed; -1 before. */
  get lowest(): number {
    return this.#highest < 0 ? -1 : this.#lowest;
  }

  get highest(): number {
    return this.#highest;
  }

  /** Gives up what has been missing for `GIVE_UP_MS`. */
  expire(nowMs: number): void {
    for (const [index, { sinceMs }] of this.#missing) {
      if (nowMs - sinceMs >= GIVE_UP_MS) this.#giveUp(index);
    }
  }

  /**
   * Indices to ask for now, at most `NACK_SEQUENCES_MAX`; the sequence is `index % 65536`. More may be due at
   * once: then `nextDueMs` has come already.
   */
  due(nowMs: number, rttMs: number): number[] {
    this.expire(nowMs);
    const due: number[] = [];
    this.#nextDueMs = Infinity;
    for (const [index, packet] of this.#missing) {
      if (packet.nextMs <= nowMs && due.length < NACK_SEQUENCES_MAX) {
        due.push(index);
        const retryMs = nowMs + Math.max(RETRY_MS_MIN, rttMs + REORDER_MS);
        const giveUpMs = packet.sinceMs + GIVE_UP_MS;
        packet.nextMs = ++packet.tries < NACK_TRIES_MAX ? Math.min(retryMs, giveUpMs) : giveUpMs;
      }
      this.#nextDueMs = Math.min(this.#nextDueMs, packet.nextMs);
    }
    return due;
  }

  /** Gives up everything that is missing below `index`. */
  giveUpBelow(index: number): void {
    for (const missing of this.#missing.keys()) {
      if (missing < index) this.#giveUp(missing);
    }
  }

  /** When to call `due` again; undefined while nothing is missing. */
  get nextDueMs(): number | undefined {
    return this.#missing.size > 0 ? this.#nextDueMs : undefined;
  }

  #advance(index: number, nowMs: number): Arrival {
    const gap = index - this.#highest - 1;
    const first = this.#highest + 1;
    this.#highest = index;
    if (gap > NACK_GAP_PACKETS_MAX - this.#missing.size) {
      this.lost += gap;
      this.#jump = { first, last: index - 1, came: new Set() };
      return "jump";
    }
    for (let missing = first; missing < index; missing++) this.#miss(missing, nowMs);
    return "new";
  }

  #isLateOfJump(index: number): boolean {
    if (!this.#jump || index < this.#jump.first || index > this.#jump.last) return false;
    return this.#jump.came.size < this.#jump.came.add(index).size;
  }

  /** The stream began before the first packet that came. */
  #precede(index: number, nowMs: number): Arrival {
    if (this.#lowest - index > NACK_GAP_PACKETS_MAX - this.#missing.size) return "late";
    for (let missing = index + 1; missing < this.#lowest; missing++) this.#miss(missing, nowMs);
    this.#lowest = index;
    return "reordered";
  }

  #miss(index: number, nowMs: number): void {
    const nextMs = nowMs + REORDER_MS;
    this.#missing.set(index, { sinceMs: nowMs, tries: 0, nextMs });
    this.#nextDueMs = Math.min(this.#nextDueMs, nextMs);
  }

  #giveUp(index: number): void {
    this.#missing.delete(index);
    this.lost++;
    this.#abandoned.add(index);
    if (this.#abandoned.size <= ABANDONED_MAX) return;
    for (const oldest of this.#abandoned) {
      this.#abandoned.delete(oldest);
      return;
    }
  }
}
