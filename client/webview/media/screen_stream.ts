import {
  decodeScreenMessage,
  readSps,
  readTile,
  SCREEN_TILE_SIDE,
  SCREEN_TILES_PER_MESSAGE_MAX,
  type ScreenMessage,
  type ScreenStatus,
  TILE_BYTES_MAX,
  TileGrid,
  type TileRect,
  TileSet,
} from "@fusionmeet/protocol";
import { timestampDistance } from "@fusionmeet/base";
import { ExactTiles } from "./exact_tiles.ts";
import { Inflater } from "./inflater.ts";
import { type DecodedPicture, type PictureCodecs, PictureStream } from "./picture_stream.ts";

/**
 * Pictures that wait in the decoder before those between two keyframes are left out. Who comes late gets all pictures
 * since the last keyframe at once, 60 of them, and needs the last.
 */
export const SCREEN_QUEUE_MAX = 128;
const FPS_WINDOW_MS = 1_000;

type Said<Type extends ScreenMessage["type"]> = Extract<ScreenMessage, { type: Type }>;

/** Where a shared screen is painted: a picture, and exact tiles over it. */
export interface ScreenSurface {
  /** Begins anew with this size, everything empty. */
  resize(width: number, height: number): void;
  drawPicture(image: VideoFrame | ImageBitmap): void;
  /** @param rgba of the whole tile, row by row; only good during the call. */
  putTile(rect: TileRect, rgba: Uint8ClampedArray<ArrayBuffer>): void;
  clearTile(rect: TileRect): void;
}

/** What a stream needs of the browser. */
export interface ScreenPlace {
  readonly surface: ScreenSurface;
  readonly codecs: PictureCodecs;
  /** Pictures can be shown; if not, only exact tiles are. */
  readonly decodesH264: boolean;
  /** Calls `draw` before the next frame of the screen. */
  onFrame(draw: () => void): void;
  /** Epoch. */
  nowMs(): number;
  /** `ScreenStream.state` is another one. */
  changed(): void;
}

/** What is known of a shared screen. */
export interface ScreenState {
  readonly share: number;
  /** Pixels of what is shared now. */
  readonly width: number;
  readonly height: number;
  /** It is sent smaller than it is there. */
  readonly scaled: boolean;
  readonly title: string;
  readonly status: ScreenStatus;
  /** Something of it is painted. */
  readonly hasPicture: boolean;
  /** Every pixel is as it is there. */
  readonly exact: boolean;
  /** False: moves are not shown, only what stands still. */
  readonly showsMoves: boolean;
}

/** Counts are totals since the share is shown here. */
export interface ScreenFigures extends ScreenState {
  /** Pictures shown in the last second. */
  readonly fps: number;
  /** From capturing to drawing, of the newest picture; null while unknown, or where that came from before we looked. */
  readonly delayMs: number | null;
  /** Pictures that came, and that were drawn. */
  readonly received: number;
  readonly pictures: number;
  /** Exact tiles that were painted. */
  readonly tiles: number;
  /** When it last became exact, epoch; null while it is not. */
  readonly exactSinceMs: number | null;
  readonly inflateFailures: number;
  /** Messages that could not be read. */
  readonly faults: number;
  readonly decoderErrors: number;
  readonly decodeQueue: number;
}

/** All that begins anew with a `format`. */
interface Format {
  readonly grid: TileGrid;
  readonly exact: ExactTiles;
  readonly stream: PictureStream;
  /** When the pictures were captured that are not shown yet, by their number. */
  readonly captured: Map<number, number>;
  /** The surface has its size. */
  isBegun: boolean;
}

/** One share as it comes, from a `format` on: decodes its pictures, inflates its tiles, and paints both in their order. */
export class ScreenStream {
  readonly #place: ScreenPlace;
  readonly #inflater = new Inflater(SCREEN_TILES_PER_MESSAGE_MAX * TILE_BYTES_MAX);
  readonly #rgba = new Uint8ClampedArray(4 * SCREEN_TILE_SIDE ** 2);
  /** The tiles before are inflated and painted. */
  #inflated: Promise<void> = Promise.resolve();
  #format: Format | undefined;
  #state: ScreenState;
  #next: DecodedPicture | undefined;
  #isAsked = false;
  #isClosed = false;
  #beganAtMs: number | undefined;
  #serverMinusLocalMs = NaN;
  #shownAtMs: number[] = [];
  #delayMs: number | null = null;
  #exactSinceMs: number | null = null;
  #received = 0;
  #pictures = 0;
  #tiles = 0;
  #inflateFailures = 0;
  #faults = 0;

