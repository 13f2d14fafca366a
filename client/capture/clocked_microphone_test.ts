import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import { ClockedMicrophone, toneFrame } from "./clocked_microphone.ts";

/** A source whose frames say their position. */
function microphone(startMs: number): ClockedMicrophone {
  return new ClockedMicrophone({ startMs, frame: (position) => Int16Array.of(position / 48) });
}

function times(source: ClockedMicrophone, nowMs: number): [number, number][] {
  return source.take(nowMs).map(({ pcm, capturedAtMs }) => [capturedAtMs, pcm[0]]);
}

Deno.test("ClockedMicrophone.take() gives a frame when it is over, never two times the same", () => {
  const source = microphone(1_000);
  deepStrictEqual(times(source, 1_019), []);
  deepStrictEqual(times(source, 1_020), [[1_000, 0]]);
  deepStrictEqual(times(source, 1_020), []);
  deepStrictEqual(times(source, 1_065), [[1_020, 20], [1_040, 40]]);
});

Deno.test("ClockedMicrophone.take() after a stall goes on where the time is", () => {
  const source = microphone(0);
  deepStrictEqual(times(source, 0), []);
  deepStrictEqual(times(source, 500), [[480, 480]]);
  deepStrictEqual(times(source, 520), [[500, 500]]);
  strictEqual(source.counters()["microphone-skipped-frames"], 24);
});

Deno.test("ClockedMicrophone.take() begins at the beginning when it is first asked late", () => {
  const source = microphone(0);
  deepStrictEqual(times(source, 500), []);
  deepStrictEqual(times(source, 520), [[500, 0]]);
  strictEqual(source.counters()["microphone-skipped-frames"], 0);
});

Deno.test("toneFrame() is one sine over all frames, at its level", () => {
  const first = toneFrame({ hertz: 997, dbfs: -12 }, 0);
  const second = toneFrame({ hertz: 997, dbfs: -12 }, FRAME_SAMPLES);
  const both = [...first, ...second];
  strictEqual(both[0], 0);
  const expected = both.map((_, n) =>
    10 ** (-12 / 20) * 32_767 * Math.sin(2 * Math.PI * 997 * n / 48_000)
  );
  strictEqual(both.every((sample, n) => Math.abs(sample - expected[n]) <= 0.5), true);
  strictEqual(Math.max(...toneFrame({ hertz: 1_000, dbfs: 0 }, 48_000 * 3_600)), 32_767);
});
