import { FRAME_MS, type ReportBlock } from "@fusionmeet/protocol";

/** Loss is measured over this time: 200 packets of a voice that does not pause. */
const WINDOW_MS = 4_000;
/** So many lost in it are 1 % and no accident. Reordered packets that a report came too early for are never two. */
const LOST_PACKETS_MIN = 2;
/** A path is good again after this long without a lost packet: to and fro would be heard. */
const GOOD_AFTER_MS = 20_000;
/** Reports closer together than this count as one; one a second is due. */
const REPORT_INTERVAL_MS_MIN = 500;

/**
 * How much of a voice is lost on the way to one receiver, by its receiver reports: slow to say that a path loses
 * packets, slower to say that it no longer does.
 */
export class PathLoss {
  /** By ssrc, as last reported. */
  readonly #cumulativeLost = new Map<number, number>();
  #recent: { readonly atMs: number; lost: number }[] = [];
  #lostAtMs = -Infinity;
  #isLossy = false;

  /**
   * Takes a report about one of the path's streams. A report that is lost does no harm: the next one tells.
   *
   * @param block Of an ssrc that really goes this way: each takes room.
   */
  report(
    { ssrc, cumulativeLost }: Pick<ReportBlock, "ssrc" | "cumulativeLost">,
    nowMs: number,
  ): void {
    const lost = cumulativeLost - (this.#cumulativeLost.get(ssrc) ?? 0);
    this.#cumulativeLost.set(ssrc, cumulativeLost);
    const last = this.#recent.at(-1);
    if (last && nowMs - last.atMs < REPORT_INTERVAL_MS_MIN) last.lost += lost;
    else this.#recent.push({ atMs: nowMs, lost });
    const lostLately = this.#lostLately(nowMs);
    // Fewer than nothing: late ones came after all, or the receiver began anew.
    if (lostLately < 0) this.#recent = [];
    if (lost > 0) this.#lostAtMs = nowMs;
    if (lostLately >= LOST_PACKETS_MIN) this.#isLossy = true;
  }

  /** Loss of the last seconds, percent: 0 on a good path, at least 1 on one that loses packets. */
  percent(nowMs: number): number {
    if (nowMs - this.#lostAtMs >= GOOD_AFTER_MS) this.#isLossy = false;
    if (!this.#isLossy) return 0;
    return Math.max(1, Math.min(100, 100 * this.#lostLately(nowMs) * FRAME_MS / WINDOW_MS));
  }

  #lostLately(nowMs: number): number {
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
    return this.#recent.reduce((sum, { lost }) => sum + lost, 0);
  }
}
