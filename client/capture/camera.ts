import { type NowMs, Refusal } from "@fusionmeet/base";
import { FlvDemuxer, type FlvPicture, MpjpegDemuxer } from "@fusionmeet/media";
import type { CameraCodec } from "@fusionmeet/protocol";
import { ArrivalClock } from "./arrival_clock.ts";
import { CaptureLoop, type CaptureReport } from "./capture_loop.ts";
import { EncoderProbe } from "./encoder_probe.ts";
import { cameraArguments, captureSystem, JPEG_ENCODER } from "./ffmpeg_arguments.ts";
import { findFfmpeg } from "./ffmpeg_process.ts";
import { firstDevice, requireFile } from "./source_check.ts";
import type { CameraSource, Quality } from "./sources.ts";

/** One coded picture of the camera. */
export interface CameraPicture {
  readonly codec: CameraCodec;
  /** H.264: Annex B, SPS and PPS before every IDR. JPEG: a whole file. The receiver's own. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** On the clock given as `now`; grows strictly, also over restarts of ffmpeg. */
  readonly capturedAtMs: number;
}

/** A camera that is open; pictures come to `picture` of the options. */
export interface Camera {
  readonly codec: CameraCodec;
  readonly quality: Quality;
  counters(): Record<string, number>;
  /** Releases the device; resolves when its process is gone. Nothing comes after the call. */
  stop(): Promise<void>;
}

/** How a camera is opened. */
export interface CameraOptions {
  readonly now: NowMs;
  readonly quality: Quality;
  /** `h264` unless said. */
  readonly codec?: CameraCodec;
  readonly picture: (picture: CameraPicture) => void;
  /** Called on every change of state. */
  readonly report?: (report: CaptureReport) => void;
  /** Keeps what it learned from one opening to the next. */
  readonly encoders?: EncoderProbe;
  /** Default: `findFfmpeg()`. */
  readonly ffmpeg?: string;
  /** Default: `RETRY_DELAYS_MS`. A file is never tried again. */
  readonly retryDelaysMs?: readonly number[];
}

/**
 * Opens a camera and encodes it. Survives the end of ffmpeg by starting it again (with backoff); capture times go
 * on with the clock, so that the stream keeps its SSRC and its timestamps stay right.
 *
 * @throws Refusal "ffmpeg-missing", "no-file", "no-device" or "no-encoder".
 */
export async function openCamera(
  source: Exclude<CameraSource, { kind: "off" }>,
  options: CameraOptions,
): Promise<Camera> {
  const { quality, codec = "h264", encoders = new EncoderProbe() } = options;
  const ffmpeg = options.ffmpeg ?? await findFfmpeg();
  if (source.kind === "file") await requireFile("camera", source.path);
  const encoder = codec === "jpeg" ? JPEG_ENCODER : await encoders.find(ffmpeg, quality);
  const found = source.kind === "device" ? await firstDevice("camera", source, ffmpeg) : source;
  const variants = cameraArguments(found, { system: captureSystem(), quality, encoder });
  return new FfmpegCamera({ ...options, codec, ffmpeg, variants, isFile: source.kind === "file" });
}

/** Finds out beforehand what `openCamera` needs to know, so that it opens at once. What is wrong it will say then. */
export async function prepareCamera(
  { quality, encoders, ffmpeg }: { quality: Quality; encoders: EncoderProbe; ffmpeg?: string },
): Promise<void> {
  try {
    await encoders.find(ffmpeg ?? await findFfmpeg(), quality);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
  }
}

class FfmpegCamera implements Camera {
  readonly codec: CameraCodec;
  readonly quality: Quality;
  readonly #options: CameraOptions;
  readonly #loop: CaptureLoop;
  #stopped = false;
  #latestMs = -Infinity;
  #pictures = 0;

  constructor(
    options: CameraOptions & {
      codec: CameraCodec;
      ffmpeg: string;
      variants: string[][];
      isFile: boolean;
    },
  ) {
    this.#options = options;
    this.codec = options.codec;
    this.quality = options.quality;
    this.#loop = new CaptureLoop({
      kind: "camera",
      ffmpeg: options.ffmpeg,
      variants: options.variants,
      begin: () => this.#begin(),
      report: options.report,
      retryDelaysMs: options.isFile ? [] : options.retryDelaysMs,
    });
  }

  counters(): Record<string, number> {
    return { "camera-pictures": this.#pictures, "camera-failures": this.#loop.failureCount };
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#loop.stop();
  }

  #begin(): (chunk: Uint8Array) => void {
    const read = this.codec === "jpeg" ? jpegReader(this.quality) : h264Reader();
    const clock = new ArrivalClock();
    return (chunk) => {
      const nowMs = this.#options.now();
      for (const { bytes, keyframe, timestampMs } of read(chunk)) {
        if (this.#stopped) return;
        const capturedAtMs = Math.max(clock.place(timestampMs, nowMs), this.#latestMs + 1);
        this.#latestMs = capturedAtMs;
        this.#pictures++;
        this.#options.picture({ codec: this.codec, bytes, keyframe, capturedAtMs });
      }
    };
  }
}

/** Takes pictures out of what ffmpeg writes. */
type PictureReader = (chunk: Uint8Array) => readonly FlvPicture[];

function h264Reader(): PictureReader {
  const demuxer = new FlvDemuxer();
  return (chunk) => demuxer.push(chunk);
}

/** ffmpeg's mpjpeg has no times, but as many pictures a second as were asked for. */
function jpegReader({ framesPerSecond }: Quality): PictureReader {
  const demuxer = new MpjpegDemuxer();
  let count = 0;
  return (chunk) =>
    demuxer.push(chunk).map((bytes) => ({
      bytes,
      keyframe: true,
      timestampMs: count++ * 1000 / framesPerSecond,
    }));
}
