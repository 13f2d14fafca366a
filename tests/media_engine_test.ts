/**
 * The client's media engine against the server's media plane, both real, on a virtual clock and network:
 * everything between a microphone and an ear but sockets, threads and TLS.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { clickPattern, levelAt, locate, tone } from "./support/audio.ts";
import { Meeting, type MeetingOptions, Person, SERVER_EPOCH_MS } from "./support/engine_meeting.ts";

/** A sine that goes on for ever, cut by virtual time. */
function sings(hz: number, dbfs = -12): (atMs: number) => Int16Array {
  return (atMs) => tone({ hz, dbfs, seconds: 0.02, atSeconds: atMs / 1000 });
}

async function meet(
  options: MeetingOptions & { aheadMs: readonly number[] },
): Promise<{ meeting: Meeting; people: Person[] }> {
  const meeting = await Meeting.open(options);
  const people = options.aheadMs.map((aheadMs) => new Person(meeting, { aheadMs }));
  for (const person of people) person.connect();
  return { meeting, people };
}

const TONES = [431, 617, 929];

for (const voice of ["l16", "opus"] as const) {
  Deno.test(`three people hear each other at level and never themselves (${voice})`, async () => {
    const { meeting, people } = await meet({ voice, aheadMs: [3_000, 0, -2_000] });
    people.forEach((person, index) => {
      person.voice = sings(TONES[index]);
      person.microphone(true);
    });
    await meeting.run(4_000);
    people.forEach((person, index) => {
      const heard = person.heardBetween(2_500, 3_900);
      TONES.forEach((hz, other) => {
        const level = levelAt(heard, hz);
        if (other === index) ok(level < -62, `own ${hz} Hz at ${level} dBFS`);
        else ok(Math.abs(level + 12) < 1, `${hz} Hz at ${level} dBFS`);
      });
      const talkers = person.levels!.list.map(({ ssrc }) => ssrc).sort();
      const others = people.filter((each) => each !== person);
      deepStrictEqual(talkers, others.map(({ ssrcs }) => ssrcs.microphone).sort());
      ok(person.levels!.speaking && Math.abs(person.levels!.own + 15) <= 1);
    });
    meeting.close();
  });
}

Deno.test("a muted microphone is silent for others at once and comes back on the same line", async () => {
  const { meeting, people: [talker, listener] } = await meet({ aheadMs: [0, 3_000] });
  talker.voice = sings(431);
  talker.microphone(true);
  await meeting.run(2_000);
  deepStrictEqual(listener.levels!.list.map(({ ssrc }) => ssrc), [talker.ssrcs.microphone]);
  talker.microphone(false);
  await meeting.run(2_000);
  deepStrictEqual(listener.levels!.list, []);
  talker.microphone(true);
  await meeting.run(2_000);
  const level = (fromMs: number, toMs: number) => levelAt(listener.heardBetween(fromMs, toMs), 431);
  ok(Math.abs(level(1_000, 1_900) + 12) < 1);
  ok(level(2_300, 3_900) < -80, `muted: ${level(2_300, 3_900)} dBFS`);
  ok(Math.abs(level(4_500, 5_900) + 12) < 1);
  strictEqual(listener.statistics!.streams.find(({ kind }) => kind === "mix")!.lost, 0);
  meeting.close();
});

Deno.test("pictures arrive byte for byte and in order; a late joiner starts with a keyframe at once", async () => {
  const { meeting, people: [filmer, viewer] } = await meet({ aheadMs: [3_000, -1_000] });
  await meeting.run(500);
  filmer.camera(true);
  viewer.watch(filmer);
  await meeting.run(2_500);
  const late = new Person(meeting, { aheadMs: 0 });
  late.connect();
  late.watch(filmer);
  await meeting.run(300);
  ok(late.pictures.length > 5, "within 300 ms of joining");
  await meeting.run(1_000);
  filmer.camera(false);
  await meeting.run(200);
  deepStrictEqual(viewer.pictures.map(({ bytes }) => bytes), filmer.filmed);
  strictEqual(late.pictures[0].keyframe, true);
  const lateBytes = late.pictures.map(({ bytes }) => bytes);
  deepStrictEqual(lateBytes, filmer.filmed.slice(-lateBytes.length));
  meeting.close();
});

