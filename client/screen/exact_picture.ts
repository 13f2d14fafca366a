import { inflateRawSync } from "node:zlib";
import { readTile, TILE_BYTES_MAX, TileGrid, TileSet } from "@fusionmeet/protocol";
import type { ScreenContent } from "./screen_view.ts";

interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** The exact pixels of a shared screen, as far as they are known: what a viewer shows over the pictures. */
export class ExactPicture {
  #grid!: TileGrid;
  /** As large as it ever had to be: a new format takes no new memory. */
  #pixels = new Uint8Array(0);
  /** Nothing has been drawn since they were cleared. */
  #isBlank = true;
  #exact!: TileSet;
  /** For each tile, the number of the message by which it is exact, or was. */
  #exactBy!: Float64Array;
  readonly #tile = new Uint8Array(TILE_BYTES_MAX * 2);
  #count = 0;
  /** Tiles that could not be read. */
  failures = 0;

  constructor(format: ScreenSize) {
    this.begin(format);
  }

  /** Another picture, of which nothing is known yet. */
  begin({ width, height }: ScreenSize): void {
    this.#grid = new TileGrid(width, height);
    this.#exact = new TileSet(this.grid.count);
    this.#exactBy = new Float64Array(this.grid.count);
    this.#count = 0;
    this.#clear();
  }

  get grid(): TileGrid {
    return this.#grid;
  }

  /** R, G, B, 255, row by row; black where no tile came yet. Overwritten by what comes. */
  get rgba(): Uint8Array<ArrayBuffer> {
    const bytes = 4 * this.grid.width * this.grid.height;
    if (this.#pixels.length < bytes) this.#pixels = new Uint8Array(bytes);
    return this.#pixels.subarray(0, bytes);
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

  #clear(): void {
    if (!this.#isBlank) this.#pixels.fill(0);
    this.#isBlank = true;
  }

  #draw({ x, y, width, height }: ReturnType<TileGrid["rect"]>): void {
    this.#isBlank = false;
    const { rgba } = this;
    for (let row = 0; row < height; row++) {
      const line = this.#tile.subarray(4 * row * width, 4 * (row + 1) * width);
      rgba.set(line, 4 * ((y + row) * this.grid.width + x));
    }
  }

  #failed(): void {
    this.failures++;
  }
}
