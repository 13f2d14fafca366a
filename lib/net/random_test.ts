import { notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { systemRandom } from "./random.ts";

Deno.test("systemRandom.fill() fills and returns arrays of any size, also behind an offset", () => {
  for (const size of [0, 1, 28, 65_536, 65_537, 200_000]) {
    const bytes = new Uint8Array(size);
    strictEqual(systemRandom.fill(bytes), bytes);
    if (size >= 28) ok(new Set(bytes.slice(-256)).size > 10);
  }
  const whole = new Uint8Array(64);
  systemRandom.fill(whole.subarray(32));
  ok(whole.slice(0, 32).every((byte) => byte === 0));
  notDeepStrictEqual(systemRandom.fill(new Uint8Array(16)), systemRandom.fill(new Uint8Array(16)));
});

Deno.test("systemRandom.u32() and fraction() stay in range and vary", () => {
  const numbers = Array.from({ length: 1_000 }, () => systemRandom.u32());
  ok(numbers.every((number) => Number.isInteger(number) && number >= 0 && number < 2 ** 32));
  ok(new Set(numbers).size > 990);
  const fractions = Array.from({ length: 1_000 }, () => systemRandom.fraction());
  ok(fractions.every((fraction) => fraction >= 0 && fraction < 1));
  ok(Math.abs(fractions.reduce((sum, fraction) => sum + fraction) / 1_000 - 0.5) < 0.1);
});
