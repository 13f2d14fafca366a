import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { decibelToGain, gainToDecibel, seededRandom } from "@fusionmeet/base";
import { Limiter } from "./limiter.ts";

const FRAME = 960;
const dbfs = (sample: number) => gainToDecibel(Math.abs(sample) / 32_768);

/** Runs `sound` through a limiter, frame by frame. */
function limited(
  sound: (at: number) => number,
  frames: number,
  limiter = new Limiter(),
): Int16Array {
  const out = new Int16Array(frames * FRAME);
  const mix = new Int32Array(FRAME), pcm = new Int16Array(FRAME);
  for (let frame = 0; frame < frames; frame++) {
    for (let at = 0; at < FRAME; at++) mix[at] = Math.round(sound(frame * FRAME + at));
    limiter.apply(mix, pcm);
    out.set(pcm, frame * FRAME);
  }
  return out;
}

const sine = (hz: number, peak: number) => (at: number) =>
  peak * Math.sin(2 * Math.PI * hz * at / 48_000);

Deno.test("Limiter.apply() is bit-exact up to -3 dBFS", () => {
  const peak = Math.floor(32_768 * decibelToGain(-3));
  const random = seededRandom(3);
  const noise = Array.from({ length: 10 * FRAME }, () => (random.fraction() * 2 - 1) * peak);
  noise[FRAME] = peak;
  noise[FRAME + 1] = -peak;
  const out = limited((at) => noise[at], 10);
  deepStrictEqual([...out], noise.map((sample) => Math.round(sample)));
});

Deno.test("Limiter.apply() never passes -1.5 dBFS, wherever in a frame the peak starts", () => {
  for (const start of [0, 1, 50, 119, 120, 121, 500, 959]) {
    for (const peak of [24_000, 32_768, 100_000, 8 * 32_768, 100 * 32_768]) {
      const out = limited((at) => at < FRAME + start ? 0 : sine(300, peak)(at), 10);
      const highest = out.reduce((high, sample) => Math.max(high, Math.abs(sample)), 0);
      ok(dbfs(highest) <= -1.5, `${peak} from ${start}: ${dbfs(highest)}`);
    }
  }
});

Deno.test("Limiter.apply() settles on one gain: loud voices keep their relation", () => {
  const limiter = new Limiter();
  const both = (at: number) => sine(400, 30_000)(at) + sine(1_000, 10_000)(at);
  const out = limited(both, 60, limiter);
  const level = (hz: number) => {
    let real = 0, imaginary = 0;
    for (let at = 30 * FRAME; at < 60 * FRAME; at++) {
      real += out[at] * Math.cos(2 * Math.PI * hz * at / 48_000);
      imaginary += out[at] * Math.sin(2 * Math.PI * hz * at / 48_000);
    }
    return gainToDecibel(Math.hypot(real, imaginary));
  };
  ok(Math.abs(level(400) - level(1_000) - gainToDecibel(3)) < 0.1);
  ok(limiter.gain > 0.5 && limiter.gain < 0.65, `${limiter.gain}`);
});

Deno.test("Limiter.apply() makes no click when a peak comes and goes", () => {
  const loud = (at: number) => at > 5_000 && at < 20_000 ? 60_000 : 10_000;
  const sound = (at: number) => loud(at) * Math.sin(2 * Math.PI * 200 * at / 48_000);
  const out = limited(sound, 100);
  // A 200 Hz sine of the ceiling's amplitude moves by 722 a sample; the input's own step at 5 000 is not ours.
  for (let at = 1; at < out.length; at++) {
    const step = Math.abs(out[at] - out[at - 1]);
    const given = Math.abs(sound(at) - sound(at - 1));
    ok(step <= Math.max(800, given), `${step} at ${at}, given ${given}`);
  }
});

Deno.test("Limiter.apply() comes back to exactly 1", () => {
  const limiter = new Limiter();
  limited(sine(300, 100_000), 5, limiter);
  ok(limiter.gain < 0.3);
  limited(sine(300, 1_000), 50, limiter);
  strictEqual(limiter.gain, 1);
});

Deno.test("Limiter.apply() works in place on s16", () => {
  const limiter = new Limiter({ kneeDbfs: -1.3, ceilingDbfs: -1.01 });
  const pcm = Int16Array.from({ length: 480 }, (_, at) => sine(300, 32_767)(at));
  limiter.apply(pcm, pcm);
  ok(pcm.every((sample) => dbfs(sample) <= -1));
});
