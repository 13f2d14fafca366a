import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { PictureHold, PICTURES_HELD_MAX } from "./picture_hold.ts";

const picture = (participant: number, name: string, waitMs: number) => ({
  participant,
  name,
  waitMs,
});

function namesAt(hold: PictureHold<ReturnType<typeof picture>>, nowMs: number): string[] {
  return hold.take(nowMs).map(({ name }) => name);
}

Deno.test("PictureHold gives each picture when its wait is over, and what need not wait at once", () => {
  const hold = new PictureHold<ReturnType<typeof picture>>();
  strictEqual(hold.nextDueMs, Infinity);
  hold.push(picture(1, "a", 100), 1_000);
  hold.push(picture(2, "b", 0), 1_000);
  strictEqual(hold.nextDueMs, 1_000);
  deepStrictEqual(namesAt(hold, 1_000), ["b"]);
  strictEqual(hold.nextDueMs, 1_100);
  deepStrictEqual(namesAt(hold, 1_099.9), []);
  deepStrictEqual(namesAt(hold, 1_100), ["a"]);
  strictEqual(hold.nextDueMs, Infinity);
});

Deno.test("PictureHold never lets a picture overtake one of the same person", () => {
  const hold = new PictureHold<ReturnType<typeof picture>>();
  hold.push(picture(1, "a", 100), 0);
  hold.push(picture(1, "b", 10), 33);
  hold.push(picture(2, "c", 10), 33);
  deepStrictEqual(namesAt(hold, 50), ["c"]);
  deepStrictEqual(namesAt(hold, 100), ["a", "b"]);
});

Deno.test("PictureHold lets the oldest go beyond PICTURES_HELD_MAX", () => {
  const hold = new PictureHold<ReturnType<typeof picture>>();
  for (let count = 0; count < PICTURES_HELD_MAX; count++) {
    hold.push(picture(1, `${count}`, 1_000), count);
  }
  deepStrictEqual(namesAt(hold, 100), []);
  hold.push(picture(1, "one more", 1_000), 100);
  deepStrictEqual(namesAt(hold, 100), ["0"]);
});
