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
  /** Asks the server for the presenter lock. */
  readonly request: () => void;
  /** Gives the lock of that share back. */
  readonly release: (share: number) => void;
  /** The lock was asked for, and no answer came; a sentence. */
  readonly unanswered: (message: string) => void;
  readonly emit: (event: OwnScreenEvent) => void;
  readonly warn: (code: string, message: string) => void;
  /** A mistake of this program. */
  readonly fault: (error: Error) => void;
}

/** A source that cannot be captured is looked at again after this; and a broken connection opened again. */
export const LOOK_AGAIN_MS = 500;
/** Whoever asked for the lock does not want it any more when no answer came so long: nothing is to be seen of a screen all of a sudden. */
export const TURN_WAIT_MS = 10_000;
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

/**
 * One's own shared screen: what is to be shown, capturing it, and its connection to the server.
 *
 * Nothing is captured but what was chosen here, from when the server says on the connection there is now that it is one's
 * turn, until `stop`, whatever the server says then.
 */
export class OwnScreen {
  readonly #options: OwnScreenOptions;
  /** What is to be shown; absent: nothing. */
  #source: OpenScreenSource | undefined;
  /** Counts what was chosen and stopped: what was begun before does not go on. */
  #wish = 0;
  /** A source was chosen, and is looked at. */
  #isLooking = false;
  #share: number | undefined;
  /** The lock was asked for, and no answer has come. */
  #asking: { readonly forget: () => void } | undefined;
  /** It was taken back after it was asked for: the lock goes back when it comes. */
  #isUnwanted = false;
  /** The last share that was stopped here. */
  #givenBack: number | undefined;
  /** The server was told so on this connection. */
  #isToldGivenBack = false;
  #isConnected = false;
  /** The server has said on this connection who presents. */
  #isTold = false;
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

  /**
   * Shows that from now on; asks for the presenter lock where one does not have it. Nothing where it was stopped, or
   * something else chosen, before it was found. @throws Refusal when it cannot be captured.
   */
  async share(source: OpenScreenSource): Promise<void> {
    const wish = ++this.#wish;
    this.#isLooking = true;
    let input: ScreenInput;
    try {
      input = await this.#options.means.input(source, FRAME_RATES[0]);
    } catch (thrown) {
      if (wish !== this.#wish) return;
      this.#isLooking = false;
      throw thrown;
    }
    if (wish !== this.#wish) return;
    this.#isLooking = false;
    this.#source = input.source;
    this.#input = input;
    this.#rate = 0;
    // What it has to find out first it finds out meanwhile; what is wrong it says when it is asked again.
    this.#options.means.encoder(input).catch(() => undefined);
    if (this.#share === undefined) this.request();
    else this.#restart();
  }

  /** Asks for the presenter lock, whatever is to be shown. */
  request(): void {
    this.#isUnwanted = false;
    const wasAsked = this.#asking !== undefined;
    this.#asking?.forget();
    const forget = this.#options.timers.after(TURN_WAIT_MS, () => this.#unanswered());
    this.#asking = { forget };
    if (this.#isTold && !wasAsked) this.#options.request();
  }

  /** Shows nothing any more, and gives the lock back. @returns false where there was nothing to stop. */
  stop(): boolean {
    const isAny = this.#isLooking || this.#source !== undefined || this.#share !== undefined ||
      this.#asking !== undefined;
    this.#wish++;
    this.#isLooking = false;
    this.#source = undefined;
    this.#forgetAsking({ isUnwanted: this.#asking !== undefined });
    if (this.#share !== undefined) this.#giveBack(this.#share);
    this.#end();
    return isAny;
  }

  /** The lock was not to be had. */
  declined(): void {
    this.#isUnwanted = false;
    this.#forgetAsking({ isUnwanted: false });
    if (this.#share === undefined) this.#source = undefined;
  }

  /** Who presents, as the server says. */
  presenterSaid(presenting: Presenting | undefined, isOwn: boolean): void {
    const isFirst = !this.#isTold;
    this.#isTold = true;
    const share = this.#wanted(isOwn ? presenting!.share : undefined);
    if (share !== undefined) this.#forgetAsking({ isUnwanted: false });
    else if (isFirst && this.#asking !== undefined) this.#options.request();
    if (share !== this.#share) {
      this.#end();
      this.#share = share;
      // It is over: what was shown is not shown again unasked.
      if (share === undefined) this.#source = undefined;
      else this.#restart();
    } else if (isFirst) this.#restart();
  }

  connected(): void {
    this.#isConnected = true;
    this.#isTold = this.#isToldGivenBack = false;
  }

  disconnected(): void {
    this.#isConnected = this.#isTold = false;
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Resolves when nothing is captured any more. */
  async close(): Promise<void> {
    this.#wish++;
    this.#source = undefined;
    this.#forgetAsking({ isUnwanted: false });
    this.#end();
    await this.#released;
  }

  /** The lock of that share, unless it was given back or is not wanted any more. */
  #wanted(share: number | undefined): number | undefined {
    if (share === undefined || (share !== this.#givenBack && !this.#isUnwanted)) return share;
    this.#giveBack(share);
    return undefined;
  }

  #giveBack(share: number): void {
    this.#isUnwanted = false;
    if (this.#givenBack === share && this.#isToldGivenBack) return;
    this.#givenBack = share;
    this.#isToldGivenBack = this.#isConnected;
    this.#options.release(share);
  }

  #forgetAsking({ isUnwanted }: { isUnwanted: boolean }): void {
    this.#asking?.forget();
    this.#asking = undefined;
    this.#isUnwanted ||= isUnwanted;
  }

  #unanswered(): void {
    this.stop();
    const message = `Whether you may present was not answered within ${
      TURN_WAIT_MS / 1000
    } s: try it again`;
    this.#options.unanswered(message);
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
    if (share === undefined || this.#source === undefined || !this.#isTold) return;
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
    if (this.#isOver || this.#options.signal.aborted) return stop();
    this.#stopWatching = stop;
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