Deno.test("5 % loss: every picture is repaired, every voice packet is delivered, recovered or concealed", async () => {
  const { meeting, people } = await meet({
    aheadMs: [0, 3_000, -3_000],
    voice: "opus",
    impairment: { delayMs: 5, jitterMs: 3, loss: 0.05, duplicate: 0.01, reorder: 0.01 },
  });
  const [filmer, viewer, other] = people;
  await meeting.run(500);
  for (const person of people) {
    person.voice = sings(TONES[person.participant - 1]);
    person.microphone(true);
  }
  filmer.camera(true);
  viewer.watch(filmer);
  other.watch(filmer);
  await meeting.run(6_000);
  filmer.camera(false);
  await meeting.run(1_500);
  for (const person of [viewer, other]) {
    const seen = person.pictures.map(({ bytes }) => bytes);
    ok(seen.length > 0.97 * filmer.filmed.length, `${seen.length} of ${filmer.filmed.length}`);
    let at = 0;
    for (const picture of seen) {
      at = filmer.filmed.findIndex((each, index) => index >= at && sameBytes(each, picture)) + 1;
      ok(at > 0, "in order and byte for byte");
    }
    const camera = person.statistics!.streams.find(({ kind }) => kind === "camera")!;
    ok(camera.repaired > 10, `${camera.repaired} repaired`);
    const mix = person.statistics!.streams.find(({ kind }) => kind === "mix")!;
    ok(mix.lost > 10 && mix.packets > 300);
    const others = TONES.filter((_, index) => index !== person.participant - 1);
    for (const hz of others) {
      // Repairs of time move the phase: the level is that of short pieces.
      const levels = Array.from(
        { length: 30 },
        (_, index) => levelAt(person.heardBetween(3_000 + 100 * index, 3_100 + 100 * index), hz),
      ).sort((a, b) => a - b);
      ok(Math.abs(levels[15] + 12) < 1.5 && levels[3] > -18, `${hz} Hz at ${levels} dBFS`);
    }
  }
  meeting.close();
});

Deno.test("clocks 3 s apart: delay and skew figures are right within 10 ms, at 0, 50 and 150 ms", async () => {
  for (const [delayMs, voice] of [[0, "opus"], [50, "l16"], [150, "opus"]] as const) {
    const { meeting, people: [talker, listener] } = await meet({
      aheadMs: [3_000, -3_000],
      voice,
      impairment: { delayMs },
    });
    const click = clickPattern(5);
    const clickAtMs = 3_500;
    const frameFromMs = (atMs: number) => {
      const frame = tone({ hz: 431, dbfs: -40, seconds: 0.02, atSeconds: atMs / 1000 });
      for (let index = 0; index < frame.length; index++) {
        const at = Math.round((atMs - clickAtMs) * 48) + index;
        if (at >= 0 && at < click.length) frame[index] = click[at];
      }
      return frame;
    };
    talker.voice = frameFromMs;
    talker.microphone(true);
    await meeting.run(1_000);
    talker.camera(true);
    listener.watch(talker);
    await meeting.run(4_500);
    const found = locate(click, listener.heard());
    const trueMs = listener.heardFromMs + found.at / 48 - clickAtMs;
    ok(trueMs > 2 * delayMs && trueMs < 2 * delayMs + 160, `${trueMs} ms at ${delayMs}`);
    const { voices, clock } = listener.statistics!;
    strictEqual(voices.length, 1);
    const [{ participant, voiceDelayMs, skewMs }] = voices;
    strictEqual(participant, talker.participant);
    ok(Math.abs(voiceDelayMs - trueMs) < 10, `said ${voiceDelayMs}, was ${trueMs}`);
    const pictureMs = 2 * delayMs + 4;
    ok(Math.abs(listener.pictures.at(-1)!.delayMs! - pictureMs) < 10);
    ok(Math.abs(skewMs! - (pictureMs - trueMs)) < 10, `skew ${skewMs}`);
    strictEqual(Math.round(clock!.offsetMs), SERVER_EPOCH_MS + 3_000);
    ok(Math.abs(clock!.rttMs - 2 * delayMs) < 1);
    meeting.close();
  }
});

Deno.test("after a reconnect with new keys and SSRCs voice and pictures go on and totals stay", async () => {
  const { meeting, people: [one, two] } = await meet({ aheadMs: [3_000, 0], voice: "opus" });
  one.voice = sings(431);
  two.voice = sings(617);
  for (const person of [one, two]) {
    person.microphone(true);
    person.camera(true);
  }
  one.watch(two);
  two.watch(one);
  await meeting.run(3_000);
  const before = two.statistics!.streams.map(({ packets }) => packets);
  const seenBefore = [one, two].map(({ pictures }) => pictures.length);
  two.engine.command({ do: "disconnect" }, two.nowMs);
  await meeting.run(1_000);
  two.connect();
  two.microphone(true);
  two.camera(true);
  one.watch(two);
  await meeting.run(1_000);
  strictEqual(two.boundCount, 2);
  ok(Math.abs(levelAt(two.heardBetween(4_500, 5_000), 431) + 12) < 1, "voice within 500 ms");
  await meeting.run(2_000);
  ok(Math.abs(levelAt(one.heardBetween(5_000, 6_900), 617) + 12) < 1);
  [one, two].forEach(({ pictures }, index) => ok(pictures.length > seenBefore[index] + 30));
  const after = two.statistics!.streams;
  strictEqual(after.length, before.length);
  after.forEach(({ packets }, index) => ok(packets > before[index]));
  meeting.close();
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
