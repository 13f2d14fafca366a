import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import { VoiceReceiver } from "./voice_receiver.ts";
import type { VoiceCodecs } from "./types.ts";
import type { VoiceStatistics } from "./voice_packet.ts";
import { type Network, plainCodecs, simulateVoice, tone } from "./voice_network_for_test.ts";

const SOUND = tone(450, 8_000);
const newReceiver = (voice: "opus" | "l16") => new VoiceReceiver({ codecs: plainCodecs, voice });

/** Every packet that arrived is in one class, and every one sent arrived or is lost. */
function checkSums(statistics: VoiceStatistics, run: { arrived: number; sent: number }): void {
  const s = statistics;
  const classes = s.decodedPackets + s.skippedPackets + s.latePackets + s.duplicatePackets +
    s.invalidPackets + s.droppedPackets + s.waitingPackets;
  strictEqual(s.packets, run.arrived);
  strictEqual(classes, s.packets);
  strictEqual(s.packets - s.duplicatePackets + s.lostPackets, run.sent);
}

/** Where `pcm` starts to be SOUND, exactly: the place of its first sample and the delay. */
function findSound(pcm: Int16Array, sound: (sample: number) => number): number {
  const first = pcm.findIndex((sample) => sample !== 0);
  const head = pcm.subarray(first, first + 400);
  for (let back = 0; back < 4; back++) {
    if (head.every((sample, index) => sample === Math.round(sound(index + back)))) {
      return first - back;
    }
  }
  return -1;
}

function isSound(pcm: Int16Array, place: number): boolean {
  return pcm.every((sample, index) => sample === Math.round(SOUND(place + index)));
}

function largestStep(pcm: Int16Array): number {
  let largest = 0;
  for (let index = 1; index < pcm.length; index++) {
    largest = Math.max(largest, Math.abs(pcm[index] - pcm[index - 1]));
  }
  return largest;
}

const jitterUpTo =
  (random: Random, jitterMs: number): Network => () => [random.fraction() * jitterMs];

Deno.test("VoiceReceiver.pull() is bit-exact while jitter stays under the delay, whatever the tick's phase", () => {
  for (const voice of ["l16", "opus"] as const) {
    for (const pullPhaseMs of [0, 3, 7.3, 11, 19.9]) {
      for (const jitterMs of [0, 6, 13]) {
        const receiver = newReceiver(voice);
        const random = seededRandom(7 + pullPhaseMs * 10 + jitterMs);
        const { pcm } = simulateVoice(receiver, {
          voice,
          sound: SOUND,
          seconds: 6,
          network: jitterUpTo(random, jitterMs),
          pullPhaseMs,
          pullLateMs: () => random.fraction() * 5,
        });
        const seen = JSON.stringify({ voice, pullPhaseMs, jitterMs });
        const start = voice === "l16" ? findSound(pcm, SOUND) : findStart(pcm);
        ok(start > 0, `${seen}: the sound was found`);
        const from = voice === "l16" ? start : start + 96;
        for (let index = from; index < start + 5.9 * 48_000; index++) {
          if (pcm[index] !== Math.round(SOUND(index - start))) {
            throw new Error(
              `${seen}: differs at sample ${index - start} ${JSON.stringify(receiver.statistics)}`,
            );
          }
        }
      }
    }
  }
});

/** As `findSound`, for sound that fades in over 2 ms. */
function findStart(pcm: Int16Array): number {
  for (let start = 0; start < 9_600; start++) {
    let same = true;
    for (let index = 96; index < 400 && same; index++) {
      same = pcm[start + index] === Math.round(SOUND(index));
    }
    if (same) return start;
  }
  return -1;
}

Deno.test("VoiceReceiver.pull() delays by the network's delay plus a constant", () => {
  const delays = [0, 50, 150].map((networkMs) => {
    const { pcm } = simulateVoice(newReceiver("l16"), {
      voice: "l16",
      sound: SOUND,
      seconds: 3,
      network: () => [networkMs],
    });
    return findSound(pcm, SOUND) / 48 - networkMs;
  });
  for (const delay of delays) ok(Math.abs(delay - delays[0]) <= 1, `${delays}`);
  // 20 ms of capture and 40 ms of buffer.
  ok(delays[0] > 55 && delays[0] < 66, `${delays}`);
});

