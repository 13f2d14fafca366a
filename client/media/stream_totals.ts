import type { StreamStatistics } from "./commands.ts";

/** Streams whose totals are kept; the one that ended first is forgotten. */
const STREAMS_MAX = 512;
const SUMS = ["packets", "bytes", "lost", "late", "repaired", "concealed", "freezes"] as const;

/**
 * Statistics per participant, kind and layer that go on over reconnects and a camera switched off and on,
 * when the stream behind them is a new one that counts from 0.
 */
export class StreamTotals {
  readonly #ended = new Map<string, StreamStatistics>();

  /** A stream is over: its counts are the base of whatever follows it. */
  end(statistics: StreamStatistics): void {
    const key = keyOf(statistics);
    const sum = this.add(statistics);
    this.#ended.delete(key);
    this.#ended.set(key, sum);
    if (this.#ended.size <= STREAMS_MAX) return;
    const [oldest] = this.#ended.keys();
    this.#ended.delete(oldest);
  }

  /** A live stream's figures with all before it added. */
  add(live: StreamStatistics): StreamStatistics {
    const before = this.#ended.get(keyOf(live));
    if (!before) return live;
    const sum = { ...live };
    for (const name of SUMS) sum[name] += before[name];
    sum.longestFreezeMs = Math.max(live.longestFreezeMs, before.longestFreezeMs);
    if (live.packets === 0) {
      const { fps, width, height, jitterMs } = before;
      Object.assign(sum, { fps, width, height, jitterMs });
    }
    return sum;
  }

  /** One line per stream that ever was: the live ones, and of the others the last state. */
  lines(live: readonly StreamStatistics[]): StreamStatistics[] {
    const lines = new Map(this.#ended);
    for (const each of live) lines.set(keyOf(each), this.add(each));
    return [...lines.values()];
  }
}

function keyOf({ participant, kind, layer }: StreamStatistics): string {
  return `${participant}/${kind}/${kind === "mix" ? "" : layer}`;
}
