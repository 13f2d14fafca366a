import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Pacer } from "./pacer.ts";

function pacer(packets: number, options: Partial<ConstructorParameters<typeof Pacer>[0]> = {}) {
  const paced = new Pacer<number>({
    packetsPerMs: 2,
    burstPackets: 4,
    bytesMax: 1_000_000,
    ...options,
  });
  for (let packet = 0; packet < packets; packet++) paced.push(packet, 100);
  return paced;
}

Deno.test("Pacer.take() gives a burst at once, then packetsPerMs, in order", () => {
  const paced = pacer(10);
  deepStrictEqual(paced.take(1_000), [0, 1, 2, 3]);
  deepStrictEqual(paced.take(1_000), []);
  deepStrictEqual(paced.take(1_000.4), []);
  strictEqual(paced.nextDueMs, 1_000.5);
  deepStrictEqual(paced.take(1_000.5), [4]);
  deepStrictEqual(paced.take(1_002), [5, 6, 7]);
  deepStrictEqual(paced.take(9_999), [8, 9]);
  strictEqual(paced.nextDueMs, undefined);
  strictEqual(paced.queuedBytes, 0);
});

Deno.test("Pacer.take() never saves up more than one burst", () => {
  const paced = pacer(0);
  deepStrictEqual(paced.take(0), []);
  for (let packet = 0; packet < 9; packet++) paced.push(packet, 100);
  deepStrictEqual(paced.take(60_000), [0, 1, 2, 3]);
  deepStrictEqual(paced.take(59_000), []);
});

Deno.test("Pacer.take() keeps its rate whatever the times it is asked", () => {
  const paced = pacer(2_000);
  let count = 0;
  for (let nowMs = 0; nowMs <= 100; nowMs += 0.3) count += paced.take(nowMs).length;
  strictEqual(count >= 202 && count <= 204, true);
});

Deno.test("Pacer.push() refuses what does not fit, by name", () => {
  const paced = pacer(9, { bytesMax: 1_000 });
  strictEqual(paced.push(9, 101), "pacer-full");
  strictEqual(paced.push(9, 100), "queued");
  strictEqual(paced.push(10, 1), "pacer-full");
  strictEqual(paced.take(0).length, 4);
  strictEqual(paced.push(10, 400), "queued");
  strictEqual(paced.clear(), 7);
  deepStrictEqual(paced.take(1_000), []);
  strictEqual(paced.queuedBytes, 0);
});
