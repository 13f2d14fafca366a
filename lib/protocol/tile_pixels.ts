/**
 * The exact pixels of tiles. What is deflated (RFC 1951) in a `tiles` message holds its tiles one after the other, each:
 *
 * - u8 `colours`. 0: the pixels follow as R, G, B, row by row. 1..255: so many colours follow (R, G, B), then for each pixel
 *   the number of its colour (u8), row by row; a tile of one colour has no numbers.
 */
import { SCREEN_TILE_SIDE } from "./limits.ts";
import type { TileRect } from "./tile_grid.ts";

/** The most one tile takes before deflating. */
export const TILE_BYTES_MAX = 1 + 3 * SCREEN_TILE_SIDE ** 2;
const PALETTE_MAX = 255;
/** A power of two, well above `PALETTE_MAX`. */
const HASH_SLOTS = 1_024;

/** Writes tiles; keeps its tables from one to the next. */
export class TileEncoder {
  readonly #slots = new Int16Array(HASH_SLOTS);
  readonly #colours = new Uint32Array(PALETTE_MAX);
  readonly #numbers = new Uint8Array(SCREEN_TILE_SIDE ** 2);

  /**
   * Writes one tile.
   *
   * @param pixels The picture, u32 each as ffmpeg's `bgr0` is read on a little-endian machine (0x??RRGGBB), row by row.
   * @param stride Pixels in a row of the picture.
   * @param into With room for `TILE_BYTES_MAX` behind `at`.
   * @returns where the next one goes.
   */
  write(
    { pixels, stride }: { pixels: Uint32Array; stride: number },
    rect: TileRect,
    into: Uint8Array,
    at: number,
  ): number {
    const count = this.#index(pixels, stride, rect);
    if (count === 0) return writeColours(pixels, stride, rect, into, at);
    into[at++] = count;
    for (let number = 0; number < count; number++) {
      const colour = this.#colours[number];
      into[at++] = colour >> 16;
      into[at++] = colour >> 8;
      into[at++] = colour;
    }
    if (count === 1) return at;
    const size = rect.width * rect.height;
    into.set(this.#numbers.subarray(0, size), at);
    return at + size;
  }

  /** Numbers the colours in the order they come. @returns how many; 0 when they are more than `PALETTE_MAX`. */
  #index(pixels: Uint32Array, stride: number, { x, y, width, height }: TileRect): number {
    const slots = this.#slots.fill(-1);
    let count = 0;
    let at = 0;
    let lastColour = -1;
    let lastNumber = 0;
    for (let row = y; row < y + height; row++) {
      const end = row * stride + x + width;
      for (let index = row * stride + x; index < end; index++) {
        const colour = pixels[index] & 0xffffff;
        if (colour !== lastColour) {
          let slot = Math.imul(colour, 0x9e3779b1) >>> 22;
          while (slots[slot] >= 0 && this.#colours[slots[slot]] !== colour) {
            slot = (slot + 1) & (HASH_SLOTS - 1);
          }
          if (slots[slot] < 0) {
            if (count === PALETTE_MAX) return 0;
            slots[slot] = count;
            this.#colours[count++] = colour;
          }
          lastColour = colour;
          lastNumber = slots[slot];
        }
        this.#numbers[at++] = lastNumber;
      }
    }
    return count;
  }
}

function writeColours(
  pixels: Uint32Array,
  stride: number,
  { x, y, width, height }: TileRect,
  into: Uint8Array,
  at: number,
): number {
  into[at++] = 0;
  for (let row = y; row < y + height; row++) {
    for (let index = row * stride + x; index < row * stride + x + width; index++) {
      const colour = pixels[index];
      into[at++] = colour >> 16;
      into[at++] = colour >> 8;
      into[at++] = colour;
    }
  }
  return at;
}

/**
 * Reads one tile.
 *
 * @param bytes Inflated, as `TileEncoder` wrote them.
 * @param rgba Gets the tile's pixels as R, G, B, 255, row by row without a gap: at least 4 * width * height bytes.
 * @returns where the next tile begins; `undefined` when these are no tile.
 */
export function readTile(
  bytes: Uint8Array,
  at: number,
  { width, height }: Pick<TileRect, "width" | "height">,
  rgba: Uint8Array | Uint8ClampedArray,
): number | undefined {
  const count = bytes[at++];
  const size = width * height;
  const paletteAt = at;
  if (count === undefined) return undefined;
  const dataAt = at + 3 * count;
  const end = count === 0 ? at + 3 * size : count === 1 ? dataAt : dataAt + size;
  if (end > bytes.length) return undefined;
  for (let pixel = 0; pixel < size; pixel++) {
    const number = count <= 1 ? 0 : bytes[dataAt + pixel];
    if (count > 1 && number >= count) return undefined;
    const from = count === 0 ? at + 3 * pixel : paletteAt + 3 * number;
    rgba[4 * pixel] = bytes[from];
    rgba[4 * pixel + 1] = bytes[from + 1];
    rgba[4 * pixel + 2] = bytes[from + 2];
    rgba[4 * pixel + 3] = 255;
  }
  return end;
}
