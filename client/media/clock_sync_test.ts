import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { ClockSync } from "./clock_sync.ts";

/** One exchange at local time `atMs` with a server `aheadMs` ahead; returns what `answered` says. */
function exchange(
  clock: ClockSync,
  options: { atMs: number; aheadMs: number; upMs: number; downMs: number },
): boolean {
  const { atMs, aheadMs, upMs, downMs } = options;
  clock.requestSent(atMs);
  const receivedAtMs = atMs + aheadMs + upMs;
  const sentAtMs = receivedAtMs + 0.5;
  return clock.answered({
    requestSentAtMs: atMs,
    receivedAtMs,
    sentAtMs,
    arrivedAtMs: sentAtMs - aheadMs + downMs,
  });
}

Deno.test("ClockSync gives the server's clock from an exchange, and back", () => {
  const clock = new ClockSync();
  deepStrictEqual([clock.synchronised, clock.toServer(5), clock.figures(0)], [
    false,
    undefined,
    undefined,
  ]);
  ok(exchange(clock, { atMs: 1000, aheadMs: 3000, upMs: 2, downMs: 2 }));
  strictEqual(clock.toServer(2000), 5000);
  strictEqual(clock.toLocal(5000), 2000);
  strictEqual(clock.rttMs, 4);
});

Deno.test("ClockSync stays within half the smallest round trip under heavy one-sided jitter", () => {
  for (const aheadMs of [-3000, 0, 3000]) {
    const clock = new ClockSync();
    const random = seededRandom(7);
    for (let second = 0; second < 60; second++) {
      exchange(clock, {
        atMs: second * 1000,
        aheadMs,
        upMs: 1 + (random.fraction() < 0.7 ? 150 * random.fraction() : 0),
        downMs: 1 + random.fraction(),
      });
      const error = Math.abs(clock.toServer(0)! - aheadMs);
      const { uncertaintyMs } = clock.figures(second * 1000 + 100)!;
      ok(error <= uncertaintyMs, `${error} ms wrong, ${uncertaintyMs} ms said`);
      if (second > 20) ok(error < 3, `${error} ms wrong at ${second} s`);
    }
  }
});

Deno.test("ClockSync follows a clock that drifts by 200 ppm and a path whose delay grows", () => {
  const clock = new ClockSync();
  for (let second = 0; second < 600; second++) {
    const oneWayMs = second < 100 ? 1 : 50;
    exchange(clock, {
      atMs: second * 1000,
      aheadMs: second * 0.2,
      upMs: oneWayMs,
      downMs: oneWayMs,
    });
    const errorMs = Math.abs(clock.toServer(0)! - second * 0.2);
    ok(errorMs < 5, `${errorMs} ms wrong at ${second} s`);
  }
});

Deno.test("ClockSync.answered() takes each answer once and only to its own requests", () => {
  const clock = new ClockSync();
  const times = { requestSentAtMs: 10, receivedAtMs: 20, sentAtMs: 20, arrivedAtMs: 12 };
  strictEqual(clock.answered(times), false);
  clock.requestSent(10);
  strictEqual(clock.answered({ ...times, arrivedAtMs: 5 }), false, "before it was sent");
  clock.requestSent(10);
  strictEqual(clock.answered({ ...times, sentAtMs: NaN }), false, "not a time");
  clock.requestSent(10);
  strictEqual(clock.answered(times), true);
  strictEqual(clock.answered(times), false, "a second time");
  for (let atMs = 100; atMs < 120; atMs++) clock.requestSent(atMs);
  strictEqual(clock.answered({ ...times, requestSentAtMs: 103, arrivedAtMs: 130 }), false, "old");
});
