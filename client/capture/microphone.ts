import { type NowMs, Refusal } from "@fusionmeet/base";
import type { CaptureReport } from "./capture_loop.ts";
import { ClockedMicrophone, toneFrame } from "./clocked_microphone.ts";
import { DeviceMicrophone } from "./device_microphone.ts";
import { captureSystem, microphoneArguments } from "./ffmpeg_arguments.ts";
import { FfmpegProcess, findFfmpeg } from "./ffmpeg_process.ts";
import { FilePcm } from "./file_pcm.ts";
import { captureSentence } from "./last_words.ts";
import { firstDevice, requireFile } from "./source_check.ts";
import type { MicrophoneSource } from "./sources.ts";
import { FRAME_SAMPLES } from "@fusionmeet/protocol";

export type { CaptureReport } from "./capture_loop.ts";

/** 20 ms of voice: `FRAME_SAMPLES` samples, s16, mono, 48 kHz. */
export interface MicrophoneFrame {
  readonly pcm: Int16Array;
  /**
   * When its first sample was captured, on the clock given as `now`. Frames are 20 ms apart (a device's by its own
   * clock, within a fraction of a ms); after a gap they jump.
   */
  readonly capturedAtMs: number;
}

/** A microphone that is open. The caller's clock drives it: `take` at every tick (10-20 ms). */
export interface Microphone {
  /** The frames that are complete now, in order. Bounded: what nobody takes is dropped oldest first and counted. */
  take(nowMs: number): MicrophoneFrame[];
  /** Drops and stalls by name. */
  counters(): Record<string, number>;
  /** Ends the source and releases the device; resolves when its process is gone. */
  stop(): Promise<void>;
}

/** How a microphone is opened. */
export interface MicrophoneOptions {
  readonly now: NowMs;
  /** Called on every change of state. */
  readonly report?: (report: CaptureReport) => void;
  /** Default: `findFfmpeg()`. */
  readonly ffmpeg?: string;
  /** Default: `RETRY_DELAYS_MS`; devices only. */
  readonly retryDelaysMs?: readonly number[];
}

/**
 * Opens a source. FILE: its first sample is captured when this resolves; silence after its end.
 *
 * @throws Refusal "ffmpeg-missing", "no-file", "bad-file" or "no-device".
 */
export async function openMicrophone(
  source: Exclude<MicrophoneSource, { kind: "off" }>,
  options: MicrophoneOptions,
): Promise<Microphone> {
  switch (source.kind) {
    case "silence":
      return clocked(() => new Int16Array(FRAME_SAMPLES), options);
    case "tone":
      return clocked((position) => toneFrame(source, position), options);
    case "file":
      return await openFile(source, options);
    case "device": {
      const ffmpeg = options.ffmpeg ?? await findFfmpeg();
      const device = await firstDevice("microphone", source, ffmpeg);
      const variants = microphoneArguments(device, captureSystem());
      return new DeviceMicrophone({ ...options, ffmpeg, variants });
    }
  }
}

function clocked(frame: (position: number) => Int16Array, options: MicrophoneOptions): Microphone {
  options.report?.({ state: "running", message: "" });
  return new ClockedMicrophone({ frame, startMs: options.now() });
}

async function openFile(
  source: { kind: "file"; path: string },
  options: MicrophoneOptions,
): Promise<Microphone> {
  const ffmpeg = options.ffmpeg ?? await findFfmpeg();
  await requireFile("microphone", source.path);
  const [args] = microphoneArguments(source, captureSystem());
  const file = new FilePcm(FfmpegProcess.start(ffmpeg, args), (lastWords) => {
    options.report?.({ state: "ended", message: captureSentence("microphone", lastWords) });
  });
  const fault = await file.ready;
  if (fault !== undefined) throw new Refusal("bad-file", captureSentence("microphone", fault));
  options.report?.({ state: "running", message: "" });
  return new ClockedMicrophone({
    frame: (position) => file.frame(position),
    startMs: options.now(),
    counters: () => file.counters(),
    stop: () => file.stop(),
  });
}
