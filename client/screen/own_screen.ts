import { pause, ProtocolError, Refusal } from "@fusionmeet/base";
import { type ByteStream, ConnectFailure, type Timers } from "@fusionmeet/net";
import {
  SCREEN_FRAMES_PER_SECOND,
  ScreenMessageReader,
  type ScreenStatus,
} from "@fusionmeet/protocol";
import type { VideoEncoder } from "../capture/ffmpeg_arguments.ts";
import type { Presenting } from "../room_roles.ts";
import { MessageWriter, piecesOf } from "./message_stream.ts";
import { ScreenClock } from "./screen_clock.ts";
import type { FromScreenWorker, ScreenFigures, ScreenHandle } from "./screen_handle.ts";
import type { OpenScreenSource, ScreenInput } from "./screen_input.ts";

/** What happens with one's own share, besides who presents. */
export type OwnScreenEvent =
  /** Pictures of it go to the server; `title`: what is shared. */
  | {
    event: "screen";
    on: true;
    title: string;
    width: number;
    height: number;
    status: ScreenStatus;
  }
  | { event: "screen"; on: false };

/** Everything of the system that sharing a screen needs. */
export interface ScreenMeans {
  /** @throws Refusal */
  input(source: OpenScreenSource, framesPerSecond: number): Promise<ScreenInput>;
  /** Calls `changed` when it is to be looked at again. @returns ends that. */
  watch(source: OpenScreenSource, changed: () => void): Promise<() => void>;
  /** @throws Refusal */
  encoder(
    size: { width: number; height: number },
  ): Promise<{ ffmpeg: string; encoder: VideoEncoder }>;
  start(take: (message: Exclude<FromScreenWorker, { from: "closed" }>) => void): ScreenHandle;
}

export interface OwnScreenOptions {
  readonly means: ScreenMeans;
  readonly timers: Timers;
  readonly epochMs: () => number;
  /** Opens the connection of a share. @throws Refusal, ConnectFailure */
  readonly open: (share: number, signal: AbortSignal) => Promise<ByteStream>;
  /** Asks the server for the presenter lock, or gives it back. */
  readonly request: () => void;
  readonly release: () => void;
  readonly emit: (event: OwnScreenEvent) => void;
  readonly warn: (code: string, message: string) => void;
  /** A mistake of this program. */
  readonly fault: (error: Error) => void;
}

/** A source that cannot be captured is looked at again after this; and a broken connection opened again. */
export const LOOK_AGAIN_MS = 500;
/** After so many tries in a row that gave no picture a share is over. */
const TRIES_MAX = 6;
/** A capture that falls behind goes on with the next of these. */
const FRAME_RATES = [SCREEN_FRAMES_PER_SECOND, 20, 15, 10, 5];
/** Falling behind so soon after the start, or after a change, is no sign. */
const SETTLING_MS = 4_000;
/** Codes of a `Refusal` that tell of what passes by itself. */
const PASSING: ReadonlySet<string> = new Set(["window-hidden"]);

const noScreen = () => new Refusal("no-screen", "This program cannot share a screen");

/** Of a program that shares no screen. */
export const NO_SCREEN: ScreenMeans = {
  input: () => Promise.reject(noScreen()),
  watch: () => Promise.reject(noScreen()),
  encoder: () => Promise.reject(noScreen()),
  start: () => {
    throw noScreen();
  },
};

/** One's own shared screen: what is to be shown, capturing it, and its connection to the server. */
export class OwnScreen {
  readonly #options: OwnScreenOptions;
  /** What is to be shown; absent: nothing. */
  #source: OpenScreenSource | undefined;
  #share: number | undefined;
  #isConnected = false;
  /** Ends what is under way for the share and source. */
  #running: AbortController | undefined;
  #input: ScreenInput | undefined;
  #rate = 0;
  /** No ffmpeg of the share before is left. */
  #released: Promise<void> = Promise.resolve();
  figures: ScreenFigures | undefined;

  constructor(options: OwnScreenOptions) {
    this.#options = options;
  }

  /** What is to be shown. */
  get source(): OpenScreenSource | undefined {
    return this.#source;
  }

