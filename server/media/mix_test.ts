import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { decodeL16 } from "@fusionmeet/media";
import {
  DECODED_TALKERS_MAX,
  decodeMixLevels,
  EXTENSION,
  OWN_MIX_KEPT_MS,
} from "@fusionmeet/protocol";
import { Meeting, type Person, sampleOf } from "./meeting_fixture.ts";

/** Long enough for every jitter buffer to have begun, in frames. */
const WARM_UP = 15;

/** People who talk, each a value of their own, and some who listen. */
function panel(values: readonly number[], listenerCount = 1) {
  const meeting = new Meeting();
  const talkers = values.map(() => meeting.join({ talks: true }));
  const listeners = Array.from({ length: listenerCount }, () => meeting.join());
  const voices = new Map(talkers.map((talker, index) => [talker, values[index]]));
  return { meeting, talkers, listeners, voices };
}

function drain(meeting: Meeting): void {
  for (const person of meeting.people) person.inbox.length = 0;
}

/** What each of `people` hears once the panel talks: the distinct samples, in order. */
function heard(people: readonly Person[]): number[][] {
  return people.map((person) => {
    const samples = person.takeMix().map(sampleOf);
    ok(samples.length > 0, `participant ${person.participant} hears something`);
    return samples.filter((sample, index) => sample !== samples[index - 1]);
  });
}

Deno.test("MediaPlane sends everyone the sum of the others", () => {
  const { meeting, talkers, listeners, voices } = panel([1_000, 200, 30], 2);
  meeting.talk(WARM_UP, voices);
  drain(meeting);
  meeting.talk(10, voices);
  deepStrictEqual(heard(talkers), [[230], [1_030], [1_200]]);
  deepStrictEqual(heard(listeners), [[1_230], [1_230]]);
});

Deno.test("MediaPlane mixes L16 exactly: each hears the integer sum of the others, sample for sample", () => {
  const meeting = new Meeting({ voice: "l16", seed: 7 });
  const talkers = [1, 2, 3].map(() => meeting.join({ talks: true }));
  const listener = meeting.join();
  const said = talkers.map(() => [] as number[]);
  for (let frame = 0; frame < 40; frame++) {
    talkers.forEach((talker, index) => {
      const pcm = Int16Array.from({ length: 960 }, () => meeting.random.u32() % 8_001 - 4_000);
      said[index].push(...pcm);
      talker.say(pcm);
    });
    meeting.advance(20);
  }
  const [a, b, c, all] = [...talkers, listener].map((person) => {
    const line = new Map<number, number>();
    for (const { timestamp, payload } of person.takeMix()) {
      strictEqual(payload.length, 960);
      decodeL16(payload).forEach((sample, index) => line.set(timestamp + index, sample));
    }
    return line;
  });
  const times = [...all.keys()].sort((x, y) => x - y).slice(WARM_UP * 960, -960);
  ok(times.length > 15 * 960);
  // Every talker hears a + b + c without themselves, so the three together hear everything twice.
  for (const time of times) {
    strictEqual(a.get(time)! + b.get(time)! + c.get(time)!, 2 * all.get(time)!);
  }
  // The listener's mix less what a talker hears is that talker, as sent.
  [a, b, c].forEach((mix, index) => {
    const voice = times.map((time) => all.get(time)! - mix.get(time)!);
    const at = said[index].findIndex((sample, from) =>
      sample === voice[0] &&
      voice.slice(0, 50).every((one, next) => one === said[index][from + next])
    );
    ok(at >= 0, `talker ${index} is found in the mix`);
    deepStrictEqual(voice, said[index].slice(at, at + voice.length));
  });
});

Deno.test("MediaPlane keeps all mixes of a room on one timestamp line, one packet a tick for each listener", () => {
  const { meeting, talkers, listeners, voices } = panel([100, 20]);
  meeting.talk(60, voices);
  const lines = [...talkers, ...listeners].map((person) => person.takeMix());
  for (const line of lines) {
    const steps = line.slice(1).map(({ timestamp }, at) => (timestamp - line[at].timestamp) >>> 0);
    ok(steps.every((step) => step > 0 && step % 960 === 0), `${steps}`);
  }
  const last = lines.map((line) => line.at(-1)!.timestamp);
  deepStrictEqual(last, last.map(() => last[0]));
});

