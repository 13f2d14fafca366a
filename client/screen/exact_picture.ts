import { inflateRawSync } from "node:zlib";
import { readTile, TILE_BYTES_MAX, TileGrid, TileSet } from "@fusionmeet/protocol";
import type { ScreenContent } from "./screen_view.ts";

/** The exact pixels of a shared screen, as far as they are known: what a viewer shows over the pictures. */
export class ExactPicture {
  readonly grid: TileGrid;
  /** R, G, B, 255, row by row; black where no tile came yet. */
  readonly rgba: Uint8Array<ArrayBuffer>;
  readonly #exact: TileSet;
  /** For each tile, the number of the message by which it is exact, or was. */
  readonly #exactBy: Float64Array;
  readonly #tile = new Uint8Array(TILE_BYTES_MAX * 2);
  #count = 0;
  /** Tiles that could not be read. */
  failures = 0;

  constructor({ width, height }: { width: number; height: number }) {
    this.grid = new TileGrid(width, height);
    this.rgba = new Uint8Array(4 * width * height);
    this.#exact = new TileSet(this.grid.count);
    this.#exactBy = new Float64Array(this.grid.count);
  }

  /** All of it is exact. */
  get isWhole(): boolean {
    return this.#count === this.grid.count;
  }

  /** What comes, in its order. */
  take(message: ScreenContent): void {
    if (message.type === "tiles") this.#takeTiles(message);
    else if (message.type === "picture" || message.type === "stale") {
      const changed = new TileSet(this.grid.count);
      if (message.changed.length > 0 && changed.load(message.changed)) {
        this.#stale(changed, message.sequence);
      }
    }
  }

  #stale(changed: TileSet, sequence: number): void {
    for (const tile of changed) {
      // Who comes late gets exact tiles before the pictures, which are older.
      if (!this.#exact.has(tile) || this.#exactBy[tile] > sequence) continue;
      this.#exact.delete(tile);
      this.#count--;
    }
  }

  #takeTiles({ tiles, deflated, sequence }: Extract<ScreenContent, { type: "tiles" }>): void {
    if (tiles.some((tile) => tile >= this.grid.count)) return this.#failed();
    let raw: Uint8Array;
    try {
      raw = inflateRawSync(deflated, { maxOutputLength: tiles.length * TILE_BYTES_MAX });
    } catch {
      return this.#failed();
    }
    let at: number | undefined = 0;
    for (const tile of tiles) {
      const rect = this.grid.rect(tile);
      at = readTile(raw, at, rect, this.#tile);
      if (at === undefined) return this.#failed();
      this.#draw(rect);
      if (!this.#exact.has(tile)) this.#count++;
      this.#exact.add(tile);
      this.#exactBy[tile] = sequence;
    }
  }

  #draw({ x, y, width, height }: ReturnType<TileGrid["rect"]>): void {
    for (let row = 0; row < height; row++) {
      const line = this.#tile.subarray(4 * row * width, 4 * (row + 1) * width);
      this.rgba.set(line, 4 * ((y + row) * this.grid.width + x));
    }
  }

  #failed(): void {
    this.failures++;
  }
}
