import { deflateRawSync } from "node:zlib";
import {
  SCREEN_TILES_BYTES_MAX,
  SCREEN_TILES_PER_MESSAGE_MAX,
  TILE_BYTES_MAX,
  TileEncoder,
  type TileGrid,
} from "@fusionmeet/protocol";

/** The fastest: text deflates well with any. */
const LEVEL = 1;
/** Of the body of a `tiles` message: time, count and tile numbers. */
const FIXED_BYTES_MAX = 10 + 2 * SCREEN_TILES_PER_MESSAGE_MAX;
const FIRST_BATCH = 16;

/** Tiles for one `tiles` message. */
export interface PackedTiles {
  readonly tiles: readonly number[];
  readonly deflated: Uint8Array;
}

/** Packs exact tiles of frames of one size into messages that keep `SCREEN_TILES_BYTES_MAX`. */
export class TilePacker {
  readonly #grid: TileGrid;
  readonly #encoder = new TileEncoder();
  readonly #raw = new Uint8Array(SCREEN_TILES_PER_MESSAGE_MAX * TILE_BYTES_MAX);
  /** Tiles that fitted into the message before, and a few more. */
  #batch = FIRST_BATCH;

  constructor(grid: TileGrid) {
    this.#grid = grid;
  }

  /** Packs as many of `due` as fit, from the first on: at least one. @param frame `bgr0`, at a multiple of four in its buffer. */
  pack(frame: Uint8Array, due: readonly number[]): PackedTiles {
    const pixels = new Uint32Array(frame.buffer, frame.byteOffset, frame.length >> 2);
    const picture = { pixels, stride: this.#grid.width };
    let count = Math.min(due.length, this.#batch);
    for (;;) {
      const tiles = due.slice(0, count);
      let end = 0;
      for (const tile of tiles) {
        end = this.#encoder.write(picture, this.#grid.rect(tile), this.#raw, end);
      }
      const deflated = deflateRawSync(this.#raw.subarray(0, end), { level: LEVEL });
      if (FIXED_BYTES_MAX + deflated.length <= SCREEN_TILES_BYTES_MAX) {
        this.#batch = Math.min(SCREEN_TILES_PER_MESSAGE_MAX, 2 * count);
        return { tiles, deflated };
      }
      count = Math.max(1, count >> 1);
    }
  }
}
