import { ok, strictEqual } from "node:assert/strict";
import {
  FIRST_WINDOW_SAMPLES,
  RESERVE_SAMPLES_MAX,
  RESERVE_WINDOW_SAMPLES,
  SENT_AHEAD_SAMPLES_MAX,
  SoundDevice,
} from "./sound_device.ts";

const BLOCK = 480;

/** A device that plays what it is sent and always has `reserveSamples` left; gives how many blocks it did not want. */
function unwantedBlocks(blocks: number, reserveSamples?: number, targetSamples = 2_880): number {
  const report = (played: number) => ({
    generation: 1,
    playedSamples: played * BLOCK,
    missedSamples: 0,
    outputLatencyMs: 0,
    targetSamples,
    ...(reserveSamples !== undefined && { reserveSamples }),
  });
  const device = new SoundDevice(report(0), { nowMs: 0, nextDueMs: 0 });
  let unwanted = 0;
  for (let block = 1; block <= blocks; block++) {
    device.played(report(block), block * 10);
    const wanted = device.hasRoom;
    if (!wanted) unwanted++;
    device.pulled(wanted);
  }
  return unwanted;
}

Deno.test("SoundDevice leaves out what was too much in reserve for a whole window, the first one shorter", () => {
  const [first, window] = [FIRST_WINDOW_SAMPLES / BLOCK, RESERVE_WINDOW_SAMPLES / BLOCK];
  strictEqual(unwantedBlocks(first + 2, RESERVE_SAMPLES_MAX + 1), 1);
  strictEqual(unwantedBlocks(first + 20, RESERVE_SAMPLES_MAX + 15 * BLOCK), 15);
  strictEqual(unwantedBlocks(first + window - 2, RESERVE_SAMPLES_MAX + 1), 1);
  strictEqual(unwantedBlocks(first + 2 * window + 20, RESERVE_SAMPLES_MAX + 1), 3);
  strictEqual(unwantedBlocks(3 * window, RESERVE_SAMPLES_MAX), 0);
  strictEqual(unwantedBlocks(3 * window), 0);
  // A page that is often held up wants more.
  const [held, target] = [RESERVE_SAMPLES_MAX + 9 * BLOCK, RESERVE_SAMPLES_MAX + 10 * BLOCK];
  strictEqual(unwantedBlocks(3 * window, held, target), 0);
  strictEqual(unwantedBlocks(first + 20, held + 5 * BLOCK, target), 5);
});

Deno.test("SoundDevice takes no more ahead than SENT_AHEAD_SAMPLES_MAX", () => {
  const report = { generation: 1, playedSamples: 0, missedSamples: 0, outputLatencyMs: 0 };
  const device = new SoundDevice(report, { nowMs: 0, nextDueMs: 0 });
  let sent = 0;
  while (device.hasRoom) {
    device.pulled(true);
    sent += BLOCK;
  }
  ok(sent >= SENT_AHEAD_SAMPLES_MAX && sent < SENT_AHEAD_SAMPLES_MAX + BLOCK);
});
