import { PlayoutRing } from "./media/playout_ring.ts";
import { WORKLET_REPORT_LENGTH, writeReport } from "./media/worker_messages.ts";

// Of the AudioWorkletGlobalScope, which TypeScript's libraries do not know.
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(
  name: string,
  processor: new () => AudioWorkletProcessor,
): void;

/** How often the program hears what was played: 10 ms. */
const REPORT_SAMPLES = 480;

/** Plays what comes on the port that its first message brings; see `WorkletReportArray` for what passes there. */
class PlayoutProcessor extends AudioWorkletProcessor {
  readonly #ring = new PlayoutRing();
  readonly #report = new Float64Array(WORKLET_REPORT_LENGTH);
  #reportedSamples = 0;
  #worker: MessagePort | undefined;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<MessagePort>) => this.#listen(data);
  }

  process(_inputs: Float32Array[][], [[out]]: Float32Array[][]): boolean {
    this.#ring.pull(out);
    this.#reportedSamples += out.length;
    if (this.#reportedSamples >= REPORT_SAMPLES) this.#tell();
    return true;
  }

  #listen(worker: MessagePort): void {
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<number | Int16Array>) => {
      if (typeof data === "number") this.#ring.restart(data);
      else this.#ring.push(data);
    };
  }

  #tell(): void {
    this.#reportedSamples -= REPORT_SAMPLES;
    writeReport(this.#report, this.#ring);
    this.#ring.beginReport();
    this.#worker?.postMessage(this.#report);
  }
}

registerProcessor("playout", PlayoutProcessor);
