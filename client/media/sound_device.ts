import { type Consumption, PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import { SAMPLE_RATE } from "@fusionmeet/protocol";
import { ArrivalClock } from "../capture/arrival_clock.ts";
import { PLAYOUT_BLOCK_SAMPLES } from "./playout_clock.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;
/**
 * Most that may be under way to the device or wait there: the target, and what a busy page holds up on the way. After a
 * hold-up the device has more, by what it missed: so it gets as much as it needs, and no more than this.
 */
export const SENT_AHEAD_SAMPLES_MAX = PLAYOUT_TARGET_SAMPLES + SAMPLE_RATE * 0.16;
/** A device that leaps further between two reports is another one. */
const LEAP_SAMPLES_MAX = SAMPLE_RATE;
/** Blocks fall due by the device's pace without a report of it for so long, and no longer: it may have stopped. */
export const UNREPORTED_MS_MAX = 100;
/** Share of a new report in the place of the device's clock: sound cards take samples in gulps. */
const PLACE_SHARE = 1 / 32;

/**
 * So long there was always more than so much in reserve (or than what the device wants, less a block): what is too much
 * is left out, in one piece, and the delay is short again. Sooner after the start, when everything is held up at once.
 */
export const RESERVE_SAMPLES_MAX = 2_400;
export const RESERVE_WINDOW_SAMPLES = 10 * SAMPLE_RATE;
export const FIRST_WINDOW_SAMPLES = 3 * SAMPLE_RATE;

/** Where a device's clock stands: samples of ours and silence alike, since its generation began. */
export function deviceSamples(report: Consumption): number {
  return report.playedSamples + report.missedSamples;
}

/**
 * A sound device as its reports show it, from when it became the clock: which block is due by its time, how much of ours
 * waits there, when that is heard. Reports tell its pace and place; between them its time goes on, so that one that is
 * held up on its way holds up no sound.
 */
export class SoundDevice {
  /** The newest report. */
  #report: Consumption;
  /** When it came, ms. */
  #reportedAtMs: number;
  /** Its time on the local clock, by the reports that came soonest. */
  readonly #clock = new ArrivalClock();
  /** Local time less the device's, ms. */
  #offsetMs: number;
  /** The device's time when the next block is due, samples. */
  #nextDueSamples: number;
  /** Samples of ours it was sent, on the scale of `playedSamples`. */
  #sentSamples: number;
  /** When sample 0 of ours would have been played, ms, evened out; `undefined` while it plays nothing of ours. */
  #placeMs: number | undefined;
  #isDry = true;
  #hasPlayed = false;
  /** The least reserve of the window that began at this time of the device. */
  #reserveSamples = Infinity;
  #windowFromSamples: number;
  #windowSamples = FIRST_WINDOW_SAMPLES;
  /** To be left out. */
  #excessBlocks = 0;
  #underruns = 0;
  #missedSamples = 0;

  /** @param start.nextDueMs when the next block would have been due by the clock before. */
  constructor(report: Consumption, start: { nowMs: number; nextDueMs: number }) {
    this.#report = report;
    this.#reportedAtMs = start.nowMs;
    this.#sentSamples = report.playedSamples;
    this.#windowFromSamples = deviceSamples(report);
    this.#nextDueSamples = deviceSamples(report) +
      (start.nextDueMs - start.nowMs) * SAMPLES_PER_MS;
    this.#offsetMs = this.#offsetOf(report, start.nowMs);
  }

  get generation(): number {
    return this.#report.generation;
  }

  get reportedAtMs(): number {
    return this.#reportedAtMs;
  }

  /** Times it ran dry while it played. */
  get underruns(): number {
    return this.#underruns;
  }

  /** Silence it played since it first played something, ms. */
  get missedMs(): number {
    return this.#missedSamples / SAMPLES_PER_MS;
  }

  /** When the next block is due by the device's time, ms. */
  get nextDueMs(): number {
    return this.#offsetMs + this.#nextDueSamples / SAMPLES_PER_MS;
  }

  /** Until when its time is known without another report, ms. */
  get knownUntilMs(): number {
    return this.#reportedAtMs + UNREPORTED_MS_MAX;
  }

  /** One block more is not too much. */
  get hasRoom(): boolean {
    return this.#excessBlocks === 0 &&
      this.#sentSamples - this.#report.playedSamples < SENT_AHEAD_SAMPLES_MAX;
  }

  /** False for the report of another device, or one that can be of none. */
  isNext(report: Consumption): boolean {
    const { generation, playedSamples, missedSamples } = this.#report;
    return report.generation === generation && report.playedSamples >= playedSamples &&
      report.missedSamples >= missedSamples &&
      deviceSamples(report) - playedSamples - missedSamples <= LEAP_SAMPLES_MAX;
  }

  played(report: Consumption, nowMs: number): void {
    const ranDry = report.missedSamples > this.#report.missedSamples;
    if (ranDry && !this.#isDry) this.#underruns++;
    if (this.#hasPlayed) this.#missedSamples += report.missedSamples - this.#report.missedSamples;
    this.#hasPlayed ||= report.playedSamples > this.#report.playedSamples;
    this.#isDry = ranDry || (this.#isDry && report.playedSamples === this.#report.playedSamples);
    this.#report = report;
    this.#reportedAtMs = nowMs;
    this.#offsetMs = this.#offsetOf(report, nowMs);
    this.#reserveSamples = Math.min(this.#reserveSamples, report.reserveSamples ?? 0);
    this.#sentSamples = Math.max(this.#sentSamples, report.playedSamples);
    const placeMs = nowMs - report.playedSamples / SAMPLES_PER_MS;
    if (this.#isDry) this.#placeMs = undefined;
    else this.#placeMs = (this.#placeMs ?? placeMs) * (1 - PLACE_SHARE) + placeMs * PLACE_SHARE;
  }

  /** The next block was pulled. @param sent and goes to the device. */
  pulled(sent: boolean): void {
    this.#nextDueSamples += PLAYOUT_BLOCK_SAMPLES;
    if (sent) this.#sentSamples += PLAYOUT_BLOCK_SAMPLES;
    else if (this.#excessBlocks > 0) this.#excessBlocks--;
    const isOver = deviceSamples(this.#report) - this.#windowFromSamples >= this.#windowSamples;
    if (sent && !isOver) return;
    if (sent) {
      this.#windowSamples = RESERVE_WINDOW_SAMPLES;
      const wanted = (this.#report.targetSamples ?? 0) - PLAYOUT_BLOCK_SAMPLES;
      const excess = this.#reserveSamples - Math.max(RESERVE_SAMPLES_MAX, wanted);
      this.#excessBlocks = Math.max(0, Math.ceil(excess / PLAYOUT_BLOCK_SAMPLES));
    }
    this.#windowFromSamples = deviceSamples(this.#report);
    this.#reserveSamples = Infinity;
  }

  /** When the next sample that is sent reaches the ear, ms. */
  heardAtMs(nowMs: number): number {
    const { playedSamples, outputLatencyMs } = this.#report;
    const placeMs = this.#placeMs ?? nowMs - playedSamples / SAMPLES_PER_MS;
    return placeMs + this.#sentSamples / SAMPLES_PER_MS + outputLatencyMs;
  }

  #offsetOf(report: Consumption, nowMs: number): number {
    const deviceMs = deviceSamples(report) / SAMPLES_PER_MS;
    return this.#clock.place(deviceMs, nowMs) - deviceMs;
  }
}
