import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { gridLayout, pageOf, TILES_MAX } from "./grid_layout.ts";

Deno.test("gridLayout() gives the shape that shows most", () => {
  const columnsIn = (width: number, height: number) =>
    Array.from(
      { length: 9 },
      (_, index) => gridLayout({ count: index + 1, width, height, gap: 10 }).columns,
    );
  deepStrictEqual(columnsIn(1256, 708), [1, 2, 2, 2, 3, 3, 3, 3, 3]);
  deepStrictEqual(columnsIn(784, 428), [1, 2, 2, 2, 3, 3, 3, 3, 3]);
  deepStrictEqual(columnsIn(300, 700), [1, 1, 1, 1, 1, 1, 2, 2, 2], "a narrow window stacks");
  deepStrictEqual(columnsIn(1600, 200), [1, 2, 3, 4, 5, 6, 7, 8, 9], "a flat one makes a row");
});

Deno.test("gridLayout() fits any number of tiles into any space, each between 4:3 and 16:9", () => {
  for (let count = 1; count <= TILES_MAX; count++) {
    for (const [width, height] of [[1256, 708], [784, 428], [1900, 300], [400, 1000], [97, 83]]) {
      const { columns, rows, tileWidth, tileHeight } = gridLayout({
        count,
        width,
        height,
        gap: 10,
      });
      const where = `${count} in ${width}x${height}`;
      ok(columns * rows >= count, where);
      ok(columns * tileWidth + (columns - 1) * 10 <= width, where);
      ok(rows * tileHeight + (rows - 1) * 10 <= height, where);
      ok((tileWidth + 1) / tileHeight >= 4 / 3 && tileWidth / (tileHeight + 1) <= 16 / 9, where);
    }
  }
});

Deno.test("gridLayout() survives a space that is not measured yet", () => {
  const { tileWidth, tileHeight } = gridLayout({ count: 9, width: 0, height: 0, gap: 10 });
  deepStrictEqual([tileWidth, tileHeight], [0, 0]);
});

Deno.test("pageOf() shows nine at once and stays where there are pages", () => {
  const people = Array.from({ length: 12 }, (_, index) => index + 1);
  deepStrictEqual(pageOf(people, 0), { page: 0, pages: 2, shown: people.slice(0, 9) });
  deepStrictEqual(pageOf(people, 1), { page: 1, pages: 2, shown: [10, 11, 12] });
  strictEqual(pageOf(people.slice(0, 9), 1).page, 0, "the second page went with its people");
  strictEqual(pageOf(people, -1).page, 0);
  deepStrictEqual(pageOf([], 0), { page: 0, pages: 1, shown: [] });
});
