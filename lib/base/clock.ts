/** Milliseconds on a clock that never jumps (`performance.now()` in programs, a number in tests). */
export type NowMs = () => number;

/**
 * Says how many frames are due since the start, so that a late timer never slows the media down.
 * More than `lateFramesMax` behind (sleep, stall) it re-anchors instead of catching up, and counts that.
 */
export class FrameClock {
  readonly #frameMs: number;
  readonly #lateFramesMax: number;
  #anchorMs: number;
  #framesSinceAnchor = 0;
  /** How often a stall made it start a new line. */
  reanchorCount = 0;
  /** Frames that were never handed out because of stalls. */
  skippedFrames = 0;

  constructor(options: { frameMs: number; lateFramesMax: number; startMs: number }) {
    this.#frameMs = options.frameMs;
    this.#lateFramesMax = options.lateFramesMax;
    this.#anchorMs = options.startMs;
  }

  /** When the next frame is due, in ms on the same clock. */
  get nextDueMs(): number {
    return this.#anchorMs + (this.#framesSinceAnchor + 1) * this.#frameMs;
  }

  /** Takes the frames that are due now: 0..lateFramesMax. After a stall it is 1 and the clock is anchored anew. */
  take(nowMs: number): number {
    const due = Math.floor((nowMs - this.#anchorMs) / this.#frameMs + 1e-9) -
      this.#framesSinceAnchor;
    if (due <= 0) return 0;
    if (due > this.#lateFramesMax) {
      this.reanchorCount++;
      this.skippedFrames += due - 1;
      this.#anchorMs = nowMs;
      this.#framesSinceAnchor = 0;
      return 1;
    }
    this.#framesSinceAnchor += due;
    return due;
  }
}
