/** Who hears whom, how loud and until when, between the real programs: all from what they recorded. */
import { ok, strictEqual } from "node:assert/strict";
import { levelAt, peakDbfs } from "./support/audio.ts";
import { type ProgramEvent, startServer } from "./support/programs.ts";
import { Ear, epochMs, Voices } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory } from "./support/wait.ts";

/** What everybody says: a tone. Of the first three no harmonic and no mixing product falls on another. */
const TONES = {
  Ada: { hz: 431, dbfs: -12 },
  Bob: { hz: 617, dbfs: -12 },
  Cy: { hz: 929, dbfs: -12 },
  Dan: { hz: 523, dbfs: -20 },
  Eve: { hz: 1_051, dbfs: -20 },
} as const;
type Talker = keyof typeof TONES;

/** A level may be this far from what was sent, dB. */
const TOLERANCE_DB = 1;
/** Below this nobody's tone is there: all send -20 dBFS or more, and a glitch of others leaves up to -60 dBFS. */
const NOTHING_DBFS = -50;
/** So long without a tone, and its talker is silent. */
const SILENCE_MS = 100;

function hears(ear: Ear, names: readonly Talker[]): boolean {
  return names.every((name) =>
    name === ear.name || Math.abs(ear.level(TONES[name].hz) - TONES[name].dbfs) < TOLERANCE_DB
  );
}

function levels(ear: Ear): Record<Talker, number> {
  const entries = Object.entries(TONES).map(([name, { hz }]) => [name, ear.level(hz)]);
  return Object.fromEntries(entries);
}

function words(ear: Ear): string {
  const heard = Object.entries(levels(ear)).map(([name, level]) => `${name} ${level.toFixed(1)}`);
  return `${ear.name} hears ${heard.join(", ")} dBFS`;
}

/** How long after `fromMs` a talker is still heard, in steps of 5 ms: until the tone is away for a while. */
function heardForMs(ear: Ear, talker: Talker, fromMs: number): number {
  let heardMs = 0;
  for (let atMs = 0; atMs < heardMs + SILENCE_MS; atMs += 5) {
    const level = levelAt(ear.samples, TONES[talker].hz, ear.span(fromMs + atMs - 20, 40));
    if (level > NOTHING_DBFS) heardMs = atMs;
  }
  return heardMs;
}

const LISTENERS = ["Ada", "Bob", "Lis"] as const;

/**
 * Ada, Bob and Cy talk. Cy is killed, Bob mutes, then Ada. Then Dan and Eve talk, who were muted all the time. Lis is
 * silent all the time.
 */
async function meet() {
  await using directory = new TemporaryDirectory();
  await using server = await startServer({ data: directory.file("server") });
  const names = [...Object.keys(TONES), "Lis"] as (Talker | "Lis")[];
  await using voices = await Voices.gather(names.map((name) => ({
    name,
    server,
    mic: name === "Lis" ? "silence" : `tone:${TONES[name].hz}@${TONES[name].dbfs}`,
    record: directory.file(name),
  })));
  const once = (name: string, talkers: readonly Talker[]) => {
    const who = { name, directory: directory.file(name) };
    return Ear.once(who, talkers.join(", "), (ear) => hears(ear, talkers));
  };
  const three = ["Ada", "Bob", "Cy"] as const;
  await voices.turn([...three, "Lis"], true);
  const whileThreeTalk = await Promise.all(LISTENERS.map((name) => once(name, three)));

  const ada = voices.of("Ada");
  const when = (what: string, fits: (event: ProgramEvent) => boolean) =>
    ada.waitFor(fits, { what, after: ada.events.length })
      .then(({ seenMs }) => performance.timeOrigin + seenMs);
  const killedMs = epochMs();
  const offList = when(
    "that Cy is off the list",
    ({ name, state, reason }) => name === "Cy" && state === "left" && reason === "lost",
  );
  await voices.of("Cy").kill();
  await passRealTime(1_500);
  const bobTold = when(
    "that Bob is muted",
    ({ name, microphone }) => name === "Bob" && microphone === false,
  );
  const bobMutedMs = await voices.turn(["Bob"], false);
  const bobToldMs = await bobTold;
  await passRealTime(1_000);
  const adaMutedMs = await voices.turn(["Ada"], false);
  await passRealTime(1_000);
  const allSilentMs = epochMs();
  await voices.turn(["Dan", "Eve"], true);
  const whileTwoTalk = await Promise.all(LISTENERS.map((name) => once(name, ["Dan", "Eve"])));
  const offListMs = await offList;
  await voices.leave(names.filter((name) => name !== "Cy"));
  const ears = await Promise.all(LISTENERS.map((name) => Ear.open(name, directory.file(name))));
  return {
    whileThreeTalk,
    whileTwoTalk,
    ears,
    killedMs,
    offListMs,
    bobMutedMs,
    bobToldMs,
    adaMutedMs,
    allSilentMs,
  };
}

