import { strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { ArrivalClock } from "./arrival_clock.ts";

Deno.test("ArrivalClock.place() takes the jitter of delivery away", () => {
  const clock = new ArrivalClock();
  const random = seededRandom(3);
  for (let sourceMs = 0; sourceMs < 60_000; sourceMs += 20) {
    const delayMs = sourceMs % 400 === 0 ? 5 : 5 + random.fraction() * 60;
    const placedMs = clock.place(sourceMs, 1_000_000 + sourceMs + delayMs);
    strictEqual(Math.abs(placedMs - (1_000_005 + sourceMs)) < 1e-6, true);
  }
  strictEqual(clock.pauseCount, 0);
});

Deno.test("ArrivalClock.place() follows a clock that is 200 ppm slow or fast", () => {
  for (const rate of [1.0002, 0.9998]) {
    const clock = new ArrivalClock();
    for (let sourceMs = 0; sourceMs < 600_000; sourceMs += 20) {
      const placedMs = clock.place(sourceMs, sourceMs * rate + 5);
      strictEqual(Math.abs(placedMs - (sourceMs * rate + 5)) < 2.1, true);
    }
  }
});

Deno.test("ArrivalClock.place() rides out a stall of the reader but sees a pause of the source", () => {
  const clock = new ArrivalClock();
  for (let sourceMs = 0; sourceMs <= 1_000; sourceMs += 20) clock.place(sourceMs, sourceMs);
  // The reader slept for 600 ms; everything is there at once.
  for (let sourceMs = 1_020; sourceMs <= 1_600; sourceMs += 20) {
    strictEqual(clock.place(sourceMs, 1_600), sourceMs);
  }
  // The source slept for 3 s.
  let placedMs = 0;
  for (let sourceMs = 1_620; sourceMs <= 2_700; sourceMs += 20) {
    placedMs = clock.place(sourceMs, sourceMs + 3_000);
  }
  strictEqual(placedMs, 5_700);
  strictEqual(clock.pauseCount, 1);
});
