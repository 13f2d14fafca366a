import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Consumption, PLAYOUT_TARGET_SAMPLES } from "@fusionmeet/bridge";
import {
  DEVICE_SETTLE_MS,
  DEVICE_SILENT_MS,
  DevicePlayout,
  type PlayoutBlock,
} from "./device_playout.ts";
import { UNREPORTED_MS_MAX } from "./sound_device.ts";

const BLOCK = 480;

/** A sound device that plays what it was sent, in steps of 10 ms, and one report for each. */
class FakeDevice {
  readonly playout = new DevicePlayout(0);
  readonly blocks: PlayoutBlock[] = [];
  nowMs = 0;
  generation = 7;
  played = 0;
  missed = 0;
  waiting = 0;
  isFilling = true;

  /** 10 ms go by; `reports: false` loses the report, `runs: false` stops the device, too. */
  step({ reports = true, runs = true } = {}): PlayoutBlock[] {
    this.nowMs += 10;
    const blocks = this.playout.take(this.nowMs);
    if (runs) {
      if (this.waiting === 0) this.isFilling = true;
      if (this.waiting >= PLAYOUT_TARGET_SAMPLES) this.isFilling = false;
      const played = this.isFilling ? 0 : Math.min(BLOCK, this.waiting);
      this.played += played;
      this.missed += BLOCK - played;
      this.waiting -= played;
      if (reports) blocks.push(...this.playout.played(this.report, this.nowMs));
    }
    return this.take(blocks);
  }

  take(blocks: PlayoutBlock[]): PlayoutBlock[] {
    this.blocks.push(...blocks);
    this.waiting += BLOCK * this.sent(blocks).length;
    return blocks;
  }

  sent(blocks: PlayoutBlock[]): PlayoutBlock[] {
    return blocks.filter(({ generation }) => generation === this.generation);
  }

  run(ms: number, options = {}): PlayoutBlock[] {
    const blocks: PlayoutBlock[] = [];
    for (let gone = 0; gone < ms; gone += 10) blocks.push(...this.step(options));
    return blocks;
  }

  get report(): Consumption {
    const { generation, played, missed } = this;
    return { generation, playedSamples: played, missedSamples: missed, outputLatencyMs: 30 };
  }

  /** Every block once, each on the recorded line where the one before ended. */
  checkLine(): void {
    this.blocks.forEach(({ atMs }, index) => strictEqual(atMs, this.blocks[0].atMs + index * 10));
  }
}

Deno.test("DevicePlayout keeps its own clock until a device's reports have come at the pace of time", () => {
  const device = new FakeDevice();
  deepStrictEqual(device.run(DEVICE_SETTLE_MS).map(({ generation }) => generation).slice(-1), [
    undefined,
  ]);
  strictEqual(device.playout.deviceStarts, 0);
  device.run(20);
  strictEqual(device.playout.deviceStarts, 1);
  strictEqual(device.blocks.at(-1)!.generation, 7);
  device.checkLine();
});

Deno.test("DevicePlayout does not take reports that have queued up for a device's pace", () => {
  const playout = new DevicePlayout(0);
  let blocks = playout.take(1_000).length;
  const report = (playedSamples: number) => ({
    generation: 1,
    playedSamples,
    missedSamples: 0,
    outputLatencyMs: 0,
  });
  for (let count = 0; count < 100; count++) {
    blocks += playout.played(report(count * BLOCK), 1_000).length;
  }
  strictEqual(blocks, 101);
  strictEqual(playout.deviceStarts, 0);
});

Deno.test("DevicePlayout fills a device up to its target, then sends what it plays", () => {
  const device = new FakeDevice();
  device.run(300);
  strictEqual(device.waiting, PLAYOUT_TARGET_SAMPLES);
  strictEqual(device.sent(device.run(1_000)).length, 100);
  strictEqual(device.waiting, PLAYOUT_TARGET_SAMPLES);
  device.checkLine();
});

Deno.test("DevicePlayout says when a block is heard: after what waits at the device, and the device's own latency", () => {
  const device = new FakeDevice();
  const [block] = device.run(600).slice(-1);
  ok(Math.abs(block.heardAtMs - (block.dueMs + 50 + 30)) < 0.01, JSON.stringify(block));
  const figures = device.playout.figures(device.nowMs)!;
  deepStrictEqual({ ...figures, delayMs: Math.round(figures.delayMs) }, {
    generation: 7,
    delayMs: 90,
    underruns: 0,
    missedMs: 0,
  });
});

