import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { OwnMixes } from "./own_mixes.ts";
import { TalkerSelection } from "./talker_selection.ts";

const talkers = (levels: Record<number, number>) =>
  Object.entries(levels).map(([id, level]) => ({ id: Number(id), level }));
const sorted = (ids: readonly number[]) => [...ids].sort((a, b) => a - b);

Deno.test("TalkerSelection.select() takes everyone while there is room, at once and unramped", () => {
  const selection = new TalkerSelection({ talkersMax: 3 });
  deepStrictEqual(selection.select(talkers({ 1: -60, 2: -20 }), 0), {
    talkers: [1, 2],
    entering: [],
    leaving: [],
  });
  strictEqual(selection.select(talkers({ 1: -60, 2: -20, 3: -90 }), 20).talkers.length, 3);
});

Deno.test("TalkerSelection.select() displaces the weakest only after 400 ms and by 3 dB", () => {
  const selection = new TalkerSelection({ talkersMax: 2 });
  selection.select(talkers({ 1: -30, 2: -20 }), 0);
  for (let ms = 20; ms < 400; ms += 20) {
    const { talkers: chosen } = selection.select(talkers({ 1: -30, 2: -20, 3: -10 }), ms);
    deepStrictEqual(sorted(chosen), [1, 2], `${ms} ms`);
  }
  const change = selection.select(talkers({ 1: -30, 2: -20, 3: -10 }), 400);
  deepStrictEqual(sorted(change.talkers), [1, 2, 3]);
  deepStrictEqual([change.entering, change.leaving], [[3], [1]]);
  const after = selection.select(talkers({ 1: -30, 2: -20, 3: -10 }), 420);
  deepStrictEqual([sorted(after.talkers), after.entering, after.leaving], [[2, 3], [], []]);
  // 2.9 dB louder is not enough.
  for (let ms = 440; ms < 3_000; ms += 20) {
    selection.select(talkers({ 1: -17.1, 2: -20, 3: -10 }), ms);
  }
  ok(!selection.select(talkers({ 1: -17.1, 2: -20, 3: -10 }), 3_000).talkers.includes(1));
  ok(selection.select(talkers({ 1: -17, 2: -20, 3: -10 }), 3_020).talkers.includes(1));
});

Deno.test("TalkerSelection.select() keeps a place through a pause between words, not longer", () => {
  const selection = new TalkerSelection({ talkersMax: 1 });
  selection.select(talkers({ 1: -20 }), 0);
  for (let ms = 20; ms < 400; ms += 20) {
    deepStrictEqual(selection.select(talkers({ 2: -21 }), ms).talkers, []);
  }
  deepStrictEqual(selection.select(talkers({ 2: -21 }), 400).talkers, [2]);
});

Deno.test("TalkerSelection.select() never mixes more than eight and the leaving ones", () => {
  const selection = new TalkerSelection({ talkersMax: 8 });
  const random = seededRandom(4);
  let changes = 0;
  for (let tick = 0; tick < 5_000; tick++) {
    const candidates = Array.from(
      { length: 20 },
      (_, id) => ({ id, level: -60 * random.fraction() }),
    )
      .filter(() => random.fraction() < 0.9);
    const chosen = selection.select(candidates, tick * 20);
    ok(chosen.talkers.length - chosen.leaving.length <= 8);
    strictEqual(new Set(chosen.talkers).size, chosen.talkers.length);
    changes += chosen.leaving.length;
  }
  ok(changes < 5_000 * 8 / 20, `${changes} changes`);
});

Deno.test("OwnMixes.update() keeps a talker's own mix for 5 s of silence, and eight at most", () => {
  const own = new OwnMixes({ listenersMax: 8 });
  deepStrictEqual(own.update([7], 0), [7]);
  deepStrictEqual(own.update([], 4_980), [7]);
  deepStrictEqual(own.update([], 5_000), []);
  for (let id = 1; id <= 8; id++) own.update([id], 5_000 + id);
  deepStrictEqual(own.update([9], 5_100), [2, 3, 4, 5, 6, 7, 8, 9]);
  // More than eight at once, all in the mix: nobody may hear themselves.
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  deepStrictEqual(sorted(own.update(nine, 5_120)), nine);
  own.remove(5);
  ok(!own.update([], 5_140).includes(5));
});
