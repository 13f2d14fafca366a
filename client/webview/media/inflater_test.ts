import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { Inflater } from "./inflater.ts";

Deno.test("Inflater gives what was deflated, to the last byte of its room and not one more", async () => {
  const inflater = new Inflater(1 << 20);
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at * at >> 5);
  const deflated = deflateRawSync(bytes);
  deepStrictEqual(await inflater.inflate(deflated, bytes.length), bytes);
  deepStrictEqual(await inflater.inflate(deflated, bytes.length + 1), bytes);
  await rejects(inflater.inflate(deflated, bytes.length - 1), RangeError);
  deepStrictEqual(
    await inflater.inflate(deflateRawSync(bytes.subarray(0, 9)), 9),
    bytes.slice(0, 9),
  );
});

Deno.test("Inflater takes no bomb, no prefix and nothing that is not deflated", async () => {
  const inflater = new Inflater(1_000);
  const bomb = deflateRawSync(new Uint8Array(50_000_000), { level: 9 });
  await rejects(inflater.inflate(bomb, 1_000), RangeError);
  const whole = deflateRawSync(Uint8Array.from({ length: 900 }, (_, at) => at * 7));
  // Browsers reject a prefix, Deno gives what is in it; either way it is not all.
  const prefix = inflater.inflate(whole.subarray(0, whole.length >> 1), 1_000);
  ok(await prefix.then(({ length }) => length, () => 0) < 900);
  await rejects(inflater.inflate(new Uint8Array(40).fill(0xff), 1_000), TypeError);
  deepStrictEqual((await inflater.inflate(whole, 900)).length, 900);
});
