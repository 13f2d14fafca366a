import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import {
  assert,
  AssertionFailure,
  concatBytes,
  Counters,
  decibelToGain,
  equalBytes,
  FrameClock,
  gainToDecibel,
  readU16,
  readU32,
  seededRandom,
  sequenceDistance,
  SequenceLine,
  timestampDistance,
  TimestampLine,
  TokenBucket,
  writeU16,
  writeU32,
} from "@fusionmeet/base";

Deno.test("assert() throws AssertionFailure with the invariant in words", () => {
  assert(1, "never seen");
  throws(() => assert(0, "one is one"), new AssertionFailure("one is one"));
});

Deno.test("readU16() and readU32() give back what writeU16() and writeU32() wrote, big-endian", () => {
  const bytes = new Uint8Array(8);
  writeU16(bytes, 1, 0xfffe);
  writeU32(bytes, 3, 0xfedcba98);
  deepStrictEqual([...bytes], [0, 0xff, 0xfe, 0xfe, 0xdc, 0xba, 0x98, 0]);
  strictEqual(readU16(bytes, 1), 0xfffe);
  strictEqual(readU32(bytes, 3), 0xfedcba98);
});

Deno.test("equalBytes() compares size and content; concatBytes() keeps the order", () => {
  const joined = concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3));
  ok(equalBytes(joined, Uint8Array.of(1, 2, 3)));
  ok(!equalBytes(joined, Uint8Array.of(1, 2, 4)));
  ok(!equalBytes(joined, Uint8Array.of(1, 2)));
});

Deno.test("sequenceDistance() and timestampDistance() take the short way round", () => {
  strictEqual(sequenceDistance(65_535, 0), 1);
  strictEqual(sequenceDistance(0, 65_535), -1);
  strictEqual(sequenceDistance(0, 32_767), 32_767);
  strictEqual(sequenceDistance(0, 32_768), -32_768);
  strictEqual(timestampDistance(0xffff_ffff, 959), 960);
  strictEqual(timestampDistance(959, 0xffff_ffff), -960);
});

Deno.test("SequenceLine.place() goes on over a wrap and puts late ones before it", () => {
  const line = new SequenceLine();
  deepStrictEqual([65_534, 65_535, 1, 0, 65_535].map((each) => line.place(each)), [
    65_534,
    65_535,
    65_537,
    65_536,
    65_535,
  ]);
});

Deno.test("SequenceLine.place() counts many wraps", () => {
  const line = new SequenceLine();
  let place = 0;
  for (let index = 0; index <= 200_000; index += 1_000) place = line.place(index & 0xffff);
  strictEqual(place, 200_000);
});

Deno.test("TimestampLine.place() goes on over 2^32 and puts late ones before it", () => {
  const line = new TimestampLine();
  deepStrictEqual([2 ** 32 - 960, 0, 960, 2 ** 32 - 960].map((each) => line.place(each)), [
    2 ** 32 - 960,
    2 ** 32,
    2 ** 32 + 960,
    2 ** 32 - 960,
  ]);
});

Deno.test("seededRandom() repeats from a seed and spreads over [0, 1)", () => {
  const draw = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 1_000 }, () => random.fraction());
  };
  deepStrictEqual(draw(7), draw(7));
  const mean = draw(7).reduce((sum, each) => sum + each) / 1_000;
  ok(mean > 0.45 && mean < 0.55, `mean ${mean}`);
  ok(!equalBytes(seededRandom(1).fill(new Uint8Array(8)), seededRandom(2).fill(new Uint8Array(8))));
});

Deno.test("Counters.snapshot() is a sorted copy", () => {
  const counters = new Counters();
  counters.add("short", 2);
  counters.add("forged");
  counters.add("short");
  deepStrictEqual(Object.entries(counters.snapshot()), [["forged", 1], ["short", 3]]);
  strictEqual(counters.get("none"), 0);
});

Deno.test("FrameClock.take() hands out every frame however late the timer is", () => {
  const clock = new FrameClock({ frameMs: 20, lateFramesMax: 5, startMs: 1_000 });
  strictEqual(clock.nextDueMs, 1_020);
  deepStrictEqual([1_019.9, 1_020, 1_039, 1_085, 1_100].map((now) => clock.take(now)), [
    0,
    1,
    0,
    3,
    1,
  ]);
});

Deno.test("FrameClock.take() catches up five frames and re-anchors on six", () => {
  const late = (ms: number) => {
    const clock = new FrameClock({ frameMs: 20, lateFramesMax: 5, startMs: 0 });
    return [clock.take(ms), clock.reanchorCount, clock.skippedFrames, clock.nextDueMs];
  };
  deepStrictEqual(late(100), [5, 0, 0, 120]);
  deepStrictEqual(late(120), [1, 1, 5, 140]);
  deepStrictEqual(late(60_007), [1, 1, 2_999, 60_027]);
});

Deno.test("decibelToGain() and gainToDecibel() undo each other", () => {
  strictEqual(decibelToGain(-20), 0.1);
  strictEqual(gainToDecibel(0), -Infinity);
  ok(Math.abs(gainToDecibel(decibelToGain(-3)) + 3) < 1e-12);
});

Deno.test("TokenBucket.take() allows the burst, then the rate", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2, nowMs: 0 });
  deepStrictEqual([0, 0, 0, 99, 100, 100].map((now) => bucket.take(now)), [
    true,
    true,
    false,
    false,
    true,
    false,
  ]);
  deepStrictEqual([1e6, 1e6, 1e6].map((now) => bucket.take(now)), [true, true, false]);
});

Deno.test("TokenBucket.take() does not refill when the clock goes back", () => {
  const bucket = new TokenBucket({ perSecond: 1_000, burst: 1, nowMs: 1_000 });
  deepStrictEqual([1_000, 0, 1_000].map((now) => bucket.take(now)), [true, false, false]);
});
