import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PlayoutClock } from "./playout_clock.ts";

Deno.test("PlayoutClock.take() gives each 10 ms block once, whenever the timer comes", () => {
  const clock = new PlayoutClock(1000.25);
  strictEqual(clock.nextDueMs, 1000.25);
  deepStrictEqual(clock.take(1000), { skipped: 0, due: 0, atMs: 1000.25 });
  deepStrictEqual(clock.take(1000.25), { skipped: 0, due: 1, atMs: 1000.25 });
  deepStrictEqual(clock.take(1010.2), { skipped: 0, due: 0, atMs: 1010.25 });
  deepStrictEqual(clock.take(1034), { skipped: 0, due: 3, atMs: 1010.25 });
  strictEqual(clock.nextDueMs, 1040.25);
});

Deno.test("PlayoutClock.take() does not drift over hours of uneven wake-ups", () => {
  const clock = new PlayoutClock(0.1);
  let blocks = 0;
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 7.3) blocks += clock.take(nowMs).due;
  strictEqual(blocks, 360_000);
});

Deno.test("PlayoutClock.take() skips what a stall of over 100 ms made late, and stays on its line", () => {
  const clock = new PlayoutClock(0);
  clock.take(0);
  deepStrictEqual(clock.take(100), { skipped: 0, due: 10, atMs: 10 });
  deepStrictEqual(clock.take(1215), { skipped: 110, due: 1, atMs: 110 });
  strictEqual(clock.skippedBlocks, 110);
  strictEqual(clock.nextDueMs, 1220);
});
