import { encodeScreenMessage, type ScreenStatus, TileGrid, TileSet } from "@fusionmeet/protocol";
import { FrameDiff } from "./frame_diff.ts";
import { MotionSensor } from "./motion_sensor.ts";
import { StillTiles } from "./still_tiles.ts";
import { TilePacker } from "./tile_packer.ts";

/** One coded picture. */
export interface CodedPicture {
  /** Annex B. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
}

/** The server may owe acknowledgements for so much: exact tiles wait first, then pictures. */
export const TILES_IN_FLIGHT_BYTES_MAX = 512 << 10;
export const PICTURES_IN_FLIGHT_BYTES_MAX = 3 << 20;
/** A server that has acknowledged nothing for so long gets no more pictures until a keyframe. */
export const IN_FLIGHT_MS_MAX = 1_000;
/** A frame that came so much after a picture shows what that picture shows, or what came later. */
export const FRAME_SKEW_MS = 25;
/** While frames are late, what they show is not taken for still. */
const FRAME_AGE_MS_MAX = 400;
/** One call of `sendTiles` packs no longer than this. */
const PACKING_MS_MAX = 20;

export interface ScreenFeedOptions {
  readonly format: { width: number; height: number; scaled: boolean; title: string };
  /** A message for the server, whole. */
  readonly post: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** The number of the next message; counts on over all feeds of a share. */
  readonly nextSequence: () => number;
  /** Local ms, of the clock of all times here. */
  readonly nowMs: () => number;
  /** The server's wall clock at that local time. */
  readonly toServerMs: (localMs: number) => number;
}

/**
 * Makes the messages of a shared screen out of what its ffmpeg gives: pictures at once; tiles when they have stopped changing and
 * the server keeps up. One feed has one format.
 */
export class ScreenFeed {
  readonly #options: ScreenFeedOptions;
  readonly #grid: TileGrid;
  readonly #sensor: MotionSensor;
  readonly #diff: FrameDiff;
  readonly #packer: TilePacker;
  readonly #still: StillTiles;
  /** What pictures that were not sent have changed. */
  readonly #owed: TileSet;
  /** What the sensor saw since the frame before the last one: comparing frames shows it again, later. */
  #sensed: TileSet;
  #sensedBefore: TileSet;
  #frame: Uint8Array<ArrayBuffer> | undefined;
  #frameAtMs = -Infinity;
  #waitsForKeyframe = false;
  readonly #inFlight = new Map<number, { bytes: number; atMs: number }>();
  #inFlightBytes = 0;
  readonly counts = { pictures: 0, skippedPictures: 0, tiles: 0, pictureBytes: 0, tileBytes: 0 };

