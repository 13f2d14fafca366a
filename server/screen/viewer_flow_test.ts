import { ok, strictEqual } from "node:assert/strict";
import {
  SCREEN_IN_FLIGHT_BYTES_MIN,
  SCREEN_IN_FLIGHT_BYTES_START,
  SCREEN_UNACKNOWLEDGED_BYTES_MAX,
  SCREEN_UNACKNOWLEDGED_MS_MAX,
} from "@fusionmeet/protocol";
import { ViewerFlow } from "./viewer_flow.ts";

/** A viewer at the end of a line of that rate, who is always sent as much as may be. @returns how it went in the second half. */
function drive({ bytesPerMs, size, seconds }: {
  bytesPerMs: number;
  size: number;
  seconds: number;
}) {
  const flow = new ViewerFlow();
  /** What is in the line. */
  const queue: { sequence: number; atMs: number; leftBytes: number }[] = [];
  let [sequence, acknowledged, slowestMs] = [0, 0, 0];
  for (let nowMs = 0; nowMs < 1_000 * seconds; nowMs++) {
    for (let bytes = bytesPerMs; bytes > 0 && queue.length > 0;) {
      const [first] = queue;
      const taken = Math.min(bytes, first.leftBytes);
      bytes -= taken;
      first.leftBytes -= taken;
      if (first.leftBytes > 0) break;
      queue.shift();
      flow.acknowledge(first.sequence, nowMs);
      if (nowMs < 500 * seconds) continue;
      acknowledged += size;
      slowestMs = Math.max(slowestMs, nowMs - first.atMs);
    }
    while (flow.isOpen(nowMs)) {
      flow.sent(++sequence, size, nowMs);
      queue.push({ sequence, atMs: nowMs, leftBytes: size });
    }
  }
  return { slowestMs, shareOfLine: acknowledged / (500 * seconds * bytesPerMs), flow };
}

Deno.test("ViewerFlow fills a line, and keeps little of it waiting", () => {
  for (const megabits of [1, 5, 20, 100]) {
    const line = { bytesPerMs: 125 * megabits, size: 4_000, seconds: 10 };
    const { slowestMs, shareOfLine } = drive(line);
    const said = `${megabits} Mbit/s: ${slowestMs} ms, ${Math.round(100 * shareOfLine)} %`;
    // At 1 Mbit/s the least that may be under way is already more.
    ok(slowestMs < (megabits === 1 ? 320 : 230), said);
    ok(shareOfLine > 0.9, said);
  }
});

Deno.test("ViewerFlow has soon all that may be under way on a fast line, and never more", () => {
  const { flow } = drive({ bytesPerMs: 125_000, size: 60_000, seconds: 1 });
  strictEqual(flow.windowBytes, SCREEN_UNACKNOWLEDGED_BYTES_MAX);
});

Deno.test("ViewerFlow is closed at its window and while something is not acknowledged for too long", () => {
  const flow = new ViewerFlow();
  flow.sent(1, SCREEN_IN_FLIGHT_BYTES_START - 101, 0);
  strictEqual(flow.isOpen(0), true);
  strictEqual(flow.isOpen(SCREEN_UNACKNOWLEDGED_MS_MAX), true);
  strictEqual(flow.isOpen(SCREEN_UNACKNOWLEDGED_MS_MAX + 1), false);
  flow.sent(2, 1, 1);
  strictEqual(flow.isOpen(1), false);
  flow.acknowledge(3, 1);
  strictEqual(flow.isOpen(1), false, "that number was not sent");
  flow.acknowledge(1, 1);
  strictEqual(flow.isOpen(1), true);
  flow.acknowledge(2, 10_000);
  for (let sequence = 3; sequence < 100; sequence++) {
    flow.sent(sequence, 10_000, 10_000);
    flow.acknowledge(sequence, 20_000);
  }
  strictEqual(flow.windowBytes, SCREEN_IN_FLIGHT_BYTES_MIN);
  // A single message may be larger than everything.
  flow.sent(100, 4 * SCREEN_UNACKNOWLEDGED_BYTES_MAX, 20_000);
  strictEqual(flow.isOpen(20_000), false);
  flow.acknowledge(100, 20_001);
  strictEqual(flow.isOpen(20_001), true);
});

Deno.test("ViewerFlow says for how long acknowledgements are owed and none has come", () => {
  const flow = new ViewerFlow();
  strictEqual(flow.silentMs(5_000), 0);
  flow.sent(1, 1, 5_000);
  flow.sent(2, 1, 5_500);
  strictEqual(flow.silentMs(6_000), 1_000);
  flow.acknowledge(1, 6_000);
  strictEqual(flow.silentMs(6_100), 100);
  flow.acknowledge(2, 6_100);
  strictEqual(flow.silentMs(60_000), 0);
});
