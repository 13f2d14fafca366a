import type { ScreenStatus } from "@fusionmeet/protocol";
import type { VideoEncoder } from "../capture/ffmpeg_arguments.ts";
import type { CaptureInput } from "./screen_capture_arguments.ts";

/** What the thread that captures a screen needs to know from the beginning. */
export interface ScreenStart {
  readonly ffmpeg: string;
  readonly encoder: VideoEncoder;
  /** The server's wall clock minus this computer's, ms. */
  readonly serverMinusLocalMs: number;
}

/** How capturing does: totals since the last format, but for the last two. */
export interface ScreenFigures {
  readonly pictures: number;
  /** Not sent, for the server did not keep up. */
  readonly skippedPictures: number;
  readonly tiles: number;
  readonly pictureBytes: number;
  readonly tileBytes: number;
  /** Tiles that are not exact at the viewers now. */
  readonly pendingTiles: number;
  /** Times capturing fell behind for a second, of this ffmpeg. */
  readonly lags: number;
}

/** What the worker is told. */
export type ToScreenWorker =
  | { readonly to: "start"; readonly options: ScreenStart }
  /** Captures this from now on, from a new format on. */
  | { readonly to: "capture"; readonly input: CaptureInput }
  /** Captures nothing, for this reason. */
  | { readonly to: "hold"; readonly status: ScreenStatus }
  | { readonly to: "clock"; readonly serverMinusLocalMs: number }
  | { readonly to: "acknowledged"; readonly sequence: number }
  | { readonly to: "close" };

/** What the worker says. */
export type FromScreenWorker =
  /** For the server, whole. */
  | { readonly from: "message"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The ffmpeg ended by itself. */
  | { readonly from: "ended"; readonly lastWords: string }
  | { readonly from: "figures"; readonly figures: ScreenFigures }
  /** A mistake of this program. */
  | { readonly from: "failed"; readonly message: string; readonly stack?: string }
  | { readonly from: "closed" };

/** The thread that captures a screen. */
export interface ScreenHandle {
  /** `start` comes first. */
  tell(message: Exclude<ToScreenWorker, { to: "close" }>): void;
  /** No ffmpeg is left when it resolves. Idempotent. */
  close(): Promise<void>;
}

/** How long the screen may take to be let go of before the worker is ended all the same. */
const CLOSE_TIMEOUT_MS = 3_000;

/** Starts the thread, which takes a while to load. @param take Called with what it says, until `close`. */
export function startScreen(
  take: (message: Exclude<FromScreenWorker, { from: "closed" }>) => void,
): ScreenHandle {
  const worker = new Worker(new URL("./screen_worker.ts", import.meta.url), {
    type: "module",
    name: "screen",
  });
  const closed = Promise.withResolvers<void>();
  let closing: Promise<void> | undefined;
  worker.onmessage = ({ data }: MessageEvent<FromScreenWorker>) => {
    if (data.from === "closed") closed.resolve();
    else if (closing === undefined) take(data);
  };
  worker.onerror = (error) => {
    error.preventDefault();
    closed.resolve();
    if (closing === undefined) take({ from: "failed", message: error.message });
  };
  const tell = (message: ToScreenWorker) => worker.postMessage(message);
  const close = async () => {
    tell({ to: "close" });
    const timer = setTimeout(closed.resolve, CLOSE_TIMEOUT_MS);
    await closed.promise;
    clearTimeout(timer);
    worker.terminate();
  };
  return { tell, close: () => closing ??= close() };
}