Deno.test("VoiceReceiver.pull() with loss, reordering, duplicates: every packet is accounted for", () => {
  for (const voice of ["l16", "opus"] as const) {
    for (let seed = 1; seed <= 8; seed++) {
      const random = seededRandom(seed);
      const receiver = newReceiver(voice);
      const run = simulateVoice(receiver, {
        voice,
        sound: SOUND,
        seconds: 20,
        sequence: 0xffff - 100 & 0x7fff,
        timestamp: 2 ** 32 - 100_000,
        network: () => {
          if (random.fraction() < 0.05) return [];
          const delayMs = random.fraction() * 15 + (random.fraction() < 0.05 ? 30 : 0);
          return random.fraction() < 0.03 ? [delayMs, delayMs + 10] : [delayMs];
        },
      });
      const s = receiver.statistics;
      const seen = JSON.stringify({ voice, seed, s });
      // Nothing tells of packets lost after the last one that came.
      const trailing = run.sent - (s.packets - s.duplicatePackets + s.lostPackets);
      ok(trailing >= 0 && trailing < 5, seen);
      checkSums(s, { arrived: run.arrived, sent: run.sent - trailing });
      ok(s.lostPackets > 0 && s.duplicatePackets > 0 && s.concealedSamples > 0, seen);
      const pulled = run.pcm.length;
      strictEqual(s.decodedSamples + s.concealedSamples + s.silentSamples, pulled, seen);
      ok(s.playoutDelayMs < 110, seen);
      ok(largestStep(run.pcm) < 4_000, `${seen} step ${largestStep(run.pcm)}`);
    }
  }
});

Deno.test("VoiceReceiver.pull() keeps its delay for an hour of clock skew", () => {
  for (const skewPpm of [200, -200]) {
    const receiver = newReceiver("opus");
    const random = seededRandom(11);
    let lowestMs = Infinity, highestMs = 0;
    simulateVoice(receiver, {
      voice: "opus",
      sound: SOUND,
      frame: new Int16Array(960).map((_, at) => Math.round(SOUND(at))),
      seconds: 3_600,
      skewPpm,
      network: () => [random.fraction() * 8],
      keep: false,
      onPull: (nowMs) => {
        if (nowMs < 5_000 || nowMs > 3_599_000) return;
        const { playoutDelayMs } = receiver.statistics;
        lowestMs = Math.min(lowestMs, playoutDelayMs);
        highestMs = Math.max(highestMs, playoutDelayMs);
      },
    });
    const s = receiver.statistics;
    const seen = JSON.stringify({
      skewPpm,
      lowestMs,
      highestMs,
      s,
    });
    ok(lowestMs > 25 && highestMs < 65, seen);
    // 200 ppm of an hour are 720 ms.
    const moved = (s.insertedSamples - s.removedSamples) / 48 * Math.sign(skewPpm);
    ok(Math.abs(moved + 720) < 60, `${seen} moved ${moved}`);
    ok(s.concealedSamples < 48_000, seen);
  }
});

Deno.test("VoiceReceiver.pull() comes back to a small delay after a spike", () => {
  for (const voice of ["l16", "opus"] as const) {
    const receiver = newReceiver(voice);
    let highestMs = 0;
    const { pcm } = simulateVoice(receiver, {
      voice,
      sound: SOUND,
      seconds: 20,
      network: ({ sentAtMs }) => [sentAtMs > 5_000 && sentAtMs < 5_250 ? 5_250 - sentAtMs : 1],
      onPull: () => highestMs = Math.max(highestMs, receiver.statistics.playoutDelayMs),
    });
    const s = receiver.statistics;
    const seen = JSON.stringify({ voice, highestMs, step: largestStep(pcm), s });
    ok(highestMs > 150 && highestMs < 330, seen);
    ok(s.playoutDelayMs < 75, seen);
    strictEqual(s.lostPackets + s.latePackets, 0, seen);
    ok(largestStep(pcm) < 3_000, seen);
  }
});

