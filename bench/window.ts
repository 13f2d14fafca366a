/**
 * `deno task bench window`: what a window costs and how late it is, in Chromium and in the system's webview, on a screen
 * without a monitor: from capture to the screen through the real server with one and nine tiles, sound against
 * picture, from the start to a page that can be used, CPU and memory.
 *
 * `deno run -A bench/window.ts --voice MINUTES`: only sound, for a long time: gaps and delay in both.
 */
import { buildPage } from "../tools/build_page.ts";
import { startChromium } from "../tests/support/browser.ts";
import { Crowd } from "../tests/support/crowd.ts";
import { Display } from "../tests/support/display.ts";
import {
  childrenOf,
  launchClient,
  launchWindow,
  type ServerProgram,
  startServer,
  usageOf,
  type WindowProgram,
} from "../tests/support/programs.ts";
import { filmNumbers, findNumber } from "../tests/support/screen_film.ts";
import { type Listener, SoundServer } from "../tests/support/sound.ts";
import { median } from "../tests/support/voices.ts";
import { passRealTime, TemporaryDirectory, until } from "../tests/support/wait.ts";
import { Witness } from "../tests/support/witness.ts";

type Engine = "chromium" | "webview";

const ENGINES: readonly Engine[] = ["chromium", "webview"];
const TILES = [1, 9];
const SETTLE_MS = 15_000;
const DELAY_GROWTH_MS_MAX = 20;
/** On it tiles are 4:3, like the pictures: nothing is cut off. */
const screenFor = (tiles: number) => ({ width: 1_280, height: tiles > 2 ? 1_150 : 800 });
const FILM_SECONDS = 10;
const WITNESS = { name: "Cyd", source: 3, width: 320, height: 240 };
/** Sound may be so much early or late against its picture (ITU-R BT.1359), ms. */
const SKEW_MS = { min: -125, max: 45 };

interface Row {
  readonly engine: Engine;
  readonly tiles: number;
  /** From spawning the program to a page that can be used. */
  readonly startMs: number;
  readonly pictureMs: number;
  readonly pictureP95Ms: number;
  readonly picturesPerSecond: number;
  readonly voiceMs: number;
  /** Positive: the sound is early. */
  readonly skewMs: number;
  readonly missedMs: number;
  readonly program: Cost;
  readonly page: Cost;
}

interface Cost {
  readonly cpuPercent: number;
  readonly mebibytes: number;
}

interface SeatSources {
  readonly mic: string;
  readonly camera: string;
  /** For how many the screen is made. */
  readonly tiles: number;
}

/** A window of `engine` on a display and speaker of its own. */
class Seat implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  display!: Display;
  sound!: SoundServer;
  window!: WindowProgram;
  startMs = NaN;
  /** Of the processes that show the page. */
  pagePids: () => number[] = () => [];

  static async take(
    engine: Engine,
    server: ServerProgram,
    directory: TemporaryDirectory,
    sources: SeatSources,
  ): Promise<Seat> {
    const seat = new Seat();
    try {
      await seat.#take(engine, server, directory, sources);
      return seat;
    } catch (thrown) {
      await seat[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #take(
    engine: Engine,
    server: ServerProgram,
    directory: TemporaryDirectory,
    { tiles, ...sources }: SeatSources,
  ): Promise<void> {
    const screen = screenFor(tiles);
    const folder = directory.file(`sound-${engine}`);
    await Deno.mkdir(folder);
    this.sound = this.#ends.use(await SoundServer.start(folder, ["speaker"]));
    this.display = this.#ends.use(await Display.start(screen.width, screen.height));
    await Deno.mkdir(directory.file(engine));
    await Deno.writeTextFile(directory.file(`${engine}/window.json`), JSON.stringify(screen));
    const env = { ...this.display.env, ...this.sound.env("speaker") };
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
      }, { everyMs: 500 });
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

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function nameOf(pid: number): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
  } catch {
    return "";
  }
}

/** CPU and memory of processes over the time `during` takes. */
async function costOf<T>(
  groups: readonly (() => number[])[],
  during: () => Promise<T>,
): Promise<{ result: T; costs: Cost[] }> {
  const look = () =>
    groups.map((pids) => {
      const usages = pids().map((pid) => {
        try {
          return usageOf(pid);
        } catch {
          return { cpuMs: 0, residentBytes: 0 };
        }
      });
      const sum = (of: "cpuMs" | "residentBytes") =>
        usages.reduce((total, usage) => total + usage[of], 0);
      return { cpuMs: sum("cpuMs"), bytes: sum("residentBytes") };
    });
  const before = look();
  const fromMs = performance.now();
  const result = await during();
  const ms = performance.now() - fromMs;
  const costs = look().map(({ cpuMs, bytes }, index) => ({
    cpuPercent: (cpuMs - before[index].cpuMs) / ms * 100,
    mebibytes: bytes / 2 ** 20,
  }));
  return { result, costs };
}

