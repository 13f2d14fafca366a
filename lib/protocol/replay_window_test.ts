import { strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, seededRandom } from "@fusionmeet/base";
import { ReplayWindow } from "./replay_window.ts";

Deno.test("ReplayWindow.check() lets each index of the window pass until it is marked", () => {
  const window = new ReplayWindow(64, 1_000);
  strictEqual(window.check(1_001), undefined);
  strictEqual(window.check(1_000), undefined, "where it started may still come");
  strictEqual(window.check(937), undefined, "the last one inside");
  strictEqual(window.check(936), "old", "the first one outside");
  window.mark(937);
  strictEqual(window.check(937), "replay");
  strictEqual(window.highest, 1_000);
  window.mark(1_001);
  strictEqual(window.check(937), "old");
  strictEqual(window.check(938), undefined);
  strictEqual(window.check(1_001), "replay");
});

Deno.test("ReplayWindow.mark() forgets everything after a jump of a whole window", () => {
  for (const jump of [63, 64, 65, 1_000_000]) {
    const window = new ReplayWindow(64);
    for (let index = 0; index < 64; index++) window.mark(index);
    window.mark(63 + jump);
    for (let index = 64; index < 63 + jump && index < 200; index++) {
      strictEqual(window.check(index), index > jump - 1 ? undefined : "old", `${index} of ${jump}`);
    }
    strictEqual(window.check(63), jump < 64 ? "replay" : "old");
  }
});

Deno.test("ReplayWindow.advance() moves forward only", () => {
  const window = new ReplayWindow(32);
  window.mark(10);
  window.advance(5);
  strictEqual(window.highest, 10);
  strictEqual(window.check(10), "replay");
  window.advance(20);
  strictEqual(window.highest, 20);
  strictEqual(window.check(20), undefined, "it has not come");
  strictEqual(window.check(10), "replay", "what came before is remembered");
});

Deno.test("ReplayWindow is empty before its first index", () => {
  const window = new ReplayWindow(32);
  strictEqual(window.highest, -1);
  strictEqual(window.check(0), undefined);
  strictEqual(window.check(2 ** 48 - 1), undefined);
});

Deno.test("ReplayWindow refuses a size that is no multiple of 32", () => {
  for (const size of [0, 31, 33, -32]) throws(() => new ReplayWindow(size), AssertionFailure);
});

Deno.test("ReplayWindow agrees with a list of all that came, at every edge of the index", () => {
  const random = seededRandom(3711);
  for (const start of [0, 2 ** 15, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 48 - 20_000]) {
    const window = new ReplayWindow(128, start);
    const came = new Set<number>();
    let highest = start;
    for (let round = 0; round < 5_000; round++) {
      const far = random.u32() % 50 === 0 ? 400 : 12;
      const index = Math.max(0, highest - 200 + random.u32() % (200 + far));
      const expected = index <= highest - 128 ? "old" : came.has(index) ? "replay" : undefined;
      strictEqual(window.check(index), expected, `${index} at ${highest}`);
      if (expected || random.u32() % 4 === 0) continue;
      window.mark(index);
      came.add(index);
      highest = Math.max(highest, index);
      strictEqual(window.highest, highest);
    }
  }
});
