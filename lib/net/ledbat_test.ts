import { ok, strictEqual } from "node:assert/strict";
import {
  Ledbat,
  QUEUEING_DELAY_MS,
  SLOWDOWN_EVERY_MS,
  SLOWDOWN_MS,
  WINDOW_BYTES_FIRST,
  WINDOW_BYTES_MAX,
  WINDOW_BYTES_MIN,
} from "./ledbat.ts";

const PIECE = 16 * 1024;
/** 100 Mbit/s. */
const LINK = 12_500;

/** A link with an endless queue, shared by flows; acknowledgements come back after `backMs`. */
class Link {
  nowMs = 0;
  readonly #bytesPerMs: number;
  readonly #onTheirWay: { run: () => void; atMs: number }[] = [];
  #freeMs = 0;

  constructor(bytesPerMs: number, readonly backMs = 1) {
    this.#bytesPerMs = bytesPerMs;
  }

  /** What a byte that comes now waits for. */
  get queueMs(): number {
    return Math.max(0, this.#freeMs - this.nowMs);
  }

  /** @param run gets the time of arrival, when the acknowledgement is back. */
  carry(bytes: number, run: (arrivedMs: number) => void = () => {}): void {
    this.#freeMs = Math.max(this.#freeMs, this.nowMs) + bytes / this.#bytesPerMs;
    const arrivedMs = this.#freeMs;
    this.#onTheirWay.push({ atMs: arrivedMs + this.backMs, run: () => run(arrivedMs) });
  }

  advance(ms: number): void {
    this.nowMs += ms;
    while (this.#onTheirWay[0]?.atMs <= this.nowMs) this.#onTheirWay.shift()!.run();
  }
}

class Flow {
  readonly ledbat = new Ledbat();
  arrived = 0;
  #handedOver = 0;
  constructor(readonly link: Link, readonly peerClockMs = 0) {}

  step(): void {
    const { link, ledbat } = this;
    while (ledbat.allowance(link.nowMs) >= PIECE) {
      ledbat.sent(PIECE, link.nowMs);
      this.#handedOver += PIECE;
      const total = this.#handedOver;
      link.carry(PIECE, (arrivedMs) => {
        this.arrived += PIECE;
        const takenMs = arrivedMs + this.peerClockMs;
        ok(ledbat.acknowledged(total, { takenMs, nowMs: link.nowMs }));
      });
    }
  }
}

/** Runs flows for a time. @returns what the queue was like at each millisecond, sorted. */
function run(link: Link, flows: readonly Flow[], ms: number, each = (_ms: number) => {}): number[] {
  const queues: number[] = [];
  for (let at = 0; at < ms; at++) {
    each(at);
    for (const flow of flows) flow.step();
    link.advance(1);
    queues.push(link.queueMs);
  }
  return queues.toSorted((one, other) => one - other);
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)];

Deno.test("Ledbat fills a link and keeps its queue at the wanted delay, whatever the peer's clock says", () => {
  for (const peerClockMs of [0, 1e9, -1e9]) {
    const link = new Link(LINK);
    const flow = new Flow(link, peerClockMs);
    run(link, [flow], 2_000);
    const before = flow.arrived;
    const queues = run(link, [flow], 10_000);
    const share = (flow.arrived - before) / (LINK * 10_000);
    ok(share > 0.95, `${share} of the link is used`);
    ok(at(queues, 0.99) < 2 * QUEUEING_DELAY_MS, `the queue is ${at(queues, 0.99)} ms`);
  }
});

Deno.test("Ledbat uses a fast link from the start, and never has more than WINDOW_BYTES_MAX on its way", () => {
  const link = new Link(500_000);
  const flow = new Flow(link);
  strictEqual(flow.ledbat.windowBytes(SLOWDOWN_MS), WINDOW_BYTES_FIRST);
  run(link, [flow], 1_000);
  ok(flow.arrived > 0.8 * 500_000 * 1_000, `${flow.arrived / 1e6} MB in a second`);
  const far = new Link(1e9, 200);
  const long = new Flow(far);
  run(far, [long], 4_000);
  strictEqual(long.ledbat.windowBytes(far.nowMs), WINDOW_BYTES_MAX);
});

Deno.test("Ledbat gives way to others as long as they want the link, and takes it back", () => {
  const link = new Link(LINK);
  const flow = new Flow(link);
  run(link, [flow], 2_000);
  // Somebody who does not hold back: their queue is theirs, but this flow adds next to nothing to it.
  const others = (ms: number) => ms % 10 === 0 && link.carry(0.9 * LINK * 10);
  let before = flow.arrived;
  const queues = run(link, [flow], 3_000, others);
  ok(flow.arrived - before < 0.2 * LINK * 3_000, `${flow.arrived - before} bytes`);
  ok(at(queues, 0.95) < 10 + 2 * QUEUEING_DELAY_MS, `the queue is ${at(queues, 0.95)} ms`);
  before = flow.arrived;
  run(link, [flow], 3_000);
  ok(flow.arrived - before > 0.85 * LINK * 3_000, `${flow.arrived - before} bytes`);
});

Deno.test("Ledbats that come one after the other see the empty path, too: eight hold the queue of a few", () => {
  const link = new Link(LINK);
  const flows: Flow[] = [];
  for (let count = 0; count < 8; count++) {
    flows.push(new Flow(link, count * 1_000));
    run(link, flows, 1_500);
  }
  run(link, flows, 2 * SLOWDOWN_EVERY_MS);
  const before = flows.map(({ arrived }) => arrived);
  const queues = run(link, flows, 20_000);
  ok(at(queues, 0.9) < 5 * QUEUEING_DELAY_MS, `the queue is ${at(queues, 0.9)} ms`);
  const got = flows.map(({ arrived }, which) => arrived - before[which]);
  const sum = got.reduce((one, other) => one + other);
  ok(sum > 0.9 * LINK * 20_000, `${sum} bytes`);
  ok(Math.min(...got) > 0.02 * sum, `the least has ${Math.min(...got)} of ${sum}`);
});

Deno.test("Ledbat follows clocks that drift apart", () => {
  const link = new Link(LINK);
  const ledbat = new Ledbat();
  let sent = 0;
  for (let ms = 0; ms < 300_000; ms += 10) {
    ledbat.sent(PIECE, ms);
    sent += PIECE;
    // 200 ppm: 60 ms in five minutes.
    ledbat.acknowledged(sent, { takenMs: ms * 1.0002 + link.backMs, nowMs: ms + 2 });
    ok(ledbat.queueingMs < 2 * QUEUEING_DELAY_MS, `${ledbat.queueingMs} ms after ${ms} ms`);
  }
});

Deno.test("Ledbat does not believe in bytes that were never sent, or are taken back", () => {
  const ledbat = new Ledbat();
  ledbat.sent(100, 0);
  const time = { takenMs: 1, nowMs: 1 };
  strictEqual(ledbat.acknowledged(101, time), false);
  strictEqual(ledbat.acknowledged(NaN, time), false);
  strictEqual(ledbat.acknowledged(50, { takenMs: Infinity, nowMs: 1 }), false);
  strictEqual(ledbat.acknowledged(60, time), true);
  strictEqual(ledbat.acknowledged(60, time), true);
  strictEqual(ledbat.acknowledged(50, time), false);
  strictEqual(ledbat.inFlightBytes, 40);
  ok(ledbat.bytesPerSecond() > 0);
  ok(ledbat.windowBytes(SLOWDOWN_EVERY_MS) === WINDOW_BYTES_MIN);
});