async function measure(engine: Engine, tiles: number): Promise<Row> {
  await using directory = new TemporaryDirectory();
  await using server = await startServer({ data: directory.file("server") });
  await using ends = new AsyncDisposableStack();
  const witness = ends.use(await Witness.start({ ...WITNESS, server, directory, seconds: 90 }));
  await witness.program.waitFor("joined");
  // One of nine tiles is one's own. The others are in this process: nine whole clients would take all of a small machine.
  ends.use(await Crowd.join(server, Math.max(0, tiles - 2), { cameras: true }));
  const camera = tiles > 1 ? "testsrc" : "off";
  const seat = ends.use(
    await Seat.take(engine, server, directory, { mic: "silence", camera, tiles }),
  );
  const viewer = ends.use(launchClient({ name: "Viewer", server, args: ["--seconds", "3"] }));
  const { ssrc } = await viewer.waitFor(({ event, participant }) =>
    event === "stream" && participant === WITNESS.name
  );
  // Its tile goes, and the others move.
  await viewer.exit();
  const look = async () => findNumber(await seat.display.look(), WITNESS.source);
  const seen = await until("the witness on the screen", look, {
    timeoutMs: 30_000,
    everyMs: 1_000,
  });
  // This process carries the witness's packets, and looking for the picture held them up.
  await passRealTime(SETTLE_MS);
  await using listener = seat.sound.listen("speaker");
  const { result: film, costs: [program, page] } = await costOf(
    [() => [seat.window.pid], seat.pagePids],
    () => filmNumbers(seat.display, seen!.place, FILM_SECONDS),
  );
  const capturedAtMs = witness.capturedAtMs(ssrc);
  const delays = [...film].flatMap(([frame, atMs]) =>
    capturedAtMs[frame] === undefined ? [] : [atMs - capturedAtMs[frame]]
  ).toSorted((a, b) => a - b);
  const pictureMs = median(delays);
  const voiceMs = await witness.voiceDelayMs(listener);
  return {
    ...{ engine, tiles, startMs: seat.startMs, pictureMs, voiceMs, program, page },
    pictureP95Ms: delays[Math.floor(delays.length * 0.95)],
    picturesPerSecond: film.size / FILM_SECONDS,
    skewMs: pictureMs - voiceMs,
    missedMs: silenceMs(listener, FILM_SECONDS),
  };
}

/** Digital silence in the newest sound, ms: the witness is never silent. */
function silenceMs(listener: Listener, seconds: number): number {
  const samples = listener.newest(seconds * 48_000);
  let silent = 0;
  for (let at = 0; at < samples.length;) {
    let end = at;
    while (end < samples.length && samples[end] === 0) end++;
    if (end - at > 48) silent += end - at;
    at = end + 1;
  }
  return silent / 48;
}

const columns = (row: Row) => [
  ["engine", row.engine],
  ["tiles", String(row.tiles)],
  ["start ms", row.startMs.toFixed(0)],
  ["picture ms", row.pictureMs.toFixed(0)],
  ["p95", row.pictureP95Ms.toFixed(0)],
  ["fps", row.picturesPerSecond.toFixed(1)],
  ["voice ms", row.voiceMs.toFixed(0)],
  ["skew ms", row.skewMs.toFixed(0)],
  ["missed ms", row.missedMs.toFixed(0)],
  ["program CPU %", row.program.cpuPercent.toFixed(0)],
  ["MiB", row.program.mebibytes.toFixed(0)],
  ["page CPU %", row.page.cpuPercent.toFixed(0)],
  ["MiB", row.page.mebibytes.toFixed(0)],
];

function print(row: Row): void {
  console.log(columns(row).map(([name, value]) => `${name} ${value}`).join(", "));
}

/** Only sound, in both engines at once: every minute the gaps and the delay. @returns minutes that were not perfect. */
async function soak(minutes: number): Promise<number> {
  await using directory = new TemporaryDirectory();
  await using server = await startServer({ data: directory.file("server") });
  await using ends = new AsyncDisposableStack();
  const seconds = minutes * 60 + 90;
  const still = { width: 64, height: 48, isFilmed: false };
  const witness = ends.use(
    await Witness.start({ ...WITNESS, ...still, server, directory, seconds }),
  );
  await witness.program.waitFor("joined");
  await witness.program.send({ do: "camera", on: false });
  const seats: Seat[] = [];
  for (const engine of ENGINES) {
    const sources = { mic: "silence", camera: "off", tiles: 2 };
    seats.push(ends.use(await Seat.take(engine, server, directory, sources)));
  }
  await passRealTime(SETTLE_MS);
  let wrong = 0;
  const firstMs: number[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await using listening = new AsyncDisposableStack();
    const listeners = seats.map(({ sound }) => listening.use(sound.listen("speaker")));
    await passRealTime(60_000);
    for (const [index, listener] of listeners.entries()) {
      const missedMs = silenceMs(listener, 60);
      const delayMs = await witness.voiceDelayMs(listener);
      firstMs[index] ??= delayMs;
      if (missedMs > 0 || !(delayMs - firstMs[index] < DELAY_GROWTH_MS_MAX)) wrong++;
      const words = `${missedMs.toFixed(0)} ms missed, delay ${delayMs.toFixed(0)} ms`;
      console.log(`minute ${minute}, ${ENGINES[index]}: ${words}`);
    }
  }
  return wrong;
}

async function main(): Promise<number> {
  await buildPage();
  const voice = Deno.args.indexOf("--voice");
  if (voice >= 0) {
    const wrong = await soak(Number(Deno.args[voice + 1] ?? 10));
    console.log(wrong === 0 ? "No gap, no growing delay" : `${wrong} minutes were not perfect`);
    return wrong === 0 ? 0 : 1;
  }
  let wrong = 0;
  for (const engine of ENGINES) {
    for (const tiles of TILES) {
      const row = await measure(engine, tiles);
      print(row);
      if (!(row.skewMs >= SKEW_MS.min && row.skewMs <= SKEW_MS.max)) wrong++;
    }
  }
  if (wrong > 0) console.log(`${wrong} of the skews are outside ${SKEW_MS.min}..${SKEW_MS.max} ms`);
  return wrong === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
