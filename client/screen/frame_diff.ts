import { Buffer } from "node:buffer";
import { SCREEN_TILE_SIDE, TileGrid, type TileSet } from "@fusionmeet/protocol";

/** Bytes of a pixel, `bgr0`. */
export const PIXEL_BYTES = 4;

/** Finds what is different between two frames: `bgr0`, row by row without gaps. */
export class FrameDiff {
  readonly #grid: TileGrid;
  readonly #rowBytes: number;

  constructor(grid: TileGrid) {
    this.#grid = grid;
    this.#rowBytes = grid.width * PIXEL_BYTES;
  }

  /** Adds the tiles in which the frames differ to `changed`. @returns whether they differ at all. */
  compare(before: Uint8Array, after: Uint8Array, changed: TileSet): boolean {
    const { rows, height } = this.#grid;
    let differs = false;
    for (let row = 0; row < rows; row++) {
      const top = row * SCREEN_TILE_SIDE;
      const bottom = Math.min(height, top + SCREEN_TILE_SIDE);
      const [from, to] = [top * this.#rowBytes, bottom * this.#rowBytes];
      if (same(before, after, from, to)) continue;
      differs = true;
      this.#compareRow(before, after, { row, top, bottom, changed });
    }
    return differs;
  }

  /** One row of tiles, line by line; tiles that are known to differ are not looked at again. */
  #compareRow(
    before: Uint8Array,
    after: Uint8Array,
    { row, top, bottom, changed }: { row: number; top: number; bottom: number; changed: TileSet },
  ): void {
    const { columns } = this.#grid;
    const tileBytes = SCREEN_TILE_SIDE * PIXEL_BYTES;
    const known = new Uint8Array(columns);
    let left = columns;
    for (let line = top; line < bottom && left > 0; line++) {
      const start = line * this.#rowBytes;
      const end = start + this.#rowBytes;
      if (same(before, after, start, end)) continue;
      for (let column = 0; column < columns; column++) {
        if (known[column] === 1) continue;
        const from = start + column * tileBytes;
        if (same(before, after, from, Math.min(end, from + tileBytes))) continue;
        known[column] = 1;
        left--;
        changed.add(row * columns + column);
      }
    }
  }
}

function same(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  return Buffer.compare(a.subarray(from, to), b.subarray(from, to)) === 0;
}
