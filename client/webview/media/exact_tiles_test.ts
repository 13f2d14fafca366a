import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { TileSet } from "@fusionmeet/protocol";
import { CHANGES_WAITING_MAX, ExactTiles } from "./exact_tiles.ts";

const COUNT = 4;
const showing = () => new ExactTiles(COUNT, { showsPictures: true });

function set(...tiles: number[]): TileSet {
  const set = new TileSet(COUNT);
  for (const tile of tiles) set.add(tile);
  return set;
}

function layAll(exact: ExactTiles, sequence: number): boolean[] {
  return Array.from({ length: COUNT }, (_, tile) => exact.lay(tile, sequence));
}

Deno.test("ExactTiles is exact when every tile is laid, and not from the change of one on", () => {
  const exact = showing();
  exact.changed(0, set(0, 1, 2, 3));
  strictEqual(exact.isExact, false);
  for (let tile = 0; tile < COUNT - 1; tile++) exact.lay(tile, 1);
  strictEqual(exact.isExact, false, "one is missing");
  exact.lay(COUNT - 1, 1);
  strictEqual(exact.isExact, true);
  exact.changed(2, set());
  strictEqual(exact.isExact, true, "a picture in which nothing is different");
  exact.changed(3, set(2));
  strictEqual(exact.isExact, false, "at once, although its picture is not shown yet");
  exact.lay(2, 4);
  strictEqual(exact.isExact, true, "before that picture is shown");
});

Deno.test("ExactTiles takes a tile away with the picture that changed it, not before", () => {
  const exact = showing();
  layAll(exact, 1);
  exact.changed(2, set(0));
  exact.changed(3, set(1));
  exact.changed(4, set(2));
  deepStrictEqual(exact.shown(1), []);
  deepStrictEqual(exact.shown(3), [0, 1], "also what the skipped picture changed");
  deepStrictEqual(exact.shown(3), [], "once");
  deepStrictEqual(exact.shown(4), [2]);
});

Deno.test("ExactTiles keeps a tile that came after the change, whenever the picture is shown", () => {
  const exact = showing();
  layAll(exact, 1);
  exact.changed(2, set(0, 1));
  exact.lay(0, 3);
  exact.changed(4, set(3));
  deepStrictEqual(exact.shown(4), [1, 3]);
  strictEqual(exact.lay(1, 3), true, "the rest of the tiles of 3 come out of the inflater");
  strictEqual(exact.lay(3, 3), false, "3 is older than the change of 4");
  strictEqual(exact.isExact, false);
});

Deno.test("ExactTiles lays no older tile over a newer one", () => {
  const exact = showing();
  strictEqual(exact.lay(0, 7), true);
  strictEqual(exact.lay(0, 6), false);
  strictEqual(exact.lay(0, 8), true);
  strictEqual(exact.lay(COUNT, 9), false, "there is no such tile");
});

Deno.test("ExactTiles counts on over the end of the sequence numbers", () => {
  const exact = showing();
  layAll(exact, 0xffff_fffe);
  exact.changed(0xffff_ffff, set(0, 1));
  exact.lay(0, 0);
  exact.changed(1, set(2));
  strictEqual(exact.lay(2, 0xffff_ffff), false);
  deepStrictEqual(exact.shown(1), [1, 2]);
});

Deno.test("ExactTiles where no picture is shown keeps the old pixels, and knows that they are old", () => {
  const exact = new ExactTiles(COUNT, { showsPictures: false });
  layAll(exact, 1);
  for (let sequence = 2; sequence < 3 * CHANGES_WAITING_MAX; sequence++) {
    deepStrictEqual(exact.changed(sequence, set(0)), []);
  }
  strictEqual(exact.isExact, false);
  strictEqual(exact.lay(0, 3 * CHANGES_WAITING_MAX), true);
  strictEqual(exact.isExact, true);
});

Deno.test("ExactTiles holds so many changes and not one more", () => {
  const exact = showing();
  layAll(exact, 0);
  for (let sequence = 1; sequence <= CHANGES_WAITING_MAX; sequence++) {
    deepStrictEqual(exact.changed(sequence, set(sequence === 1 ? 3 : 0)), []);
  }
  deepStrictEqual(exact.changed(CHANGES_WAITING_MAX + 1, set(0)), [3]);
});

Deno.test("ExactTiles is like the plain model in any order of shown pictures and inflated tiles", () => {
  const random = seededRandom(5);
  for (let turn = 0; turn < 500; turn++) {
    const exact = showing();
    const visible = new Set<number>();
    const takeAway = (tiles: readonly number[]) => tiles.forEach((tile) => visible.delete(tile));
    const changes: { sequence: number; tiles: number[] }[] = [];
    const laid = new Map<number, number>();
    const inflating: { tile: number; sequence: number }[] = [];
    const base = random.u32();
    let shown = 0;
    for (let step = 1; step < 40; step++) {
      const sequence = (base + step) >>> 0;
      const tiles = [0, 1, 2, 3].filter(() => random.u32() % 3 === 0);
      if (random.u32() % 2 === 0) {
        changes.push({ sequence: step, tiles });
        takeAway(exact.changed(sequence, set(...tiles)));
      } else {
        inflating.push(...tiles.map((tile) => ({ tile, sequence: step })));
      }
      if (random.u32() % 3 === 0) {
        const pictures = changes.filter((each) => each.sequence > shown);
        if (pictures.length > 0) {
          shown = pictures[random.u32() % pictures.length].sequence;
          takeAway(exact.shown((base + shown) >>> 0));
        }
      }
      while (inflating.length > 0 && random.u32() % 2 === 0) {
        const [one] = inflating.splice(random.u32() % inflating.length, 1);
        if (!exact.lay(one.tile, (base + one.sequence) >>> 0)) continue;
        visible.add(one.tile);
        laid.set(one.tile, one.sequence);
      }
      const lastChange = (tile: number, upTo: number) =>
        Math.max(
          0,
          ...changes.filter((each) => each.sequence <= upTo && each.tiles.includes(tile))
            .map((each) => each.sequence),
        );
      for (let tile = 0; tile < COUNT; tile++) {
        const isMeant = (laid.get(tile) ?? -1) > lastChange(tile, shown);
        strictEqual(visible.has(tile), isMeant, `turn ${turn}, step ${step}, tile ${tile}`);
      }
      const isExact = [0, 1, 2, 3].every((tile) =>
        (laid.get(tile) ?? -1) > lastChange(tile, Infinity)
      );
      strictEqual(exact.isExact, isExact, `turn ${turn}, step ${step}`);
    }
  }
});
