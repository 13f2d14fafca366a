import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { FfmpegProcess } from "./ffmpeg_process.ts";
import { PcmQueue } from "./pcm_queue.ts";

/** Decoded ahead of the playing position; then ffmpeg has to wait. */
const AHEAD_SAMPLES = 5 * SAMPLE_RATE;
/** Decoded before the file starts to play. */
const READY_SAMPLES = SAMPLE_RATE;

/** A media file's sound, decoded by ffmpeg a few seconds ahead of its playing position. */
export class FilePcm {
  readonly #process: FfmpegProcess;
  readonly #queue = new PcmQueue();
  readonly #ready = Promise.withResolvers<string | undefined>();
  readonly #ended: Promise<void>;
  #room: PromiseWithResolvers<void> | undefined;
  /** Samples of the file that were played or skipped. */
  #position = 0;
  #atEnd = false;
  #stopped = false;
  #lateFrames = 0;

  /** @param failed called when ffmpeg fails in the middle, with its last words. */
  constructor(process: FfmpegProcess, failed: (lastWords: string) => void) {
    this.#process = process;
    this.#ended = this.#read(failed);
  }

  /** Resolves when it can play: with nothing, or with why it cannot. */
  get ready(): Promise<string | undefined> {
    return this.#ready.promise;
  }

  /** The frame at `position`; silence after the end, and where decoding is behind (counted, never shifted). */
  frame(position: number): Int16Array {
    this.#position += this.#queue.skip(position - this.#position);
    const isHere = this.#position === position;
    const count = isHere ? Math.min(FRAME_SAMPLES, this.#queue.samples) : 0;
    if (count < FRAME_SAMPLES && !this.#atEnd) this.#lateFrames++;
    this.#position += count;
    const pcm = isHere ? this.#queue.take() : new Int16Array(FRAME_SAMPLES);
    if (this.#queue.samples < AHEAD_SAMPLES) this.#room?.resolve();
    return pcm;
  }

  counters(): Record<string, number> {
    return { "microphone-file-late-frames": this.#lateFrames };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#room?.resolve();
    await this.#process.stop();
    await this.#ended;
  }

  async #read(failed: (lastWords: string) => void): Promise<void> {
    for await (const chunk of this.#process.chunks) {
      if (this.#stopped) break;
      this.#queue.push(chunk);
      if (this.#queue.samples >= READY_SAMPLES) this.#ready.resolve(undefined);
      if (this.#queue.samples < AHEAD_SAMPLES) continue;
      this.#room = Promise.withResolvers();
      await this.#room.promise;
    }
    const { code, lastWords } = await this.#process.exit;
    this.#atEnd = true;
    const isBad = code !== 0 && !this.#stopped;
    const isEmpty = this.#queue.samples === 0 && this.#position === 0;
    this.#ready.resolve(isBad && isEmpty ? lastWords : undefined);
    if (isBad && !isEmpty) failed(lastWords);
  }
}