Deno.test("MediaPlane names who is in a mix, and how loud", () => {
  const { meeting, talkers: [loud, soft], listeners: [listener], voices } = panel([16_384, 1_638]);
  meeting.talk(WARM_UP, voices);
  drain(meeting);
  meeting.talk(1, voices);
  const [packet] = listener.takeMix();
  deepStrictEqual([...packet.csrcs], [loud.ssrcs.microphone, soft.ssrcs.microphone]);
  deepStrictEqual(decodeMixLevels(packet.extensions.get(EXTENSION.mixLevels)!), [-6, -26]);
  deepStrictEqual([...loud.takeMix()[0].csrcs], [soft.ssrcs.microphone]);
});

Deno.test("MediaPlane moves a talker to the own mix at the first voiced frame and back after 5 s", () => {
  const { meeting, talkers: [talker, other], voices } = panel([100, 20]);
  const onlyOther = new Map([[other, 20]]);
  meeting.talk(WARM_UP, onlyOther);
  deepStrictEqual([...new Set(talker.takeMix().map(({ ssrc }) => ssrc))], [meeting.sharedMixSsrc]);
  meeting.talk(WARM_UP, voices);
  const turn = talker.takeMix();
  const first = turn.findIndex(({ ssrc }) => ssrc === talker.ssrcs.ownMix);
  ok(first > 0);
  ok(turn.every(({ ssrc }, at) => (ssrc === talker.ssrcs.ownMix) === (at >= first)));
  ok(turn.every((packet) => sampleOf(packet) === 20), "nobody hears themselves at any time");
  strictEqual(turn[first].marker, true);
  const silentFromMs = meeting.nowMs;
  meeting.talk((OWN_MIX_KEPT_MS + 1_000) / 20, onlyOther);
  const back = talker.takeMix().filter(({ ssrc }) => ssrc === meeting.sharedMixSsrc);
  const keptMs = back[0].atMs - silentFromMs;
  ok(keptMs >= OWN_MIX_KEPT_MS && keptMs < OWN_MIX_KEPT_MS + 500, `${keptMs} ms`);
  strictEqual(meeting.count("mix.to-shared"), 1);
});

Deno.test("MediaPlane sends no mix that was not acknowledged, least of all one's own voice", () => {
  const { meeting, talkers: [talker], listeners: [listener], voices } = panel([100]);
  talker.unsubscribe(talker.ssrcs.ownMix);
  listener.unsubscribe(meeting.sharedMixSsrc);
  meeting.talk(30, voices);
  deepStrictEqual(listener.takeMix(), []);
  ok(talker.takeMix().every((packet) => packet.csrcs.length === 0));
  ok(meeting.count("mix.own-not-acknowledged") > 0);
});

Deno.test("MediaPlane lets a muted or departed person add nothing from the next tick on", () => {
  const { meeting, talkers: [muted, gone], listeners: [listener], voices } = panel([1_000, 200]);
  meeting.talk(WARM_UP, voices);
  muted.turn("microphone", false);
  meeting.talk(1, voices); // fades out
  drain(meeting);
  meeting.talk(5, voices);
  deepStrictEqual(heard([listener]), [[200]]);
  ok(meeting.count("voice.microphone-off") >= 5);
  meeting.command({ do: "participant.remove", participant: gone.participant });
  meeting.advance(20);
  drain(meeting);
  meeting.advance(100);
  deepStrictEqual(listener.takeMix().filter((packet) => sampleOf(packet) !== 0), []);
});

Deno.test("MediaPlane is silent within 300 ms of a talker's last packet", () => {
  const { meeting, listeners: [listener], voices } = panel([1_000]);
  meeting.talk(WARM_UP, voices);
  const lastMs = meeting.nowMs - 20;
  meeting.advance(2_000);
  const voiced = listener.takeMix().filter((packet) => sampleOf(packet) !== 0);
  ok(voiced.at(-1)!.atMs - lastMs <= 300, `${voiced.at(-1)!.atMs - lastMs} ms`);
});

