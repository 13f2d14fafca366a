import type { MediaAddress } from "@fusionmeet/media";
import type { PlaneCommand, PlaneEvent, PlaneStatistics } from "./commands.ts";

/** Where an ssrc is now, as `stream.query` answers. */
export type StreamState = Extract<PlaneEvent, { event: "stream.state" }>;

/** The media plane as the control plane sees it. Tests of the control plane give their own. */
export interface MediaPlaneHandle {
  /** Where the media socket listens. */
  readonly address: MediaAddress;
  /** Commands take effect in order. */
  command(command: PlaneCommand): void;
  /**
   * Answered after all commands given before; `undefined` when the plane does not know the ssrc (its owner has left)
   * or has ended.
   */
  streamState(ssrc: number): Promise<StreamState | undefined>;
  /** Rejects when the plane has ended. */
  statistics(): Promise<PlaneStatistics>;
  /** Every event that is not an answer: `bound`, `mix.map`, `fault`, `decisions`. One listener. */
  onEvent(listener: (event: PlaneEvent) => void): void;
  /**
   * Pending for the life of the plane; resolves with the error it died of. Nothing of it can be saved (keys, sequence
   * numbers), so the server logs the error and exits with status 1; whoever supervises it starts it again, and the
   * clients reconnect by themselves.
   */
  readonly failed: Promise<Error>;
  /** Closes the socket and ends the worker. Idempotent. */
  close(): Promise<void>;
}

/** What the worker is started with; port 0 for any free one. */
export type MediaWorkerOptions = MediaAddress;

/** Messages to the worker; the first is `open`. */
export type ToMediaWorker = { open: MediaWorkerOptions } | { command: PlaneCommand } | {
  close: true;
};
/** Messages from the worker; the first is `ready` or `failed`. */
export type FromMediaWorker =
  | { ready: MediaAddress }
  | { event: PlaneEvent }
  | { failed: string }
  | { closed: true };

/** How long the worker may take to end by itself. */
const CLOSE_MS = 500;

/** What the thread that reads hostile packets may do: the network, nothing else. */
const PERMISSIONS = {
  net: "inherit",
  read: false,
  write: false,
  env: false,
  run: false,
  ffi: false,
  sys: false,
  import: false,
} as const;

/**
 * Starts the media worker.
 *
 * @param script What runs in it; tests give their own.
 * @throws when its address cannot be opened.
 */
export async function startMediaWorker(
  options: MediaWorkerOptions,
  script = new URL("./worker.ts", import.meta.url),
): Promise<MediaPlaneHandle> {
  const worker = new Worker(script, {
    type: "module",
    name: "media",
    deno: { permissions: PERMISSIONS },
  });
  const ready = Promise.withResolvers<MediaAddress>();
  const handle = new WorkerHandle(worker, ready.resolve);
  worker.postMessage({ open: options } satisfies ToMediaWorker);
  const outcome = await Promise.race([ready.promise, handle.failed]);
  if (outcome instanceof Error) {
    worker.terminate();
    throw new Error(
      `Cannot open the media port ${options.hostname}:${options.port}: ${outcome.message}`,
      { cause: outcome },
    );
  }
  handle.address = outcome;
  return handle;
}

class WorkerHandle implements MediaPlaneHandle {
  address: MediaAddress = { hostname: "", port: 0 };
  readonly failed: Promise<Error>;
  readonly #worker: Worker;
  readonly #fail: (error: Error) => void;
  readonly #ended = Promise.withResolvers<void>();
  readonly #queries = new Map<number, (state: StreamState | undefined) => void>();
  readonly #statistics: PromiseWithResolvers<PlaneStatistics>[] = [];
  #listener: (event: PlaneEvent) => void = () => {};
  #requests = 0;
  #closing: Promise<void> | undefined;

  constructor(worker: Worker, onReady: (address: MediaAddress) => void) {
    this.#worker = worker;
    const failed = Promise.withResolvers<Error>();
    this.failed = failed.promise;
    this.#fail = (error) => {
      failed.resolve(error);
      this.#end(error);
    };
    worker.onmessage = ({ data }: MessageEvent<FromMediaWorker>) => {
      if ("event" in data) this.#take(data.event);
      else if ("ready" in data) onReady(data.ready);
      else if ("failed" in data) this.#fail(new Error(data.failed));
      else this.#end(new Error("the media worker was closed"));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message, { cause: event.error }));
    };
    worker.onmessageerror = () => this.#fail(new Error("the media worker sent what nobody reads"));
  }

  command(command: PlaneCommand): void {
    this.#worker.postMessage({ command } satisfies ToMediaWorker);
  }

  streamState(ssrc: number): Promise<StreamState | undefined> {
    if (this.#closing) return Promise.resolve(undefined);
    const request = ++this.#requests;
    return new Promise((resolve) => {
      this.#queries.set(request, resolve);
      this.command({ do: "stream.query", request, ssrc });
    });
  }

  statistics(): Promise<PlaneStatistics> {
    if (this.#closing) return Promise.reject(new Error("the media worker was closed"));
    const answer = Promise.withResolvers<PlaneStatistics>();
    this.#statistics.push(answer);
    this.command({ do: "statistics" });
    return answer.promise;
  }

  onEvent(listener: (event: PlaneEvent) => void): void {
    this.#listener = listener;
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#worker.postMessage({ close: true } satisfies ToMediaWorker);
    const timer = setTimeout(() => this.#end(new Error("the media worker hung")), CLOSE_MS);
    await this.#ended.promise;
    clearTimeout(timer);
    this.#worker.terminate();
  }

  #take(event: PlaneEvent): void {
    if (event.event === "stream.state") this.#answer(event.request, event);
    else if (event.event === "stream.unknown") this.#answer(event.request, undefined);
    else if (event.event === "statistics") this.#statistics.shift()?.resolve(event.statistics);
    else this.#listener(event);
  }

  #answer(request: number, state: StreamState | undefined): void {
    this.#queries.get(request)?.(state);
    this.#queries.delete(request);
  }

  #end(error: Error): void {
    this.#ended.resolve();
    for (const resolve of this.#queries.values()) resolve(undefined);
    this.#queries.clear();
    for (const answer of this.#statistics.splice(0)) answer.reject(error);
  }
}
