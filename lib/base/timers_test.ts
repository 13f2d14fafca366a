import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { every, FakeTimers } from "./timers.ts";

Deno.test("FakeTimers.advance() runs what falls due in order, each at its time", () => {
  const timers = new FakeTimers();
  const ran: [string, number][] = [];
  const note = (name: string) => () => ran.push([name, timers.nowMs()]);
  timers.after(20, note("b"));
  timers.after(10, () => {
    note("a")();
    timers.after(5, note("nested"));
  });
  const cancel = timers.after(15, note("never"));
  timers.after(31, note("later"));
  cancel();
  timers.advance(30);
  deepStrictEqual(ran, [["a", 10], ["nested", 15], ["b", 20]]);
  strictEqual(timers.nowMs(), 30);
  strictEqual(timers.waitingCount, 1);
});

Deno.test("every() runs until its signal aborts, and not at all when it has", () => {
  const timers = new FakeTimers();
  const stop = new AbortController();
  let count = 0;
  every(10, () => count++, { timers, signal: stop.signal });
  timers.advance(35);
  strictEqual(count, 3);
  stop.abort();
  timers.advance(100);
  strictEqual(count, 3);
  every(10, () => count++, { timers, signal: stop.signal });
  strictEqual(timers.waitingCount, 0);
});
