import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { PICTURE_WAIT_MS_MAX } from "@fusionmeet/bridge";
import { seededRandom } from "@fusionmeet/base";
import { LipSync, PAGE_DELAY_MS, SOUND_LATE_MS } from "./lip_sync.ts";

const ANN = 1;
const BEN = 2;

function hears(lipSync: LipSync, voices: Record<number, number>): void {
  lipSync.statistics({
    streams: [],
    rttMs: 4,
    voices: Object.entries(voices).map(([participant, voiceDelayMs]) => ({
      participant: Number(participant),
      voiceDelayMs,
    })),
  });
}

/** Pictures of so many seconds, 30 a second; gives what each waits. */
function shows(lipSync: LipSync, seconds: number, delayMs: () => number, who = ANN): number[] {
  return Array.from({ length: seconds * 30 }, () => lipSync.waitMs(who, delayMs()));
}

Deno.test("LipSync holds pictures back until the sound is as late as it may be, in steps nobody sees", () => {
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 220 });
  const waits = shows(lipSync, 8, () => 35);
  const aimMs = 220 - SOUND_LATE_MS - PAGE_DELAY_MS - 35;
  strictEqual(waits.at(-1), aimMs);
  waits.reduce((before, waitMs) => {
    ok(waitMs - before <= 10 && waitMs >= before, `${before} then ${waitMs}`);
    return waitMs;
  });
  ok(waits[90] > aimMs - 20, "settled within three seconds");
  ok(Math.abs(lipSync.shownSkewMs(ANN, 35 - 220) + SOUND_LATE_MS) < 1);
});

Deno.test("LipSync evens out the ways of the pictures: all are shown at one age", () => {
  const random = seededRandom(11);
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 200 });
  shows(lipSync, 8, () => 30);
  for (let count = 0; count < 300; count++) {
    const delayMs = 25 + random.fraction() * 60;
    strictEqual(
      Math.round(delayMs + lipSync.waitMs(ANN, delayMs)),
      200 - SOUND_LATE_MS - PAGE_DELAY_MS,
    );
  }
});

Deno.test("LipSync keeps the room's delay for whoever has not spoken yet, and while nobody speaks", () => {
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 220 });
  hears(lipSync, {});
  const before = shows(lipSync, 8, () => 35, BEN).at(-1)!;
  strictEqual(before, 220 - SOUND_LATE_MS - PAGE_DELAY_MS - 35);
  hears(lipSync, { [BEN]: 240 });
  ok(lipSync.waitMs(BEN, 35) - before <= 2);
});

Deno.test("LipSync moves those who say nothing with those who are heard: another sound device delays all", () => {
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 200, [BEN]: 220 });
  hears(lipSync, { [BEN]: 320 });
  const waits = [ANN, BEN].map((who) => shows(lipSync, 8, () => 35, who).at(-1));
  const leadMs = SOUND_LATE_MS + PAGE_DELAY_MS + 35;
  deepStrictEqual(waits, [300 - leadMs, 320 - leadMs]);
});

Deno.test("LipSync estimates the sound's delay before anybody was heard", () => {
  const lipSync = new LipSync();
  strictEqual(lipSync.waitMs(ANN, 35), 0);
  const mix = { kind: "mix", playoutDelayMs: 50 } as never;
  const device = { generation: 1, delayMs: 90, underruns: 0, missedMs: 0 };
  lipSync.statistics({ streams: [mix], rttMs: 4, voices: [], device });
  const estimate = shows(lipSync, 8, () => 35).at(-1)!;
  const leadMs = SOUND_LATE_MS + PAGE_DELAY_MS + 35;
  ok(estimate > 180 - leadMs && estimate < 235 - leadMs, `${estimate}`);
  hears(lipSync, { [ANN]: 200 });
  lipSync.statistics({ streams: [mix], rttMs: 4, voices: [], device });
  strictEqual(shows(lipSync, 8, () => 35).at(-1), 200 - leadMs);
});

Deno.test("LipSync shows at once what comes after its sound, and says how early that is", () => {
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 100 });
  strictEqual(shows(lipSync, 8, () => 120).at(-1), 0);
  ok(Math.abs(lipSync.shownSkewMs(ANN, 20) - 20 - PAGE_DELAY_MS) < 0.01);
});

Deno.test("LipSync never holds a picture longer than the page may, and goes on while clocks are lost", () => {
  const lipSync = new LipSync();
  hears(lipSync, { [ANN]: 60_000 });
  strictEqual(Math.max(...shows(lipSync, 300, () => 20)), PICTURE_WAIT_MS_MAX);
  strictEqual(lipSync.waitMs(ANN, undefined), PICTURE_WAIT_MS_MAX);
  strictEqual(lipSync.waitMs(BEN, undefined), 0);
  strictEqual(lipSync.shownSkewMs(BEN, 12), 12);
});
