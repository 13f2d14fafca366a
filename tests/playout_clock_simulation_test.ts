/** Judges no real time. */
import { ok, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import type { Consumption } from "@fusionmeet/bridge";
import { encodeL16, MixReceiver } from "@fusionmeet/media";
import { DevicePlayout, type PlayoutBlock } from "../client/media/device_playout.ts";
import { PlayoutRing } from "../client/webview/media/playout_ring.ts";

const MINUTES = 60_000;
/** The sound's period: each millisecond of it has a value of its own, so that what is heard tells when it was said. */
const PERIOD_MS = 1_000;
/** A sound card takes so much at once. */
const GULP_SAMPLES = 1_024;
const QUANTUM_SAMPLES = 128;
const CARD_LATENCY_MS = 30;

interface Faults {
  /** Parts per million the device's clock is fast. */
  readonly ppm?: number;
  /** The device neither plays nor reports. */
  readonly stopped?: (atMs: number) => boolean;
  /** Reports and sound do not pass between program and page, but queue up. */
  readonly heldUp?: (atMs: number) => boolean;
}

/** A voice over a jittery network, the jitter buffer, the playout clock, and the worklet's ring at a card's pace. */
class PlayoutSimulation {
  readonly playout = new DevicePlayout(0);
  readonly ring = new PlayoutRing();
  readonly #mix = new MixReceiver({
    voice: "l16",
    codecs: {
      encoder: () => {
        throw new Error("L16 needs none");
      },
      decoder: () => {
        throw new Error("L16 needs none");
      },
    } as never,
  });
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #events: { atMs: number; run: (atMs: number) => void }[] = [];
  readonly #out = new Float32Array(QUANTUM_SAMPLES);
  #packets = 0;
  #gulps = 0;
  #stoppedMs = 0;
  #reported = 0;
  #linkFreeMs = 0;
  /** Mouth to ear, by minute: least and most, ms. */
  readonly delays: { least: number; most: number }[] = [];
  readonly blocks: PlayoutBlock[] = [];
  recordedGaps = 0;

  constructor(seed: number, faults: Faults) {
    this.#random = seededRandom(seed);
    this.#faults = faults;
    this.#mix.open(1, "own");
    this.#at(0, this.#send);
    this.#at(0, this.#gulp);
    this.#at(0, this.#wake);
  }

  run(untilMs: number): this {
    for (;;) {
      const next = this.#events.reduce((best, each) => each.atMs < best.atMs ? each : best);
      if (next.atMs > untilMs) return this;
      this.#events.splice(this.#events.indexOf(next), 1);
      next.run(next.atMs);
    }
  }

  #at(atMs: number, run: (atMs: number) => void): void {
    this.#events.push({ atMs, run });
  }

  readonly #send = (atMs: number): void => {
    const index = this.#packets++;
    const pcm = new Int16Array(480);
    for (let at = 0; at < 480; at++) pcm[at] = 1 + (index * 10 + Math.floor(at / 48)) % PERIOD_MS;
    const packet = { index, timestamp: (index * 480) >>> 0, payload: encodeL16(pcm) };
    this.#at(atMs + 2 + this.#random.fraction() * 6, (at) => this.#mix.push(1, packet, at));
    this.#at(this.#packets * 10, this.#send);
  };

  readonly #wake = (atMs: number): void => {
    this.#pull(this.playout.take(atMs), atMs);
    this.#at(Math.floor(atMs / 10 + 1) * 10 + this.#random.fraction() * 3, this.#wake);
  };

  readonly #gulp = (atMs: number): void => {
    if (this.#faults.stopped?.(atMs)) {
      this.#stoppedMs += 10;
      return this.#at(atMs + 10, this.#gulp);
    }
    for (let at = 0; at < GULP_SAMPLES; at += QUANTUM_SAMPLES) {
      this.ring.pull(this.#out);
      this.#hear(atMs + at / 48 + CARD_LATENCY_MS);
      const { playedSamples, missedSamples } = this.ring;
      if (playedSamples + missedSamples - this.#reported >= 480) {
        this.#reported = playedSamples + missedSamples;
        const { reserveSamples, targetSamples } = this.ring;
        const report = { playedSamples, missedSamples, reserveSamples, targetSamples };
        this.ring.beginReport();
        this.#pass(atMs, (passedMs) => this.#report(report, passedMs));
      }
    }
    const paceMs = GULP_SAMPLES / 48 / (1 + (this.#faults.ppm ?? 0) / 1e6);
    this.#at(++this.#gulps * paceMs + this.#stoppedMs, this.#gulp);
  };

  #hear(atMs: number): void {
    const value = Math.round(this.#out[0] * 32_768);
    if (value === 0) return;
    const delayMs = (((atMs - (value - 1)) % PERIOD_MS) + PERIOD_MS) % PERIOD_MS;
    const minute = this.delays[Math.floor(atMs / MINUTES)] ??= { least: Infinity, most: 0 };
    minute.least = Math.min(minute.least, delayMs);
    minute.most = Math.max(minute.most, delayMs);
  }

  /** In order, after the way through socket, worker and port. */
  #pass(atMs: number, run: (atMs: number) => void): void {
    let freeMs = atMs;
    while (this.#faults.heldUp?.(freeMs)) freeMs += 1;
    this.#linkFreeMs = Math.max(this.#linkFreeMs + 0.001, freeMs + 0.3 + this.#random.fraction());
    this.#at(this.#linkFreeMs, run);
  }

  #report(totals: Omit<Consumption, "generation" | "outputLatencyMs">, atMs: number): void {
    const report: Consumption = { generation: 1, outputLatencyMs: CARD_LATENCY_MS, ...totals };
    this.#pull(this.playout.played(report, atMs), atMs);
  }

  #pull(blocks: readonly PlayoutBlock[], nowMs: number): void {
    for (const block of blocks) {
      const pcm = new Int16Array(480);
      if (!block.silent) this.#mix.pull(block.dueMs, pcm);
      const last = this.blocks.at(-1);
      if (last && block.atMs !== last.atMs + 10) this.recordedGaps++;
      this.blocks.push(block);
      if (block.generation !== undefined) this.#pass(nowMs, () => this.ring.push(pcm));
    }
  }
}

