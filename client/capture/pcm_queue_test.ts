import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { PcmQueue } from "./pcm_queue.ts";

Deno.test("PcmQueue.take() gives the samples in order, whatever the chunks", () => {
  const random = seededRandom(16);
  const samples = Int16Array.from({ length: 200_000 }, () => random.u32());
  const bytes = new Uint8Array(samples.buffer);
  const queue = new PcmQueue();
  let pushed = 0;
  let taken = 0;
  while (taken < samples.length) {
    const size = random.u32() % 5_001;
    queue.push(bytes.subarray(pushed, pushed += Math.min(size, bytes.length - pushed)));
    while (queue.samples > 0 && (queue.samples >= 700 || pushed === bytes.length)) {
      const count = Math.min(700, queue.samples);
      deepStrictEqual(queue.take(count), samples.slice(taken, taken += count));
    }
  }
  strictEqual(queue.samples, 0);
});

Deno.test("PcmQueue.take() fills up with silence, skip() drops", () => {
  const queue = new PcmQueue();
  queue.push(Uint8Array.of(1, 0, 2, 0, 0xff));
  strictEqual(queue.samples, 2);
  strictEqual(queue.skip(1), 1);
  deepStrictEqual(queue.take(3), Int16Array.of(2, 0, 0));
  queue.push(Uint8Array.of(0xff));
  deepStrictEqual(queue.take(1), Int16Array.of(-1));
  strictEqual(queue.skip(5), 0);
});
