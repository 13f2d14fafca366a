import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { encodeL16 } from "./l16.ts";
import { MixReceiver } from "./mix_receiver.ts";
import type { VoiceCodecs } from "./types.ts";
import { plainCodecs, tone } from "./voice_network_for_test.ts";

const SHARED = 10, OWN = 20;
const SOUND = tone(450, 8_000);

/** Plays `ticks` frames of SOUND whose ssrc `layer` says (undefined: nothing is sent), pulled by 480. */
function play(receiver: MixReceiver, options: {
  ticks: number;
  layer: (tick: number) => "shared" | "own" | undefined;
  voice?: "opus" | "l16";
  lost?: (tick: number) => boolean;
  jitterMs?: () => number;
  amplitude?: number;
}): Int16Array {
  const { voice = "opus", lost = () => false, jitterMs = () => 0, amplitude = 1 } = options;
  const out = new Int16Array(options.ticks * 960);
  const next = { shared: 7_000, own: 100 };
  const flying: { atMs: number; push: () => void }[] = [];
  for (let tick = 0; tick < options.ticks; tick++) {
    const layer = options.layer(tick);
    // The shared mix goes on for the others while this listener hears their own.
    if (layer !== "shared") next.shared += layer === undefined ? 0 : 1;
    if (layer) {
      const pcm = Int16Array.from({ length: 960 }, (_, at) => Math.round(SOUND(at) * amplitude));
      const size = voice === "opus" ? 960 : 480;
      for (let at = 0; at < 960; at += size) {
        const part = pcm.slice(at, at + size);
        const payload = voice === "opus" ? new Uint8Array(part.buffer) : encodeL16(part);
        const index = next[layer]++, timestamp = (2 ** 32 - 9_600 + tick * 960 + at) >>> 0;
        const ssrc = layer === "shared" ? SHARED : OWN;
        const atMs = tick * 20 + jitterMs();
        if (lost(tick)) continue;
        flying.push({ atMs, push: () => receiver.push(ssrc, { index, timestamp, payload }, atMs) });
      }
    }
    flying.sort((a, b) => a.atMs - b.atMs);
    for (const half of [0, 1]) {
      const nowMs = tick * 20 + half * 10 + 4;
      while (flying.length > 0 && flying[0].atMs <= nowMs) flying.shift()!.push();
      const at = tick * 960 + half * 480;
      receiver.pull(nowMs, out.subarray(at, at + 480));
    }
  }
  return out;
}

function newReceiver(
  voice: "opus" | "l16" = "opus",
  codecs: VoiceCodecs = plainCodecs,
): MixReceiver {
  const receiver = new MixReceiver({ codecs, voice });
  receiver.open(SHARED, "shared");
  receiver.open(OWN, "own");
  return receiver;
}

function largestStep(pcm: Int16Array): number {
  return pcm.reduce(
    (largest, sample, at) => Math.max(largest, Math.abs(sample - (pcm[at - 1] ?? 0))),
    0,
  );
}

Deno.test("MixReceiver.pull() plays shared and own mixes on one line: a paused ssrc is not loss", () => {
  for (const voice of ["opus", "l16"] as const) {
    const receiver = newReceiver(voice);
    const layer = (tick: number) => tick % 100 < 60 ? "shared" : "own";
    const pcm = play(receiver, { ticks: 500, layer, voice });
    const s = receiver.statistics;
    deepStrictEqual(
      [s.lostPackets, s.latePackets, s.concealedSamples],
      [0, 0, 0],
      JSON.stringify(s),
    );
    strictEqual(s.switches, 9);
    const start = pcm.findIndex((sample) => sample !== 0);
    ok(start / 48 < 60, `starts after ${start / 48} ms`);
    ok(largestStep(pcm) < 600, `step ${largestStep(pcm)}`);
    ok(s.decodedSamples >= 500 * 960 - start - 480, JSON.stringify(s));
  }
});

Deno.test("MixReceiver.pull() in L16 is bit-exact across changes of ssrc", () => {
  const random = seededRandom(9);
  const receiver = newReceiver("l16");
  const pcm = play(receiver, {
    ticks: 400,
    layer: (tick) => tick % 50 < 25 ? "shared" : "own",
    voice: "l16",
    jitterMs: () => random.fraction() * 12,
  });
  const start = pcm.findIndex((sample) => sample !== 0) - 1;
  for (let at = start; at < 395 * 960; at++) {
    if (pcm[at] !== Math.round(SOUND(at - start))) throw new Error(`differs at ${at - start}`);
  }
});

Deno.test("MixReceiver.pull() crossfades from one concealed frame of the old decoder into a fresh one", () => {
  let taken = 0, given = 0, concealed = 0;
  const codecs: VoiceCodecs = {
    ...plainCodecs,
    takeDecoder: () => {
      taken++;
      const decoder = plainCodecs.takeDecoder()!;
      return { ...decoder, conceal: () => (concealed++, decoder.conceal()) };
    },
    giveBack: () => void given++,
  };
  const receiver = newReceiver("opus", codecs);
  play(receiver, { ticks: 100, layer: (tick) => tick < 50 ? "shared" : "own" });
  deepStrictEqual([taken, given, concealed], [2, 1, 1]);
  receiver.free();
  strictEqual(given, 2);
});

Deno.test("MixReceiver.pull() counts what is lost of the own mix, and conceals it", () => {
  const receiver = newReceiver();
  const lost = new Set([20, 21, 75, 130]);
  const layer = (tick: number) => tick < 70 || tick >= 120 ? "own" : "shared";
  const pcm = play(receiver, { ticks: 200, layer, lost: (tick) => lost.has(tick) });
  const s = receiver.statistics;
  strictEqual(s.lostPackets, 4, JSON.stringify(s));
  strictEqual(s.concealedSamples, 4 * 960, JSON.stringify(s));
  ok(largestStep(pcm) < 900, `step ${largestStep(pcm)}`);
});

Deno.test("MixReceiver.pull() is silent in DTX, without concealment in the counts", () => {
  const receiver = newReceiver();
  // 1 s of sound, then one packet in 400 ms.
  const layer = (tick: number) => tick % 200 < 50 || tick % 20 === 0 ? "shared" : undefined;
  const pcm = play(receiver, { ticks: 800, layer });
  const s = receiver.statistics;
  deepStrictEqual([s.lostPackets, s.latePackets, s.concealedSamples], [0, 0, 0], JSON.stringify(s));
  strictEqual(s.decodedSamples + s.silentSamples, 800 * 960);
  ok(s.playoutDelayMs < 45, `${s.playoutDelayMs}`);
  ok(largestStep(pcm) < 900, `step ${largestStep(pcm)}`);
});

Deno.test("MixReceiver.pull() never gives a sample above -1 dBFS", () => {
  const receiver = newReceiver();
  const pcm = play(receiver, { ticks: 100, layer: () => "shared", amplitude: 4 });
  const highest = pcm.reduce((high, sample) => Math.max(high, Math.abs(sample)), 0);
  ok(highest <= 32_768 * 10 ** (-1 / 20) && highest > 27_000, `${highest}`);
});

Deno.test("MixReceiver.push() ignores an ssrc that is not open", () => {
  const receiver = newReceiver();
  const packet = { index: 1, timestamp: 0, payload: new Uint8Array(1_920) };
  receiver.push(99, packet, 0);
  receiver.close(SHARED);
  receiver.push(SHARED, packet, 0);
  strictEqual(receiver.statistics.packets, 0);
});
