import { join } from "node:path";
import { messageOf, ProtocolError } from "@fusionmeet/base";
import { FlvDemuxer, type FlvPicture } from "@fusionmeet/media";
import { ArrivalClock } from "../capture/arrival_clock.ts";
import type { VideoEncoder } from "../capture/ffmpeg_arguments.ts";
import { FfmpegProcess } from "../capture/ffmpeg_process.ts";
import { openOutputSocket } from "./output_socket.ts";
import { RawFrames } from "./raw_frames.ts";
import { type CaptureInput, screenCaptureArguments } from "./screen_capture_arguments.ts";

/** Pictures whose sensor's picture has not come, or the other way round. */
const UNPAIRED_MAX = 64;

export interface ScreenCaptureOptions {
  readonly ffmpeg: string;
  readonly encoder: VideoEncoder;
  readonly input: CaptureInput;
  /** Bytes of a picture of the motion sensor. */
  readonly sensorBytes: number;
  readonly nowMs: () => number;
  /** A picture, the sensor's of the same moment, and when it was captured. */
  readonly picture: (picture: FlvPicture, grey: Uint8Array, capturedAtMs: number) => void;
  /** A raw frame. @returns one that can be used again. */
  readonly frame: (
    frame: Uint8Array<ArrayBuffer>,
    atMs: number,
  ) => Uint8Array<ArrayBuffer> | undefined;
}

/** One ffmpeg that captures a screen, and its three outputs. */
export class ScreenCapture {
  readonly #options: ScreenCaptureOptions;
  readonly #clock = new ArrivalClock();
  readonly #pictures: FlvPicture[] = [];
  readonly #greys: Uint8Array[] = [];
  #process: FfmpegProcess | undefined;
  #isStopped = false;

  constructor(options: ScreenCaptureOptions) {
    this.#options = options;
  }

  /** Times it fell behind for a second: this computer is too slow for so many pictures. */
  get lagCount(): number {
    return this.#clock.pauseCount;
  }

  /** Captures to its end. @returns why it is over; "" where it was stopped. */
  async run(): Promise<string> {
    const folder = await Deno.makeTempDir({ prefix: "fusionmeet-screen-" });
    const pictures = openOutputSocket(folder, "pictures");
    const motion = openOutputSocket(folder, "motion");
    const { ffmpeg, encoder, input, sensorBytes } = this.#options;
    try {
      const outputs = { encoder, pictures: pictures.url, motion: motion.url };
      const process = this.#process = FfmpegProcess.start(
        ffmpeg,
        screenCaptureArguments(input, outputs),
        { environment: input.environment },
      );
      if (this.#isStopped) void process.stop();
      const demuxer = new FlvDemuxer();
      const greys = new RawFrames(sensorBytes);
      let fault: string | undefined;
      const guarded = async (
        chunks: AsyncIterable<Uint8Array>,
        take: (chunk: Uint8Array) => void,
      ) => {
        try {
          for await (const chunk of chunks) take(chunk);
        } catch (thrown) {
          if (!(thrown instanceof ProtocolError)) throw thrown;
          fault ??= messageOf(thrown);
          void process.stop();
        }
      };
      // Without an ffmpeg nobody comes to the sockets any more.
      const gone = process.exit.then(() => [pictures, motion].map((socket) => socket.close()));
      await Promise.all([
        gone,
        guarded(pictures.chunks(), (chunk) => this.#push(this.#pictures, demuxer.push(chunk))),
        guarded(motion.chunks(), (chunk) => {
          this.#push(this.#greys, greys.push(chunk, 0).map(({ frame }) => frame));
        }),
        guarded(process.chunks, this.#takeRaw(new RawFrames(4 * input.width * input.height))),
      ]);
      const { lastWords, code } = await process.exit;
      if (this.#isStopped) return "";
      return fault ?? (lastWords || `ffmpeg ended with ${code}`);
    } finally {
      for (const socket of [pictures, motion]) socket.close();
      await this.#process?.stop();
      for (const name of ["pictures", "motion"]) {
        await Deno.remove(join(folder, name)).catch(() => {});
      }
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  }

  /** Resolves when its process is gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#process?.stop();
  }

  #takeRaw(frames: RawFrames): (chunk: Uint8Array) => void {
    const { nowMs, frame: take } = this.#options;
    return (chunk) => {
      for (const { frame, atMs } of frames.push(chunk, nowMs())) {
        if (this.#isStopped) return;
        const used = take(frame, atMs);
        if (used !== undefined) frames.free(used);
      }
    };
  }

  #push<Item>(queue: Item[], items: readonly Item[]): void {
    queue.push(...items);
    if (queue.length > UNPAIRED_MAX) {
      throw new ProtocolError("malformed", "ffmpeg gives pictures without their motion");
    }
    while (this.#pictures.length > 0 && this.#greys.length > 0) {
      const picture = this.#pictures.shift()!;
      const grey = this.#greys.shift()!;
      const capturedAtMs = this.#clock.place(picture.timestampMs, this.#options.nowMs());
      if (!this.#isStopped) this.#options.picture(picture, grey, capturedAtMs);
    }
  }
}
