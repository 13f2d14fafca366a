import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  GIVE_UP_MS,
  NACK_GAP_PACKETS_MAX,
  NACK_SEQUENCES_MAX,
  NACK_TRIES_MAX,
  REORDER_MS,
} from "@fusionmeet/protocol";
import { GapTracker } from "./gap_tracker.ts";

function tracker(...seen: number[]): GapTracker {
  const gaps = new GapTracker();
  for (const index of seen) gaps.seen(index, 0);
  return gaps;
}

Deno.test("GapTracker.seen() names what a packet turned out to be", () => {
  const gaps = tracker(100);
  strictEqual(gaps.seen(101, 0), "new");
  strictEqual(gaps.seen(104, 0), "new");
  strictEqual(gaps.seen(103, 0), "reordered");
  strictEqual(gaps.seen(103, 0), "duplicate");
  deepStrictEqual(gaps.due(REORDER_MS, 30), [102]);
  strictEqual(gaps.seen(102, 40), "repaired");
  strictEqual(gaps.seen(106, 50), "new");
  gaps.expire(50 + GIVE_UP_MS);
  strictEqual(gaps.lost, 1);
  strictEqual(gaps.seen(105, 500), "late");
  strictEqual(gaps.lost, 0);
  strictEqual(gaps.seen(105, 500), "duplicate");
});

Deno.test("GapTracker.seen() takes a stream whose first packets come in any order", () => {
  const gaps = tracker(105);
  strictEqual(gaps.seen(102, 0), "reordered");
  strictEqual(gaps.lowest, 102);
  deepStrictEqual(gaps.due(REORDER_MS, 0), [103, 104]);
  strictEqual(gaps.seen(0x10000 * 3, 0), "jump");
  strictEqual(gaps.seen(102, 0), "duplicate");
  strictEqual(tracker(5_000).seen(4_000, 0), "late");
});

Deno.test("GapTracker.due() waits for reordering, then asks once a round trip, then gives up", () => {
  const gaps = tracker(1, 3);
  strictEqual(gaps.nextDueMs, REORDER_MS);
  deepStrictEqual(gaps.due(REORDER_MS - 1, 50), []);
  const asked: number[] = [];
  for (let nowMs = 0; nowMs < 1_000; nowMs++) {
    if (gaps.due(nowMs, 50).length > 0) asked.push(nowMs);
  }
  deepStrictEqual(asked, [10, 70, 130, 190, 250]);
  strictEqual(asked.length, NACK_TRIES_MAX);
  strictEqual(gaps.lost, 1);
  strictEqual(gaps.nextDueMs, undefined);
});

Deno.test("GapTracker.due() keeps an interval when the round trip is unknown, and gives up in time when it is long", () => {
  const asked = (rttMs: number) => {
    const gaps = tracker(1, 3);
    const times: number[] = [];
    while (gaps.nextDueMs !== undefined) {
      const nowMs = gaps.nextDueMs;
      if (gaps.due(nowMs, rttMs).length > 0) times.push(nowMs);
    }
    return times;
  };
  deepStrictEqual(asked(0), [10, 30, 50, 70, 90]);
  deepStrictEqual(asked(300), [10, 320]);
});

Deno.test("GapTracker.due() asks for at most NACK_SEQUENCES_MAX, the rest at once after", () => {
  const gaps = tracker(0, NACK_SEQUENCES_MAX + 2);
  strictEqual(gaps.due(20, 0).length, NACK_SEQUENCES_MAX);
  strictEqual(gaps.nextDueMs, REORDER_MS);
  deepStrictEqual(gaps.due(20, 0), [NACK_SEQUENCES_MAX + 1]);
});

for (const extra of [-1, 0, 1]) {
  Deno.test(`GapTracker.seen() at NACK_GAP_PACKETS_MAX ${extra}`, () => {
    const gap = NACK_GAP_PACKETS_MAX + extra;
    const gaps = tracker(7);
    strictEqual(gaps.seen(8 + gap, 0), extra > 0 ? "jump" : "new");
    gaps.giveUpBelow(Infinity);
    strictEqual(gaps.lost, gap);
    strictEqual(gaps.seen(8, 0), "late");
    strictEqual(gaps.lost, gap - 1);
  });
}

Deno.test("GapTracker misses no more than NACK_GAP_PACKETS_MAX at once, however many gaps there are", () => {
  const gaps = tracker(0);
  for (let index = 2; index <= 2 * NACK_GAP_PACKETS_MAX; index += 2) {
    strictEqual(gaps.seen(index, 0), "new");
  }
  const next = 2 * NACK_GAP_PACKETS_MAX + 2;
  strictEqual(gaps.seen(next, 0), "jump");
  strictEqual(gaps.lost, 1);
  strictEqual(gaps.seen(next - 1, 0), "late");
  strictEqual(gaps.seen(next - 1, 0), "duplicate");
  strictEqual(gaps.seen(1, 0), "reordered");
  strictEqual(gaps.seen(next + 2, 0), "new");
  strictEqual(gaps.lost, 0);
});

Deno.test("GapTracker.missFirst() asks for what came before the first packet", () => {
  const gaps = tracker(0x10000, 0x10001);
  gaps.missFirst(0);
  deepStrictEqual(gaps.due(REORDER_MS, 0), [0xffff]);
  strictEqual(gaps.seen(0xffff, 20), "repaired");
  const first = tracker(0);
  first.missFirst(0);
  deepStrictEqual(first.due(REORDER_MS, 0), []);
});

Deno.test("GapTracker.giveUpBelow() stops asking for what nobody needs", () => {
  const gaps = tracker(1, 4, 8);
  gaps.giveUpBelow(6);
  deepStrictEqual(gaps.due(REORDER_MS, 0), [6, 7]);
  strictEqual(gaps.lost, 3);
});
