import { ok, strictEqual } from "node:assert/strict";
import { audioLevel, isHeard, VoiceActivity } from "./audio_level.ts";

const tone = (amplitude: number) =>
  Int16Array.from({ length: 960 }, (_, at) => amplitude * Math.sin(2 * Math.PI * at / 96));

Deno.test("audioLevel() counts in dBov: a full-scale square wave is 0, a sine -3, silence -127", () => {
  strictEqual(audioLevel(new Int16Array(960).fill(32_767)), 0);
  strictEqual(audioLevel(new Int16Array(960).fill(-32_768)), 0);
  strictEqual(audioLevel(tone(32_767)), -3);
  strictEqual(audioLevel(tone(3_276.7)), -23);
  strictEqual(audioLevel(new Int16Array(960)), -127);
  const faintest = new Int16Array(960);
  faintest[5] = 1;
  ok(audioLevel(faintest) > -127);
  strictEqual(audioLevel(new Int16Array(0)), -127);
});

Deno.test("isHeard() is voice at any level, and anything above -50 dBov", () => {
  ok(isHeard(-100, true));
  ok(isHeard(-49, false));
  ok(!isHeard(-50, false));
});

Deno.test("VoiceActivity.update() hears speech over a background, not the background", () => {
  const activity = new VoiceActivity();
  for (let frame = 0; frame < 100; frame++) activity.update(-53);
  ok(!activity.update(-53));
  ok(activity.update(-44));
  for (let frame = 0; frame < 14; frame++) ok(activity.update(-53), `${frame}`);
  ok(!activity.update(-53));
});

Deno.test("VoiceActivity.update() takes a loud steady tone for voice for ever", () => {
  const activity = new VoiceActivity();
  for (let frame = 0; frame < 50 * 600; frame++) ok(activity.update(-30));
});
