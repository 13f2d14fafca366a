/** A shared screen whose every pixel a test knows: drawn, coded as a presenter codes it, and told message by message. */
import { deflateRawSync } from "node:zlib";
import { encodeScreenFrame } from "@fusionmeet/bridge";
import { FlvDemuxer } from "@fusionmeet/media";
import {
  encodeScreenMessage,
  SCREEN_TILE_SIDE,
  SCREEN_TILES_PER_MESSAGE_MAX,
  type ScreenMessage,
  type ScreenStatus,
  TILE_BYTES_MAX,
  TileEncoder,
  TileGrid,
  TileSet,
} from "@fusionmeet/protocol";
import { run } from "./programs.ts";

/** 0x00RRGGBB, row by row. */
export type Pixels = Uint32Array<ArrayBuffer>;

export interface ScreenSize {
  readonly width: number;
  readonly height: number;
}

/** Something like text: dark strokes on light paper, another line of it with each `state`. */
export function drawText({ width, height }: ScreenSize, state: number): Pixels {
  const pixels = new Uint32Array(width * height).fill(0xfdf6e3);
  const lines = Math.floor(height / 20);
  for (let line = 0; line < lines; line++) {
    const written = line <= state % lines ? 1 : 0;
    for (let column = 0; written && column < Math.floor(width / 9) - 2; column++) {
      const letter = Math.imul(
        line * 131 + column * 17 + (line === state % lines ? state : 0),
        0x9e3779b1,
      );
      const ink = (letter >>> 8) % 7 === 0 ? 0x268bd2 : 0x1f2d33;
      for (let bit = 0; bit < 28; bit++) {
        if ((letter >>> bit & 1) === 0) continue;
        const x = 9 + column * 9 + bit % 4 * 2;
        const y = 4 + line * 20 + Math.floor(bit / 4) * 2;
        for (const [dx, dy] of [[0, 0], [1, 0], [0, 1]]) pixels[(y + dy) * width + x + dx] = ink;
      }
    }
  }
  return pixels;
}

/** The tiles in which two pictures differ. */
export function changedTiles(grid: TileGrid, before: Pixels, after: Pixels): TileSet {
  const changed = new TileSet(grid.count);
  for (let tile = 0; tile < grid.count; tile++) {
    const { x, y, width, height } = grid.rect(tile);
    for (let row = y; row < y + height && !changed.has(tile); row++) {
      for (let at = row * grid.width + x; at < row * grid.width + x + width; at++) {
        if (before[at] !== after[at]) changed.add(tile);
      }
    }
  }
  return changed;
}

/** Coded pictures of a screen: the first is a keyframe, and then every `gop`th. */
export async function codePictures(
  size: ScreenSize,
  pictures: readonly Pixels[],
  options: { gop?: number } = {},
): Promise<readonly { readonly bytes: Uint8Array; readonly keyframe: boolean }[]> {
  const { width, height } = size;
  const raw = new Uint8Array(pictures.length * width * height * 4);
  for (const [index, pixels] of pictures.entries()) {
    raw.set(new Uint8Array(pixels.buffer), index * width * height * 4);
  }
  const coded = `${width + width % 2}:${height + height % 2}`;
  const bytes = await run("ffmpeg", [
    ...["-v", "error", "-f", "rawvideo", "-pix_fmt", "bgr0", "-s", `${width}x${height}`],
    ...["-r", "30", "-i", "pipe:0", "-vf", `pad=${coded},scale=out_color_matrix=bt709`],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"],
    ...["-color_range", "tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast"],
    ...["-tune", "zerolatency", "-crf", "22", "-g", String(options.gop ?? pictures.length)],
    ...["-sc_threshold", "0", "-f", "flv", "pipe:1"],
  ], raw);
  return new FlvDemuxer().push(bytes);
}

export interface TestShareOptions extends ScreenSize {
  readonly share?: number;
  readonly title?: string;
  readonly send: (frame: Uint8Array) => void;
}

/** Tells a page about a share; numbers its messages as a presenter does. */
export class TestShare {
  readonly grid: TileGrid;
  readonly share: number;
  /** Of the next message. */
  sequence: number;
  /** The server's clock against ours. */
  serverMinusLocalMs = 5_000;
  readonly #options: TestShareOptions;
  readonly #encoder = new TileEncoder();

  /** Begins near the end of the sequence numbers. */
  constructor(options: TestShareOptions) {
    this.#options = options;
    this.share = options.share ?? 1;
    this.sequence = 0xffff_fff0;
    this.grid = new TileGrid(options.width, options.height);
  }

  get serverNowMs(): number {
    return Date.now() + this.serverMinusLocalMs;
  }

  /** The tile that a pixel is in. */
  tileOf(pixel: number): number {
    const { width, columns } = this.grid;
    const row = Math.floor(Math.floor(pixel / width) / SCREEN_TILE_SIDE);
    return row * columns + Math.floor(pixel % width / SCREEN_TILE_SIDE);
  }

  format(changed: Partial<Extract<ScreenMessage, { type: "format" }>> = {}): void {
    const { width, height, title = "notes.txt - Editor" } = this.#options;
    this.send({ type: "format", sequence: 0, width, height, scaled: false, title, ...changed });
  }

  picture(
    { bytes, keyframe }: { readonly bytes: Uint8Array; readonly keyframe: boolean },
    changed: TileSet | undefined,
    capturedAtMs = this.serverNowMs,
  ): void {
    const bits = changed?.bits ?? new Uint8Array();
    const picture = { type: "picture", sequence: 0, keyframe, accessUnit: bytes } as const;
    this.send({ ...picture, changed: bits, capturedAtMs });
  }

  /** These tiles of `pixels`, all where none are named. @returns the sequence numbers of the messages. */
  tiles(pixels: Pixels, tiles: Iterable<number> = this.#all()): void {
    const list = [...tiles];
    for (let at = 0; at < list.length; at += SCREEN_TILES_PER_MESSAGE_MAX) {
      this.deflatedTiles(
        ...this.deflate(pixels, list.slice(at, at + SCREEN_TILES_PER_MESSAGE_MAX)),
      );
    }
  }

  deflate(pixels: Pixels, tiles: readonly number[]): [readonly number[], Uint8Array] {
    const raw = new Uint8Array(tiles.length * TILE_BYTES_MAX);
    let end = 0;
    for (const tile of tiles) {
      const picture = { pixels, stride: this.grid.width };
      end = this.#encoder.write(picture, this.grid.rect(tile), raw, end);
    }
    return [tiles, deflateRawSync(raw.subarray(0, end), { level: 1 })];
  }

  deflatedTiles(tiles: readonly number[], deflated: Uint8Array): void {
    this.send({ type: "tiles", sequence: 0, capturedAtMs: this.serverNowMs, tiles, deflated });
  }

  stale(changed: TileSet, sequence: number): void {
    this.sendBytes(encodeScreenMessage({ type: "stale", sequence, changed: changed.bits }));
  }

  status(status: ScreenStatus): void {
    this.send({ type: "status", sequence: 0, status });
  }

  /** Numbers the message, and sends it. */
  send(message: ScreenMessage): void {
    this.sendBytes(encodeScreenMessage({ ...message, sequence: this.sequence }));
    this.sequence = (this.sequence + 1) >>> 0;
  }

  sendBytes(message: Uint8Array): void {
    const { share, serverMinusLocalMs } = this;
    this.#options.send(encodeScreenFrame({ share, serverMinusLocalMs, message }));
  }

  *#all(): Generator<number> {
    for (let tile = 0; tile < this.grid.count; tile++) yield tile;
  }
}