  /** Shows that from now on; asks for the presenter lock where one does not have it. @throws Refusal when it cannot be captured. */
  async share(source: OpenScreenSource): Promise<void> {
    const input = await this.#options.means.input(source, FRAME_RATES[0]);
    this.#source = input.source;
    this.#input = input;
    this.#rate = 0;
    // What it has to find out first it finds out meanwhile; what is wrong it says when it is asked again.
    this.#options.means.encoder(input).catch(() => undefined);
    if (this.#share === undefined) this.#options.request();
    else this.#restart();
  }

  /** Shows nothing any more. */
  stop(): void {
    this.#source = undefined;
    if (this.#share !== undefined) this.#options.release();
    this.#end();
  }

  /** The lock was not to be had. */
  declined(): void {
    if (this.#share === undefined) this.#source = undefined;
  }

  /** Who presents, as the server says. */
  presenterSaid(presenting: Presenting | undefined, isOwn: boolean): void {
    const share = isOwn ? presenting!.share : undefined;
    if (share === this.#share) return;
    this.#end();
    this.#share = share;
    // It is over: what was shown is not shown again unasked.
    if (share === undefined) this.#source = undefined;
    else if (this.#source !== undefined) this.#restart();
  }

  connected(): void {
    this.#isConnected = true;
    if (this.#share !== undefined && this.#source !== undefined) this.#restart();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Resolves when nothing is captured any more. */
  async close(): Promise<void> {
    this.#source = undefined;
    this.#end();
    await this.#released;
  }

  #end(): void {
    this.#running?.abort();
    this.#running = undefined;
    if (this.#share !== undefined && this.#input !== undefined) {
      this.#options.emit({ event: "screen", on: false });
    }
    this.#share = undefined;
    this.figures = undefined;
    if (this.#source === undefined) this.#input = undefined;
  }

  #restart(): void {
    this.#running?.abort();
    this.#running = undefined;
    const share = this.#share;
    if (share === undefined || this.#source === undefined || !this.#isConnected) return;
    const running = this.#running = new AbortController();
    this.#released = this.#released.then(() => this.#run(share, running.signal));
  }

  /** Keeps a connection for the share until it is over. Never throws. */
  async #run(share: number, signal: AbortSignal): Promise<void> {
    const { open, timers } = this.#options;
    while (!signal.aborted) {
      try {
        const run = new ShareRun({
          ...this.#options,
          ...{ open: () => open(share, signal), signal },
          input: (isAgain) => this.#look(isAgain),
          slower: () => this.#rate < FRAME_RATES.length - 1 && ++this.#rate > 0,
          captured: (input, status) => this.#captured(input, status),
          over: (message) => this.#over(message),
          figures: (figures) => this.figures = figures,
        });
        await run.run();
      } catch (thrown) {
        const isOfNetwork = thrown instanceof Refusal || thrown instanceof ConnectFailure ||
          thrown instanceof ProtocolError;
        if (!isOfNetwork) {
          return this.#options.fault(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
      }
      if (!signal.aborted) await pause(LOOK_AGAIN_MS, { timers, signal });
    }
  }

  async #look(isAgain: boolean): Promise<ScreenInput> {
    const source = this.#source;
    if (source === undefined) throw new Refusal("no-screen", "Nothing is to be shown any more");
    if (isAgain || this.#input === undefined || this.#rate > 0) {
      this.#input = await this.#options.means.input(source, FRAME_RATES[this.#rate]);
    }
    return this.#input;
  }

  #captured({ title, width, height }: ScreenInput, status: ScreenStatus): void {
    this.#options.emit({ event: "screen", on: true, title, width, height, status });
  }

  /** It cannot be shown any more. */
  #over(message: string): void {
    this.#options.warn("screen-ended", message);
    this.stop();
  }
}

interface ShareRunOptions extends Pick<OwnScreenOptions, "means" | "timers" | "epochMs" | "fault"> {
  readonly open: () => Promise<ByteStream>;
  readonly signal: AbortSignal;
  /** What is to be captured. @param isAgain It is to be looked at anew. @throws Refusal */
  readonly input: (isAgain: boolean) => Promise<ScreenInput>;
  /** Fewer pictures a second from now on. @returns false where they are few already. */
  readonly slower: () => boolean;
  readonly captured: (input: ScreenInput, status: ScreenStatus) => void;
  readonly over: (message: string) => void;
  readonly figures: (figures: ScreenFigures) => void;
}

/** One connection of a share, and the thread that fills it. */
class ShareRun {
  readonly #options: ShareRunOptions;
  readonly #handle: ScreenHandle;
  #writer: MessageWriter | undefined;
  #isStarted = false;
  #stopWatching: () => void = () => {};
  #input: ScreenInput | undefined;
  #status: ScreenStatus = "showing";
  #tries = 0;
  /** An ffmpeg was asked for, and has not ended. */
  #isCapturing = false;
  #lags = 0;
  #changedAtMs = 0;
  #cancelLook: () => void = () => {};
  #isOver = false;

  constructor(options: ShareRunOptions) {
    this.#options = options;
    // It loads while the connection is opened.
    this.#handle = options.means.start((message) => this.#said(message));
  }

  /** To the end of the connection. @throws Refusal, ConnectFailure, ProtocolError */
  async run(): Promise<void> {
    try {
      await this.#fill(await this.#options.open());
    } finally {
      this.#isOver = true;
      this.#cancelLook();
      this.#stopWatching();
      await this.#handle.close();
    }
  }

  async #fill(stream: ByteStream): Promise<void> {
    const { signal, timers, epochMs } = this.#options;
    const writer = this.#writer = new MessageWriter(stream);
    const clock = new ScreenClock({ timers, epochMs, send: (bytes) => writer.send(bytes) });
    const close = () => stream.close();
    signal.addEventListener("abort", close);
    if (signal.aborted) close();
    try {
      const reader = new ScreenMessageReader(["acknowledge", "clock.answer"]);
      for await (const piece of piecesOf(stream)) {
        for (const message of reader.push(piece)) {
          if (message.type === "clock.answer") {
            clock.answered(message);
            const { serverMinusLocalMs = 0 } = clock;
            if (this.#isStarted) this.#handle.tell({ to: "clock", serverMinusLocalMs });
            else await this.#start(serverMinusLocalMs);
          } else this.#handle.tell({ to: "acknowledged", sequence: message.sequence });
        }
      }
    } finally {
      signal.removeEventListener("abort", close);
      clock.close();
      close();
    }
  }

  async #start(serverMinusLocalMs: number): Promise<void> {
    const { means, input } = this.#options;
    try {
      this.#input = await input(false);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      // It was there when it was chosen.
      return this.#options.over(thrown.message);
    }
    const { ffmpeg, encoder } = await means.encoder(this.#input);
    if (this.#isOver || this.#options.signal.aborted) return;
    this.#isStarted = true;
    this.#handle.tell({ to: "start", options: { ffmpeg, encoder, serverMinusLocalMs } });
    const stop = await means.watch(this.#input.source, () => this.#lookSoon(0));
    if (this.#isOver) stop();
    else this.#stopWatching = stop;
    this.#capture(this.#input);
  }

  #said(message: Exclude<FromScreenWorker, { from: "closed" }>): void {
    switch (message.from) {
      case "message":
        return this.#writer?.send(message.bytes);
      case "figures":
        // Figures of a capture that has ended say nothing of the next one.
        if (this.#isCapturing && message.figures.pictures + message.figures.tiles > 0) {
          this.#tries = 0;
        }
        this.#options.figures(message.figures);
        return this.#checkRate(message.figures);
      case "ended":
        this.#isCapturing = false;
        if (++this.#tries > TRIES_MAX) return this.#options.over(endedSentence(message.lastWords));
        return this.#lookSoon(this.#tries === 1 ? 0 : LOOK_AGAIN_MS);
      case "failed": {
        const fault = new Error(`Capturing the screen broke: ${message.message}`);
        fault.stack = message.stack ?? fault.stack;
        return this.#options.fault(fault);
      }
    }
  }

  #checkRate({ lags }: ScreenFigures): void {
    const isSettling = this.#options.epochMs() - this.#changedAtMs < SETTLING_MS;
    const isLagging = lags > this.#lags && !isSettling;
    this.#lags = lags;
    if (isLagging && this.#options.slower()) this.#lookSoon(0);
  }

  #lookSoon(ms: number): void {
    this.#cancelLook();
    this.#cancelLook = this.#options.timers.after(ms, () => void this.#look());
  }

  /** Looks at the source anew: it has changed, or ffmpeg could not go on. */
  async #look(): Promise<void> {
    try {
      const input = await this.#options.input(true);
      if (this.#isOver) return;
      if (!isSame(input, this.#input) || this.#status !== "showing" || !this.#isCapturing) {
        this.#capture(input);
      }
    } catch (thrown) {
      if (this.#isOver) return;
      if (!(thrown instanceof Refusal)) return this.#options.fault(thrown as Error);
      if (!PASSING.has(thrown.code)) return this.#options.over(thrown.message);
      if (this.#status !== "hidden") {
        this.#handle.tell({ to: "hold", status: "hidden" });
        this.#setStatus("hidden");
      }
      this.#lookSoon(LOOK_AGAIN_MS);
    }
  }

  #capture(input: ScreenInput): void {
    this.#input = input;
    this.#lags = 0;
    this.#changedAtMs = this.#options.epochMs();
    this.#isCapturing = true;
    this.#handle.tell({ to: "capture", input });
    this.#setStatus("showing");
  }

  #setStatus(status: ScreenStatus): void {
    this.#status = status;
    this.#options.captured(this.#input!, status);
  }
}

function isSame(a: ScreenInput, b: ScreenInput | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function endedSentence(words: string): string {
  return `The screen cannot be captured any more (${words}): choose again what to show`;
}
