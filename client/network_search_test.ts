import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTimers } from "@fusionmeet/net";
import { SCAN_AT_ONCE_MAX, SCAN_PER_SECOND, SCAN_TOTAL_MS } from "@fusionmeet/protocol";
import { searchNetwork } from "./network_search.ts";
import { settle } from "./test_support.ts";

/** A search of `count` addresses, each of which answers after `answerMs` (never: it takes until it is told to stop). */
function search(count: number, answerMs: number) {
  const timers = new FakeTimers();
  const stop = new AbortController();
  const state = { asked: [] as string[], openMost: 0, done: 0, isOver: false };
  let open = 0;
  const over = searchNetwork(Array.from({ length: count }, (_, index) => `10.0.0.${index}`), {
    timers,
    signal: stop.signal,
    ask: (address, signal) =>
      new Promise((resolve, reject) => {
        state.asked.push(address);
        state.openMost = Math.max(state.openMost, ++open);
        const end = (settle: () => void) => {
          open--;
          settle();
        };
        const cancel = timers.after(answerMs, () => end(resolve));
        signal.addEventListener("abort", () => {
          cancel();
          end(() => reject(new Error("stopped")));
        });
      }),
    onProgress: (doneCount) => state.done = doneCount,
  }).then(() => state.isOver = true);
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      await settle();
      timers.advance(10);
    }
    await settle();
  };
  return { state, stop, over, pass, timers };
}

Deno.test("searchNetwork() asks every address once, at its rate", async () => {
  const { state, pass, timers } = search(200, 30);
  await pass(1_000);
  ok(state.asked.length <= SCAN_PER_SECOND + 1, `${state.asked.length} in a second`);
  ok(state.asked.length >= SCAN_PER_SECOND * 0.9, `${state.asked.length} in a second`);
  await pass(3_200);
  strictEqual(state.asked.length, 200);
  strictEqual(new Set(state.asked).size, 200);
  deepStrictEqual([state.done, state.isOver, timers.waitingCount], [200, true, 0]);
});

Deno.test("searchNetwork() waits where so many are open, and ends when its time is over", async () => {
  const { state, pass, timers } = search(5_000, 1_000);
  await pass(5_000);
  strictEqual(state.openMost, SCAN_AT_ONCE_MAX);
  await pass(SCAN_TOTAL_MS - 5_000 + 20);
  strictEqual(state.isOver, true);
  ok(state.asked.length < 5_000);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("searchNetwork() stops at once when it is told to", async () => {
  const { state, stop, pass, timers } = search(200, 1_000);
  await pass(200);
  stop.abort();
  await pass(20);
  const asked = state.asked.length;
  strictEqual(state.isOver, true);
  await pass(2_000);
  strictEqual(state.asked.length, asked);
  strictEqual(timers.waitingCount, 0);
});