let met: ReturnType<typeof meet> | undefined;
const meeting = () => met ??= meet();

Deno.test("Everybody hears the others at the level they were sent, and themselves 50 dB below or less", async () => {
  const { whileThreeTalk } = await meeting();
  for (const ear of whileThreeTalk) {
    const heard = levels(ear);
    const others = (["Ada", "Bob", "Cy"] as const).filter((name) => name !== ear.name);
    const quietest = Math.min(...others.map((name) => heard[name]));
    ok(quietest > -12 - TOLERANCE_DB, words(ear));
    if (ear.name !== "Lis") ok(heard[ear.name as Talker] < quietest - 50, words(ear));
    for (const muted of ["Dan", "Eve"] as const) ok(heard[muted] < NOTHING_DBFS, words(ear));
  }
});

Deno.test("Two who talk at -20 dBFS are heard at -20 dBFS, and who is muted, silent or gone not at all", async () => {
  const { whileTwoTalk } = await meeting();
  for (const ear of whileTwoTalk) {
    const heard = levels(ear);
    for (const name of ["Dan", "Eve"] as const) {
      ok(Math.abs(heard[name] - -20) < TOLERANCE_DB, words(ear));
    }
    for (const name of ["Ada", "Bob", "Cy"] as const) ok(heard[name] < NOTHING_DBFS, words(ear));
  }
});

Deno.test("A talker who was killed is silent within 300 ms and off the list within 6 s", async () => {
  const { ears, killedMs, offListMs } = await meeting();
  for (const ear of ears) {
    const silentMs = heardForMs(ear, "Cy", killedMs);
    ok(silentMs < 300, `${ear.name} hears Cy for ${silentMs.toFixed(0)} ms more`);
  }
  const offMs = offListMs - killedMs;
  ok(offMs < 6_000, `off the list after ${offMs.toFixed(0)} ms`);
});

Deno.test("Who mutes is silent within 250 ms, all are told, and when all are muted there is digital silence", async () => {
  const { ears, bobMutedMs, bobToldMs, adaMutedMs, allSilentMs } = await meeting();
  ok(bobToldMs - bobMutedMs < 500, `told after ${(bobToldMs - bobMutedMs).toFixed(0)} ms`);
  for (const ear of ears) {
    if (ear.name !== "Bob") {
      const silentMs = heardForMs(ear, "Bob", bobMutedMs);
      ok(silentMs < 250, `${ear.name} hears Bob for ${silentMs.toFixed(0)} ms more`);
    }
    const silence = ear.span(adaMutedMs + 500, allSilentMs - adaMutedMs - 500);
    strictEqual(peakDbfs(ear.samples, silence), -Infinity, `${ear.name} hears something`);
  }
});

/** Who stays above this is in the mix; the limiter brings eight at -6 dBFS down to about -18. */
const PRESENT_DBFS = -30;

Deno.test("Of ten who are loud eight are heard, and no sample is above -1 dBFS with eight or ten", async () => {
  await using directory = new TemporaryDirectory();
  await using server = await startServer({ data: directory.file("server") });
  const hertz = [311, 433, 557, 701, 863, 1019, 1187, 1361, 1543, 1733];
  const names = hertz.map((hz) => `Hz${hz}`);
  const [first, last] = [names[0], names[9]];
  const recording = [first, last, "Lis"];
  await using voices = await Voices.gather([...names, "Lis"].map((name, nth) => ({
    name,
    server,
    mic: nth < 10 ? `tone:${hertz[nth]}@-6` : "silence",
    record: recording.includes(name) ? directory.file(name) : undefined,
  })));
  const present = (ear: Ear, part?: { fromMs: number; ms: number }) =>
    names.filter((_, nth) => ear.level(hertz[nth], part) > PRESENT_DBFS);
  const allHear = (count: number, without?: string) =>
    Promise.all(
      recording.map((name) =>
        Ear.once({ name, directory: directory.file(name) }, `${count} voices`, (ear) =>
          present(ear).length === (name === without ? count - 1 : count))
      ),
    );
  await voices.turn(names.slice(0, 8), true);
  await allHear(8, first);
  await voices.turn(names.slice(8), true);
  await allHear(8);
  await passRealTime(1_000);
  await voices.leave();
  for (const name of recording) {
    const ear = await Ear.open(name, directory.file(name));
    const peak = peakDbfs(ear.samples);
    ok(peak <= -1, `${name} hears a peak of ${peak.toFixed(2)} dBFS`);
    for (let fromMs = ear.timeOf(0); fromMs + 500 < ear.endMs; fromMs += 250) {
      const heard = present(ear, { fromMs, ms: 500 });
      ok(heard.length <= 8 && !heard.includes(name), `${name} hears ${heard}`);
    }
  }
});
