import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { RETIRED_KEY_MS } from "@fusionmeet/protocol";
import { KeyRing } from "./key_ring.ts";

const key = (fill: number) => ({
  key: new Uint8Array(16).fill(fill),
  salt: new Uint8Array(12).fill(fill),
});

Deno.test("KeyRing keeps the last epoch's keys for RETIRED_KEY_MS and the next ones from the start", () => {
  const ring = new KeyRing(255);
  ring.add(7, 255, key(1), 0);
  ring.add(7, 0, key(2), 0);
  ring.add(8, 255, key(3), 0);
  deepStrictEqual([...ring.of(7).keys()], [255, 0]);
  strictEqual(ring.nextDueMs, undefined);
  ring.use(0, 1000);
  ring.add(7, 1, key(4), 1000);
  strictEqual(ring.nextDueMs, 1000 + RETIRED_KEY_MS);
  deepStrictEqual(ring.takeRetired(999 + RETIRED_KEY_MS), []);
  deepStrictEqual(ring.takeRetired(1000 + RETIRED_KEY_MS), [255]);
  deepStrictEqual([...ring.of(7).keys()], [0, 1]);
  strictEqual(ring.of(8).size, 0);
  strictEqual(ring.nextDueMs, undefined);
});

Deno.test("KeyRing.use() of the epoch in use, or of one on its way out, retires nothing that is needed", () => {
  const ring = new KeyRing(0);
  ring.use(0, 0);
  strictEqual(ring.nextDueMs, undefined);
  ring.use(1, 0);
  ring.use(0, 10);
  deepStrictEqual(ring.takeRetired(10 + RETIRED_KEY_MS), [1]);
});

Deno.test("KeyRing.add() keeps a key of an epoch that is over for RETIRED_KEY_MS from then on", () => {
  const ring = new KeyRing(1);
  ring.add(7, 0, key(1), 500);
  ring.add(7, 255, key(2), 600);
  ring.add(8, 0, key(3), 700);
  ring.add(7, 1, key(4), 700);
  deepStrictEqual([...ring.of(7).keys()], [0, 255, 1]);
  deepStrictEqual(ring.takeRetired(500 + RETIRED_KEY_MS), [0]);
  deepStrictEqual(ring.takeRetired(700 + RETIRED_KEY_MS), [255]);
  deepStrictEqual([[...ring.of(7).keys()], [...ring.of(8).keys()]], [[1], []]);
});