  constructor(options: ScreenFeedOptions) {
    const { width, height } = options.format;
    this.#options = options;
    this.#grid = new TileGrid(width, height);
    this.#sensor = new MotionSensor(this.#grid);
    this.#diff = new FrameDiff(this.#grid);
    this.#packer = new TilePacker(this.#grid);
    this.#still = new StillTiles(this.#grid.count, options.nowMs());
    [this.#owed, this.#sensed, this.#sensedBefore] = [0, 0, 0].map(() =>
      new TileSet(this.#grid.count)
    );
    this.#post((sequence) => encodeScreenMessage({ type: "format", sequence, ...options.format }));
  }

  /** Of one frame and one picture of the sensor. */
  get frameBytes(): number {
    return this.#grid.width * this.#grid.height * 4;
  }
  get sensorBytes(): number {
    return this.#sensor.bytes;
  }

  /** Tiles that the viewers do not have exactly. */
  get pendingTiles(): number {
    return this.#still.pendingCount;
  }

  status(status: ScreenStatus): void {
    this.#post((sequence) => encodeScreenMessage({ type: "status", sequence, status }));
  }

  /** A picture and the sensor's of the same moment. @param capturedAtMs local. */
  picture({ bytes, keyframe }: CodedPicture, grey: Uint8Array, capturedAtMs: number): void {
    const changed = this.#sensor.push(grey);
    this.#still.changed(changed, this.#options.nowMs());
    this.#sensed.addAll(changed);
    this.#owed.addAll(changed);
    if (!this.#keepsUp()) this.#waitsForKeyframe = true;
    else if (keyframe) this.#waitsForKeyframe = false;
    if (this.#waitsForKeyframe) {
      this.counts.skippedPictures++;
      return;
    }
    this.counts.pictures++;
    this.counts.pictureBytes += bytes.length;
    this.#post((sequence) =>
      encodeScreenMessage({
        ...{ type: "picture", sequence, keyframe, accessUnit: bytes },
        capturedAtMs: this.#options.toServerMs(capturedAtMs),
        changed: this.#owed.isEmpty ? new Uint8Array() : this.#owed.bits,
      })
    );
    this.#owed.clear();
  }

  /** A raw frame. @returns the one before, which is not needed any more. */
  frame(frame: Uint8Array<ArrayBuffer>, atMs: number): Uint8Array<ArrayBuffer> | undefined {
    const before = this.#frame;
    this.#frame = frame;
    this.#frameAtMs = atMs;
    if (before !== undefined) {
      const changed = new TileSet(this.#grid.count);
      if (this.#diff.compare(before, frame, changed)) this.#changedUnsensed(changed);
    }
    [this.#sensed, this.#sensedBefore] = [this.#sensedBefore, this.#sensed];
    this.#sensed.clear();
    return before;
  }

  /** Sends tiles that are due. @returns whether more are, to be sent soon. */
  sendTiles(): boolean {
    const { nowMs } = this.#options;
    const beganAtMs = nowMs();
    const frame = this.#frame;
    while (frame !== undefined && this.#inFlightBytes < TILES_IN_FLIGHT_BYTES_MAX) {
      const frameMs = Math.min(nowMs(), this.#frameAtMs + FRAME_AGE_MS_MAX);
      const due = this.#still.due(frameMs, { seenMs: this.#frameAtMs - FRAME_SKEW_MS });
      if (due.length === 0) return false;
      const { tiles, deflated } = this.#packer.pack(frame, due);
      for (const tile of tiles) this.#still.sent(tile);
      this.counts.tiles += tiles.length;
      this.counts.tileBytes += deflated.length;
      const capturedAtMs = this.#options.toServerMs(this.#frameAtMs);
      this.#post((sequence) =>
        encodeScreenMessage({ type: "tiles", sequence, capturedAtMs, tiles, deflated })
      );
      if (nowMs() - beganAtMs > PACKING_MS_MAX) return true;
    }
    return false;
  }

  /** The server has everything up to that message. */
  acknowledged(sequence: number): void {
    for (const [number, { bytes }] of this.#inFlight) {
      this.#inFlight.delete(number);
      this.#inFlightBytes -= bytes;
      if (number === sequence) return;
    }
  }

  #keepsUp(): boolean {
    const [oldest] = this.#inFlight.values();
    return this.#inFlightBytes < PICTURES_IN_FLIGHT_BYTES_MAX &&
      (oldest === undefined || this.#options.nowMs() - oldest.atMs < IN_FLIGHT_MS_MAX);
  }

  /** What the sensor did not see: too little for it, or the picture of it is still on its way. */
  #changedUnsensed(changed: TileSet): void {
    const unsensed = new TileSet(this.#grid.count);
    const stale = new TileSet(this.#grid.count);
    for (const tile of changed) {
      if (this.#sensed.has(tile) || this.#sensedBefore.has(tile)) continue;
      unsensed.add(tile);
      // It goes on changing: what the viewers hold is not exact for long.
      if (this.#still.isPending(tile)) stale.add(tile);
    }
    this.#still.changed(unsensed, this.#options.nowMs());
    this.#owed.addAll(stale);
  }

  #post(make: (sequence: number) => Uint8Array<ArrayBuffer>): void {
    const sequence = this.#options.nextSequence();
    const bytes = make(sequence);
    this.#inFlight.set(sequence, { bytes: bytes.length, atMs: this.#options.nowMs() });
    this.#inFlightBytes += bytes.length;
    this.#options.post(bytes);
  }
}
