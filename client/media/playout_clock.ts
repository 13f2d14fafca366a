import { FRAME_MS } from "@fusionmeet/protocol";

/** What is played at a time: half a voice frame. */
export const PLAYOUT_BLOCK_SAMPLES = 480;
export const PLAYOUT_BLOCK_MS = FRAME_MS / 2;
/** Five frames late is a stall (sleep, a stopped process): what was due then is skipped. */
const LATE_MS_MAX = 100;

/** Blocks to play now. `skipped` come before `due` and are silent; the first of all begins at `atMs`. */
export interface DueBlocks {
  readonly skipped: number;
  readonly due: number;
  readonly atMs: number;
}

/**
 * The clock of a sound device that does not exist: block n is played at start + n · 10 ms, whatever the timers
 * do, so the recorded line has neither gaps nor drift. `DevicePlayout` lets a real device take its place.
 */
export class PlayoutClock {
  readonly #startMs: number;
  #blocks = 0;
  /** Blocks nobody heard because of stalls. */
  skippedBlocks = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** When the next block begins. */
  get nextDueMs(): number {
    return this.#startMs + this.#blocks * PLAYOUT_BLOCK_MS;
  }

  /** Takes every block that has begun by `nowMs`. After a stall (more than `lateMsMax` late) only the last is `due`. */
  take(nowMs: number, lateMsMax = LATE_MS_MAX): DueBlocks {
    const atMs = this.nextDueMs;
    const begun = Math.floor((nowMs - this.#startMs) / PLAYOUT_BLOCK_MS + 1e-6) + 1 - this.#blocks;
    if (begun <= 0) return { skipped: 0, due: 0, atMs };
    const skipped = begun > lateMsMax / PLAYOUT_BLOCK_MS ? begun - 1 : 0;
    this.#blocks += begun;
    this.skippedBlocks += skipped;
    return { skipped, due: begun - skipped, atMs };
  }
}
