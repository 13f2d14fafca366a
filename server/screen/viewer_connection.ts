import { TokenBucket } from "@fusionmeet/base";
import { type ByteStream, pause, writeAll } from "@fusionmeet/net";
import {
  encodeScreenMessage,
  SCREEN_ANSWER_BYTES_BURST,
  SCREEN_ANSWER_BYTES_PER_SECOND,
  SCREEN_VIEWER_SILENT_MS_MAX,
  ScreenMessageReader,
} from "@fusionmeet/protocol";
import type { ScreenParts } from "./screen_parts.ts";
import type { ScreenState } from "./screen_state.ts";
import { ScreenViewer } from "./screen_viewer.ts";

/** All their acknowledgements of half a second. */
const READ_BYTES = 4 << 10;
/** Of a long message so much is encrypted at once: others get their turn in between. */
const WRITE_BYTES = 64 << 10;
const THROTTLE_MS = 20;

/** The connection of somebody who looks at a share. What it waits for costs nobody else anything. */
export class ViewerConnection {
  readonly #parts: ScreenParts;
  readonly #stream: ByteStream;
  readonly #viewer: ScreenViewer;
  readonly #ended = new AbortController();
  /** They ask for the time; only the last time they asked counts. */
  #ask: { sequence: number; askedAtMs: number } | undefined;
  #wake: () => void = () => {};

  constructor(parts: ScreenParts, { stream, state }: { stream: ByteStream; state: ScreenState }) {
    this.#parts = parts;
    this.#stream = stream;
    this.#viewer = new ScreenViewer(state, parts.counters);
  }

  /** The share has changed. */
  wake(): void {
    this.#wake();
  }

  /** Ends it at once. */
  close(): void {
    this.#ended.abort();
    this.#stream.close();
    this.#wake();
  }

  /** Serves them to the end of the connection. @throws ProtocolError, and what the stream throws. */
  async serve(): Promise<void> {
    const stopWatching = this.#watchSilence();
    const ways = [this.#read(), this.#write()];
    try {
      await Promise.race(ways);
    } finally {
      stopWatching();
      this.close();
      await Promise.allSettled(ways);
    }
  }

  async #read(): Promise<void> {
    const { timers, counters } = this.#parts;
    const reader = new ScreenMessageReader(["acknowledge", "clock.ask"]);
    const bucket = new TokenBucket({
      ...{ perSecond: SCREEN_ANSWER_BYTES_PER_SECOND, burst: SCREEN_ANSWER_BYTES_BURST },
      nowMs: timers.nowMs(),
    });
    const { signal } = this.#ended;
    const piece = new Uint8Array(READ_BYTES);
    for (let size; (size = await this.#stream.read(piece)) !== null;) {
      for (const message of reader.push(piece.subarray(0, size))) {
        if (message.type === "clock.ask") this.#ask = message;
        else this.#viewer.acknowledge(message.sequence, timers.nowMs());
      }
      this.#wake();
      while (!signal.aborted && !bucket.take(timers.nowMs(), size)) {
        counters.add("screen.viewer-slowed");
        await pause(THROTTLE_MS, { timers, signal });
      }
    }
  }

  async #write(): Promise<void> {
    const { timers } = this.#parts;
    while (!this.#ended.signal.aborted) {
      const bytes = this.#answer() ?? this.#viewer.next(timers.nowMs());
      if (bytes === undefined) {
        await this.#woken();
        continue;
      }
      for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
        await writeAll(this.#stream, bytes.subarray(at, at + WRITE_BYTES));
      }
    }
  }

  #answer(): Uint8Array | undefined {
    if (this.#ask === undefined) return undefined;
    const { sequence, askedAtMs } = this.#ask;
    this.#ask = undefined;
    const serverAtMs = this.#parts.epochMs();
    return encodeScreenMessage({ type: "clock.answer", sequence, askedAtMs, serverAtMs });
  }

  async #woken(): Promise<void> {
    const { timers } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const leftMs = (this.#viewer.lookAgainAtMs ?? 0) - timers.nowMs();
    const cancel = leftMs > 0 ? timers.after(leftMs, resolve) : undefined;
    await promise;
    cancel?.();
  }

  /** Lets go of them when they take nothing any more. @returns what stops it. */
  #watchSilence(): () => void {
    const { timers, counters } = this.#parts;
    let cancel: () => void;
    const look = () => {
      const leftMs = SCREEN_VIEWER_SILENT_MS_MAX - this.#viewer.silentMs(timers.nowMs());
      if (leftMs > 0) {
        cancel = timers.after(leftMs, look);
        return;
      }
      counters.add("screen.viewer-silent");
      this.close();
    };
    look();
    return () => cancel();
  }
}
