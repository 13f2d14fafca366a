import { deepStrictEqual } from "node:assert/strict";
import { Speakers } from "./speakers.ts";

const ANN = { id: 1, name: "Ann", microphone: true, camera: false, away: false };
const BOB = { ...ANN, id: 2, name: "Bob" };

/** Feeds levels five times a second; gives the changes and when they came. */
function follow(levels: readonly (number | undefined)[]): string[] {
  const changes: string[] = [];
  let nowMs = 0;
  const speakers = new Speakers(({ name }, on) => changes.push(`${name} ${on} ${nowMs}`));
  for (const level of levels) {
    speakers.update(level === undefined ? [] : [{ person: ANN, level }], nowMs);
    nowMs += 200;
  }
  return changes;
}

Deno.test("Speakers says at once who begins, and a second later who has stopped", () => {
  deepStrictEqual(follow([-20, -25, ...Array(8)]), ["Ann true 0", "Ann false 1200"]);
});

Deno.test("Speakers takes pauses between words for speech, and noise for none", () => {
  const pause = Array(4);
  deepStrictEqual(follow([-30, ...pause, -30, ...pause, -54, ...pause]), ["Ann true 0"]);
  deepStrictEqual(follow([-60, -46, -50, -46]), []);
  deepStrictEqual(follow([-45, ...Array(9).fill(-56)]), ["Ann true 0", "Ann false 1000"]);
});

Deno.test("Speakers.stop() ends it at once, and is no news about who was silent", () => {
  const changes: string[] = [];
  const speakers = new Speakers(({ name }, on) => changes.push(`${name} ${on}`));
  speakers.update([{ person: ANN, level: -20 }, { person: BOB, level: -20 }], 0);
  for (const id of [1, 1, 3]) speakers.stop(id);
  speakers.update([], 1_000);
  deepStrictEqual(changes, ["Ann true", "Bob true", "Ann false", "Bob false"]);
});