Deno.test("VoiceReceiver.pull() plays a jump of the timestamp without a gap in the sequence as silence", () => {
  const receiver = newReceiver("l16");
  // Half a second of sound, one second of digital silence (not sent), again and again.
  const sound = (sample: number) => sample % 72_000 < 24_000 ? SOUND(sample % 72_000) : 0;
  const random = seededRandom(5);
  const run = simulateVoice(receiver, {
    voice: "l16",
    sound,
    seconds: 15,
    network: jitterUpTo(random, 5),
    tailSeconds: 0,
  });
  const s = receiver.statistics;
  const seen = JSON.stringify({ s, run: { sent: run.sent, arrived: run.arrived } });
  ok(run.sent < 15 * 100 * 0.55, seen);
  strictEqual(s.lostPackets + s.latePackets, 0, seen);
  ok(s.concealedSamples < 15 * 240, seen);
  ok(s.playoutDelayMs < 62, seen);
  // Every burst of sound comes out whole.
  let whole = 0;
  for (let from = 100; from < run.pcm.length - 24_000; from++) {
    const onset = run.pcm[from] === Math.round(SOUND(1)) &&
      run.pcm.subarray(from - 100, from).every((sample) => sample === 0);
    if (onset && isSound(run.pcm.subarray(from, from + 23_900), 1)) whole++;
  }
  strictEqual(whole, 10, seen);
});

Deno.test("VoiceReceiver.pull() is silent within 300 ms after the last packet of a killed talker", () => {
  for (const voice of ["l16", "opus"] as const) {
    const receiver = newReceiver(voice);
    const { pcm } = simulateVoice(receiver, {
      voice,
      sound: SOUND,
      seconds: 3,
      network: ({ sentAtMs }) => sentAtMs <= 2_000 ? [1] : [],
    });
    const last = pcm.findLastIndex((sample) => sample !== 0);
    ok(last > 2_000 * 48 && last < 2_250 * 48, `${voice}: ${last / 48} ms`);
    ok(largestStep(pcm) < 3_000, `${voice}: step ${largestStep(pcm)}`);
    const { concealedSamples } = receiver.statistics;
    ok(concealedSamples <= 100 * 48, `${concealedSamples}`);
  }
});

Deno.test("VoiceReceiver.pull() goes on after a 10 s cut, a jump of the sender's clock, a stall of the caller", () => {
  const cases: Record<string, Parameters<typeof simulateVoice>[1]> = {
    cut: {
      voice: "l16",
      sound: SOUND,
      seconds: 20,
      network: ({ sentAtMs }) => sentAtMs > 5_000 && sentAtMs < 15_000 ? [] : [2],
    },
    stall: {
      voice: "l16",
      sound: SOUND,
      seconds: 20,
      network: () => [2],
      pullLateMs: (nth) => nth > 250 ? 700 : 0,
    },
  };
  for (const [name, options] of Object.entries(cases)) {
    const receiver = newReceiver("l16");
    const { results } = simulateVoice(receiver, options);
    const seen = JSON.stringify({ name, s: receiver.statistics });
    // The last four seconds before the end are whole, at a small delay.
    const late = results.slice(-250, -60);
    ok(late.every(({ decodedSamples }) => decodedSamples === 960), seen);
    ok(receiver.statistics.playoutDelayMs < 75, seen);
  }
});

Deno.test("VoiceReceiver.pull() takes a jump of the sender's timestamps in its stride", () => {
  for (const jump of [48_000 * 60, -48_000 * 60]) {
    const receiver = newReceiver("opus");
    const out = new Int16Array(960);
    let decoded = 0;
    for (let tick = 0; tick < 200; tick++) {
      const timestamp = (1e6 + tick * 960 + (tick >= 100 ? jump : 0)) >>> 0;
      const payload = new Uint8Array(new Int16Array(960).fill(1_000).buffer);
      receiver.push({ index: tick, timestamp, payload, level: -20, voice: true }, tick * 20);
      decoded += receiver.pull(tick * 20 + 5, out).decodedSamples;
    }
    const s = receiver.statistics;
    ok(decoded > 185 * 960, JSON.stringify({ jump, decoded, s }));
    strictEqual(s.anchors, 2);
  }
});

Deno.test("VoiceReceiver.pull() decodes only voice or loud packets, and 500 ms after", () => {
  const receiver = newReceiver("opus");
  const out = new Int16Array(960);
  const payload = new Uint8Array(new Int16Array(960).fill(1_000).buffer);
  for (let tick = 0; tick < 150; tick++) {
    const claim = tick >= 50 && tick < 60
      ? { level: -40, voice: false }
      : { level: -60, voice: false };
    receiver.push({ index: tick, timestamp: tick * 960, payload, ...claim }, tick * 20);
    receiver.pull(tick * 20 + 5, out);
  }
  const s = receiver.statistics;
  strictEqual(s.decodedPackets, 10 + 25);
  strictEqual(s.skippedPackets + s.decodedPackets + s.waitingPackets, 150);
  strictEqual(s.concealedSamples, 0);
});

