import type { CameraSource, MicrophoneSource, Quality } from "../capture/mod.ts";
import type { EngineCommand, EngineEvent } from "./commands.ts";

/** What the media engine captures and how. */
export interface EngineOptions {
  readonly microphone: MicrophoneSource;
  readonly camera: CameraSource;
  readonly quality: Quality;
  /** A muted microphone's device is let go of (true), or kept open so that unmuting is instant (false, default). */
  readonly releaseMutedMicrophone?: boolean;
  /** The ffmpeg to run; default: found beside the program or on PATH. */
  readonly ffmpeg?: string;
}

/** The client's media engine in its worker: it owns the UDP socket, the capture subprocesses and the codecs. */
export interface EngineHandle {
  command(command: EngineCommand): void;
  /** Every event goes to every listener, in order. */
  onEvent(listener: (event: EngineEvent) => void): void;
  /** Stops capture (no ffmpeg is left), posts the last `statistics` event, closes the socket, ends the worker. Idempotent. */
  close(): Promise<void>;
}
