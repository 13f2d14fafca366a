import type { NowMs } from "@fusionmeet/base";
import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import { ArrivalClock } from "./arrival_clock.ts";
import { CaptureLoop, type CaptureReport } from "./capture_loop.ts";
import type { Microphone, MicrophoneFrame } from "./microphone.ts";
import { PcmQueue } from "./pcm_queue.ts";

/** Frames that wait to be taken; older ones are dropped. */
const FRAMES_MAX = 10;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

/** A real microphone, read by ffmpeg; its frames are stamped by their arrival, without the jitter of the pipe. */
export class DeviceMicrophone implements Microphone {
  readonly #now: NowMs;
  readonly #loop: CaptureLoop;
  #frames: MicrophoneFrame[] = [];
  #stopped = false;
  #droppedFrames = 0;
  #pauses = 0;

  constructor(options: {
    now: NowMs;
    ffmpeg: string;
    variants: string[][];
    report?: (report: CaptureReport) => void;
    retryDelaysMs?: readonly number[];
  }) {
    this.#now = options.now;
    this.#loop = new CaptureLoop({ ...options, kind: "microphone", begin: () => this.#begin() });
  }

  take(_nowMs: number): MicrophoneFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  counters(): Record<string, number> {
    return {
      "microphone-dropped-frames": this.#droppedFrames,
      "microphone-failures": this.#loop.failureCount,
      "microphone-pauses": this.#pauses,
    };
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#frames = [];
    return this.#loop.stop();
  }

  #begin(): (chunk: Uint8Array) => void {
    const queue = new PcmQueue();
    const clock = new ArrivalClock();
    let takenSamples = 0;
    return (chunk) => {
      queue.push(chunk);
      const heardSamples = takenSamples + queue.samples;
      const pauses = clock.pauseCount;
      const heardMs = clock.place(heardSamples / SAMPLES_PER_MS, this.#now());
      this.#pauses += clock.pauseCount - pauses;
      while (queue.samples >= FRAME_SAMPLES && !this.#stopped) {
        const capturedAtMs = heardMs - (heardSamples - takenSamples) / SAMPLES_PER_MS;
        this.#frames.push({ pcm: queue.take(), capturedAtMs });
        takenSamples += FRAME_SAMPLES;
      }
      this.#droppedFrames += this.#frames.splice(0, this.#frames.length - FRAMES_MAX).length;
    };
  }
}