Deno.test("MediaPlane encodes next to nothing and sends next to nothing while nobody talks", () => {
  const { meeting, listeners, voices } = panel([1_000], 5);
  meeting.talk(WARM_UP, voices);
  meeting.advance(1_000);
  drain(meeting);
  const before = meeting.codecs.encodes;
  meeting.advance(10_000);
  ok(
    meeting.codecs.encodes - before <= 2 * 25,
    `${meeting.codecs.encodes - before} encodes in 10 s`,
  );
  const packets = listeners[0].takeMix();
  ok(packets.length <= 25 && packets.every(({ csrcs }) => csrcs.length === 0));
  meeting.talk(WARM_UP, voices);
  const [resumed, ...rest] = listeners[0].takeMix().filter(({ csrcs }) => csrcs.length > 0);
  deepStrictEqual([resumed.marker, rest.some(({ marker }) => marker)], [true, false]);
});

Deno.test("MediaPlane sends an L16 room nothing while nobody talks", () => {
  const meeting = new Meeting({ voice: "l16" });
  const listener = meeting.join();
  meeting.join({ talks: true });
  meeting.advance(2_000);
  deepStrictEqual(listener.takeMix(), []);
});

Deno.test("MediaPlane mixes the 8 loudest of many for the silent, and 8 others for each who talks", () => {
  const values = [9_000, 8_000, 7_000, 6_000, 5_000, 4_000, 3_000, 2_000, 1_000, 400];
  const { meeting, talkers, listeners: [listener], voices } = panel(values);
  meeting.talk(60, voices);
  drain(meeting);
  meeting.talk(2, voices);
  const ids = talkers.map(({ ssrcs }) => ssrcs.microphone);
  const inMix = (person: Person) => [...person.takeMix()[0].csrcs].sort((a, b) => a - b);
  deepStrictEqual(inMix(listener), ids.slice(0, 8));
  deepStrictEqual(inMix(talkers[0]), ids.slice(1, 9));
  deepStrictEqual(inMix(talkers[7]), [...ids.slice(0, 7), ids[8]]);
  deepStrictEqual(inMix(talkers[8]), ids.slice(0, 8));
  deepStrictEqual(inMix(talkers[9]), ids.slice(0, 8));
});

Deno.test("MediaPlane costs what talking costs: as many encodes for 100 people as for 10", () => {
  const encodes = [10, 100].map((people) => {
    const { meeting, voices } = panel([300, 20, 1], people - 3);
    meeting.talk(WARM_UP, voices);
    const before = meeting.codecs.encodes;
    meeting.talk(50, voices);
    return meeting.codecs.encodes - before;
  });
  deepStrictEqual(encodes, [200, 200]);
});

Deno.test("MediaPlane decodes only the loudest of too many who claim to talk", () => {
  const values = Array.from({ length: 30 }, (_, index) => 100 + index);
  const { meeting, talkers, voices } = panel(values);
  const say = (frames: number) => {
    for (let frame = 0; frame < frames; frame++) {
      talkers.forEach((talker, index) =>
        talker.say(voices.get(talker)!, { level: index < 5 ? -10 : -40 })
      );
      meeting.advance(20);
    }
  };
  say(60);
  const before = meeting.codecs.decodes;
  say(50);
  const perTick = (meeting.codecs.decodes - before) / 50;
  ok(perTick <= DECODED_TALKERS_MAX + 1, `${perTick} decodes a tick`);
});

Deno.test("MediaPlane seals the mix with new keys from room.rekey.use on, sequence going on", () => {
  const { meeting, listeners: [listener], voices } = panel([1_000]);
  const mixKey = meeting.key();
  listener.mixes.addKey(1, mixKey);
  meeting.talk(WARM_UP, voices);
  meeting.command({ do: "room.rekey", room: 1, epoch: 1, mixKey, pictureKeys: [] });
  meeting.talk(5, voices);
  const old = listener.inbox.length;
  meeting.command({ do: "room.rekey.use", room: 1, epoch: 1 });
  meeting.talk(5, voices);
  deepStrictEqual(
    listener.inbox.slice(old - 2, old + 3).map(({ bytes }) => bytes.at(-1)),
    [0, 0, 1, 1, 1],
  );
  const sequences = listener.takeMix().map(({ sequence }) => sequence);
  deepStrictEqual(sequences, sequences.map((_, index) => (sequences[0] + index) & 0xffff));
});

