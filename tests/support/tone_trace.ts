/** When a steady tone is in a recording, and when it is not. */
import { levelAt } from "./audio.ts";
import type { Ear } from "./voices.ts";

/** 40 ms: long enough for the level of a tone, short against what is asked of it. */
const WINDOW_MS = 40;
const STEP_MS = 20;
const TOLERANCE_DB = 3;
/** So far below its level a tone is not there. */
const GONE_DB = 20;
/** The tone is back when it is in this much of the half second from there on. */
const BACK_SHARE = 0.9;
const BACK_MS = 500;

export class ToneTrace {
  readonly #ear: Ear;
  readonly #tone: { readonly hz: number; readonly dbfs: number };
  readonly #controls: readonly ToneTrace[];
  /** By window; a window begins every `STEP_MS` of the recording. */
  readonly #levels = new Map<number, number>();

  /**
   * @param tone `dbfs` as it was sent.
   * @param controls Voices that nothing was done to. Where one of them is not heard the machine itself was held up:
   * such moments do not count.
   */
  constructor(
    ear: Ear,
    tone: { hz: number; dbfs: number },
    controls: readonly ToneTrace[] = [],
  ) {
    this.#ear = ear;
    this.#tone = tone;
    this.#controls = controls;
  }

  /** The part (0..1) of a time, epoch ms, in which the tone is at its level. */
  heard(fromMs: number, toMs: number): number {
    return this.#share(this.#windows(fromMs, toMs), (window) => this.#isHeard(window));
  }

  /** The part (0..1) of a time, epoch ms, in which there is something of the tone. */
  leaked(fromMs: number, toMs: number): number {
    const limit = this.#tone.dbfs - GONE_DB;
    return this.#share(this.#windows(fromMs, toMs), (window) => this.#level(window) > limit);
  }

  /** From when on, at `fromMs` or later, the tone is heard; `Infinity` where it never is. Epoch ms. */
  backFrom(fromMs: number): number {
    const windows = this.#windows(fromMs, Infinity);
    const back = windows.find((window, index) =>
      this.#isHeard(window) &&
      this.#share(windows.slice(index, index + BACK_MS / STEP_MS), (each) => this.#isHeard(each)) >=
        BACK_SHARE
    );
    return back === undefined ? Infinity : this.#ear.timeOf(back * STEP_MS * 48);
  }

  /** The windows that lie within a time, and count. */
  #windows(fromMs: number, toMs: number): number[] {
    const { samples } = this.#ear;
    const first = Math.max(0, Math.ceil(this.#ear.at(fromMs) / (STEP_MS * 48)));
    const end = Math.min(samples.length, this.#ear.at(toMs)) - WINDOW_MS * 48;
    const windows: number[] = [];
    for (let window = first; window * STEP_MS * 48 <= end; window++) {
      const atMs = this.#ear.timeOf(window * STEP_MS * 48);
      if (this.#controls.every((control) => control.#isHeardAt(atMs))) windows.push(window);
    }
    return windows;
  }

  #share(windows: readonly number[], fits: (window: number) => boolean): number {
    return windows.filter(fits).length / windows.length;
  }

  #isHeardAt(atMs: number): boolean {
    const window = Math.round(this.#ear.at(atMs) / (STEP_MS * 48));
    return window >= 0 && this.#isHeard(window);
  }

  #isHeard(window: number): boolean {
    return Math.abs(this.#level(window) - this.#tone.dbfs) <= TOLERANCE_DB;
  }

  #level(window: number): number {
    let level = this.#levels.get(window);
    if (level === undefined) {
      const span = { from: window * STEP_MS * 48, count: WINDOW_MS * 48 };
      level = levelAt(this.#ear.samples, this.#tone.hz, span);
      this.#levels.set(window, level);
    }
    return level;
  }
}
