import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PictureStatistics } from "./picture_statistics.ts";

function play(statistics: PictureStatistics, options: { fromMs: number; count: number }): number {
  let atMs = options.fromMs;
  for (let index = 0; index < options.count; index++) {
    statistics.arrived(atMs, undefined);
    atMs += 1000 / 30;
  }
  return atMs - 1000 / 30;
}

Deno.test("PictureStatistics.fps is the mean of the last five seconds and outlives the end", () => {
  const statistics = new PictureStatistics();
  strictEqual(statistics.fps, 0);
  play(statistics, { fromMs: 0, count: 300 });
  ok(Math.abs(statistics.fps - 30) < 0.01);
  strictEqual(statistics.pictures, 300);
  strictEqual(statistics.freezes, 0);
});

Deno.test("PictureStatistics counts a gap of 200 ms as a freeze, one of 180 ms not", () => {
  const statistics = new PictureStatistics();
  let lastMs = play(statistics, { fromMs: 0, count: 60 });
  lastMs = play(statistics, { fromMs: lastMs + 180, count: 60 });
  strictEqual(statistics.freezes, 0);
  play(statistics, { fromMs: lastMs + 200, count: 60 });
  deepStrictEqual([statistics.freezes, Math.round(statistics.longestFreezeMs)], [1, 200]);
});

Deno.test("PictureStatistics.pause() makes the gap of a camera that was off no freeze", () => {
  const statistics = new PictureStatistics();
  const lastMs = play(statistics, { fromMs: 0, count: 60 });
  statistics.pause();
  play(statistics, { fromMs: lastMs + 9000, count: 60 });
  strictEqual(statistics.freezes, 0);
  ok(Math.abs(statistics.fps - 30) < 0.01);
});
