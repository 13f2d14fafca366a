import { SCREEN_STILL_MS, SCREEN_TILES_PER_MESSAGE_MAX, TileSet } from "@fusionmeet/protocol";

/** Which tiles of a shared screen the viewers do not hold exactly yet, and which of these have stopped changing. Pure. */
export class StillTiles {
  readonly #changedAtMs: Float64Array;
  readonly #pending: TileSet;
  #size: number;

  /** All tiles are pending. @param count Tiles of the picture. */
  constructor(count: number, nowMs: number) {
    this.#changedAtMs = new Float64Array(count).fill(nowMs);
    this.#pending = new TileSet(count);
    for (let tile = 0; tile < count; tile++) this.#pending.add(tile);
    this.#size = count;
  }

  /** Tiles the viewers do not hold exactly. */
  get pendingCount(): number {
    return this.#size;
  }

  isPending(tile: number): boolean {
    return this.#pending.has(tile);
  }

  /** It was seen at `nowMs` that these are different. */
  changed(tiles: TileSet, nowMs: number): void {
    for (const tile of tiles) {
      this.#changedAtMs[tile] = nowMs;
      if (!this.#pending.has(tile)) this.#size++;
      this.#pending.add(tile);
    }
  }

  /**
   * Pending tiles that have not changed for `SCREEN_STILL_MS`, ascending, as many as one message takes.
   *
   * @param seenMs What changed later than this is not in the frame.
   */
  due(nowMs: number, { seenMs }: { seenMs: number }): number[] {
    const due: number[] = [];
    if (this.#size === 0) return due;
    const latestMs = Math.min(seenMs, nowMs - SCREEN_STILL_MS);
    for (const tile of this.#pending) {
      if (this.#changedAtMs[tile] > latestMs) continue;
      due.push(tile);
      if (due.length === SCREEN_TILES_PER_MESSAGE_MAX) break;
    }
    return due;
  }

  /** The viewers are sent it. */
  sent(tile: number): void {
    if (!this.#pending.has(tile)) return;
    this.#pending.delete(tile);
    this.#size--;
  }
}
