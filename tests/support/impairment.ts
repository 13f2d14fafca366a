import type { Random } from "@fusionmeet/base";

/** What a direction of a bad network does to each datagram. All zero is a good one. */
export interface Impairment {
  /** Added to every datagram. */
  readonly delayMs: number;
  /** Added on top, evenly drawn from 0..jitterMs, without changing the order. */
  readonly jitterMs: number;
  /** Chances, 0..1. */
  readonly loss: number;
  readonly duplicate: number;
  /** Held back by another `reorderMs`, so that later ones overtake it. */
  readonly reorder: number;
  readonly reorderMs: number;
}

export const NO_IMPAIRMENT: Impairment = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  reorderMs: 30,
};

/** Decides from a seed when each datagram of one direction arrives: no, one or two times. */
export class ImpairedPath {
  impairment: Impairment;
  readonly #random: Random;
  #orderedUntilMs = -Infinity;
  lost = 0;
  duplicated = 0;
  reordered = 0;

  constructor(random: Random, impairment: Partial<Impairment> = {}) {
    this.#random = random;
    this.impairment = { ...NO_IMPAIRMENT, ...impairment };
  }

  /** When the datagram that is sent now arrives, on the same clock; empty when it is lost. */
  arrivals(nowMs: number): number[] {
    const { delayMs, jitterMs, loss, duplicate, reorder, reorderMs } = this.impairment;
    const [lost, doubled, held, late] = [0, 0, 0, 0].map(() => this.#random.fraction());
    if (lost < loss) {
      this.lost++;
      return [];
    }
    const arrival = Math.max(this.#orderedUntilMs, nowMs + delayMs + late * jitterMs);
    const arrivals = [arrival];
    if (held < reorder) {
      this.reordered++;
      arrivals[0] += reorderMs;
    } else this.#orderedUntilMs = arrival;
    if (doubled < duplicate) {
      this.duplicated++;
      arrivals.push(arrivals[0] + late * 10);
    }
    return arrivals;
  }
}