Deno.test("DevicePlayout goes on by its own clock where the reports end, without a hole", () => {
  const device = new FakeDevice();
  device.run(500);
  const unreported = UNREPORTED_MS_MAX / 10;
  const trusted = device.run(DEVICE_SILENT_MS - 10, { runs: false });
  strictEqual(trusted.length, unreported);
  const caughtUp = device.step({ runs: false });
  strictEqual(caughtUp.length, DEVICE_SILENT_MS / 10 - unreported);
  ok(caughtUp.every(({ silent, generation }) => !silent && generation === undefined));
  strictEqual(device.run(1_000, { runs: false }).length, 100);
  device.checkLine();
  strictEqual(device.playout.figures(device.nowMs), undefined);
});

Deno.test("DevicePlayout goes back to a device that reports again, and fills it again", () => {
  const device = new FakeDevice();
  device.run(500);
  device.run(5_000, { runs: false });
  device.run(200);
  strictEqual(device.playout.deviceStarts, 2);
  device.run(1_000);
  // It got some after it had stopped.
  ok(Math.abs(device.waiting - PLAYOUT_TARGET_SAMPLES) <= BLOCK, `${device.waiting} samples wait`);
  device.checkLine();
});

Deno.test("DevicePlayout begins anew with another generation", () => {
  const device = new FakeDevice();
  device.run(500);
  device.generation = 8;
  device.played = device.missed = device.waiting = 0;
  device.run(500);
  strictEqual(device.playout.deviceStarts, 2);
  strictEqual(device.waiting, PLAYOUT_TARGET_SAMPLES);
  strictEqual(device.playout.figures(device.nowMs)?.underruns, 0);
  device.checkLine();
});

Deno.test("DevicePlayout goes on at a device's pace while its reports are held up", () => {
  const device = new FakeDevice();
  device.run(500);
  const blocks = device.run(UNREPORTED_MS_MAX, { reports: false });
  strictEqual(device.sent(blocks).length, UNREPORTED_MS_MAX / 10);
  deepStrictEqual(
    blocks.map(({ dueMs }) => Math.round(dueMs)),
    blocks.map((_, at) => 510 + at * 10),
  );
  device.run(500);
  strictEqual(device.waiting, PLAYOUT_TARGET_SAMPLES);
  const { underruns, missedMs } = device.playout.figures(device.nowMs)!;
  deepStrictEqual([underruns, missedMs], [0, 0]);
  device.checkLine();
});

Deno.test("DevicePlayout pulls what a longer hold-up made late, and sends only the end of it", () => {
  const device = new FakeDevice();
  device.run(500);
  device.run(190, { reports: false });
  const late = device.step();
  strictEqual(late.length, 20 - UNREPORTED_MS_MAX / 10);
  deepStrictEqual(late.map(({ generation }) => generation), [
    ...new Array(4).fill(undefined),
    ...new Array(6).fill(7),
  ]);
  strictEqual(device.waiting, PLAYOUT_TARGET_SAMPLES);
  const { underruns, missedMs } = device.playout.figures(device.nowMs)!;
  deepStrictEqual([underruns, missedMs], [1, 40]);
  device.checkLine();
});

Deno.test("DevicePlayout leaves a device whose totals leap or fall", () => {
  for (const leap of [48_001, -2 * BLOCK]) {
    const device = new FakeDevice();
    device.run(500);
    device.played += leap;
    ok(device.step().length <= 2);
    strictEqual(device.playout.figures(device.nowMs), undefined);
    device.run(500);
    strictEqual(device.playout.deviceStarts, 2);
    device.checkLine();
  }
});

Deno.test("DevicePlayout skips a sleep of the machine, with a device and without", () => {
  for (const ms of [0, 500]) {
    const device = new FakeDevice();
    device.run(ms);
    device.nowMs += 60_000;
    const blocks = device.step();
    ok(blocks.length >= 6_000 && blocks.length <= 6_002);
    strictEqual(blocks.filter(({ silent }) => !silent).length, 1);
    ok(device.playout.skippedBlocks >= 5_999);
    device.checkLine();
  }
});

Deno.test("DevicePlayout sets the recorded line anew when a device's clock has led it 100 ms astray", () => {
  const device = new FakeDevice();
  device.run(500);
  let steps = 0;
  let lastMs = device.blocks.at(-1)!.atMs;
  for (let count = 0; count < 60_000; count++) {
    device.nowMs += 0.01; // the device is 1000 ppm slow
    for (const { atMs, dueMs } of device.step()) {
      if (atMs !== lastMs + 10) steps++;
      // The device's place on our clock follows it with the reports of the last 10 s.
      ok(Math.abs(atMs - dueMs) < 113);
      lastMs = atMs;
    }
  }
  ok(steps >= 5 && steps <= 6, `${steps} steps`);
});
