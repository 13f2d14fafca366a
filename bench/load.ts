/**
 * The load generator: puts 10, 25, 50 and 100 people with three talkers into one room of a real server process on this
 * machine, each over their own TLS connection and UDP socket, and prints what it costs the server and what they get.
 * Exit code 1 when mixing and encoding costs 100 people more than 1.2 times what it costs 10.
 */
import { concatBytes } from "@fusionmeet/base";
import { OpusPool } from "@fusionmeet/codec";
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import { locate } from "../tests/support/audio.ts";
import { speech } from "../tests/support/audio_files.ts";
import { startServer } from "../tests/support/programs.ts";
import { passRealTime, TemporaryDirectory } from "../tests/support/wait.ts";
import { LoadPerson } from "../tests/support/load_person.ts";

const PEOPLE = [10, 25, 50, 100];
const TALKERS = 3;
/** Until buffers, bindings and talkers are steady. What is measured lies between two reports of the server (10 s). */
const SETTLE_MS = 4_000;
const STEP_MS = 3;
const COST_FACTOR_MAX = 1.2;

const WORDS = [
  "Good morning, shall we begin with the harbour lights and the new timetable for the winter",
  "The second ferry was late again so we moved the boxes over by the old stone bridge",
  "I have counted the chairs twice, there are forty of them and only one is broken",
];

interface Load {
  readonly people: number;
  readonly cpuPercent: number;
  readonly residentMiB: number;
  readonly packetsPerSecond: number;
  readonly kilobitsPerSecond: number;
  readonly delayMs: number;
  readonly tickCostMs: number;
  readonly tickLatenessMs: number;
}

/** What a talker says: the words, over and over, in whole frames. */
async function talk(words: string): Promise<Int16Array> {
  const spoken = await speech(words, { peakDbfs: -12 });
  return spoken.subarray(0, spoken.length - spoken.length % FRAME_SAMPLES);
}

async function measure(people: number, voices: readonly Int16Array[]): Promise<Load> {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({
    data: folder.path,
    args: ["--max-participants", String(people)],
  });
  const codecs = await OpusPool.create({ encoders: 4, decoders: 8 });
  const persons = Array.from({ length: people }, (_, index) =>
    new LoadPerson({
      name: `Person ${index}`,
      server,
      codecs,
      says: voices[index],
      listens: index === TALKERS,
    }));
  const stepping = setInterval(() => persons.forEach((person) => person.step()), STEP_MS);
  await Promise.all(persons.map(({ joined }) => joined));
  for (const person of persons) person.start();
  await passRealTime(SETTLE_MS);
  const nextReport = async () =>
    await server.waitFor("statistics", { after: server.events.length, timeoutMs: 15_000 });
  await nextReport();

  const listeners = persons.slice(TALKERS);
  const sum = (of: (person: LoadPerson) => number) =>
    listeners.reduce((total, person) => total + of(person), 0) / listeners.length;
  const before = {
    atMs: performance.now(),
    cpuMs: server.usage().cpuMs,
    packets: sum(({ received }) => received.packets),
    bytes: sum(({ received }) => received.bytes),
  };
  const { tickCostMs, tickLatenessMs } = await nextReport();
  const seconds = (performance.now() - before.atMs) / 1_000;
  const { cpuMs, residentBytes } = server.usage();
  const load = {
    people,
    cpuPercent: (cpuMs - before.cpuMs) / seconds / 10,
    residentMiB: residentBytes / 2 ** 20,
    packetsPerSecond: (sum(({ received }) => received.packets) - before.packets) / seconds,
    kilobitsPerSecond: (sum(({ received }) => received.bytes) - before.bytes) * 8 / 1_000 / seconds,
    delayMs: delayOf(persons[0], persons[TALKERS], voices[0]),
    tickCostMs: tickCostMs.p50,
    tickLatenessMs: tickLatenessMs.p99,
  };
  await Promise.all(persons.map((person) => person.leave()));
  clearInterval(stepping);
  codecs.close();
  return load;
}

/** Time from a talker's mouth to a listener's ear: two seconds of what was said, found in what was heard. */
function delayOf(talker: LoadPerson, listener: LoadPerson, says: Int16Array): number {
  const heard = new Int16Array(
    concatBytes(...listener.heard.map((pcm) => new Uint8Array(pcm.buffer))).buffer,
  );
  const pattern = says.subarray(0, 96_000);
  const cycleMs = says.length / 48;
  // The last time it was said and heard to the end.
  const startMs = talker.saidFromMs - listener.heardFromMs;
  const repeats = Math.floor((heard.length / 48 - startMs - 3_500) / cycleMs);
  const saidMs = startMs + repeats * cycleMs;
  const from = Math.round(saidMs * 48);
  const found = locate(pattern, heard, { from, count: pattern.length + 48_000 });
  return found.score < 0.25 ? NaN : found.at / 48 - saidMs;
}

const voices = await Promise.all(WORDS.map(talk));
const loads: Load[] = [];
for (const people of PEOPLE) loads.push(await measure(people, voices));

const columns: [string, (load: Load) => string][] = [
  ["people", ({ people }) => String(people)],
  ["server CPU %", ({ cpuPercent }) => cpuPercent.toFixed(1)],
  ["RSS MiB", ({ residentMiB }) => residentMiB.toFixed(0)],
  ["packets/s each", ({ packetsPerSecond }) => packetsPerSecond.toFixed(1)],
  ["kbit/s each", ({ kilobitsPerSecond }) => kilobitsPerSecond.toFixed(1)],
  ["mouth to ear ms", ({ delayMs }) => delayMs.toFixed(0)],
  ["mix+encode ms/tick", ({ tickCostMs }) => tickCostMs.toFixed(3)],
  ["tick late p99 ms", ({ tickLatenessMs }) => tickLatenessMs.toFixed(2)],
];
console.log(`\n${TALKERS} talkers`);
console.log(columns.map(([title]) => title.padStart(title.length + 2)).join(""));
for (const load of loads) {
  console.log(columns.map(([title, text]) => text(load).padStart(title.length + 2)).join(""));
}
const factor = loads.at(-1)!.tickCostMs / loads[0].tickCostMs;
const held = factor <= COST_FACTOR_MAX;
console.log(
  `Mixing and encoding for ${loads.at(-1)!.people} people costs ${
    factor.toFixed(2)
  } times what it costs ` +
    `for ${loads[0].people}: ${held ? "within" : "over"} ${COST_FACTOR_MAX}`,
);
Deno.exit(held ? 0 : 1);
