/** Frame rate is the mean of what came in this long before the newest picture. */
const FPS_WINDOW_MS = 5_000;
/** A freeze is a gap over three mean intervals and over the mean plus this. */
const FREEZE_EXTRA_MS = 150;
/** Intervals the mean is made of. */
const MEAN_INTERVALS = 30;

/**
 * Frame rate, freezes and capture-to-arrival delay of one camera as seen here. Totals go on over a reconnect.
 *
 * Source: W3C WebRTC statistics, `freezeCount` and `totalFreezesDuration`.
 */
export class PictureStatistics {
  readonly #arrivedAtMs: number[] = [];
  #paused = true;
  pictures = 0;
  freezes = 0;
  longestFreezeMs = 0;
  /** The newest picture's, and their smoothed mean; ms. */
  delayMs: number | undefined;
  meanDelayMs: number | undefined;

  /** The source went off, or the connection did: the gap until the next picture is no freeze. */
  pause(): void {
    this.#paused = true;
  }

  /** @param delayMs from capture to `nowMs`, where the clocks are synchronised. */
  arrived(nowMs: number, delayMs: number | undefined): void {
    const latest = this.#arrivedAtMs.at(-1);
    if (this.#paused) this.#arrivedAtMs.length = 0;
    else if (latest !== undefined) this.#judge(nowMs - latest);
    this.#paused = false;
    this.pictures++;
    this.#arrivedAtMs.push(nowMs);
    while (nowMs - this.#arrivedAtMs[0] > FPS_WINDOW_MS) this.#arrivedAtMs.shift();
    if (delayMs === undefined) return;
    this.delayMs = delayMs;
    this.meanDelayMs = (this.meanDelayMs ?? delayMs) * 0.9 + delayMs * 0.1;
  }

  /** Pictures per second over the last five seconds in which they came; 0 before the second one. */
  get fps(): number {
    const times = this.#arrivedAtMs;
    if (times.length < 2) return 0;
    return (times.length - 1) * 1000 / (times[times.length - 1] - times[0]);
  }

  #judge(intervalMs: number): void {
    const times = this.#arrivedAtMs.slice(-MEAN_INTERVALS - 1);
    if (times.length < 2) return;
    const meanMs = (times[times.length - 1] - times[0]) / (times.length - 1);
    if (intervalMs <= Math.max(3 * meanMs, meanMs + FREEZE_EXTRA_MS)) return;
    this.freezes++;
    this.longestFreezeMs = Math.max(this.longestFreezeMs, intervalMs);
  }
}
