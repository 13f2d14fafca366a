import { pause, type Timers } from "@fusionmeet/base";
import { encodeScreenFrame } from "@fusionmeet/bridge";
import type { ScreenArrival } from "../screen/screen_view.ts";

/** What may wait for a page that is behind. More of a share is not taken from the server meanwhile, which skips what is old. */
export const SCREEN_QUEUE_BYTES_MAX = 1 << 20;
/** A page that is behind is looked at again after this. */
const LOOK_MS = 10;

/** The page's media socket. */
interface Socket {
  sendFrame(frame: Uint8Array): number;
  readonly queuedFrameBytes: number;
}

/** Shared screens on their way to the page, never more of them than the page can take. */
export class PageScreen {
  readonly #socket: Socket;
  readonly #timers: Timers;
  readonly #closing = new AbortController();

  constructor(socket: Socket, timers: Timers) {
    this.#socket = socket;
    this.#timers = timers;
  }

  /** @returns a promise where the page is behind: it resolves when more can come. */
  push({ share, serverMinusLocalMs, message }: ScreenArrival): void | Promise<void> {
    const frame = encodeScreenFrame({ share, serverMinusLocalMs, message: message.bytes });
    if (this.#socket.sendFrame(frame) > SCREEN_QUEUE_BYTES_MAX) return this.#caughtUp();
  }

  close(): void {
    this.#closing.abort();
  }

  async #caughtUp(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted && this.#socket.queuedFrameBytes > SCREEN_QUEUE_BYTES_MAX / 2) {
      await pause(LOOK_MS, { timers: this.#timers, signal });
    }
  }
}
