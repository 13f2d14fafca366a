import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import {
  CALM_SAMPLES,
  CALM_SAMPLES_MAX,
  PlayoutRing,
  RING_SAMPLES_MAX,
  TARGET_SAMPLES_MAX,
  TARGET_STEP_DOWN_SAMPLES,
  TARGET_STEP_UP_SAMPLES,
} from "./playout_ring.ts";

const QUANTUM = 128;

/** Samples first, first + 1… as s16. */
function ramp(first: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, index) => first + index);
}

function pull(ring: PlayoutRing, count = QUANTUM): number[] {
  const out = new Float32Array(count).fill(0.5);
  ring.pull(out);
  return [...out].map((sample) => sample * 32_768);
}

Deno.test("PlayoutRing plays nothing before the target is there, then every sample in order", () => {
  const ring = new PlayoutRing();
  ring.push(ramp(1, PLAYOUT_TARGET_SAMPLES - 1));
  deepStrictEqual(pull(ring), new Array(QUANTUM).fill(0));
  ring.push(ramp(PLAYOUT_TARGET_SAMPLES, 481));
  const played: number[] = [];
  while (ring.bufferedSamples >= QUANTUM) played.push(...pull(ring));
  deepStrictEqual(played, [...ramp(1, played.length)]);
  deepStrictEqual([ring.playedSamples, ring.missedSamples, ring.underruns], [
    played.length,
    QUANTUM,
    0,
  ]);
});

Deno.test("PlayoutRing counts running dry once, and fills up before it plays again", () => {
  const ring = new PlayoutRing();
  ring.push(ramp(1, PLAYOUT_TARGET_SAMPLES + 1));
  pull(ring, PLAYOUT_TARGET_SAMPLES);
  deepStrictEqual(pull(ring).slice(0, 3), [PLAYOUT_TARGET_SAMPLES + 1, 0, 0]);
  pull(ring);
  ring.push(ramp(1, 480));
  deepStrictEqual(pull(ring), new Array(QUANTUM).fill(0));
  strictEqual(ring.underruns, 1);
  strictEqual(ring.missedSamples, 3 * QUANTUM - 1);
  ring.push(ramp(481, PLAYOUT_TARGET_SAMPLES + TARGET_STEP_UP_SAMPLES - 480));
  deepStrictEqual(pull(ring), [...ramp(1, QUANTUM)]);
});

Deno.test("PlayoutRing.restart() forgets what waits and begins its totals anew", () => {
  const ring = new PlayoutRing();
  ring.push(ramp(1, PLAYOUT_TARGET_SAMPLES));
  pull(ring);
  ring.restart(9);
  const { generation, playedSamples, missedSamples, bufferedSamples } = ring;
  deepStrictEqual([generation, playedSamples, missedSamples, bufferedSamples], [9, 0, 0, 0]);
  deepStrictEqual(pull(ring), new Array(QUANTUM).fill(0));
});

Deno.test("PlayoutRing keeps the newest RING_SAMPLES_MAX samples", () => {
  const ring = new PlayoutRing();
  ring.push(ramp(0, RING_SAMPLES_MAX));
  strictEqual(ring.bufferedSamples, RING_SAMPLES_MAX);
  ring.push(ramp(RING_SAMPLES_MAX, 1));
  strictEqual(ring.bufferedSamples, RING_SAMPLES_MAX);
  deepStrictEqual(pull(ring, RING_SAMPLES_MAX), [...ramp(1, RING_SAMPLES_MAX)]);
});

/** Fills it quantum by quantum until it plays. @returns how much was there. */
function fillUntilItPlays(ring: PlayoutRing): number {
  const { playedSamples } = ring;
  for (;;) {
    ring.push(ramp(1, QUANTUM));
    const { bufferedSamples } = ring;
    pull(ring);
    if (ring.playedSamples > playedSamples) return bufferedSamples;
  }
}

/** Plays so much without a gap. */
function play(ring: PlayoutRing, samples: number): void {
  for (let played = 0; played < samples; played += QUANTUM) {
    ring.push(ramp(1, QUANTUM));
    pull(ring);
  }
}

function runDry(ring: PlayoutRing): void {
  pull(ring, RING_SAMPLES_MAX);
  strictEqual(ring.bufferedSamples, 0);
}

Deno.test("PlayoutRing fills up further each time it runs dry, to TARGET_SAMPLES_MAX, and less after calm", () => {
  const ring = new PlayoutRing();
  const within = (samples: number, target: number) =>
    ok(samples >= target && samples < target + QUANTUM, `${samples} for ${target}`);
  within(fillUntilItPlays(ring), PLAYOUT_TARGET_SAMPLES);
  for (let target = PLAYOUT_TARGET_SAMPLES; target < TARGET_SAMPLES_MAX;) {
    runDry(ring);
    target = Math.min(TARGET_SAMPLES_MAX, target + TARGET_STEP_UP_SAMPLES);
    within(fillUntilItPlays(ring), target);
  }
  runDry(ring);
  within(fillUntilItPlays(ring), TARGET_SAMPLES_MAX);
  const steps = 8;
  play(ring, steps * CALM_SAMPLES_MAX);
  runDry(ring);
  const fallen = TARGET_SAMPLES_MAX - steps * TARGET_STEP_DOWN_SAMPLES;
  within(fillUntilItPlays(ring), fallen + TARGET_STEP_UP_SAMPLES);
});

Deno.test("PlayoutRing waits twice as long before it takes less each time that it was too little", () => {
  const ring = new PlayoutRing();
  fillUntilItPlays(ring);
  for (const calm of [2, 4, 8]) {
    runDry(ring);
    fillUntilItPlays(ring);
    const { targetSamples } = ring;
    play(ring, calm * CALM_SAMPLES - 2 * QUANTUM);
    strictEqual(ring.targetSamples, targetSamples);
    play(ring, 2 * QUANTUM);
    strictEqual(ring.targetSamples, targetSamples - TARGET_STEP_DOWN_SAMPLES);
  }
});
