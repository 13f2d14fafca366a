import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { RETIRED_EPOCHS_MAX, RETIRED_KEY_MS } from "@fusionmeet/protocol";
import { KEY_OWNERS_MAX, KeyRing } from "./key_ring.ts";

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

Deno.test("KeyRing.add() takes keys of the epoch in use and of the next one, and of none after it", () => {
  const ring = new KeyRing(254);
  deepStrictEqual([254, 255, 0, 1, 126].map((epoch) => ring.add(7, epoch, key(1), 0)), [
    ...[true, true, false, false, true],
  ]);
  ring.use(255, 0);
  strictEqual(ring.add(7, 0, key(1), 0), true);
  deepStrictEqual([...ring.of(7).keys()], [254, 255, 126, 0]);
});

Deno.test("KeyRing keeps RETIRED_EPOCHS_MAX earlier epochs, however soon they follow each other", () => {
  const ring = new KeyRing(0);
  for (let epoch = 1; epoch <= RETIRED_EPOCHS_MAX; epoch++) ring.use(epoch, 0);
  deepStrictEqual(ring.takeRetired(0), []);
  ring.use(RETIRED_EPOCHS_MAX + 1, 0);
  deepStrictEqual(ring.takeRetired(0), [0]);
  deepStrictEqual(ring.takeRetired(0), []);
});

Deno.test("KeyRing keeps the keys of KEY_OWNERS_MAX owners, those it was told of last", () => {
  const ring = new KeyRing(0);
  for (let owner = 0; owner < KEY_OWNERS_MAX; owner++) ring.add(owner, 0, key(1), 0);
  ring.add(0, 1, key(2), 0);
  deepStrictEqual([ring.of(0).size, ring.of(1).size], [2, 1]);
  ring.add(KEY_OWNERS_MAX, 0, key(1), 0);
  deepStrictEqual([ring.of(0).size, ring.of(1).size, ring.of(2).size], [2, 0, 1]);
});
