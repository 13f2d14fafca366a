import { decibelToGain, FrameClock } from "@fusionmeet/base";
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { Microphone, MicrophoneFrame } from "./microphone.ts";

/** More than this many frames late (sleep, stall) and the rest is skipped, as a real microphone's would be lost. */
const LATE_FRAMES_MAX = 5;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

/**
 * A source without a clock of its own: what it plays follows from the time since its start. That is when it was opened
 * or, where nobody asked for its first frame in time, when somebody first did: so what comes first is its beginning.
 */
export class ClockedMicrophone implements Microphone {
  #startMs: number;
  #clock: FrameClock;
  #wasAsked = false;
  readonly #frame: (position: number) => Int16Array;
  readonly #counters: () => Record<string, number>;
  readonly #stop: () => Promise<void>;

  /**
   * @param options.frame `FRAME_SAMPLES` samples from `position` on, which counts samples from the start and only
   *   grows; the caller's own.
   */
  constructor(options: {
    frame: (position: number) => Int16Array;
    startMs: number;
    counters?: () => Record<string, number>;
    stop?: () => Promise<void>;
  }) {
    const { frame, startMs, counters = () => ({}), stop = () => Promise.resolve() } = options;
    this.#startMs = startMs;
    this.#clock = newClock(startMs);
    this.#frame = frame;
    this.#counters = counters;
    this.#stop = stop;
  }

  take(nowMs: number): MicrophoneFrame[] {
    if (!this.#wasAsked && nowMs - this.#startMs > FRAME_MS) {
      this.#startMs = nowMs;
      this.#clock = newClock(nowMs);
    }
    this.#wasAsked = true;
    const count = this.#clock.take(nowMs);
    const nextStartMs = this.#clock.nextDueMs - FRAME_MS;
    return Array.from({ length: count }, (_, index) => {
      const capturedAtMs = nextStartMs - (count - index) * FRAME_MS;
      const position = Math.round((capturedAtMs - this.#startMs) * SAMPLES_PER_MS);
      return { pcm: this.#frame(position), capturedAtMs };
    });
  }

  counters(): Record<string, number> {
    return { ...this.#counters(), "microphone-skipped-frames": this.#clock.skippedFrames };
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

function newClock(startMs: number): FrameClock {
  return new FrameClock({ frameMs: FRAME_MS, lateFramesMax: LATE_FRAMES_MAX, startMs });
}

/** A frame of a sine that starts at 0 with `position` 0. `dbfs` is its peak. */
export function toneFrame(
  { hertz, dbfs }: { hertz: number; dbfs: number },
  position: number,
): Int16Array {
  const peak = decibelToGain(dbfs) * 0x7fff;
  const step = 2 * Math.PI * hertz / SAMPLE_RATE;
  return Int16Array.from(
    { length: FRAME_SAMPLES },
    (_, index) => Math.round(peak * Math.sin(step * (position + index))),
  );
}
