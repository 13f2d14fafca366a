import { SCREEN_PIXELS_MAX, SCREEN_SIDE_MAX, SCREEN_TILE_SIDE } from "./limits.ts";

/** Where a tile lies in its picture, in pixels. */
export interface TileRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The tiles of a picture: squares of `SCREEN_TILE_SIDE`, row by row from the top left; those at the right and at the bottom may be smaller. */
export class TileGrid {
  readonly columns: number;
  readonly rows: number;
  readonly count: number;

  /** @param width, height in pixels, as `isScreenSize` allows. */
  constructor(readonly width: number, readonly height: number) {
    this.columns = Math.ceil(width / SCREEN_TILE_SIDE);
    this.rows = Math.ceil(height / SCREEN_TILE_SIDE);
    this.count = this.columns * this.rows;
  }

  /** @param index 0..`count`-1 */
  rect(index: number): TileRect {
    const x = (index % this.columns) * SCREEN_TILE_SIDE;
    const y = Math.floor(index / this.columns) * SCREEN_TILE_SIDE;
    return {
      x,
      y,
      width: Math.min(SCREEN_TILE_SIDE, this.width - x),
      height: Math.min(SCREEN_TILE_SIDE, this.height - y),
    };
  }
}

/** May a shared screen have this size? Both sides whole and at least 1. */
export function isScreenSize(width: number, height: number): boolean {
  const isSide = (side: number) => Number.isInteger(side) && side >= 1 && side <= SCREEN_SIDE_MAX;
  return isSide(width) && isSide(height) && width * height <= SCREEN_PIXELS_MAX;
}

/** A set of a picture's tiles. */
export class TileSet {
  /** A bit per tile, tile 0 first and in the lowest bit; unused bits are 0. Read it, or `load`. */
  readonly bits: Uint8Array<ArrayBuffer>;

  /** Empty. @param capacity Tiles of the picture. */
  constructor(readonly capacity: number) {
    this.bits = new Uint8Array(Math.ceil(capacity / 8));
  }

  /** @returns false (and changes nothing) when these are not the bits of a set of this capacity. */
  load(bits: Uint8Array): boolean {
    const spare = this.bits.length * 8 - this.capacity;
    const isRight = bits.length === this.bits.length &&
      (spare === 0 || bits[bits.length - 1] >> (8 - spare) === 0);
    if (isRight) this.bits.set(bits);
    return isRight;
  }

  get size(): number {
    let size = 0;
    for (let byte of this.bits) for (; byte !== 0; byte &= byte - 1) size++;
    return size;
  }

  get isEmpty(): boolean {
    return this.bits.every((byte) => byte === 0);
  }

  has(tile: number): boolean {
    return (this.bits[tile >> 3] >> (tile & 7) & 1) === 1;
  }

  add(tile: number): void {
    this.bits[tile >> 3] |= 1 << (tile & 7);
  }

  delete(tile: number): void {
    this.bits[tile >> 3] &= ~(1 << (tile & 7));
  }

  addAll(other: TileSet): void {
    for (let at = 0; at < this.bits.length; at++) this.bits[at] |= other.bits[at];
  }

  clear(): void {
    this.bits.fill(0);
  }

  /** The tiles in ascending order. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = 0; at < this.bits.length; at++) {
      for (let bit = 0; this.bits[at] >> bit !== 0; bit++) {
        if ((this.bits[at] >> bit & 1) === 1) yield at * 8 + bit;
      }
    }
  }
}
