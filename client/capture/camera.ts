import type { NowMs } from "@fusionmeet/base";
import { FlvDemuxer } from "@fusionmeet/media";
import { ArrivalClock } from "./arrival_clock.ts";
import { CaptureLoop, type CaptureReport } from "./capture_loop.ts";
import { EncoderProbe } from "./encoder_probe.ts";
import { cameraArguments } from "./ffmpeg_arguments.ts";
import { captureSystem, findFfmpeg } from "./ffmpeg_process.ts";
import { firstDevice, requireFile } from "./source_check.ts";
import type { CameraSource, Quality } from "./sources.ts";

/** One coded picture of the camera. */
export interface CameraPicture {
  /** H.264 Annex B, SPS and PPS before every IDR; the receiver's own. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** On the clock given as `now`; grows strictly, also over restarts of ffmpeg. */
  readonly capturedAtMs: number;
}

/** A camera that is open; pictures come to `picture` of the options. */
export interface Camera {
  readonly codec: "h264";
  readonly quality: Quality;
  counters(): Record<string, number>;
  /** Releases the device; resolves when its process is gone. Nothing comes after the call. */
  stop(): Promise<void>;
}

/** How a camera is opened. */
export interface CameraOptions {
  readonly now: NowMs;
  readonly quality: Quality;
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
  const { quality, encoders = new EncoderProbe() } = options;
  const ffmpeg = options.ffmpeg ?? await findFfmpeg();
  if (source.kind === "file") await requireFile("camera", source.path);
  const encoder = await encoders.find(ffmpeg, quality);
  const found = source.kind === "device" ? await firstDevice("camera", source, ffmpeg) : source;
  const variants = cameraArguments(found, { system: captureSystem(), quality, encoder });
  return new FfmpegCamera({ ...options, ffmpeg, variants, isFile: source.kind === "file" });
}

class FfmpegCamera implements Camera {
  readonly codec = "h264";
  readonly quality: Quality;
  readonly #options: CameraOptions;
  readonly #loop: CaptureLoop;
  #stopped = false;
  #latestMs = -Infinity;
  #pictures = 0;

  constructor(options: CameraOptions & { ffmpeg: string; variants: string[][]; isFile: boolean }) {
    this.#options = options;
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
    const demuxer = new FlvDemuxer();
    const clock = new ArrivalClock();
    return (chunk) => {
      const nowMs = this.#options.now();
      for (const { bytes, keyframe, timestampMs } of demuxer.push(chunk)) {
        if (this.#stopped) return;
        const capturedAtMs = Math.max(clock.place(timestampMs, nowMs), this.#latestMs + 1);
        this.#latestMs = capturedAtMs;
        this.#pictures++;
        this.#options.picture({ bytes, keyframe, capturedAtMs });
      }
    };
  }
}
