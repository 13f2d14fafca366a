import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import {
  addInto,
  bestShift,
  clickPattern,
  findClicks,
  levelAt,
  locate,
  medianLevelAt,
  peakDbfs,
  rmsDbfs,
  silentFrom,
  siSdr,
  tone,
} from "./audio.ts";
import { opusTwice, parseWav, speech, wavBytes } from "./audio_files.ts";

function near(actual: number, expected: number, tolerance: number): void {
  ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);
}

function noise(count: number, seed: number, amplitude: number): Int16Array<ArrayBuffer> {
  const random = seededRandom(seed);
  return Int16Array.from({ length: count }, () => (2 * random.fraction() - 1) * amplitude);
}

Deno.test("levelAt(), peakDbfs() and rmsDbfs() agree on a sine", () => {
  const samples = tone({ hz: 431, dbfs: -12, seconds: 1 });
  near(levelAt(samples, 431), -12, 0.01);
  near(peakDbfs(samples), -12, 0.01);
  near(rmsDbfs(samples), -12, 0.01);
  near(levelAt(samples, 431, { from: 5_000, count: 20_000 }), -12, 0.01);
});

Deno.test("levelAt() does not take one tone for another", () => {
  const samples = tone({ hz: 617, dbfs: -6, seconds: 2 });
  addInto(samples, tone({ hz: 929, dbfs: -12, seconds: 2 }));
  addInto(samples, tone({ hz: 431, dbfs: -70, seconds: 2 }));
  near(levelAt(samples, 617), -6, 0.01);
  near(levelAt(samples, 929), -12, 0.01);
  near(levelAt(samples, 431), -70, 0.3);
  ok(levelAt(samples, 1_201) < -95);
});

Deno.test("medianLevelAt() is not fooled by a few ms cut out of a tone, as levelAt() is", () => {
  const whole = tone({ hz: 331, dbfs: -20, seconds: 2 });
  const cut = Int16Array.of(...whole.subarray(0, 45_000), ...whole.subarray(45_072));
  ok(levelAt(cut, 331) < -25);
  near(medianLevelAt(cut, 331), -20, 0.05);
  near(medianLevelAt(cut, 331, { from: 30_000, count: 40_000 }), -20, 0.05);
});

Deno.test("silentFrom() says where a tone was cut off", () => {
  const samples = new Int16Array(48_000);
  samples.set(tone({ hz: 300, dbfs: -20, seconds: 0.5 }));
  near(silentFrom(samples, -60), 24_000, 240);
  strictEqual(silentFrom(samples.subarray(0, 24_000), -60), 24_000);
  strictEqual(silentFrom(samples.subarray(24_240), -60), 0);
});

Deno.test("findClicks() finds a splice and nothing in tones, noise or speech that has none", async () => {
  const samples = tone({ hz: 431, dbfs: -12, seconds: 1 });
  addInto(samples, tone({ hz: 1_999, dbfs: -20, seconds: 1 }));
  deepStrictEqual(findClicks(samples), []);
  deepStrictEqual(findClicks(noise(48_000, 3, 8_000)), []);
  deepStrictEqual(findClicks(await speech("Please mind the step and shut the door")), []);
  const spliced = Int16Array.of(...samples.subarray(0, 20_000), ...samples.subarray(21_037));
  const clicks = findClicks(spliced);
  ok(clicks.length === 1 && Math.abs(clicks[0] - 20_000) <= 2, `clicks ${clicks}`);
});

Deno.test("locate() finds a click pattern to the sample among louder noise, and not where there is none", () => {
  const samples = noise(96_000, 5, 3_000);
  const pattern = clickPattern(7);
  ok(locate(pattern, samples).score < 0.4);
  addInto(samples, pattern, 61_234);
  const found = locate(pattern, samples);
  strictEqual(found.at, 61_234);
  ok(found.score > 0.8, `score ${found.score}`);
  strictEqual(locate(pattern, samples, { from: 50_000 }).at, 61_234);
  ok(locate(pattern, new Int16Array(10_000)).score < 0.1);
});

Deno.test("siSdr() gives the ratio of added noise, whatever the gain and the shift", () => {
  const reference = noise(48_000, 11, 10_000);
  const other = noise(48_000, 12, 1_000);
  for (const shift of [-4_321, 0, 777]) {
    const degraded = new Int16Array(60_000);
    for (let index = 0; index < 48_000; index++) {
      const at = index + shift;
      if (at >= 0) degraded[at] = Math.round(0.5 * (reference[index] + other[index]));
    }
    const result = siSdr(reference, degraded);
    strictEqual(result.shift, shift);
    near(result.dB, 20, 0.3);
  }
});

Deno.test("bestShift() takes the best of all shifts both ways, ends included", () => {
  const reference = noise(4_800, 13, 9_000);
  for (const shift of [-500, -499, 499, 500]) {
    const moved = new Int16Array(6_000);
    for (let index = 0; index < 4_800; index++) {
      if (index + shift >= 0) moved[index + shift] = reference[index];
    }
    strictEqual(bestShift(reference, moved, 500), shift);
  }
});

Deno.test("parseWav() undoes wavBytes() and reads what a killed writer left", () => {
  const samples = Int16Array.of(0, 1, -1, 32_767, -32_768);
  const whole = wavBytes(samples, 22_050);
  deepStrictEqual(parseWav(whole), { rate: 22_050, samples });
  const view = new DataView(whole.buffer);
  for (const size of [0, 0xffff_ffff]) {
    view.setUint32(40, size, true);
    deepStrictEqual(parseWav(whole).samples, samples);
  }
  deepStrictEqual(parseWav(whole.subarray(0, whole.length - 1)).samples, samples.subarray(0, 4));
});

Deno.test("opusTwice() keeps speech in place and alike", async () => {
  const spoken = await speech("The quick brown fox jumps over the lazy dog");
  near(peakDbfs(spoken), -3, 0.1);
  const { dB, shift } = siSdr(spoken, await opusTwice(spoken, 32));
  ok(Math.abs(shift) <= 24, `shift ${shift}`);
  ok(dB > 3 && dB < 40, `SI-SDR ${dB}`);
});
