import { messageOf, Refusal } from "@fusionmeet/base";
import { ScreenCapture } from "./screen_capture.ts";
import type { CaptureInput } from "./screen_capture_arguments.ts";
import { ScreenFeed } from "./screen_feed.ts";
import type { FromScreenWorker, ScreenStart, ToScreenWorker } from "./screen_handle.ts";

/** While tiles wait to stop changing, it is looked so often whether they have. */
const LOOK_MS = 10;
const FIGURES_MS = 1_000;

type Post = (message: FromScreenWorker, transfer?: Transferable[]) => void;

/** Captures one screen after the other, as it is told, and makes the messages of their share. */
export class ScreenDriver {
  readonly #post: Post;
  #start: ScreenStart | undefined;
  #serverMinusLocalMs = 0;
  #sequence = 0;
  #feed: ScreenFeed | undefined;
  #capture: ScreenCapture | undefined;
  /** What is to be captured; it begins when the one before has let go of its screen. */
  #wanted: CaptureInput | undefined;
  /** The one before has let go of the screen. */
  #released: Promise<void> = Promise.resolve();
  #lookTimer: ReturnType<typeof setTimeout> | undefined;
  #figuresTimer: ReturnType<typeof setInterval> | undefined;

  constructor(post: Post) {
    this.#post = post;
  }

  told(message: ToScreenWorker): void {
    switch (message.to) {
      case "start":
        this.#start = message.options;
        this.#serverMinusLocalMs = message.options.serverMinusLocalMs;
        this.#figuresTimer = setInterval(() => this.#tellFigures(), FIGURES_MS);
        return;
      case "capture":
        return this.#change(message.input);
      case "hold":
        this.#feed?.status(message.status);
        return this.#change(undefined);
      case "clock":
        this.#serverMinusLocalMs = message.serverMinusLocalMs;
        return;
      case "acknowledged":
        this.#feed?.acknowledged(message.sequence);
        return this.#look();
      case "close":
        clearInterval(this.#figuresTimer);
        this.#change(undefined);
        void this.#released.then(() => this.#post({ from: "closed" }));
        return;
    }
  }

  #change(input: CaptureInput | undefined): void {
    const before = this.#capture;
    this.#capture = undefined;
    this.#wanted = input;
    clearTimeout(this.#lookTimer);
    this.#lookTimer = undefined;
    if (before !== undefined) {
      this.#released = Promise.all([this.#released, before.stop()]).then(() => {});
    }
    if (input === undefined) return;
    this.#released = this.#released.then(() => this.#run(input));
  }

  #run(input: CaptureInput): void {
    // Something else was asked for meanwhile, or nothing.
    if (this.#wanted !== input) return;
    const { ffmpeg, encoder } = this.#start!;
    const feed = this.#feed = new ScreenFeed({
      format: input,
      post: (bytes) => this.#post({ from: "message", bytes }, [bytes.buffer]),
      nextSequence: () => this.#sequence = (this.#sequence + 1) >>> 0,
      nowMs: epochMs,
      toServerMs: (localMs) => localMs + this.#serverMinusLocalMs,
    });
    const capture = this.#capture = new ScreenCapture({
      ...{ ffmpeg, encoder, input, nowMs: epochMs },
      sensorBytes: feed.sensorBytes,
      picture: (picture, grey, capturedAtMs) => {
        feed.picture(picture, grey, capturedAtMs);
        this.#look();
      },
      frame: (frame, atMs) => {
        const used = feed.frame(frame, atMs);
        this.#look();
        return used;
      },
    });
    void this.#watch(capture);
  }

  async #watch(capture: ScreenCapture): Promise<void> {
    let words: string;
    try {
      words = await capture.run();
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) return this.#failed(thrown);
      words = thrown.message;
    }
    if (this.#capture !== capture) return;
    this.#capture = undefined;
    this.#post({ from: "ended", lastWords: words });
  }

  #failed(thrown: unknown): void {
    this.#post({ from: "failed", message: messageOf(thrown), stack: (thrown as Error)?.stack });
  }

  /** Sends tiles that are due, and looks again while others wait. */
  #look(): void {
    if (this.#lookTimer !== undefined || this.#capture === undefined) return;
    const isMore = this.#feed!.sendTiles();
    if (!isMore && this.#feed!.pendingTiles === 0) return;
    this.#lookTimer = setTimeout(() => {
      this.#lookTimer = undefined;
      this.#look();
    }, isMore ? 0 : LOOK_MS);
  }

  #tellFigures(): void {
    if (this.#feed === undefined) return;
    const { counts, pendingTiles } = this.#feed;
    const figures = { ...counts, pendingTiles, lags: this.#capture?.lagCount ?? 0 };
    this.#post({ from: "figures", figures });
  }
}

const epochMs = () => performance.timeOrigin + performance.now();
