/** How long a voice takes from the microphone to the ear, measured by clicks of known time between the real programs. */
import { ok } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { addInto, clickPattern, locate } from "./support/audio.ts";
import { writeWav } from "./support/audio_files.ts";
import { startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { Ear, judge, median, Voices, wasHeldUp } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory } from "./support/wait.ts";

const SECONDS = 60;
/** The latest of them are looked at. */
const CLICKS = 6;
/** A frame: the buffers of server and listener move by one each where a computer is held up a little, one person's and not another's. */
const TOLERANCE_MS = 20;
const BASE_DELAY_MS_MAX = 150;
const SETTLING_MS_MAX = 15_000;
const MEASURED_MS = 8_000;
const SCORE_MIN = 0.4;

/** A click every second or so over a quiet noise that keeps the voice going. */
class Speaker {
  readonly clicksAt: number[] = [];
  readonly pattern: Int16Array;
  readonly samples = new Int16Array(SECONDS * 48_000);

  constructor(readonly name: string, readonly addedMs: number, seed: number) {
    const random = seededRandom(seed);
    this.pattern = clickPattern(seed);
    let low = 0;
    for (let at = 0; at < this.samples.length; at++) {
      low += 0.1 * (2 * random.fraction() - 1 - low);
      this.samples[at] = Math.round(1_500 * low);
    }
    for (let at = 48_000; at < this.samples.length - 48_000;) {
      this.clicksAt.push(at);
      addInto(this.samples, this.pattern, at);
      at += Math.round((0.9 + 0.4 * random.fraction()) * 48_000);
    }
  }

  /** From capture to ear, ms: the median of the latest clicks in the mix; NaN where most are not found. */
  delayMs(ear: Ear, startedAtMs: number): number {
    const reach = 36_000;
    const heard = this.clicksAt.map((at) => ear.at(startedAtMs) + at)
      .filter((at) => at >= 0 && at + reach < ear.samples.length);
    const found = heard.slice(-CLICKS).map((at) => {
      const click = locate(this.pattern, ear.samples, { from: at, count: reach });
      return { delayMs: (click.at - at) / 48, score: click.score };
    }).filter(({ score }) => score > SCORE_MIN);
    return found.length > CLICKS / 2 ? median(found.map(({ delayMs }) => delayMs)) : NaN;
  }
}

interface Told {
  readonly voices: readonly { readonly participant: string; readonly voiceDelayMs: number }[];
}

/** The client's own figure of somebody's delay, ms. */
function toldMs({ voices }: Told, name: string): number {
  return voices.find(({ participant }) => participant === name)?.voiceDelayMs ?? NaN;
}

/** Gives delays that rose while the programs started time to fall again, by the client's own figures. */
async function untilTold(record: string, speakers: readonly Speaker[]): Promise<void> {
  const deadline = performance.now() + SETTLING_MS_MAX;
  while (performance.now() < deadline) {
    await passRealTime(500);
    const told = await Deno.readTextFile(`${record}/stats.json`)
      .then((text) => JSON.parse(text) as Told, () => undefined);
    const base = told ? toldMs(told, speakers[0].name) : NaN;
    const settled = base < BASE_DELAY_MS_MAX &&
      speakers.every(({ name, addedMs }) =>
        Math.abs(toldMs(told!, name) - base - addedMs) < TOLERANCE_MS
      );
    if (settled) return;
  }
}

/** Meets for a while, and measures afterwards: the proxies are in this process, which must have time for them. */
async function measure(speakers: readonly Speaker[]) {
  await using directory = new TemporaryDirectory();
  for (const { name, samples } of speakers) await writeWav(directory.file(`${name}.wav`), samples);
  await using server = await startServer({ data: directory.file("server") });
  await using proxies = new AsyncDisposableStack();
  const people = speakers.map(({ name, addedMs }, nth) => {
    // Both ways, so that the speaker's clock can be synchronised; the way back matters for nothing else.
    const options = { hostname: `127.0.0.${nth + 2}`, both: { delayMs: addedMs } };
    const proxy = proxies.use(new Proxy(server, options));
    const record = directory.file(name);
    return { name, server: proxy, mic: directory.file(`${name}.wav`), record };
  });
  const record = directory.file("Ear");
  await using voices = await Voices.gather([...people, { name: "Ear", server, record }]);
  await voices.turn(speakers.map(({ name }) => name), true);
  await untilTold(record, speakers);
  await passRealTime(MEASURED_MS);
  await voices.leave();
  await server.stop();
  const ear = await Ear.open("Ear", record);
  const figures: { name: string; delayMs: number; toldMs: number }[] = [];
  for (const speaker of speakers) {
    const { name } = speaker;
    const { statistics } = await Ear.open(name, directory.file(name));
    const delayMs = speaker.delayMs(ear, statistics.micStartedAt);
    figures.push({ name, delayMs, toldMs: toldMs(ear.statistics, name) });
  }
  return { figures, playoutMs: ear.mix.playoutDelayMs as number, heldUp: wasHeldUp(server) };
}

Deno.test("A voice is heard after a steady delay, longer by just what the network adds, and the client knows it", async () => {
  const seed = testSeed("clicks");
  const speakers = [0, 50, 150].map((addedMs, nth) =>
    new Speaker(`Late${addedMs}`, addedMs, seed + nth)
  );
  const { delay } = await judge(async () => {
    const { figures, playoutMs, heldUp } = await measure(speakers);
    const base = figures[0].delayMs;
    const fine = base < BASE_DELAY_MS_MAX &&
      figures.every(({ delayMs, toldMs }, nth) =>
        Math.abs(delayMs - base - speakers[nth].addedMs) < TOLERANCE_MS &&
        Math.abs(toldMs - delayMs) < TOLERANCE_MS
      );
    const words = figures.map(({ name, delayMs, toldMs }) =>
      `${name} ${delayMs.toFixed(1)} ms (told ${toldMs.toFixed(1)} ms)`
    ).join(", ") + `; ${playoutMs.toFixed(1)} ms of that in the client's buffer`;
    return { verdicts: { delay: { fine, words } }, heldUp };
  });
  console.log(delay.words);
  ok(delay.fine, delay.words);
});