  constructor(share: number, place: ScreenPlace) {
    this.#place = place;
    this.#state = {
      ...{ share, width: 0, height: 0, scaled: false, title: "", status: "showing" },
      ...{ hasPicture: false, exact: false, showsMoves: place.decodesH264 },
    };
  }

  /** Another object whenever something is different. */
  get state(): ScreenState {
    return this.#state;
  }

  get figures(): ScreenFigures {
    const { decoderErrors = 0, decodeQueue = 0 } = this.#format?.stream.figures ?? {};
    const since = this.#place.nowMs() - FPS_WINDOW_MS;
    return {
      ...this.#state,
      fps: this.#shownAtMs.filter((atMs) => atMs > since).length,
      delayMs: this.#delayMs,
      received: this.#received,
      pictures: this.#pictures,
      tiles: this.#tiles,
      exactSinceMs: this.#exactSinceMs,
      inflateFailures: this.#inflateFailures,
      faults: this.#faults,
      ...{ decoderErrors, decodeQueue },
    };
  }

  /** Takes over a whole message. @param serverMinusLocalMs of the wall clocks; NaN while unknown. */
  take(bytes: Uint8Array, serverMinusLocalMs: number): void {
    if (this.#isClosed) return;
    this.#serverMinusLocalMs = serverMinusLocalMs;
    this.#beganAtMs ??= this.#place.nowMs();
    let message: ScreenMessage;
    try {
      message = decodeScreenMessage(bytes);
    } catch {
      this.#faults++;
      return;
    }
    if (message.type === "format") return this.#begin(message);
    const format = this.#format;
    if (!format) return;
    switch (message.type) {
      case "picture":
        return this.#picture(message, format);
      case "tiles":
        return this.#tilesCame(message, format);
      case "stale":
        return this.#changed(message.sequence, message.changed, format);
      case "status":
        return this.#change({ status: message.status });
      default:
        this.#faults++;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#format?.stream.close();
    this.#format = undefined;
    this.#next?.image.close();
    this.#next = undefined;
  }

  #begin({ width, height, scaled, title }: Said<"format">): void {
    this.#format?.stream.close();
    this.#next?.image.close();
    this.#next = undefined;
    const grid = new TileGrid(width, height);
    const exact = new ExactTiles(grid.count, { showsPictures: this.#place.decodesH264 });
    const stream = new PictureStream((picture) => this.#decoded(picture), this.#place.codecs, {
      queueMax: SCREEN_QUEUE_MAX,
    });
    this.#format = { grid, exact, stream, captured: new Map(), isBegun: false };
    this.#exactSinceMs = null;
    // What was painted before stays until there is something new. Whatever was the matter, it is captured again.
    this.#change({ width, height, scaled, title, status: "showing", exact: false });
  }

  // ---- pictures

  #picture(picture: Said<"picture">, format: Format): void {
    this.#received++;
    const { sequence, keyframe, accessUnit, capturedAtMs } = picture;
    this.#changed(sequence, picture.changed, format);
    if (!this.#place.decodesH264) return;
    // A decoder would take any size, and the memory for it.
    if (keyframe && !fits(accessUnit, format.grid)) {
      this.#faults++;
      return;
    }
    format.captured.set(sequence, capturedAtMs);
    if (format.captured.size > 2 * SCREEN_QUEUE_MAX) {
      for (const [oldest] of format.captured) {
        format.captured.delete(oldest);
        break;
      }
    }
    const coded = { codec: "h264", keyframe, timestamp: sequence, bytes: accessUnit } as const;
    format.stream.push({ ...coded, participant: 0, waitMs: 0, sentAtMs: 0 }, 0);
  }

  #changed(sequence: number, bits: Uint8Array, format: Format): void {
    if (bits.length === 0) return;
    const { grid, exact } = format;
    const tiles = new TileSet(grid.count);
    if (!tiles.load(bits)) {
      // Better too little exact than something wrong.
      this.#faults++;
      for (let tile = 0; tile < grid.count; tile++) tiles.add(tile);
    }
    this.#clear(exact.changed(sequence, tiles), format);
    this.#judge(format);
  }

  #decoded(picture: DecodedPicture): void {
    this.#next?.image.close();
    this.#next = picture;
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#place.onFrame(this.#draw);
  }

  readonly #draw = (): void => {
    this.#isAsked = false;
    const [picture, format] = [this.#next, this.#format];
    this.#next = undefined;
    if (!picture || !format) return;
    const sequence = picture.timestamp;
    this.#beginSurface(format);
    this.#place.surface.drawPicture(picture.image);
    picture.image.close();
    this.#clear(format.exact.shown(sequence), format);
    this.#measure(sequence, format.captured);
    this.#change({ hasPicture: true });
  };

  #measure(sequence: number, captured: Map<number, number>): void {
    const nowMs = this.#place.nowMs();
    this.#pictures++;
    this.#shownAtMs = this.#shownAtMs.filter((atMs) => atMs > nowMs - FPS_WINDOW_MS);
    this.#shownAtMs.push(nowMs);
    const capturedHereMs = (captured.get(sequence) ?? NaN) - this.#serverMinusLocalMs;
    for (const each of captured.keys()) {
      if (timestampDistance(each, sequence) >= 0) captured.delete(each);
    }
    // What a late comer is given first is old, and not late.
    const isLive = capturedHereMs >= this.#beganAtMs!;
    this.#delayMs = isLive ? Math.max(0, nowMs - capturedHereMs) : null;
  }

  // ---- tiles

  #tilesCame(message: Said<"tiles">, format: Format): void {
    const { tiles, deflated, sequence } = message;
    if (tiles[tiles.length - 1] >= format.grid.count) {
      this.#faults++;
      return;
    }
    this.#inflated = this.#inflated.then(async () => {
      if (this.#format !== format) return;
      try {
        const bytes = await this.#inflater.inflate(deflated, tiles.length * TILE_BYTES_MAX);
        if (this.#format !== format) return;
        if (!this.#lay(tiles, { bytes, sequence }, format)) this.#inflateFailures++;
      } catch {
        this.#inflateFailures++;
      }
    });
  }

  /** @returns whether it was all tiles, and nothing but tiles. */
  #lay(
    tiles: readonly number[],
    { bytes, sequence }: { bytes: Uint8Array; sequence: number },
    format: Format,
  ): boolean {
    const { grid, exact } = format;
    let at: number | undefined = 0;
    for (const tile of tiles) {
      const rect = grid.rect(tile);
      const rgba = this.#rgba.subarray(0, 4 * rect.width * rect.height);
      at = readTile(bytes, at, rect, rgba);
      if (at === undefined) break;
      if (!exact.lay(tile, sequence)) continue;
      this.#beginSurface(format);
      this.#place.surface.putTile(rect, rgba);
      this.#tiles++;
      this.#change({ hasPicture: true });
    }
    this.#judge(format);
    return at === bytes.length;
  }

  #clear(tiles: readonly number[], { grid }: Format): void {
    for (const tile of tiles) this.#place.surface.clearTile(grid.rect(tile));
  }

  // ---- what is known

  #beginSurface(format: Format): void {
    if (format.isBegun) return;
    format.isBegun = true;
    this.#place.surface.resize(format.grid.width, format.grid.height);
  }

  #judge({ exact: { isExact: exact } }: Format): void {
    if (exact === this.#state.exact) return;
    this.#exactSinceMs = exact ? this.#place.nowMs() : null;
    this.#change({ exact });
  }

  #change(changed: Partial<ScreenState>): void {
    const names = Object.keys(changed) as (keyof ScreenState)[];
    if (names.every((name) => changed[name] === this.#state[name])) return;
    this.#state = { ...this.#state, ...changed };
    this.#place.changed();
  }
}

/** The coded picture has the size of the screen, or is one pixel larger where that is odd. */
function fits(accessUnit: Uint8Array, { width, height }: TileGrid): boolean {
  const sps = readSps(accessUnit);
  return typeof sps !== "string" && sps.width === width + width % 2 &&
    sps.height === height + height % 2;
}
