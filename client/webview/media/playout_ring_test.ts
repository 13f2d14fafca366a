import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import { PlayoutRing, RING_SAMPLES_MAX } from "./playout_ring.ts";

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
  ring.push(ramp(481, PLAYOUT_TARGET_SAMPLES));
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
