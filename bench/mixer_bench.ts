/** What N-1 costs per participant and frame: sum once and subtract, against adding up everyone for everyone. */
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import { Limiter, mixMinus, subtractVoice, sumVoices } from "@fusionmeet/mixer";
import { seededRandom } from "@fusionmeet/base";
import { microseconds, printTimes } from "./measure.ts";

function naive(voices: readonly Int16Array[], mixes: readonly Int32Array[]): void {
  for (let listener = 0; listener < voices.length; listener++) {
    const mix = mixes[listener].fill(0);
    for (let talker = 0; talker < voices.length; talker++) {
      if (talker === listener) continue;
      const voice = voices[talker];
      for (let index = 0; index < mix.length; index++) mix[index] += voice[index];
    }
  }
}

const random = seededRandom(1);
const ratios: string[] = [];
for (const count of [2, 10, 25, 50, 100]) {
  const voices = Array.from(
    { length: count },
    () => Int16Array.from({ length: FRAME_SAMPLES }, () => 600 * random.fraction() - 300),
  );
  const mixes = voices.map(() => new Int32Array(FRAME_SAMPLES));
  const sum = new Int32Array(FRAME_SAMPLES);
  const calls = Math.ceil(4_000 / count ** 2);
  const all = microseconds(calls, () => naive(voices, mixes)) / count;
  const once = microseconds(calls * count, () => mixMinus(voices, mixes, sum)) / count;
  printTimes(`${count} people, per participant and frame`, [
    ["naive, O(N²)", all],
    ["mixMinus", once],
  ]);
  ratios.push(`${count} people ${(all / once).toFixed(1)}x`);
}
console.log(`\n  naive / mixMinus: ${ratios.join(", ")}`);

const quiet = new Int32Array(FRAME_SAMPLES).map(() => 20_000 * random.fraction() - 10_000);
const loud = quiet.map((sample) => sample * 8);
const voice = new Int16Array(FRAME_SAMPLES).fill(1_000);
const eight = Array.from({ length: 8 }, () => voice);
const sum = new Int32Array(FRAME_SAMPLES), mix = new Int32Array(FRAME_SAMPLES);
const out = new Int16Array(FRAME_SAMPLES);
const limiter = new Limiter(), busyLimiter = new Limiter();
printTimes("One tick of one room, per call", [
  ["sumVoices, 8 talkers", microseconds(5_000, () => sumVoices(eight, sum))],
  ["subtractVoice", microseconds(5_000, () => subtractVoice(sum, voice, mix))],
  ["Limiter, nothing to do", microseconds(5_000, () => limiter.apply(quiet, out))],
  ["Limiter, 8 loud talkers", microseconds(5_000, () => busyLimiter.apply(loud, out))],
]);
