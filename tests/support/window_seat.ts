import { startChromium } from "./browser.ts";
import { Display } from "./display.ts";
import { childrenOf, launchWindow, type ServerProgram, type WindowProgram } from "./programs.ts";
import { filmNumbers, findNumber, type Place } from "./screen_film.ts";
import { type Listener, SoundServer } from "./sound.ts";
import { median } from "./voices.ts";
import { passRealTime, type TemporaryDirectory, until } from "./wait.ts";
import type { Witness } from "./witness.ts";

/** What shows the page. */
export const ENGINES = ["chromium", "webview"] as const;
export type Engine = typeof ENGINES[number];

/** Sound may be so much early or late against its picture (ITU-R BT.1359), ms. */
export const SKEW_MS = { min: -125, max: 45 };

/** On it tiles are 4:3, like the pictures: nothing is cut off. */
const screenFor = (tiles: number) => ({ width: 1_280, height: tiles > 2 ? 1_150 : 800 });

export interface SeatSources {
  readonly mic: string;
  readonly camera: string;
  readonly record?: string;
  /** More of the program's environment. */
  readonly env?: Record<string, string>;
  /** For how many the screen is made. */
  readonly tiles: number;
}

/** Somebody at a window of `engine`, on a display and a sound server of its own (`speaker`, and `control` for comparison), who has joined by click or key. */
export class WindowSeat implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  readonly engine: Engine;
  display!: Display;
  sound!: SoundServer;
  window!: WindowProgram;
  /** From spawning the program to a page that can be used. */
  startMs = NaN;
  /** Of the processes that show the page. */
  pagePids: () => number[] = () => [];

  static async take(
    engine: Engine,
    server: ServerProgram,
    directory: TemporaryDirectory,
    sources: SeatSources,
  ): Promise<WindowSeat> {
    const seat = new WindowSeat(engine);
    try {
      await seat.#take(server, directory, sources);
      return seat;
    } catch (thrown) {
      await seat[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  async #take(
    server: ServerProgram,
    directory: TemporaryDirectory,
    { tiles, env: more, ...sources }: SeatSources,
  ): Promise<void> {
    const { engine } = this;
    const screen = screenFor(tiles);
    const folder = directory.file(`sound-${engine}`);
    await Deno.mkdir(folder);
    this.sound = this.#ends.use(await SoundServer.start(folder, ["speaker", "control"]));
    this.display = this.#ends.use(await Display.start(screen.width, screen.height));
    await Deno.mkdir(directory.file(engine));
    await Deno.writeTextFile(directory.file(`${engine}/window.json`), JSON.stringify(screen));
    const env = { ...this.display.env, ...this.sound.env("speaker"), ...more };
    const startedAtMs = performance.now();
    this.window = this.#ends.use(launchWindow({
      ...{ name: engine, server, env, ...sources },
      browser: engine === "chromium",
      data: directory.file(engine),
    }));
    if (engine === "chromium") {
      const url = await this.window.link();
      const browser = await startChromium({
        env,
        display: true,
        args: ["--window-position=0,0", `--window-size=${screen.width},${screen.height}`],
      });
      this.#ends.defer(() => browser.close());
      const page = await browser.newPage({ viewport: null });
      this.pagePids = () => descendantsOf(Deno.pid).filter((pid) => nameOf(pid) === "chromium");
      await page.goto(url);
      await this.window.waitFor("page", { timeoutMs: 30_000 });
      this.startMs = performance.now() - startedAtMs;
      await page.getByRole("button", { name: "Join", exact: true }).click();
    } else {
      this.pagePids = () =>
        descendantsOf(this.window.pid).filter((pid) => nameOf(pid) !== "ffmpeg");
      await this.window.waitFor("page", { timeoutMs: 30_000 });
      this.startMs = performance.now() - startedAtMs;
      // The field or button that has the focus takes it.
      await until("the window has the focus", async () => {
        await this.display.xdotool("key", "Return");
        await passRealTime(500);
        return server.events.some(({ event, name }) => event === "joined" && name === engine) ||
          await this.#hasJoined();
      }, { everyMs: 500, timeoutMs: 40_000 });
    }
  }

  /** The join button is gone from the screen once one has joined: the program then has a UDP socket. */
  async #hasJoined(): Promise<boolean> {
    const sockets = await Deno.readTextFile(`/proc/${this.window.pid}/net/udp`);
    const own = [...Deno.readDirSync(`/proc/${this.window.pid}/fd`)].map(({ name }) => {
      try {
        return /socket:\[(\d+)\]/.exec(Deno.readLinkSync(`/proc/${this.window.pid}/fd/${name}`))
          ?.[1];
      } catch {
        return undefined;
      }
    });
    return own.some((inode) => inode !== undefined && sockets.includes(` ${inode} `));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

/** All processes that `pid` started, and those that they did. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function nameOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
  } catch {
    return "";
  }
}

/** Stretches of digital silence in the newest sound, ms each: a witness is never silent. */
export function gapsMs(listener: Listener, seconds: number): number[] {
  const samples = listener.newest(seconds * 48_000);
  const gaps: number[] = [];
  for (let at = 0; at < samples.length;) {
    let end = at;
    while (end < samples.length && samples[end] === 0) end++;
    if (end - at > 48) gaps.push((end - at) / 48);
    at = end + 1;
  }
  return gaps;
}

/** All of `gapsMs`, ms. */
export function silenceMs(listener: Listener, seconds: number): number {
  return gapsMs(listener, seconds).reduce((sum, gap) => sum + gap, 0);
}

/** Where the picture of a witness is on a screen. @param source its number. */
export async function findWitness(display: Display, source: number): Promise<Place> {
  const look = async () => findNumber(await display.look(), source);
  const seen = await until("the witness on the screen", look, {
    timeoutMs: 30_000,
    everyMs: 1_000,
  });
  return seen!.place;
}

/** How late a witness is on a screen and a speaker, ms. */
export interface WitnessDelays {
  /** Of each picture that was seen, ascending. */
  readonly picturesMs: readonly number[];
  readonly voiceMs: number;
  /** The median picture against the voice; positive: the sound is early. */
  readonly skewMs: number;
}

/** Films and listens for so long. @param of.ssrc that of the witness's camera. */
export async function witnessDelays(
  { display }: WindowSeat,
  of: { witness: Witness; ssrc: number; place: Place; listener: Listener; seconds: number },
): Promise<WitnessDelays> {
  const { witness, ssrc, place, listener, seconds } = of;
  const film = await filmNumbers(display, place, seconds);
  const capturedAtMs = witness.capturedAtMs(ssrc);
  const picturesMs = [...film].flatMap(([frame, atMs]) => {
    const capturedMs = capturedAtMs[frame];
    return capturedMs === undefined ? [] : [atMs - capturedMs];
  }).toSorted((a, b) => a - b);
  const voiceMs = await witness.voiceDelayMs(listener);
  return { picturesMs, voiceMs, skewMs: median(picturesMs) - voiceMs };
}
