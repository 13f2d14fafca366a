import { type ReportBlock, SAMPLE_RATE } from "@fusionmeet/protocol";

const LOST_MAX = 0x7f_ffff;
const LOST_MIN = -0x80_0000;
const U32 = 2 ** 32;

/**
 * Counts what came of one voice ssrc, for the reports to its sender. A silence is no loss: its sequence numbers go on
 * where they stopped. Source: RFC 3550 section 6.4.1 and appendix A.3.
 */
export class Reception {
  #highest = -1;
  #expected = 0;
  #received = 0;
  #reported = { expected: 0, received: 0 };
  #paused = false;

  /** A packet came, in whatever order. @param index Its SRTP index; each comes once. */
  arrived(index: number): void {
    this.#received++;
    if (index <= this.#highest) return;
    const startsHere = this.#highest < 0 || this.#paused;
    this.#expected += startsHere ? 1 : index - this.#highest;
    this.#highest = index;
    this.#paused = false;
  }

  /** The ssrc is sent to others only: what they get until the next packet that comes here is not lost. */
  pause(): void {
    this.#paused = true;
  }

  /** What to report of `ssrc`, since the last call and in all; `undefined` when nothing came since. */
  block({ ssrc, jitterMs }: { ssrc: number; jitterMs: number }): ReportBlock | undefined {
    const expected = this.#expected - this.#reported.expected;
    const received = this.#received - this.#reported.received;
    if (received === 0) return undefined;
    this.#reported = { expected: this.#expected, received: this.#received };
    const lost = this.#expected - this.#received;
    return {
      ssrc,
      fractionLost: expected > received ? Math.floor(256 * (expected - received) / expected) : 0,
      cumulativeLost: Math.max(LOST_MIN, Math.min(LOST_MAX, lost)),
      highestSequence: this.#highest % U32,
      jitter: Math.min(U32 - 1, Math.round(jitterMs * SAMPLE_RATE / 1_000)),
      // We send no sender reports.
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
  }
}