Deno.test("VoiceReceiver.pull() says where its samples come from in the sender's time", () => {
  const receiver = newReceiver("l16");
  const { results, pcm } = simulateVoice(receiver, {
    voice: "l16",
    sound: SOUND,
    seconds: 2,
    network: () => [4],
    timestamp: 2 ** 32 - 20_000,
  });
  const start = findSound(pcm, SOUND);
  for (let nth = 10; nth < 90; nth++) {
    const { capturedAtMs, timestamp } = results[nth];
    const sample = nth * 960 - start;
    strictEqual(timestamp, (2 ** 32 - 20_000 + sample) >>> 0);
    ok(Math.abs(capturedAtMs! - sample / 48) < 0.01);
  }
});

Deno.test("VoiceReceiver.decisions() keeps the last ten seconds", () => {
  const receiver = newReceiver("opus");
  const random = seededRandom(2);
  simulateVoice(receiver, {
    voice: "opus",
    sound: SOUND,
    seconds: 30,
    network: () => random.fraction() < 0.02 ? [] : [random.fraction() * 30],
  });
  const decisions = receiver.decisions();
  const kinds = new Set(decisions.map(({ kind }) => kind));
  for (const kind of ["arrival", "lost", "conceal"] as const) ok(kinds.has(kind), `${kind}`);
  ok(decisions.at(-1)!.atMs - decisions[0].atMs <= 10_000);
  ok(decisions.filter(({ kind }) => kind === "arrival").length > 400);
});

Deno.test("VoiceReceiver gives its decoder back in silence and takes a fresh one, led in by two packets", () => {
  const log: string[] = [];
  const codecs = {
    ...plainCodecs,
    takeDecoder: () => {
      log.push("take");
      const decoder = plainCodecs.takeDecoder()!;
      const decode = (packet: Uint8Array) => {
        log.push(`${new Int16Array(packet.slice().buffer)[0]}`);
        return decoder.decode(packet);
      };
      return { ...decoder, decode };
    },
    giveBack: () => void log.push("back"),
  };
  const receiver = new VoiceReceiver({ codecs, voice: "opus" });
  const out = new Int16Array(960);
  const heard = (tick: number) => tick < 2 || tick >= 60 && tick < 62;
  for (let tick = 0; tick < 100; tick++) {
    const payload = new Uint8Array(new Int16Array(960).fill(tick).buffer);
    const packet = { index: tick, timestamp: tick * 960, payload, level: -60, voice: heard(tick) };
    receiver.push(packet, tick * 20);
    receiver.pull(tick * 20 + 5, out);
  }
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${from + index}`);
  deepStrictEqual(log, ["take", ...numbers(0, 27), "back", "take", ...numbers(58, 87), "back"]);
});

Deno.test("VoiceReceiver takes any packets in any order: bounded, no throw, every one counted", () => {
  for (const voice of ["l16", "opus"] as const) {
    const random = seededRandom(13);
    const codecs: VoiceCodecs = {
      ...plainCodecs,
      takeDecoder: () => {
        const decoder = plainCodecs.takeDecoder()!;
        const fail = () => {
          throw new Error("corrupted");
        };
        return random.fraction() < 0.5 ? decoder : { ...decoder, decode: fail, decodeFec: fail };
      },
    };
    const receiver = new VoiceReceiver({ codecs, voice });
    const out = new Int16Array(960);
    let index = 1 << 20, timestamp = 0;
    for (let nth = 0; nth < 20_000; nth++) {
      const wild = random.fraction() < 0.02;
      index += wild ? random.u32() % 65_536 - 32_768 : 1;
      timestamp = (timestamp + (random.fraction() < 0.02 ? random.u32() : 960)) >>> 0;
      const size = random.fraction() < 0.9
        ? { l16: 960, opus: 1_920 }[voice]
        : random.u32() % 10 * 2;
      const payload = random.fill(new Uint8Array(size));
      const nowMs = nth * 10;
      receiver.push({ index, timestamp, payload, level: -(random.u32() % 128) }, nowMs);
      if (random.fraction() < 0.5) receiver.pull(nowMs, out);
    }
    const s = receiver.statistics;
    const counted = s.decodedPackets + s.skippedPackets + s.latePackets + s.duplicatePackets +
      s.invalidPackets + s.droppedPackets + s.waitingPackets;
    strictEqual(counted, 20_000, JSON.stringify(s));
    ok(s.waitingPackets <= 128);
  }
});
