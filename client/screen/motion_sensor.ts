import { SCREEN_TILE_SIDE, type TileGrid, TileSet } from "@fusionmeet/protocol";

/** One sample of the sensor's picture stands for a square of so many pixels a side, about: see `sensorSize`. */
export const SENSOR_SCALE = 8;

/** The size of the small grey picture that shows where a picture of that size changes. */
export function sensorSize({ width, height }: { width: number; height: number }) {
  return { width: Math.ceil(width / SENSOR_SCALE), height: Math.ceil(height / SENSOR_SCALE) };
}

/**
 * Sees at once in which tiles a picture changes, by a small grey one in which every sample is the mean of its square. What
 * is too little to change a mean it does not see: comparing whole frames does, a little later.
 */
export class MotionSensor {
  readonly #width: number;
  readonly #height: number;
  readonly #capacity: number;
  /** For each column and row of samples: the first and the last tile they lie in. */
  readonly #columns: readonly TileRange[];
  readonly #rows: readonly TileRange[];
  readonly #gridColumns: number;
  #before: Uint8Array | undefined;

  constructor(grid: TileGrid) {
    const { width, height } = sensorSize(grid);
    this.#width = width;
    this.#height = height;
    this.#capacity = grid.count;
    this.#gridColumns = grid.columns;
    this.#columns = tileRanges(width, grid.width);
    this.#rows = tileRanges(height, grid.height);
  }

  /** Bytes of one of its pictures. */
  get bytes(): number {
    return this.#width * this.#height;
  }

  /** @param grey Kept until the next one. @returns the tiles that differ from the picture before; none for the first. */
  push(grey: Uint8Array): TileSet {
    const changed = new TileSet(this.#capacity);
    const before = this.#before;
    this.#before = grey;
    if (before === undefined) return changed;
    for (let y = 0; y < this.#height; y++) {
      const start = y * this.#width;
      for (let x = 0; x < this.#width; x++) {
        if (grey[start + x] !== before[start + x]) this.#mark(x, y, changed);
      }
    }
    return changed;
  }

  #mark(x: number, y: number, changed: TileSet): void {
    const [left, right] = this.#columns[x];
    const [top, bottom] = this.#rows[y];
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        changed.add(row * this.#gridColumns + column);
      }
    }
  }
}

type TileRange = readonly [first: number, last: number];

/** The tiles that each of `samples` on a side of `pixels` lies in. */
function tileRanges(samples: number, pixels: number): TileRange[] {
  return Array.from({ length: samples }, (_, sample) => {
    const from = Math.floor(sample * pixels / samples);
    const to = Math.ceil((sample + 1) * pixels / samples) - 1;
    return [Math.floor(from / SCREEN_TILE_SIDE), Math.floor(to / SCREEN_TILE_SIDE)];
  });
}
