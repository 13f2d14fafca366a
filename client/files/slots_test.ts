import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { settle } from "../test_support.ts";
import { Slots } from "./slots.ts";

Deno.test("Slots lets so many work at once, the others in their order, and who gives up is passed over", async () => {
  const slots = new Slots(2);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const stop = new AbortController();
  const work = (name: string, signal = new AbortController().signal) =>
    slots.use(() => {
      begun.push(name);
      return new Promise<void>((done) => ends.set(name, done));
    }, signal);
  const all = [work("a"), work("b"), work("c", stop.signal), work("d")];
  await settle();
  deepStrictEqual(begun, ["a", "b"]);
  stop.abort();
  await rejects(all[2], { name: "AbortError" });
  ends.get("b")!();
  await all[1];
  await settle();
  deepStrictEqual(begun, ["a", "b", "d"]);
  const failing = slots.use(() => Promise.reject(new Error("no")), new AbortController().signal);
  ends.get("a")!();
  await rejects(failing, { message: "no" });
  ends.get("d")!();
  await all[3];
  const last = [work("e"), work("f")];
  await settle();
  deepStrictEqual(begun, ["a", "b", "d", "e", "f"]);
  for (const name of ["e", "f"]) ends.get(name)!();
  await Promise.all(last);
});

Deno.test("Slots.isIdle while nobody works and nobody waits", async () => {
  const slots = new Slots(2);
  const { signal } = new AbortController();
  const ends = [0, 1, 2].map(() => Promise.withResolvers<void>());
  strictEqual(slots.isIdle, true);
  const all = ends.map(({ promise }) => slots.use(() => promise, signal));
  for (const [index, { resolve }] of ends.entries()) {
    strictEqual(slots.isIdle, false);
    resolve();
    await all[index];
  }
  strictEqual(slots.isIdle, true);
});
