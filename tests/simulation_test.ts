/** Judges no real time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { OpusPool } from "@fusionmeet/codec";
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import { locate } from "./support/audio.ts";
import { testSeed } from "./support/seed.ts";
import { SHARED_MIX_SSRC, SimMeeting, type SimPerson } from "./support/sim_meeting.ts";

const PEOPLE = 10;
const TALKERS = 8;
const SAY_FROM_MS = 1_000;

/** Noise that is like no other's and, eight at once, still far from full scale. */
function noise(seed: number, seconds: number): Int16Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Int16Array.from(
    { length: seconds * 48_000 },
    () => Math.round((2 * random.fraction() - 1) * 2_500),
  );
}

const frameOf = (samples: Int16Array) => (index: number) =>
  index * FRAME_SAMPLES < samples.length
    ? samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES)
    : undefined;

/** Where `said[0]` lies in what `listener` heard, found by a tenth of a second of it. */
function placeOf(
  said: Int16Array,
  options: { listener: SimPerson; saidFromMs: number; at: number },
): number {
  const { listener, saidFromMs, at } = options;
  const pattern = said.subarray(at, at + 4_800);
  const from = Math.round((saidFromMs - listener.heardFromMs) * 48) + at;
  const found = locate(pattern, listener.heard, { from, count: pattern.length + 400 * 48 });
  ok(found.score > 0.25, `score ${found.score} of a talker for ${listener.participant}`);
  return found.at - at;
}

Deno.test("ten people, L16, nothing lost: each hears the exact sum of the others, sample for sample", async () => {
  const seed = testSeed("simulation in L16");
  const codecs = await OpusPool.create({ encoders: 0, decoders: 0 });
  const impairment = { delayMs: 5, jitterMs: 8, duplicate: 0.02, reorder: 0.03, reorderMs: 12 };
  const meeting = new SimMeeting({ seed, people: PEOPLE, voice: "l16", codecs, impairment });
  const random = seededRandom(seed);
  const talkers = meeting.people.slice(0, TALKERS).map((person) => {
    const said = noise(random.u32(), 16);
    const saidFromMs = SAY_FROM_MS + 20 * random.fraction();
    person.say(saidFromMs, frameOf(said));
    return { person, said, saidFromMs };
  });
  await meeting.run(15_000);
  const [from, count] = [10 * 48_000, 3 * 48_000];
  for (const listener of meeting.people) {
    const heard = listener.heard;
    const others = talkers.filter(({ person }) => person !== listener)
      .map(({ said, saidFromMs }) => ({
        said,
        place: placeOf(said, { listener, saidFromMs, at: from - 48_000 }),
      }));
    let wrong = 0;
    for (let index = from; index < from + count; index++) {
      const sum = others.reduce((total, { said, place }) => total + said[index - place], 0);
      if (heard[index] !== sum) wrong++;
    }
    strictEqual(
      wrong,
      0,
      `seed ${seed}, listener ${listener.participant}: ${wrong} samples differ`,
    );
  }
  meeting.close();
  codecs.close();
});

Deno.test("ten people, Opus, a bad network: every packet is delivered, concealed or counted", async () => {
  const seed = testSeed("simulation in Opus");
  const codecs = await OpusPool.create({ encoders: 24, decoders: 32 });
  const meeting = new SimMeeting({ seed, people: PEOPLE, voice: "opus", codecs });
  const random = seededRandom(seed);
  for (const person of meeting.people) {
    const said = noise(random.u32(), 14);
    // Everybody pauses now and then: one second in three.
    const pausesAt = Math.floor(random.fraction() * 150);
    const frame = frameOf(said);
    person.say(
      SAY_FROM_MS + 20 * random.fraction(),
      (index) => (index + pausesAt) % 150 < 50 ? undefined : frame(index),
    );
  }
  await meeting.run(2_000);
  const bad = { jitterMs: 25, loss: 0.05, duplicate: 0.02, reorder: 0.03, reorderMs: 40 };
  meeting.network.impair(bad);
  await meeting.run(12_000);
  // What is lost at the very end is never missed by anybody.
  meeting.network.impair({ jitterMs: 0, loss: 0, duplicate: 0, reorder: 0 });
  await meeting.run(15_000);

  const { counters, ticks } = meeting.statistics;
  const count = (name: string) => counters[name] ?? 0;
  const total = (of: (person: SimPerson) => number) =>
    meeting.people.reduce((sum, person) => sum + of(person), 0);
  const up = { sent: total((p) => p.up.sent), lost: total((p) => p.up.lost) };
  const why = `seed ${seed}: ${JSON.stringify({ ...up, counters })}`;
  ok(up.lost > 50 && up.sent > 2_000, why);
  strictEqual(count("voice.packets"), up.sent - up.lost, why);
  strictEqual(count("voice.replay"), total((p) => p.up.doubles), why);
  const fates = ["decoded", "skipped", "late", "duplicate", "invalid", "dropped", "waiting"];
  strictEqual(
    count("voice.packets"),
    fates.reduce((sum, fate) => sum + count(`voice.${fate}Packets`), 0),
    why,
  );
  strictEqual(count("voice.lostPackets"), total((p) => p.up.missed()), why);
  const samples = ["decoded", "concealed", "silent"];
  strictEqual(
    samples.reduce((sum, kind) => sum + count(`voice.${kind}Samples`), 0),
    ticks * FRAME_SAMPLES * PEOPLE,
    why,
  );
  ok(count("voice.concealedSamples") + count("voice.fecPackets") * FRAME_SAMPLES > 0, why);
  for (const person of meeting.people) {
    const { streams, counters } = person.statistics;
    const [mix] = streams;
    const text = `seed ${seed}: ${JSON.stringify({ mix, counters })}`;
    strictEqual(mix.packets, person.down.sent - person.down.lost, text);
    ok((counters["replay"] ?? 0) >= person.down.doubles, text);
    strictEqual(mix.lost, person.down.missed((ssrc) => ssrc === SHARED_MIX_SSRC), text);
  }
  deepStrictEqual(meeting.events.filter(({ event }) => event === "fault"), []);
  meeting.close();
  codecs.close();
});
