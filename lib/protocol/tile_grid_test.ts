import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { SCREEN_PIXELS_MAX, SCREEN_SIDE_MAX } from "./limits.ts";
import { isScreenSize, TileGrid, TileSet } from "./tile_grid.ts";

Deno.test("TileGrid: every pixel is in one tile", () => {
  for (const [width, height] of [[1, 1], [64, 64], [65, 63], [200, 130], [2_560, 1_440]]) {
    const grid = new TileGrid(width, height);
    const seen = new Uint8Array(width * height);
    for (let tile = 0; tile < grid.count; tile++) {
      const rect = grid.rect(tile);
      for (let row = rect.y; row < rect.y + rect.height; row++) {
        for (let column = rect.x; column < rect.x + rect.width; column++) {
          seen[row * width + column]++;
        }
      }
    }
    strictEqual(seen.every((times) => times === 1), true, `${width}x${height}`);
  }
  deepStrictEqual(new TileGrid(200, 130).rect(11), { x: 192, y: 128, width: 8, height: 2 });
});

Deno.test("isScreenSize(): the limits, one under and one over", () => {
  const largest = [SCREEN_SIDE_MAX, SCREEN_PIXELS_MAX / SCREEN_SIDE_MAX];
  for (const [width, height] of [[1, 1], largest, largest.toReversed(), [SCREEN_SIDE_MAX, 1]]) {
    strictEqual(isScreenSize(width, height), true, `${width}x${height}`);
  }
  const wrong = [
    ...[[0, 1], [1, 0], [-1, -1], [1.5, 2], [NaN, 1], [SCREEN_SIDE_MAX + 1, 1]],
    [largest[0], largest[1] + 1],
  ];
  for (const [width, height] of wrong) {
    strictEqual(isScreenSize(width, height), false, `${width}x${height}`);
  }
});

Deno.test("TileSet is a set of numbers", () => {
  const random = seededRandom(3);
  for (const capacity of [1, 7, 8, 9, 920]) {
    const [tiles, model] = [new TileSet(capacity), new Set<number>()];
    for (let step = 0; step < 200; step++) {
      const tile = random.u32() % capacity;
      if (random.u32() % 3 === 0) {
        tiles.delete(tile);
        model.delete(tile);
      } else {
        tiles.add(tile);
        model.add(tile);
      }
      strictEqual(tiles.size, model.size);
      strictEqual(tiles.has(tile), model.has(tile));
    }
    deepStrictEqual([...tiles], [...model].toSorted((one, other) => one - other));
    const both = new TileSet(capacity);
    both.add(0);
    both.addAll(tiles);
    deepStrictEqual(new Set(both), model.add(0));
    strictEqual(both.isEmpty, false);
    both.clear();
    strictEqual(both.isEmpty, true);
    deepStrictEqual([...both], []);
  }
});

Deno.test("TileSet.load() takes the bits of a set of its capacity, and no others", () => {
  const set = new TileSet(10);
  strictEqual(set.load(Uint8Array.of(0x81, 0x02)), true);
  deepStrictEqual([...set], [0, 7, 9]);
  for (const wrong of [[], [1], [1, 4], [1, 0x80], [1, 0, 0]]) {
    strictEqual(set.load(Uint8Array.from(wrong)), false, String(wrong));
    deepStrictEqual([...set], [0, 7, 9]);
  }
  strictEqual(new TileSet(8).load(Uint8Array.of(0xff)), true);
});
