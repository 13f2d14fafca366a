import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { StreamStatistics } from "./commands.ts";
import { StreamTotals } from "./stream_totals.ts";

function line(own: Partial<StreamStatistics>): StreamStatistics {
  return {
    participant: 1,
    kind: "camera",
    layer: "high",
    codec: "h264",
    ssrc: 1,
    packets: 0,
    bytes: 0,
    lost: 0,
    late: 0,
    repaired: 0,
    concealed: 0,
    fps: 0,
    width: 0,
    height: 0,
    jitterMs: 0,
    playoutDelayMs: 0,
    freezes: 0,
    longestFreezeMs: 0,
    ...own,
  };
}

Deno.test("StreamTotals adds counts over reconnects and keeps the figures of the newest stream", () => {
  const totals = new StreamTotals();
  totals.end(line({ packets: 10, lost: 1, fps: 30, longestFreezeMs: 500 }));
  totals.end(line({ ssrc: 2, packets: 5, fps: 15, longestFreezeMs: 100 }));
  const [sum] = totals.lines([line({ ssrc: 3, packets: 1, fps: 29 })]);
  deepStrictEqual(
    [sum.ssrc, sum.packets, sum.lost, sum.fps, sum.longestFreezeMs],
    [3, 16, 1, 29, 500],
  );
  deepStrictEqual(totals.lines([])[0].packets, 15, "what is live counts once");
});

Deno.test("StreamTotals keeps a figure until the new stream has its own", () => {
  const totals = new StreamTotals();
  totals.end(line({ packets: 10, fps: 30, width: 320, height: 240 }));
  const [sum] = totals.lines([line({ ssrc: 2 })]);
  deepStrictEqual([sum.fps, sum.width, sum.height], [30, 320, 240]);
});

Deno.test("StreamTotals has one line for the mix, shared or own, and one per person and layer", () => {
  const totals = new StreamTotals();
  totals.end(line({ participant: 0, kind: "mix", layer: "shared", packets: 1 }));
  totals.end(line({ participant: 0, kind: "mix", layer: "own", packets: 2 }));
  totals.end(line({ participant: 1, packets: 4 }));
  totals.end(line({ participant: 2, packets: 8 }));
  deepStrictEqual(totals.lines([]).map(({ packets }) => packets), [3, 4, 8]);
});

Deno.test("StreamTotals forgets the stream that ended first beyond 512", () => {
  const totals = new StreamTotals();
  for (let participant = 1; participant <= 512; participant++) {
    totals.end(line({ participant }));
  }
  totals.end(line({ participant: 1 }));
  strictEqual(totals.lines([]).length, 512);
  totals.end(line({ participant: 513 }));
  const kept = totals.lines([]).map(({ participant }) => participant);
  deepStrictEqual([kept.length, kept.includes(1), kept.includes(2)], [512, true, false]);
});
