import { type Consumption, PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import { SAMPLE_RATE } from "@fusionmeet/protocol";
import { PLAYOUT_BLOCK_SAMPLES } from "./playout_clock.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;
/** A device that leaps further between two reports is another one. */
const LEAP_SAMPLES_MAX = SAMPLE_RATE;
/** Share of a new report in the place of the device's clock: sound cards take samples in gulps. */
const PLACE_SHARE = 1 / 32;

/** Where a device's clock stands: samples of ours and silence alike, since its generation began. */
export function deviceSamples(report: Consumption): number {
  return report.playedSamples + report.missedSamples;
}

/**
 * A sound device as its reports show it, from when it became the clock: which block is due by its time, how much of ours
 * waits there, when that is heard.
 */
export class SoundDevice {
  /** The newest report. */
  #report: Consumption;
  /** When it came, ms. */
  #reportedAtMs: number;
  /** The device's time when the next block is due, samples. */
  #nextDueSamples: number;
  /** Samples of ours it was sent, on the scale of `playedSamples`. */
  #sentSamples: number;
  /** When sample 0 of ours would have been played, ms, evened out; `undefined` while it plays nothing of ours. */
  #placeMs: number | undefined;
  #isDry = true;
  #underruns = 0;

  /** @param start.nextDueMs when the next block would have been due by the clock before. */
  constructor(report: Consumption, start: { nowMs: number; nextDueMs: number }) {
    this.#report = report;
    this.#reportedAtMs = start.nowMs;
    this.#sentSamples = report.playedSamples;
    this.#nextDueSamples = deviceSamples(report) +
      (start.nextDueMs - start.nowMs) * SAMPLES_PER_MS;
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

  /** When the next block is due, ms, as the newest report shows it. */
  get nextDueMs(): number {
    return this.#reportedAtMs - this.lateSamples / SAMPLES_PER_MS;
  }

  /** How long the next block has been due, in samples of the device; negative before. */
  get lateSamples(): number {
    return deviceSamples(this.#report) - this.#nextDueSamples;
  }

  /** Less waits there than should. */
  get hasRoom(): boolean {
    return this.#sentSamples - this.#report.playedSamples < PLAYOUT_TARGET_SAMPLES;
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
    this.#isDry = ranDry || (this.#isDry && report.playedSamples === this.#report.playedSamples);
    this.#report = report;
    this.#reportedAtMs = nowMs;
    this.#sentSamples = Math.max(this.#sentSamples, report.playedSamples);
    const placeMs = nowMs - report.playedSamples / SAMPLES_PER_MS;
    if (this.#isDry) this.#placeMs = undefined;
    else this.#placeMs = (this.#placeMs ?? placeMs) * (1 - PLACE_SHARE) + placeMs * PLACE_SHARE;
  }

  /** The next block was pulled. @param sent and goes to the device. */
  pulled(sent: boolean): void {
    this.#nextDueSamples += PLAYOUT_BLOCK_SAMPLES;
    if (sent) this.#sentSamples += PLAYOUT_BLOCK_SAMPLES;
  }

  /** When the next sample that is sent reaches the ear, ms. */
  heardAtMs(nowMs: number): number {
    const { playedSamples, outputLatencyMs } = this.#report;
    const placeMs = this.#placeMs ?? nowMs - playedSamples / SAMPLES_PER_MS;
    return placeMs + this.#sentSamples / SAMPLES_PER_MS + outputLatencyMs;
  }
}
