import type { CameraSource, MicrophoneSource, Quality } from "../capture/mod.ts";
import type { EngineCommand, EngineEvent } from "./commands.ts";

/** What the media engine captures and how. */
export interface EngineOptions {
  readonly microphone: MicrophoneSource;
  readonly camera: CameraSource;
  readonly quality: Quality;
  /** A muted microphone's device is let go of (true), or kept open so that unmuting is instant (false, default). */
  readonly releaseMutedMicrophone?: boolean;
}

/** The client's media engine in its worker: it owns the UDP socket, the capture subprocesses and the codecs. */
export interface EngineHandle {
  /** Resolves when commands take effect at once (a thread takes a while to start), or when there is no hope of that. */
  readonly ready: Promise<void>;
  /** Commands take effect in order. */
  command(command: EngineCommand): void;
  /** Every event goes to every listener, in order. Listeners must be there before the first command. */
  onEvent(listener: (event: EngineEvent) => void): void;
  /** Stops capture (no ffmpeg is left), posts the last `statistics` event, closes the socket, ends the worker. Idempotent. */
  close(): Promise<void>;
}

/** What the worker is told. */
export type ToWorker =
  | { to: "start"; options: EngineOptions }
  | { to: "command"; command: EngineCommand }
  | { to: "close" };

/** What the worker says. */
export type FromWorker =
  | { from: "ready" }
  | { from: "event"; event: EngineEvent }
  | { from: "closed" };

/** How long the devices may take to be released before the worker is ended all the same. */
const CLOSE_TIMEOUT_MS = 3_000;

/**
 * Starts the media engine. Devices open with the first bound connection. The client ends with `engine.failed`,
 * whether the engine found its own mistake or its thread died.
 */
export function startEngine(options: EngineOptions): EngineHandle {
  return new WorkerEngine(options);
}

class WorkerEngine implements EngineHandle {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "media",
  });
  readonly #listeners: ((event: EngineEvent) => void)[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #closing: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.from === "ready") this.#ready.resolve();
      else if (data.from === "closed") this.#closed.resolve();
      else this.#emit(data.event);
    };
    this.#worker.onerror = (error) => {
      error.preventDefault();
      this.#closed.resolve();
      this.#emit({
        event: "engine.failed",
        message: `The media engine of this client broke: ${error.message}`,
      });
    };
    this.#tell({ to: "start", options });
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  command(command: EngineCommand): void {
    this.#tell({ to: "command", command });
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#tell({ to: "close" });
    const timer = setTimeout(this.#closed.resolve, CLOSE_TIMEOUT_MS);
    await this.#closed.promise;
    clearTimeout(timer);
    this.#worker.terminate();
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #emit(event: EngineEvent): void {
    if (event.event === "engine.failed") this.#ready.resolve();
    for (const listener of this.#listeners) listener(event);
  }
}
