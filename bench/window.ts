/**
 * `deno task bench window`: what a window costs and how late it is, in Chromium and in the system's webview, on a screen
 * without a monitor: from capture to the screen through the real server with one and nine tiles, sound against
 * picture, from the start to a page that can be used, CPU and memory.
 *
 * `deno run -A bench/window.ts --voice MINUTES [chromium|webview]`: only sound, for a long time, in one after the other:
 * gaps and delay, where a gap comes from, and what a plain player (paplay) with as much ahead misses at the same time.
 */
import { buildPage } from "../tools/build_page.ts";
import { writeWav } from "../tests/support/audio_files.ts";
import { Crowd } from "../tests/support/crowd.ts";
import { launchClient, startServer, usageOf } from "../tests/support/programs.ts";
import { median } from "../tests/support/voices.ts";
import { passRealTime, TemporaryDirectory, until } from "../tests/support/wait.ts";
import {
  type Engine,
  ENGINES,
  findWitness,
  gapsMs,
  silenceMs,
  SKEW_MS,
  WindowSeat,
  witnessDelays,
} from "../tests/support/window_seat.ts";
import { Witness } from "../tests/support/witness.ts";

const TILES = [1, 9];
const SETTLE_MS = 15_000;
const DELAY_GROWTH_MS_MAX = 20;
const CONTROL_AHEAD_MS = 60;
const FILM_SECONDS = 10;
const WITNESS = { name: "Cyd", source: 3, width: 320, height: 240 };

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
    await WindowSeat.take(engine, server, directory, { mic: "silence", camera, tiles }),
  );
  const viewer = ends.use(launchClient({ name: "Viewer", server, args: ["--seconds", "3"] }));
  const { ssrc } = await viewer.waitFor(({ event, participant }) =>
    event === "stream" && participant === WITNESS.name
  );
  // Its tile goes, and the others move.
  await viewer.exit();
  const place = await findWitness(seat.display, WITNESS.source);
  // This process carries the witness's packets, and looking for the picture held them up.
  await passRealTime(SETTLE_MS);
  await using listener = seat.sound.listen("speaker");
  const { result, costs: [program, page] } = await costOf(
    [() => [seat.window.pid], seat.pagePids],
    () => witnessDelays(seat, { witness, ssrc, place, listener, seconds: FILM_SECONDS }),
  );
  const { picturesMs, voiceMs, skewMs } = result;
  return {
    ...{ engine, tiles, startMs: seat.startMs, voiceMs, skewMs, program, page },
    pictureMs: median(picturesMs),
    pictureP95Ms: picturesMs[Math.floor(picturesMs.length * 0.95)],
    picturesPerSecond: picturesMs.length / FILM_SECONDS,
    missedMs: silenceMs(listener, FILM_SECONDS),
  };
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

/** Only sound: every minute the gaps and the delay. @returns minutes that were not perfect. */
async function soak(engine: Engine, minutes: number): Promise<number> {
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
  const record = directory.file("record");
  const sources = { mic: "silence", camera: "off", tiles: 2, record };
  const { sound } = ends.use(await WindowSeat.take(engine, server, directory, sources));
  const steady = directory.file("steady.wav");
  await writeWav(steady, new Int16Array(48_000 * seconds).fill(1_000));
  ends.use(sound.play(steady, { speaker: "control", aheadMs: CONTROL_AHEAD_MS }));
  await passRealTime(SETTLE_MS);
  let wrong = 0;
  let firstMs: number | undefined;
  let before = await deviceOf(record);
  for (let minute = 1; minute <= minutes; minute++) {
    await using listener = sound.listen("speaker");
    await using control = sound.listen("control");
    await passRealTime(60_000);
    const controlMs = silenceMs(control, 60);
    const gaps = gapsMs(listener, 60);
    const missedMs = gaps.reduce((sum, gap) => sum + gap, 0);
    const delayMs = await witness.voiceDelayMs(listener);
    firstMs ??= delayMs;
    if (missedMs > controlMs || !(delayMs - firstMs < DELAY_GROWTH_MS_MAX)) wrong++;
    const device = await deviceOf(record);
    const dry = `${(device.missedMs - before.missedMs).toFixed(0)} ms in ${
      device.underruns - before.underruns
    } times at the page`;
    before = device;
    const lengths = gaps.map((gap) => gap.toFixed(0)).join(" ");
    const words = `${missedMs.toFixed(0)} ms missed (${dry}), delay ${
      delayMs.toFixed(0)
    } ms, paplay ${controlMs.toFixed(0)} ms`;
    console.log(`minute ${minute}, ${engine}: ${words}${lengths && `; gaps of ${lengths} ms`}`);
  }
  return wrong;
}

/** What the sound device of a window that records ran dry, up to the newest statistics. */
async function deviceOf(record: string): Promise<{ underruns: number; missedMs: number }> {
  return await until("the sound device's figures", async () => {
    const text = await Deno.readTextFile(`${record}/stats.json`).catch(() => "{}");
    return JSON.parse(text).device as { underruns: number; missedMs: number } | undefined;
  }) as { underruns: number; missedMs: number };
}

async function main(): Promise<number> {
  await buildPage();
  const voice = Deno.args.indexOf("--voice");
  if (voice >= 0) {
    const minutes = Number(Deno.args[voice + 1] ?? 10);
    const chosen = ENGINES.filter((engine) => Deno.args.includes(engine));
    let wrong = 0;
    for (const engine of chosen.length > 0 ? chosen : ENGINES) wrong += await soak(engine, minutes);
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
