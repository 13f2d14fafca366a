import type { ClockFigures } from "./commands.ts";

/** Requests kept to match answers with; older ones are no longer answered. */
const REQUESTS_MAX = 16;
/** Exchanges the best one is chosen from: 20 s at one a second. */
const EXCHANGES_MAX = 20;
/** How fast two clocks may drift apart; makes an old exchange lose against a slower new one. */
const DRIFT_MS_PER_MS = 100e-6;

interface Exchange {
  readonly offsetMs: number;
  readonly rttMs: number;
  readonly atMs: number;
}

/**
 * Learns the server's media clock from four timestamps per exchange and keeps the exchange that can be
 * wrong the least: half its round-trip time plus what the clocks may have drifted since.
 *
 * Source: RFC 5905 section 8 (offset and delay) and section 10 (clock filter by minimum delay).
 */
export class ClockSync {
  readonly #sentAtMs: number[] = [];
  #exchanges: Exchange[] = [];
  #best: Exchange | undefined;

  /** @param atMs local time; goes into the request and comes back in the answer. */
  requestSent(atMs: number): void {
    this.#sentAtMs.push(atMs);
    if (this.#sentAtMs.length > REQUESTS_MAX) this.#sentAtMs.shift();
  }

  /**
   * @param exchange `requestSentAtMs` and `arrivedAtMs` local, the other two on the server's media clock.
   * @returns false (and nothing learned) for an answer to no request of ours, a second one, or impossible times.
   */
  answered(
    exchange: {
      requestSentAtMs: number;
      receivedAtMs: number;
      sentAtMs: number;
      arrivedAtMs: number;
    },
  ): boolean {
    const { requestSentAtMs, receivedAtMs, sentAtMs, arrivedAtMs } = exchange;
    const request = this.#sentAtMs.indexOf(requestSentAtMs);
    if (request < 0) return false;
    this.#sentAtMs.splice(request, 1);
    const rttMs = arrivedAtMs - requestSentAtMs - (sentAtMs - receivedAtMs);
    const offsetMs = (receivedAtMs - requestSentAtMs + (sentAtMs - arrivedAtMs)) / 2;
    if (!Number.isFinite(offsetMs) || rttMs < 0 || sentAtMs < receivedAtMs) return false;
    this.#exchanges.push({ offsetMs, rttMs, atMs: arrivedAtMs });
    if (this.#exchanges.length > EXCHANGES_MAX) this.#exchanges.shift();
    this.#best = this.#exchanges.reduce((best, each) =>
      uncertainty(each, arrivedAtMs) <= uncertainty(best, arrivedAtMs) ? each : best
    );
    return true;
  }

  get synchronised(): boolean {
    return this.#best !== undefined;
  }

  /** The server's media clock at a local time, or `undefined` until synchronised. */
  toServer(localMs: number): number | undefined {
    return this.#best && localMs + this.#best.offsetMs;
  }

  /** The local time at which the server's media clock shows `serverMs`, or `undefined` until synchronised. */
  toLocal(serverMs: number): number | undefined {
    return this.#best && serverMs - this.#best.offsetMs;
  }

  /** Round-trip time of the newest exchange, ms; 0 before the first. */
  get rttMs(): number {
    return this.#exchanges.at(-1)?.rttMs ?? 0;
  }

  figures(nowMs: number): ClockFigures | undefined {
    return this.#best && {
      offsetMs: this.#best.offsetMs,
      rttMs: this.#best.rttMs,
      uncertaintyMs: uncertainty(this.#best, nowMs),
    };
  }
}

function uncertainty(exchange: Exchange, nowMs: number): number {
  return exchange.rttMs / 2 + (nowMs - exchange.atMs) * DRIFT_MS_PER_MS;
}