Deno.test("MediaPlane says where a mix is, before and after its first packet", () => {
  const { meeting, listeners: [listener], voices } = panel([1_000]);
  const query = () => {
    meeting.command({ do: "stream.query", request: 1, ssrc: meeting.sharedMixSsrc });
    const state = meeting.events.at(-1);
    ok(state?.event === "stream.state");
    return [state.epoch, state.roc, state.sequence];
  };
  const before = query();
  meeting.talk(WARM_UP, voices);
  const packets = listener.takeMix();
  deepStrictEqual(before, [0, 0, packets[0].sequence]);
  deepStrictEqual(query(), [0, 0, packets.at(-1)!.sequence]);
});

Deno.test("MediaPlane maps capture times to the mix once a second", () => {
  const { meeting, talkers: [talker], listeners: [listener] } = panel([1_000]);
  const sentAtMs: number[] = [];
  for (let frame = 0; frame < 110; frame++) {
    sentAtMs.push(meeting.nowMs);
    talker.say(1_000, { capturedAtMs: meeting.nowMs - 20 });
    meeting.advance(20);
  }
  const maps = meeting.events.filter((event) => event.event === "mix.map");
  strictEqual(maps.length, 2);
  const { list: [map] } = maps[1];
  strictEqual(map.participant, talker.participant);
  const packet = listener.takeMix().find(({ timestamp }) => timestamp === map.mixTimestamp)!;
  const delayMs = packet.atMs - map.capturedAtMs;
  ok(delayMs > 20 && delayMs < 150, `captured ${delayMs} ms before it was mixed`);
});

Deno.test("MediaPlane skips what a stall swallowed, and the timestamps go on with the time", () => {
  const { meeting, listeners: [listener], voices } = panel([1_000]);
  meeting.talk(WARM_UP, voices);
  const before = listener.takeMix().at(-1)!;
  meeting.nowMs += 1_000; // the process stood still
  meeting.advance(0);
  for (const talker of voices.keys()) talker.voiceTimestamp += 48_000; // the talker did not
  meeting.talk(10, voices);
  const after = listener.takeMix().at(-1)!;
  const elapsedMs = ((after.timestamp - before.timestamp) >>> 0) / 48;
  ok(Math.abs(elapsedMs - (after.atMs - before.atMs)) <= 40, `${elapsedMs} ms on the line`);
  strictEqual(meeting.count("tick.stalls"), 1);
  meeting.command({ do: "decisions", room: 1 });
  const dump = meeting.events.at(-1);
  ok(dump?.event === "decisions" && dump.list.some(({ what }) => what.startsWith("stall")));
});

Deno.test("MediaPlane makes up for ticks that were a little late, one by one", () => {
  const { meeting, talkers: [talker], listeners: [listener], voices } = panel([1_000]);
  meeting.talk(WARM_UP, voices);
  for (let ahead = 0; ahead < 4; ahead++) talker.say(1_000);
  meeting.nowMs += 70;
  meeting.talk(3, voices);
  const line = listener.takeMix().slice(-8).map(({ timestamp }) => timestamp);
  deepStrictEqual(line, line.map((_, index) => (line[0] + 960 * index) >>> 0));
  strictEqual(meeting.count("tick.stalls"), 0);
  ok(meeting.plane.statistics.tickLatenessMs.max >= 50);
});

Deno.test("MediaPlane gives every codec back, even of who leaves in the middle of a tick", () => {
  const { meeting, talkers: [talker, other], voices } = panel([1_000, 200]);
  meeting.talk(30, voices);
  const taken = meeting.codecs.out;
  strictEqual(taken, 5); // two decoders, two own mixes and the shared one
  meeting.nowMs = meeting.plane.nextDueMs();
  meeting.plane.step([], meeting.nowMs); // sums, and the first of three encodes
  meeting.command({ do: "participant.remove", participant: talker.participant });
  talker.inbox.length = 0;
  meeting.talk(1, new Map([[other, 200]]));
  deepStrictEqual([meeting.codecs.out, talker.inbox], [taken - 2, []]);
  meeting.plane.close();
  strictEqual(meeting.codecs.out, 0);
});
