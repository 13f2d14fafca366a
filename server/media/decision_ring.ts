import { DECISIONS_KEPT_MS, DECISIONS_MAX } from "@fusionmeet/protocol";
import type { PlaneDecision } from "./commands.ts";

/** The last ten seconds of what was decided; the oldest lines give way. */
export class DecisionRing {
  #lines: PlaneDecision[] = [];

  add(line: PlaneDecision): void {
    if (this.#lines.length >= 2 * DECISIONS_MAX) this.#lines = this.#lines.slice(-DECISIONS_MAX);
    this.#lines.push(line);
  }

  /** A copy, oldest first. */
  list(nowMs: number): PlaneDecision[] {
    return this.#lines.slice(-DECISIONS_MAX)
      .filter(({ atMs }) => nowMs - atMs <= DECISIONS_KEPT_MS);
  }
}
