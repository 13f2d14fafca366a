import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import { TileGrid } from "./tile_grid.ts";
import { readTile, TILE_BYTES_MAX, TileEncoder } from "./tile_pixels.ts";

/** A picture in which no rectangle of a tile has more than so many colours, and a whole one has all of them. */
function pictureOf(width: number, height: number, colours: number, seed: number): Uint32Array {
  const random = seededRandom(seed);
  // The upper byte is whatever the grabber leaves there.
  const palette = Array.from({ length: colours }, (_, index) => index * 65_793 + random.u32() % 99);
  return Uint32Array.from(
    { length: width * height },
    (_, at) => (palette[at % colours] & 0xffffff) + 2 ** 24 * (random.u32() & 0xff),
  );
}

/** R, G, B, 255 of a part of it. */
function rgbaOf(pixels: Uint32Array, stride: number, { x, y, width, height }: {
  x: number;
  y: number;
  width: number;
  height: number;
}): number[] {
  const rgba: number[] = [];
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      const pixel = pixels[row * stride + column];
      rgba.push(pixel >> 16 & 0xff, pixel >> 8 & 0xff, pixel & 0xff, 255);
    }
  }
  return rgba;
}

Deno.test("readTile() gives back what TileEncoder wrote, for any number of colours, at the edges, too", () => {
  const encoder = new TileEncoder();
  for (const colours of [1, 2, 16, 254, 255, 256, 257, 4_096]) {
    const [width, height] = [150, 70];
    const grid = new TileGrid(width, height);
    const pixels = pictureOf(width, height, colours, colours);
    const bytes = new Uint8Array(grid.count * TILE_BYTES_MAX);
    const ends: number[] = [];
    for (let tile = 0, at = 0; tile < grid.count; tile++) {
      at = encoder.write({ pixels, stride: width }, grid.rect(tile), bytes, at);
      ends.push(at);
    }
    const written = bytes.subarray(0, ends.at(-1));
    const rgba = new Uint8ClampedArray(4 * 64 * 64);
    for (let tile = 0, at = 0; tile < grid.count; tile++) {
      const rect = grid.rect(tile);
      strictEqual(readTile(written, at, rect, rgba), ends[tile], `${colours} colours`);
      at = ends[tile];
      deepStrictEqual(
        [...rgba.subarray(0, 4 * rect.width * rect.height)],
        rgbaOf(pixels, width, rect),
      );
    }
  }
});

Deno.test("tiles have their bytes: one colour, two, and colours without a palette", () => {
  const encoder = new TileEncoder();
  const write = (width: number, pixels: number[]) => {
    const into = new Uint8Array(TILE_BYTES_MAX);
    const rect = { x: 0, y: 0, width, height: pixels.length / width };
    const picture = { pixels: Uint32Array.from(pixels), stride: width };
    return into.subarray(0, encoder.write(picture, rect, into, 0));
  };
  strictEqual(write(2, [0x010203, 0xff010203]).toHex(), "01010203");
  strictEqual(write(2, [0x0a0b0c, 0, 0, 0x0a0b0c]).toHex(), "020a0b0c00000000010100");
  const many = write(16, Array.from({ length: 256 }, (_, index) => index));
  strictEqual(many.subarray(0, 7).toHex(), "00000000000001");
  strictEqual(many.length, 1 + 3 * 256);
  strictEqual(write(16, Array.from({ length: 256 }, (_, index) => index % 255))[0], 255);
});

Deno.test("readTile() says no to every prefix of a tile, and reads nothing beyond its bytes", () => {
  const encoder = new TileEncoder();
  const rect = { x: 0, y: 0, width: 17, height: 16 };
  const golden = [1, 2, 255, 272].map((colours) => {
    const into = new Uint8Array(TILE_BYTES_MAX);
    const pixels = pictureOf(17, 16, colours, 5);
    return into.slice(0, encoder.write({ pixels, stride: 17 }, rect, into, 0));
  });
  const rgba = new Uint8Array(4 * 17 * 16);
  for (const bytes of golden) {
    strictEqual(readTile(bytes, 0, rect, rgba), bytes.length);
    for (const prefix of prefixesOf(bytes)) strictEqual(readTile(prefix, 0, rect, rgba), undefined);
  }
  // The number of a colour that is not there.
  const wrong = Uint8Array.of(2, 1, 1, 1, 2, 2, 2, 0, 2);
  strictEqual(readTile(wrong, 0, { width: 2, height: 1 }, rgba), undefined);
  for (const bytes of mutationsOf(golden, { seed: 8, count: 10_000 })) {
    const end = readTile(bytes, 0, rect, rgba);
    ok(end === undefined || end <= bytes.length);
  }
});
