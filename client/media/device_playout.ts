import { type Consumption, PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import type { DeviceFigures } from "./commands.ts";
import { PLAYOUT_BLOCK_MS, PlayoutClock } from "./playout_clock.ts";
import { deviceSamples, SoundDevice } from "./sound_device.ts";

/** Reports come every 10 ms; after so long without one the device has stopped. */
export const DEVICE_SILENT_MS = 250;
/** A device becomes the clock after so long at the pace of time: reports that queued up somewhere run faster. */
export const DEVICE_SETTLE_MS = 100;
const SETTLE_OFF_MS_MAX = 50;
/** The recorded line goes on without a step until it is so far from the time of so many pulls in a row. */
const LINE_OFF_MS_MAX = 100;
const LINE_OFF_BLOCKS = 100;
/** What waits at a device. */
const TARGET_MS = PLAYOUT_TARGET_SAMPLES / 48;
/** Times are computed from samples and back. */
const ROUNDING_MS = 1e-6;
/** On top of `DEVICE_SILENT_MS`: what was due while reports were awaited is still pulled if no more than this is late. */
const LATE_MS_MAX = 100;

/** 10 ms of sound to be pulled from the jitter buffer now. */
export interface PlayoutBlock {
  /** When it is due by the clock that counts now, ms: for the jitter buffer. */
  readonly dueMs: number;
  /** Where it begins on the recorded line, ms: each where the one before ended, but for drift. */
  readonly atMs: number;
  /** When its first sample reaches the ear, ms: what waits at the device and its own latency included. */
  readonly heardAtMs: number;
  /** It was due in a stall of this program: nothing is pulled, it is silent. */
  readonly silent: boolean;
  /** It goes to the sound device that reports with this generation; absent: nobody plays it. */
  readonly generation?: number;
}

interface Candidate {
  readonly report: Consumption;
  readonly atMs: number;
}

/**
 * When the next 10 ms are pulled from the jitter buffer: by the time of a sound device while its reports come (the
 * device's clock is then the only one, so nothing drifts), else by our own clock, so that a recording goes on.
 *
 * One block is pulled per 480 samples of the device's time, silence included, whether or not the report of it has come, and sent to it unless too much is under way
 * or waits there already. After a hold-up the blocks of the lost time are pulled as well, and only the last are sent:
 * neither the jitter buffer nor the recording sees more of the device than its pace.
 */
export class DevicePlayout {
  #own: PlayoutClock;
  #device: SoundDevice | undefined;
  #candidate: Candidate | undefined;
  #lineMs: number;
  #lineOffBlocks = 0;
  #underruns = 0;
  #missedMs = 0;
  #skippedBlocks = 0;
  #switches = 0;

  constructor(startMs: number) {
    this.#own = new PlayoutClock(startMs);
    this.#lineMs = startMs;
  }

  /** When `take` has something to do. */
  get nextDueMs(): number {
    const device = this.#device;
    if (!device) return this.#own.nextDueMs;
    const { nextDueMs } = device;
    return nextDueMs <= device.knownUntilMs ? nextDueMs : this.#givenUpAtMs(device);
  }

  /** Blocks of our own clock nobody heard because of stalls. */
  get skippedBlocks(): number {
    return this.#skippedBlocks + this.#own.skippedBlocks;
  }

  /** Changes from our own clock to a device's. */
  get deviceStarts(): number {
    return this.#switches;
  }

  /** `undefined` while our own clock counts. */
  figures(nowMs: number): DeviceFigures | undefined {
    const device = this.#device;
    if (!device) return undefined;
    return {
      generation: device.generation,
      delayMs: device.heardAtMs(nowMs) - nowMs,
      underruns: this.#underruns + device.underruns,
      missedMs: this.#missedMs + device.missedMs,
    };
  }

  /** What is due by our own clock; a device that was silent for `DEVICE_SILENT_MS` is given up. */
  take(nowMs: number): PlayoutBlock[] {
    const device = this.#device;
    if (!device) return this.#takeOwn(nowMs);
    return nowMs < this.#givenUpAtMs(device)
      ? this.#takeDevice(device, nowMs)
      : this.#leaveDevice(nowMs);
  }

  /** What is due after a device's report that came at `nowMs`. */
  played(report: Consumption, nowMs: number): PlayoutBlock[] {
    const blocks = this.take(nowMs);
    if (this.#device && !this.#device.isNext(report)) blocks.push(...this.#leaveDevice(nowMs));
    if (!this.#device && this.#settles(report, nowMs)) this.#enterDevice(report, nowMs);
    if (!this.#device) return blocks;
    this.#device.played(report, nowMs);
    return [...blocks, ...this.#takeDevice(this.#device, nowMs)];
  }

  #takeOwn(nowMs: number, lateMsMax?: number): PlayoutBlock[] {
    const { skipped, due, atMs } = this.#own.take(nowMs, lateMsMax);
    return Array.from({ length: skipped + due }, (_, index) => {
      const dueMs = atMs + index * PLAYOUT_BLOCK_MS;
      return { dueMs, atMs: this.#lineAt(dueMs), heardAtMs: dueMs, silent: index < skipped };
    });
  }

  #givenUpAtMs(device: SoundDevice): number {
    return device.reportedAtMs + DEVICE_SILENT_MS;
  }

  #takeDevice(device: SoundDevice, nowMs: number): PlayoutBlock[] {
    const blocks: PlayoutBlock[] = [];
    const untilMs = Math.min(nowMs, device.knownUntilMs) + ROUNDING_MS;
    while (device.nextDueMs <= untilMs) {
      const { nextDueMs: dueMs } = device;
      const heardAtMs = device.heardAtMs(nowMs);
      // Of what is late only the end is still wanted: as much as has room there.
      const wanted = nowMs - dueMs < TARGET_MS - ROUNDING_MS && device.hasRoom;
      device.pulled(wanted);
      const block = { dueMs, atMs: this.#lineAt(dueMs), heardAtMs, silent: false };
      blocks.push(wanted ? { ...block, generation: device.generation } : block);
    }
    return blocks;
  }

  /** The recorded line: 10 ms further each time, whatever the clocks do, and set anew only where it is far off. */
  #lineAt(dueMs: number): number {
    const isOff = Math.abs(dueMs - this.#lineMs) > LINE_OFF_MS_MAX;
    this.#lineOffBlocks = isOff ? this.#lineOffBlocks + 1 : 0;
    const atMs = this.#lineOffBlocks >= LINE_OFF_BLOCKS ? dueMs : this.#lineMs;
    this.#lineMs = atMs + PLAYOUT_BLOCK_MS;
    return atMs;
  }

  #settles(report: Consumption, nowMs: number): boolean {
    const first = this.#candidate;
    const isNext = first?.report.generation === report.generation;
    const elapsedMs = isNext ? nowMs - first.atMs : 0;
    const advanceMs = isNext ? (deviceSamples(report) - deviceSamples(first.report)) / 48 : 0;
    const isOff = Math.abs(advanceMs - elapsedMs) > SETTLE_OFF_MS_MAX;
    if (!isNext || isOff) this.#candidate = { report, atMs: nowMs };
    return isNext && !isOff && elapsedMs >= DEVICE_SETTLE_MS;
  }

  #enterDevice(report: Consumption, nowMs: number): void {
    this.#device = new SoundDevice(report, { nowMs, nextDueMs: this.#own.nextDueMs });
    this.#skippedBlocks += this.#own.skippedBlocks;
    this.#candidate = undefined;
    this.#switches++;
  }

  #leaveDevice(nowMs: number): PlayoutBlock[] {
    const device = this.#device!;
    this.#underruns += device.underruns;
    this.#missedMs += device.missedMs;
    this.#own = new PlayoutClock(device.nextDueMs);
    this.#device = undefined;
    return this.#takeOwn(nowMs, DEVICE_SILENT_MS + LATE_MS_MAX);
  }
}
