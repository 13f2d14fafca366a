import { type Counters, ProtocolError } from "@fusionmeet/base";
import {
  encodeScreenMessage,
  type ReceivedScreenMessage,
  SCREEN_GOP_BYTES_MAX,
  SCREEN_TILES_KEPT_BYTES_MAX,
  SCREEN_UNACKNOWLEDGED_MS_MAX,
  TileGrid,
  TileSet,
} from "@fusionmeet/protocol";

type Of<Type extends ReceivedScreenMessage["type"]> = Extract<
  ReceivedScreenMessage,
  { type: Type }
>;

/** What the presenter numbers. */
export type PresenterMessage = Of<"format" | "picture" | "tiles" | "status">;

/** A message as the presenter sent it. */
export interface KeptMessage {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

export interface KeptPicture extends KeptMessage {
  readonly arrivedAtMs: number;
  /** Tiles that are different from the picture before. */
  readonly changed: readonly number[];
}

export interface KeptTiles extends KeptMessage {
  readonly tiles: readonly number[];
}

/** Of its tiles so many are exact by it. */
type CountedTiles = KeptTiles & { exactCount: number };

/**
 * What a share shows now, as bytes for its viewers: the pictures since the last keyframe, and for each exact tile the message
 * that made it so. Bounded, whatever the presenter sends. Pure; viewers read it (`ScreenViewer`) and change nothing.
 */
export class ScreenState {
  readonly #counters: Pick<Counters, "add">;
  #era = 0;
  #format: KeptMessage | undefined;
  #status: KeptMessage | undefined;
  #grid = new TileGrid(0, 0);
  /** Of the last message; numbers start anew with each connection. */
  #sequence = -1;
  #isFormatDue = true;
  #pictures: KeptPicture[] = [];
  #pictureBytes = 0;
  #firstPicture = 0;
  #pictureAtMs = -Infinity;
  /** For each tile, the last picture that changed it. */
  #changedBy = new Float64Array(0);
  /** For each tile, the message by which it is exact. */
  #exactBy: (CountedTiles | undefined)[] = [];
  /** In the order they came. */
  #tiles: CountedTiles[] = [];
  #tilesBytes = 0;

  constructor(counters: Pick<Counters, "add">) {
    this.#counters = counters;
  }

  /** Changes with each format: nothing from before it means anything after. */
  get era(): number {
    return this.#era;
  }

  get format(): KeptMessage | undefined {
    return this.#format;
  }

  /** The last one, if the presenter sent any. */
  get status(): KeptMessage | undefined {
    return this.#status;
  }

  get tileCount(): number {
    return this.#grid.count;
  }

  /** Pictures count from 0 in each era. This is the oldest that is kept, a keyframe, or the next one to come. */
  get firstPicture(): number {
    return this.#firstPicture;
  }

  /** From then on nothing is moving, unless another picture comes. */
  get stillAtMs(): number {
    return this.#pictureAtMs + SCREEN_UNACKNOWLEDGED_MS_MAX;
  }

  /** Bytes that are kept. */
  get size(): number {
    return this.#pictureBytes + this.#tilesBytes;
  }

  /** @returns absent: it is not kept, or has not come. */
  picture(index: number): KeptPicture | undefined {
    return this.#pictures[index - this.#firstPicture];
  }

  /** The newest message of which a tile is exact. */
  get newestTiles(): KeptTiles | undefined {
    return this.#tiles.at(-1);
  }

