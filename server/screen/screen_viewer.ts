import type { Counters } from "@fusionmeet/base";
import { SCREEN_TILES_FIRST_MS, SCREEN_UNACKNOWLEDGED_MS_MAX } from "@fusionmeet/protocol";
import type { KeptMessage, KeptPicture, KeptTiles, ScreenState } from "./screen_state.ts";
import { ViewerFlow } from "./viewer_flow.ts";

/** A tile that the viewer does not take for exact. */
const NOT_EXACT = -1;

/**
 * Where one viewer is in what a share shows, and what they are sent next. It holds no bytes of its own: who is slow is further
 * behind in the shared state, and goes on from what that is by then. Pure.
 */
export class ScreenViewer {
  readonly #state: ScreenState;
  readonly #counters: Pick<Counters, "add">;
  readonly #flow = new ViewerFlow();
  #era = 0;
  #status: KeptMessage | undefined;
  /** The next one. */
  #picture = 0;
  /** Pictures that came before are not late for that. */
  #inTimeSinceMs = 0;
  /** Pictures were skipped, and what they changed has not been told. */
  #hasSkipped = false;
  /** The last message that was sent. */
  #tiles = -1;
  /** These come before pictures. */
  #tilesFirst = { through: -1, untilMs: 0 };
  /** For each tile, the message by which the viewer takes it for exact. */
  #exactBy = new Float64Array(0);
  /** What takes exact tiles back: it waits for nothing. */
  #stale: Uint8Array | undefined;

  constructor(state: ScreenState, counters: Pick<Counters, "add">) {
    this.#state = state;
    this.#counters = counters;
  }

  /** What is sent now, whole; it counts as sent. Absent: nothing, until the share or this viewer's acknowledgements change. */
  next(nowMs: number): Uint8Array | undefined {
    if (this.#stale !== undefined) return this.#takeStale();
    const message = this.#flow.isOpen(nowMs) ? this.#choose(nowMs) : undefined;
    if (message === undefined) return this.#takeStale();
    this.#flow.sent(message.sequence, message.bytes.length, nowMs);
    return message.bytes;
  }

  /** When `next` may have something although nothing changed. */
  get lookAgainAtMs(): number | undefined {
    const isWaiting = this.#era === this.#state.era && this.#state.picture(this.#picture);
    return isWaiting ? this.#state.stillAtMs : undefined;
  }

  acknowledge(sequence: number, nowMs: number): void {
    this.#flow.acknowledge(sequence, nowMs);
  }

  /** For how long they owe acknowledgements and have sent none. */
  silentMs(nowMs: number): number {
    return this.#flow.silentMs(nowMs);
  }

  /** @returns absent: there is none, or what is taken back comes first. */
  #choose(nowMs: number): KeptMessage | undefined {
    const state = this.#state;
    if (state.format === undefined) return undefined;
    if (this.#era !== state.era) return this.#begin(state.format, nowMs);
    if (this.#status !== state.status) return this.#status = state.status;
    this.#skip(nowMs);
    const picture = state.picture(this.#picture);
    const isLate = picture !== undefined && this.#isLate(picture, nowMs);
    if (this.#hasSkipped || isLate) {
      this.#hasSkipped = false;
      this.#takeBack(this.#exactTiles());
      if (this.#stale !== undefined) return undefined;
    }
    const tiles = state.tilesBehind(this.#tiles);
    const tilesFirst = tiles !== undefined && tiles.sequence <= this.#tilesFirst.through &&
      nowMs < this.#tilesFirst.untilMs;
    if (picture !== undefined && !isLate && !tilesFirst) return this.#sendPicture(picture);
    if (tiles !== undefined) return this.#sendTiles(tiles);
    // Late is better than never, once nothing newer comes.
    if (picture !== undefined && nowMs >= state.stillAtMs) return this.#sendPicture(picture);
    return undefined;
  }

  #begin(format: KeptMessage, nowMs: number): KeptMessage {
    const state = this.#state;
    this.#era = state.era;
    this.#status = undefined;
    this.#picture = state.firstPicture;
    this.#inTimeSinceMs = nowMs;
    this.#hasSkipped = false;
    this.#tiles = -1;
    this.#tilesFirst = {
      through: state.newestTiles?.sequence ?? -1,
      untilMs: nowMs + SCREEN_TILES_FIRST_MS,
    };
    this.#exactBy = new Float64Array(state.tileCount).fill(NOT_EXACT);
    return format;
  }

  /** Goes on with the newest keyframe when it has come before all that was in front of it was sent. */
  #skip(nowMs: number): void {
    const { firstPicture } = this.#state;
    if (firstPicture <= this.#picture) return;
    this.#counters.add("screen.pictures-skipped", firstPicture - this.#picture);
    this.#picture = firstPicture;
    this.#inTimeSinceMs = nowMs;
    this.#hasSkipped = true;
  }

  /** It has waited so long for this viewer that the next keyframe is better. */
  #isLate({ arrivedAtMs }: KeptPicture, nowMs: number): boolean {
    const sinceMs = Math.max(arrivedAtMs, this.#inTimeSinceMs);
    return nowMs - sinceMs > SCREEN_UNACKNOWLEDGED_MS_MAX;
  }

  #sendPicture(picture: KeptPicture): KeptPicture {
    this.#picture++;
    for (const tile of picture.changed) {
      if (this.#exactBy[tile] < picture.sequence) this.#exactBy[tile] = NOT_EXACT;
    }
    return picture;
  }

  #sendTiles(message: KeptTiles): KeptTiles {
    this.#tiles = message.sequence;
    for (const tile of message.tiles) this.#exactBy[tile] = message.sequence;
    this.#takeBack(message.tiles);
    return message;
  }

  *#exactTiles(): Generator<number> {
    for (const [tile, sequence] of this.#exactBy.entries()) if (sequence !== NOT_EXACT) yield tile;
  }

  /**
   * Takes back what is not exact any more of these tiles. The number lies just behind all by which the viewer has them. Whatever
   * makes one of them exact again comes later than a change that the viewer had not missed when it got the last of them, so its
   * number is higher: who goes by numbers, in whatever order things come, is right, too.
   */
  #takeBack(tiles: Iterable<number>): void {
    const stale = Array.from(tiles).filter((tile) =>
      this.#state.isChangedSince(tile, this.#exactBy[tile])
    );
    if (stale.length === 0) return;
    const newest = stale.reduce((most, tile) => Math.max(most, this.#exactBy[tile]), 0);
    this.#stale = this.#state.staleMessage(stale, newest + 1);
    for (const tile of stale) this.#exactBy[tile] = NOT_EXACT;
  }

  /** What `#takeBack` made. */
  #takeStale(): Uint8Array | undefined {
    const stale = this.#stale;
    this.#stale = undefined;
    return stale;
  }
}
