import { messageOf, ProtocolError, Refusal } from "@fusionmeet/base";
import { FfmpegProcess } from "./ffmpeg_process.ts";
import { captureSentence } from "./last_words.ts";

/**
 * What a source has to say to the user: `trouble` when it fails and is tried again, `running` when it works
 * (again), `ended` when it was given up.
 */
export interface CaptureReport {
  readonly state: "running" | "trouble" | "ended";
  /** A sentence: what failed, in ffmpeg's own last words, and what to do. Empty for `running`. */
  readonly message: string;
}

/** Waits between tries; after the last one the source is given up. */
export const RETRY_DELAYS_MS: readonly number[] = [500, 1_000, 2_000, 4_000, 8_000, 8_000];
/** A source that ran this long has its tries back. */
const STEADY_MS = 10_000;
/** A device that is open and gives nothing is opened again after this. */
const STALL_MS = 10_000;

interface CaptureLoopOptions {
  readonly kind: "camera" | "microphone";
  readonly ffmpeg: string;
  /** Argument lists to try in turn until one gives something. */
  readonly variants: readonly (readonly string[])[];
  /** Called at the start of every run; gives what takes its output. A `ProtocolError` from that ends the run. */
  readonly begin: () => (chunk: Uint8Array) => void;
  readonly report?: (report: CaptureReport) => void;
  /** None: one failure ends it. */
  readonly retryDelaysMs?: readonly number[];
}

/** Keeps an ffmpeg running on a device: starts it again when it ends, with growing patience, then gives up. */
export class CaptureLoop {
  readonly #options: CaptureLoopOptions;
  readonly #stopping = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #stopped = false;
  #process: FfmpegProcess | undefined;
  #state: CaptureReport["state"] | undefined;
  /** Runs that ended by themselves. */
  failureCount = 0;

  constructor(options: CaptureLoopOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Nothing is handed on after the call; resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.resolve();
    await this.#process?.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { variants, retryDelaysMs = RETRY_DELAYS_MS } = this.#options;
    let tries = 0;
    let variant = 0;
    let firstWords: string | undefined;
    while (!this.#stopped) {
      const run = await this.#runOnce(variants[variant]);
      if (this.#stopped) return;
      this.failureCount++;
      firstWords ??= run.lastWords;
      if (run.steadyMs === 0 && variant + 1 < variants.length) {
        variant++;
        continue;
      }
      if (run.steadyMs >= STEADY_MS) tries = 0;
      const words = run.steadyMs > 0 ? run.lastWords : firstWords;
      const message = captureSentence(this.#options.kind, words);
      if (tries >= retryDelaysMs.length) return this.#report("ended", message);
      this.#report("trouble", message);
      await this.#pause(retryDelaysMs[tries++]);
      if (run.steadyMs === 0) variant = 0;
      firstWords = undefined;
    }
  }

  async #runOnce(args: readonly string[]): Promise<{ steadyMs: number; lastWords: string }> {
    let process: FfmpegProcess;
    try {
      process = this.#process = FfmpegProcess.start(this.#options.ffmpeg, args);
    } catch (error) {
      if (error instanceof Refusal) return { steadyMs: 0, lastWords: error.message };
      throw error;
    }
    const watchdog = new Watchdog(STALL_MS, () => process.stop());
    let firstMs: number | undefined;
    let broken: string | undefined;
    try {
      const take = this.#options.begin();
      for await (const chunk of process.chunks) {
        if (this.#stopped) break;
        watchdog.feed();
        take(chunk);
        firstMs ??= performance.now();
        this.#report("running", "");
      }
    } catch (error) {
      // Anything else is the mistake of whoever takes the pictures: it ends this program's thread, loudly.
      if (!(error instanceof ProtocolError)) throw error;
      broken = messageOf(error);
    } finally {
      watchdog.stop();
      await process.stop();
    }
    const { lastWords } = await process.exit;
    const stalled = watchdog.barked ? `it gave nothing for ${STALL_MS / 1000} seconds` : undefined;
    const steadyMs = firstMs === undefined ? 0 : Math.max(1, performance.now() - firstMs);
    return { steadyMs, lastWords: broken ?? stalled ?? lastWords };
  }

  /** Says a state when it changes; every failure is one. */
  #report(state: CaptureReport["state"], message: string): void {
    if (state === "running" && this.#state === "running") return;
    this.#state = state;
    if (!this.#stopped) this.#options.report?.({ state, message });
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    await Promise.race([promise, this.#stopping.promise]);
    clearTimeout(timer);
  }
}

/** Calls `bark` once when it is not fed for `limitMs`. */
class Watchdog {
  readonly #limitMs: number;
  readonly #bark: () => void;
  #timer: ReturnType<typeof setTimeout>;
  barked = false;

  constructor(limitMs: number, bark: () => void) {
    this.#limitMs = limitMs;
    this.#bark = () => {
      this.barked = true;
      bark();
    };
    this.#timer = setTimeout(this.#bark, limitMs);
  }

  feed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#bark, this.#limitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
