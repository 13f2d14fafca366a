/** Camera and microphone: ffmpeg subprocesses and synthetic sources. */
export * from "./sources.ts";
export * from "./ffmpeg_arguments.ts";
export * from "./ffmpeg_process.ts";
export * from "./devices.ts";
export * from "./describe.ts";
export * from "./encoder_probe.ts";
export { type CaptureReport, RETRY_DELAYS_MS } from "./capture_loop.ts";
export {
  type Microphone,
  type MicrophoneFrame,
  type MicrophoneOptions,
  openMicrophone,
} from "./microphone.ts";
export * from "./camera.ts";