const within = (fromMs: number, toMs: number) => (atMs: number) => atMs >= fromMs && atMs < toMs;

for (const ppm of [-300, 0, 300]) {
  Deno.test(`a sound device ${ppm} ppm off clocks the jitter buffer for ten minutes: nothing missing, one delay`, () => {
    const simulation = new PlayoutSimulation(1 + ppm, { ppm }).run(10 * MINUTES);
    strictEqual(simulation.ring.underruns, 0, "underruns");
    // The first minute holds the filling of the buffers.
    const settled = simulation.delays.slice(1, 10);
    const least = Math.min(...settled.map((each) => each.least));
    const most = Math.max(...settled.map((each) => each.most));
    ok(most - least <= 20, `the delay wanders from ${least} to ${most} ms`);
    ok(most < 200, `a delay of ${most} ms`);
    // 300 ppm are 180 ms in ten minutes: the recorded line is set anew once.
    ok(simulation.recordedGaps <= 1, `${simulation.recordedGaps} gaps`);
  });
}

Deno.test("a suspended sound device is missed by nobody but the ear: the recording goes on, the delay comes back", () => {
  const stopped = within(60_000, 100_000);
  const simulation = new PlayoutSimulation(5, { stopped }).run(4 * MINUTES);
  strictEqual(simulation.playout.deviceStarts, 2);
  strictEqual(simulation.recordedGaps, 0);
  ok(Math.abs(simulation.blocks.length - 24_000) <= 3, `${simulation.blocks.length} blocks`);
  const [before, , , after] = simulation.delays;
  ok(Math.abs(before.most - after.most) <= 25, JSON.stringify(simulation.delays));
});

Deno.test("reports that queue up run the device dry once and leave no delay behind", () => {
  for (const ms of [120, 240, 400, 2_000]) {
    const heldUp = within(60_000, 60_000 + ms);
    const simulation = new PlayoutSimulation(ms, { heldUp }).run(5 * MINUTES);
    const what = `held up ${ms} ms: `;
    ok(simulation.ring.underruns <= 3, what + `${simulation.ring.underruns} underruns`);
    strictEqual(simulation.recordedGaps, 0);
    ok(Math.abs(simulation.blocks.length - 30_000) <= 3, what + simulation.blocks.length);
    const [before, , , , after] = simulation.delays;
    ok(Math.abs(before.most - after.most) <= 25, what + JSON.stringify(simulation.delays));
  }
});

Deno.test("a page that is often held up gets as much ahead as it needs, and gives it back slowly when it is calm", () => {
  // 90 ms every three seconds, from the second minute to the fourth.
  const heldUp = (atMs: number) => atMs >= 60_000 && atMs < 240_000 && atMs % 3_000 < 90;
  const simulation = new PlayoutSimulation(3, { heldUp }).run(4 * MINUTES);
  ok(simulation.ring.underruns >= 1 && simulation.ring.underruns <= 6, "in sixty hold-ups");
  const [before, , , held] = simulation.delays;
  ok(held.most < before.most + 200, JSON.stringify(simulation.delays));
  simulation.run(10 * MINUTES);
  strictEqual(simulation.recordedGaps, 0);
  ok(simulation.delays[9].most <= held.most - 9, JSON.stringify(simulation.delays));
});
