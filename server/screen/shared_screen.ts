import { concatBytes, TokenBucket } from "@fusionmeet/base";
import { type ByteStream, pause, writeAll } from "@fusionmeet/net";
import {
  encodeScreenMessage,
  type ReceivedScreenMessage,
  SCREEN_BYTES_BURST,
  SCREEN_BYTES_PER_SECOND,
  SCREEN_MESSAGE_COST_BYTES,
  SCREEN_PRESENTER_SILENT_MS_MAX,
  ScreenMessageReader,
} from "@fusionmeet/protocol";
import type { ScreenParts } from "./screen_parts.ts";
import { type PresenterMessage, ScreenState } from "./screen_state.ts";
import { ViewerConnection } from "./viewer_connection.ts";

const READ_BYTES = 64 << 10;
const THROTTLE_MS = 20;

/** The presenter's connection. */
class Presenting {
  readonly #end = new AbortController();
  readonly #served = Promise.withResolvers<void>();

  constructor(readonly stream: ByteStream) {}

  /** Aborts when it is to end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Ends it. @returns when it has ended. */
  close(): Promise<void> {
    this.#end.abort();
    this.stream.close();
    return this.#served.promise;
  }

  /** Nothing of it is taken any more. */
  served(): void {
    this.#served.resolve();
  }
}

/** One share: its presenter's connection, what it shows, and the connections of its viewers. */
export class SharedScreen {
  readonly #parts: ScreenParts;
  readonly #state: ScreenState;
  readonly #viewers = new Map<number, ViewerConnection>();
  #presenting: Presenting | undefined;

  constructor(parts: ScreenParts) {
    this.#parts = parts;
    this.#state = new ScreenState(parts.counters);
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  /** Bytes that are kept for viewers. */
  get size(): number {
    return this.#state.size;
  }

  /** The share is over: ends all connections at once. */
  close(): void {
    void this.#presenting?.close();
    for (const viewer of this.#viewers.values()) viewer.close();
  }

  /**
   * Takes what the presenter shows, to the end of the connection; an earlier one ends before.
   *
   * @param connected Told when pictures come, and when none can come any more.
   * @throws ProtocolError, and what the stream throws.
   */
  async present(stream: ByteStream, connected: (isConnected: boolean) => void): Promise<void> {
    const before = this.#presenting;
    const own = new Presenting(stream);
    this.#presenting = own;
    try {
      await before?.close();
      if (own.signal.aborted) return;
      connected(true);
      try {
        await this.#receive(own);
      } finally {
        connected(false);
      }
    } finally {
      if (this.#presenting === own) this.#presenting = undefined;
      own.served();
    }
  }

  /** Shows it to somebody, to the end of the connection; an earlier one of theirs ends. @throws as `present` does. */
  async show(stream: ByteStream, participant: number): Promise<void> {
    this.#viewers.get(participant)?.close();
    const viewer = new ViewerConnection(this.#parts, { stream, state: this.#state });
    this.#viewers.set(participant, viewer);
    try {
      await viewer.serve();
    } finally {
      if (this.#viewers.get(participant) === viewer) this.#viewers.delete(participant);
    }
  }

  async #receive({ stream, signal }: Presenting): Promise<void> {
    const { timers, counters } = this.#parts;
    const reader = new ScreenMessageReader(["format", "picture", "tiles", "status", "clock.ask"]);
    const bucket = new TokenBucket({
      ...{ perSecond: SCREEN_BYTES_PER_SECOND, burst: SCREEN_BYTES_BURST },
      nowMs: timers.nowMs(),
    });
    const piece = new Uint8Array(READ_BYTES);
    this.#state.restart();
    for (let size; (size = await this.#inTime(stream, () => stream.read(piece))) !== null;) {
      const answers = this.#takeAll(reader.push(piece.subarray(0, size)));
      if (answers.length > 0) {
        await this.#inTime(stream, () => writeAll(stream, concatBytes(...answers)));
      }
      let cost = size + answers.length * SCREEN_MESSAGE_COST_BYTES;
      while (!signal.aborted && cost > 0) {
        // Very many small messages in one piece cost more than can be had at once.
        const part = Math.min(cost, SCREEN_BYTES_BURST);
        if (bucket.take(timers.nowMs(), part)) {
          cost -= part;
          continue;
        }
        counters.add("screen.presenter-slowed");
        await pause(THROTTLE_MS, { timers, signal });
      }
    }
  }

  /** @returns what the presenter is answered. */
  #takeAll(messages: Iterable<ReceivedScreenMessage>): Uint8Array[] {
    try {
      return Array.from(messages, (message) => this.#take(message));
    } finally {
      for (const viewer of this.#viewers.values()) viewer.wake();
    }
  }

  #take(message: ReceivedScreenMessage): Uint8Array {
    const { timers, epochMs } = this.#parts;
    const { type, sequence } = message;
    if (type === "clock.ask") {
      const { askedAtMs } = message;
      const serverAtMs = epochMs();
      return encodeScreenMessage({ type: "clock.answer", sequence, askedAtMs, serverAtMs });
    }
    this.#state.take(message as PresenterMessage, timers.nowMs());
    return encodeScreenMessage({ type: "acknowledge", sequence });
  }

  /** Closes the stream when that takes longer than `SCREEN_PRESENTER_SILENT_MS_MAX`. */
  async #inTime<T>(stream: ByteStream, run: () => Promise<T>): Promise<T> {
    const { timers, counters } = this.#parts;
    const cancel = timers.after(SCREEN_PRESENTER_SILENT_MS_MAX, () => {
      counters.add("screen.presenter-silent");
      stream.close();
    });
    try {
      return await run();
    } finally {
      cancel();
    }
  }
}
