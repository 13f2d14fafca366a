import { ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { PullClock } from "./pull_clock.ts";

Deno.test("PullClock.pull() knows when pulls are due, however late they are made", () => {
  const clock = new PullClock();
  const random = seededRandom(1);
  for (let nth = 0; nth < 1_000; nth++) {
    const dueMs = 5 + nth * 20;
    const lateMs = nth % 10 === 0 ? 0 : random.fraction() * 15;
    strictEqual(clock.pull(dueMs + lateMs, 960), dueMs);
  }
});

Deno.test("PullClock.pull() follows a puller whose clock is slow", () => {
  const clock = new PullClock();
  for (let nth = 0; nth < 5_000; nth++) {
    const nowMs = nth * 20.01;
    ok(Math.abs(clock.pull(nowMs, 960) - nowMs) < 1.1);
  }
});

Deno.test("PullClock.pull() starts a new line after a stall", () => {
  const clock = new PullClock();
  for (let nth = 0; nth < 100; nth++) clock.pull(nth * 10, 480);
  strictEqual(clock.pull(1_700, 480), 1_700);
  strictEqual(clock.pull(1_715, 480), 1_710);
});