  /** The first message behind `sequence` of which a tile is exact. */
  tilesBehind(sequence: number): KeptTiles | undefined {
    let [low, high] = [0, this.#tiles.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#tiles[middle].sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return this.#tiles[low];
  }

  /** Was the tile changed by a picture behind that message? */
  isChangedSince(tile: number, sequence: number): boolean {
    return this.#changedBy[tile] > sequence;
  }

  /** The message that tells of tiles that they are not exact any more. */
  staleMessage(tiles: readonly number[], sequence: number): Uint8Array {
    const changed = new TileSet(this.tileCount);
    for (const tile of tiles) changed.add(tile);
    return encodeScreenMessage({ type: "stale", sequence, changed: changed.bits });
  }

  /** The presenter has a new connection: its first message is a format. Until then all stays as it is. */
  restart(): void {
    this.#isFormatDue = true;
    this.#sequence = -1;
  }

  /** @param message is kept. @throws ProtocolError `malformed`, `unexpected` */
  take(message: PresenterMessage, nowMs: number): void {
    if (message.sequence <= this.#sequence) {
      throw wrong(`number ${message.sequence} behind ${this.#sequence}`);
    }
    if (message.type !== "format" && this.#isFormatDue) {
      throw new ProtocolError("unexpected", `Cannot take ${message.type}: the format comes first`);
    }
    this.#sequence = message.sequence;
    switch (message.type) {
      case "format":
        return this.#begin(message);
      case "picture":
        return this.#takePicture(message, nowMs);
      case "tiles":
        return this.#takeTiles(message);
      case "status":
        this.#status = message;
    }
  }

  #begin(format: Of<"format">): void {
    this.#era++;
    this.#isFormatDue = false;
    this.#format = format;
    this.#status = undefined;
    this.#grid = new TileGrid(format.width, format.height);
    this.#dropPictures(0);
    this.#pictureAtMs = -Infinity;
    this.#changedBy = new Float64Array(this.tileCount).fill(-1);
    this.#exactBy = new Array(this.tileCount).fill(undefined);
    this.#tiles = [];
    this.#tilesBytes = 0;
  }

  #takePicture(message: Of<"picture">, arrivedAtMs: number): void {
    const { sequence, bytes, keyframe } = message;
    const changed = this.#changedTiles(message);
    for (const tile of changed) {
      this.#changedBy[tile] = sequence;
      this.#loseExact(tile);
    }
    this.#pictureAtMs = arrivedAtMs;
    const next = this.#firstPicture + this.#pictures.length;
    if (keyframe) this.#dropPictures(next);
    else if (this.#pictures.length === 0) {
      this.#counters.add("screen.without-keyframe");
      return this.#dropPictures(next + 1);
    }
    if (this.#pictureBytes + bytes.length > SCREEN_GOP_BYTES_MAX) {
      this.#counters.add("screen.gop-too-big");
      return this.#dropPictures(next + 1);
    }
    this.#pictures.push({ sequence, bytes, arrivedAtMs, changed });
    this.#pictureBytes += bytes.length;
  }

  #changedTiles({ changed }: Of<"picture">): readonly number[] {
    if (changed.length === 0) return [];
    const set = new TileSet(this.tileCount);
    if (!set.load(changed)) throw wrong(`a set of tiles in ${changed.length} bytes`);
    return [...set];
  }

  #dropPictures(firstPicture: number): void {
    this.#pictures = [];
    this.#pictureBytes = 0;
    this.#firstPicture = firstPicture;
  }

  #takeTiles({ sequence, bytes, tiles }: Of<"tiles">): void {
    const beyond = tiles.find((tile) => tile >= this.tileCount);
    if (beyond !== undefined) throw wrong(`tile ${beyond} of ${this.tileCount}`);
    const kept = { sequence, bytes, tiles, exactCount: tiles.length };
    for (const tile of tiles) {
      this.#loseExact(tile);
      this.#exactBy[tile] = kept;
    }
    this.#tiles.push(kept);
    this.#tilesBytes += bytes.length;
    while (this.#tilesBytes > SCREEN_TILES_KEPT_BYTES_MAX) {
      this.#counters.add("screen.tiles-forgotten");
      const oldest = this.#tiles[0];
      for (const tile of oldest.tiles) if (this.#exactBy[tile] === oldest) this.#loseExact(tile);
    }
  }

  #loseExact(tile: number): void {
    const by = this.#exactBy[tile];
    if (by === undefined) return;
    this.#exactBy[tile] = undefined;
    if (--by.exactCount > 0) return;
    this.#tiles.splice(this.#tiles.indexOf(by), 1);
    this.#tilesBytes -= by.bytes.length;
  }
}

function wrong(what: string): ProtocolError {
  return new ProtocolError("malformed", `Cannot take a shared screen: ${what}`);
}
