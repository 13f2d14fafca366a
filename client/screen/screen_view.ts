import { messageOf, pause, ProtocolError, Refusal, TokenBucket } from "@fusionmeet/base";
import { type ByteStream, ConnectFailure, type Timers } from "@fusionmeet/net";
import {
  encodeScreenMessage,
  type ReceivedScreenMessage,
  ScreenMessageReader,
} from "@fusionmeet/protocol";
import type { Presenting } from "../room_roles.ts";
import { MessageWriter, piecesOf } from "./message_stream.ts";
import { ScreenClock } from "./screen_clock.ts";

/** What a viewer is sent and numbered by the presenter. */
export type ScreenContent = Extract<
  ReceivedScreenMessage,
  { type: "format" | "picture" | "tiles" | "stale" | "status" }
>;

/** What came of a share that is viewed. */
export interface ScreenArrival {
  readonly share: number;
  /** The presenter's id. */
  readonly participant: number;
  readonly message: ScreenContent;
  /** The server's wall clock minus this computer's, ms; NaN while it is not known. */
  readonly serverMinusLocalMs: number;
}

/** Takes what comes. The server is told that it came when that is done: who returns a promise slows down only the own share of it. */
export type ScreenListener = (arrival: ScreenArrival) => void | Promise<void>;

export interface ScreenViewOptions {
  /** Opens the connection of a share. @throws Refusal, ConnectFailure */
  readonly open: (share: number, signal: AbortSignal) => Promise<ByteStream>;
  readonly timers: Timers;
  readonly epochMs: () => number;
  readonly warn: (code: string, message: string) => void;
}

/**
 * A connection that broke, or was not to be had, is tried again after this while the share goes on; after each one that was
 * no better, after twice as long, up to the other. One that lasted `VIEW_SETTLED_MS` was good: then it begins anew.
 */
export const VIEW_AGAIN_MS = 300;
export const VIEW_AGAIN_MS_MAX = 8_000;
export const VIEW_SETTLED_MS = 10_000;
/** Connections that are opened, whatever the server says who presents: a handful of changes at once is more than people make. */
export const VIEWS_PER_SECOND = 2;
export const VIEWS_BURST = 8;

/** The shared screen as this client receives it: whoever presents, as long as somebody here listens. */
export class ScreenView {
  readonly #options: ScreenViewOptions;
  readonly #listeners = new Set<ScreenListener>();
  #presenting: Presenting | undefined;
  #isOwn = false;
  #wantsOwn = false;
  #isConnected = false;
  /** Of the share that is being viewed. */
  #viewing: { share: number; stop: AbortController } | undefined;
  readonly #openings: TokenBucket;
  readonly totals = { messages: 0, bytes: 0, skipped: 0 };

  constructor(options: ScreenViewOptions) {
    this.#options = options;
    const rate = { perSecond: VIEWS_PER_SECOND, burst: VIEWS_BURST };
    this.#openings = new TokenBucket({ ...rate, nowMs: options.timers.nowMs() });
  }

  /** @returns ends that. */
  onArrival(listener: ScreenListener): () => void {
    this.#listeners.add(listener);
    this.#update();
    return () => {
      this.#listeners.delete(listener);
      this.#update();
    };
  }

  /** One's own share is to be seen here, too, or not. */
  viewOwn(wanted: boolean): void {
    this.#wantsOwn = wanted;
    this.#update();
  }

  /** Views what is viewed anew, from its format on. */
  again(): void {
    this.#viewing?.stop.abort();
    this.#viewing = undefined;
    this.#update();
  }

  /** Who presents, as the server says. */
  presenterSaid(presenting: Presenting | undefined, isOwn: boolean): void {
    this.#presenting = presenting;
    this.#isOwn = isOwn;
    if (presenting === undefined) this.#wantsOwn = false;
    this.#update();
  }

  connected(): void {
    this.#isConnected = true;
    this.#update();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#update();
  }

  #update(): void {
    const { share } = this.#presenting ?? {};
    const isWanted = this.#isConnected && this.#listeners.size > 0 &&
      (!this.#isOwn || this.#wantsOwn);
    const wanted = isWanted ? share : undefined;
    if (this.#viewing?.share === wanted) return;
    this.#viewing?.stop.abort();
    this.#viewing = undefined;
    if (wanted === undefined) return;
    const viewing = this.#viewing = { share: wanted, stop: new AbortController() };
    const { participant } = this.#presenting!;
    void this.#view(wanted, participant, viewing.stop.signal);
  }

  /** Views a share to its end, over as many connections as it takes. */
  async #view(share: number, participant: number, signal: AbortSignal): Promise<void> {
    const { open, timers, warn } = this.#options;
    let hasWarned = false;
    for (let waitMs = VIEW_AGAIN_MS;; waitMs = Math.min(VIEW_AGAIN_MS_MAX, 2 * waitMs)) {
      await this.#opening(signal);
      if (signal.aborted) return;
      const openedAtMs = timers.nowMs();
      try {
        const stream = await open(share, signal);
        const close = () => stream.close();
        signal.addEventListener("abort", close);
        if (signal.aborted) close();
        await this.#receive(stream, share, participant);
        signal.removeEventListener("abort", close);
        close();
      } catch (thrown) {
        const isOfNetwork = thrown instanceof Refusal || thrown instanceof ConnectFailure ||
          thrown instanceof ProtocolError;
        if (!isOfNetwork) throw thrown;
        if (!signal.aborted && !hasWarned && thrown instanceof ProtocolError) {
          hasWarned = true;
          warn("screen", `The shared screen cannot be shown: ${messageOf(thrown)}`);
        }
      }
      if (timers.nowMs() - openedAtMs >= VIEW_SETTLED_MS) waitMs = VIEW_AGAIN_MS;
      await pause(waitMs, { timers, signal });
    }
  }

  /** Waits until one more connection may be opened. */
  async #opening(signal: AbortSignal): Promise<void> {
    const { timers } = this.#options;
    while (!signal.aborted && !this.#openings.take(timers.nowMs())) {
      await pause(1000 / VIEWS_PER_SECOND, { timers, signal });
    }
  }

  async #receive(stream: ByteStream, share: number, participant: number): Promise<void> {
    const { timers, epochMs } = this.#options;
    const writer = new MessageWriter(stream);
    const clock = new ScreenClock({ timers, epochMs, send: (bytes) => writer.send(bytes) });
    const reader = new ScreenMessageReader([
      ...["format", "picture", "tiles", "stale", "status", "clock.answer"] as const,
    ]);
    try {
      for await (const piece of piecesOf(stream)) {
        for (const message of reader.push(piece)) {
          if (message.type === "clock.answer") clock.answered(message);
          else await this.#take({ share, participant, message: message as ScreenContent }, clock);
          if (message.type === "clock.answer" || message.type === "stale") continue;
          const { sequence } = message;
          writer.send(encodeScreenMessage({ type: "acknowledge", sequence }));
        }
      }
    } finally {
      clock.close();
    }
  }

  async #take(
    arrival: Omit<ScreenArrival, "serverMinusLocalMs">,
    clock: ScreenClock,
  ): Promise<void> {
    this.totals.messages++;
    this.totals.bytes += arrival.message.bytes.length;
    const { serverMinusLocalMs = NaN } = clock;
    for (const listener of this.#listeners) {
      const taken = listener({ ...arrival, serverMinusLocalMs });
      if (taken !== undefined) await taken;
    }
  }
}
