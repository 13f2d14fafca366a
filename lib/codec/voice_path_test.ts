import { ok } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { MixReceiver, VoiceReceiver, VoiceSender } from "@fusionmeet/media";
import { Limiter, mixMinus } from "@fusionmeet/mixer";
import { levelAt, peakDbfs, siSdr } from "../../tests/support/audio.ts";
import { opusTwice, speech } from "../../tests/support/audio_files.ts";
import { OPUS_BITRATE } from "./opus_settings.ts";
import { OpusPool } from "./opus_pool.ts";

/** What the network does: the delay of a packet in ms, or undefined for a lost one. */
type Link = () => number | undefined;

/**
 * The whole way of N voices, in virtual time and with real Opus: microphone → Opus → jitter buffer → N-1 → limiter →
 * Opus → jitter buffer. Each hears all others.
 */
async function meet(voices: readonly Int16Array[], options: { link: Link; fec?: boolean }) {
  const codecs = await OpusPool.create({
    encoders: 2 * voices.length,
    decoders: 2 * voices.length,
  });
  const count = Math.floor(voices[0].length / 960);
  const newSender = (nth: number) =>
    new VoiceSender({ codecs, voice: "opus", sequence: 100 * nth, timestamp: 7_777 * nth });
  const people = voices.map((voice, nth) => {
    const mix = new MixReceiver({ codecs, voice: "opus" });
    mix.open(nth, "own");
    return {
      voice,
      microphone: newSender(nth),
      talker: new VoiceReceiver({ codecs, voice: "opus" }),
      limiter: new Limiter(),
      mixSender: newSender(nth + 10),
      mix,
      heard: new Int16Array(count * 960),
      pcm: new Int16Array(960),
    };
  });
  if (options.fec) {
    for (const { microphone, mixSender } of people) {
      microphone.expectLoss(5);
      mixSender.expectLoss(5);
    }
  }
  const flying: { atMs: number; arrive: () => void }[] = [];
  const send = (
    receiver: { push(p: never, atMs: number): void },
    packets: object[],
    nowMs: number,
  ) => {
    for (const packet of packets) {
      const delayMs = options.link();
      if (delayMs === undefined) continue;
      const arrived = { ...packet, index: (packet as { sequence: number }).sequence } as never;
      const atMs = nowMs + delayMs;
      flying.push({ atMs, arrive: () => receiver.push(arrived, atMs) });
    }
    flying.sort((a, b) => a.atMs - b.atMs);
  };
  const deliver = (nowMs: number) => {
    while (flying.length > 0 && flying[0].atMs <= nowMs) flying.shift()!.arrive();
  };
  const mixes = voices.map(() => new Int32Array(960)), sum = new Int32Array(960);
  for (let tick = 0; tick < count; tick++) {
    const nowMs = tick * 20 + 20;
    for (const { voice, microphone, talker } of people) {
      send(talker, microphone.frame(voice.subarray(tick * 960, tick * 960 + 960)), nowMs);
    }
    deliver(nowMs + 7);
    for (const { talker, pcm } of people) talker.pull(nowMs + 7, pcm);
    mixMinus(people.map(({ pcm }) => pcm), mixes, sum);
    people.forEach(({ limiter, mixSender, mix, pcm }, nth) => {
      limiter.apply(mixes[nth], pcm);
      const toMix = { push: (packet: never, atMs: number) => mix.push(nth, packet, atMs) };
      send(toMix, mixSender.frame(pcm), nowMs + 7);
    });
    for (const half of [0, 480]) {
      const pullMs = nowMs + 9 + half / 48;
      deliver(pullMs);
      for (const { mix, heard } of people) {
        mix.pull(pullMs, heard.subarray(tick * 960 + half, tick * 960 + half + 480));
      }
    }
  }
  codecs.close();
  return people;
}

const steady: Link = () => 1;
const sine = (hz: number, seconds: number, dbfs = -12) =>
  Int16Array.from(
    { length: seconds * 48_000 },
    (_, at) => Math.round(32_767 * 10 ** (dbfs / 20) * Math.sin(2 * Math.PI * hz * at / 48_000)),
  );

Deno.test("Voices through two passes of Opus and N-1: the others within 1 dB, one's own 50 dB below", async () => {
  const tones = [431, 617, 929];
  const people = await meet(tones.map((hz) => sine(hz, 6)), { link: steady });
  people.forEach(({ heard }, listener) => {
    const levels = tones.map((hz) => levelAt(heard, hz, { from: 96_000, count: 192_000 }));
    const seen = `${listener}: ${levels.map((level) => level.toFixed(2))}`;
    tones.forEach((_, talker) => {
      if (talker === listener) ok(levels[talker] < -62 - 3, seen);
      else ok(Math.abs(levels[talker] + 12) < 1, seen);
    });
  });
});

Deno.test("Eight loud talkers: nobody hears a sample above -1 dBFS", async () => {
  const tones = [233, 431, 617, 929, 1_283, 1_777, 2_411, 3_109];
  const voices = [...tones.map((hz) => sine(hz, 2, -3)), new Int16Array(96_000)];
  for (const { heard } of await meet(voices, { link: steady })) {
    const peak = peakDbfs(heard);
    ok(peak <= -1 && peak > -8, `${peak.toFixed(2)} dBFS`);
  }
});

Deno.test("Speech through the whole path is at most 1 dB worse than through opusenc and opusdec twice", async () => {
  const spoken = await speech(
    "Good morning everybody. Shall we begin with the first point? It is late already.",
  );
  const other = new Int16Array(spoken.length);
  const [, listener] = await meet([spoken, other], { link: steady });
  const ours = siSdr(spoken, listener.heard, { shiftMax: 12_000 });
  const theirs = siSdr(spoken, await opusTwice(spoken, OPUS_BITRATE / 1_000), { shiftMax: 12_000 });
  ok(ours.dB > theirs.dB - 1, `${ours.dB.toFixed(1)} dB against ${theirs.dB.toFixed(1)} dB`);
  // The first sample captured at 0 ms; what is heard begins at 29 ms. 20 capture, 40 and 30 buffers, 2 links, 13 Opus.
  const delayMs = ours.shift / 48 + 29;
  ok(delayMs > 95 && delayMs < 115, `delay ${delayMs.toFixed(1)} ms`);
});

Deno.test("Loss of 5 % with redundancy on: most of it is brought back", async () => {
  const random = seededRandom(3);
  const spoken = await speech(
    "The price went up by seventeen percent, and nobody in the room was surprised.",
  );
  const link: Link = () => random.fraction() < 0.05 ? undefined : random.fraction() * 8;
  const [talker] = await meet([spoken, new Int16Array(spoken.length)], { link, fec: true });
  const s = talker.talker.statistics;
  ok(s.lostPackets >= 5 && s.fecPackets >= s.lostPackets * 0.5, JSON.stringify(s));
});
