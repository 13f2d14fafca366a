import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { mixMinus, rampVoice, sumVoices } from "./mix.ts";

Deno.test("mixMinus() gives each listener exactly the sum of all others", () => {
  const random = seededRandom(1);
  const voices = Array.from(
    { length: 7 },
    () => Int16Array.from({ length: 960 }, () => random.u32()),
  );
  const mixes = voices.map(() => new Int32Array(960));
  mixMinus(voices, mixes, new Int32Array(960));
  mixes.forEach((mix, listener) => {
    const others = voices.filter((_, talker) => talker !== listener);
    deepStrictEqual(
      [...mix],
      Array.from(mix, (_, at) => others.reduce((sum, v) => sum + v[at], 0)),
    );
  });
});

Deno.test("sumVoices() is exact for 65 536 voices at full scale", () => {
  const sum = new Int32Array(1);
  sumVoices(Array(65_536).fill(Int16Array.of(-32_768)), sum);
  strictEqual(sum[0], -(2 ** 31));
  sumVoices([], sum);
  strictEqual(sum[0], 0);
});

Deno.test("rampVoice() ends at the gain asked for", () => {
  const voice = new Int16Array(960).fill(1_000);
  rampVoice(voice, 0, 1);
  deepStrictEqual([voice[0], voice[479], voice[959]], [1, 500, 1_000]);
  rampVoice(voice, 1, 0);
  strictEqual(voice[959], 0);
});
