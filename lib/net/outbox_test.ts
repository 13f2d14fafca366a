import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Outbox } from "./outbox.ts";

Deno.test("Outbox.push() at the limit, one under and one over", () => {
  const outbox = new Outbox({ bytesMax: 10, whenFull: "endConnection" });
  strictEqual(outbox.push(new Uint8Array(9)), true);
  strictEqual(outbox.push(new Uint8Array(2)), false);
  strictEqual(outbox.push(new Uint8Array(1)), true);
  strictEqual(outbox.bytes, 10);
  strictEqual(outbox.push(new Uint8Array(1)), false);
});

Deno.test("Outbox.takeAll() gives everything in order and is then empty", () => {
  const outbox = new Outbox({ bytesMax: 10, whenFull: "endConnection" });
  strictEqual(outbox.takeAll(), undefined);
  outbox.push(new Uint8Array([1]));
  deepStrictEqual(outbox.takeAll(), new Uint8Array([1]));
  outbox.push(new Uint8Array([2, 3]));
  outbox.push(new Uint8Array([4]));
  deepStrictEqual(outbox.takeAll(), new Uint8Array([2, 3, 4]));
  strictEqual(outbox.bytes, 0);
  strictEqual(outbox.takeAll(), undefined);
});
