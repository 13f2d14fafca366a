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
  /** Behind tiles of which some are not exact any more. */
  #correction: Uint8Array | undefined;

  constructor(state: ScreenState, counters: Pick<Counters, "add">) {
    this.#state = state;
    this.#counters = counters;
  }

  /** What is sent now, whole; it counts as sent. Absent: nothing, until the share or this viewer's acknowledgements change. */
  next(nowMs: number): Uint8Array | undefined {
    const correction = this.#correction;
    this.#correction = undefined;
    if (correction !== undefined) return correction;
    if (!this.#flow.isOpen(nowMs)) return undefined;
    const message = this.#choose(nowMs);
    if (message instanceof Uint8Array || message === undefined) return message;
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

  /** @returns a message of the presenter's, or `stale`. */
  #choose(nowMs: number): KeptMessage | Uint8Array | undefined {
    const state = this.#state;
    if (state.format === undefined) return undefined;
    if (this.#era !== state.era) return this.#begin(state.format, nowMs);
    if (this.#status !== state.status) return this.#status = state.status;
    this.#skip(nowMs);
    const picture = state.picture(this.#picture);
    const isLate = picture !== undefined && this.#isLate(picture, nowMs);
    if (this.#hasSkipped || isLate) {
      this.#hasSkipped = false;
      const stale = this.#staleBy(this.#exactTiles());
      if (stale !== undefined) return stale;
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
    this.#correction = this.#staleBy(message.tiles);
    return message;
  }

  *#exactTiles(): Generator<number> {
    for (const [tile, sequence] of this.#exactBy.entries()) if (sequence !== NOT_EXACT) yield tile;
  }

  /** @returns what tells the viewer which of these tiles are not exact any more; absent: all still are. */
  #staleBy(tiles: Iterable<number>): Uint8Array | undefined {
    const stale: number[] = [];
    for (const tile of tiles) {
      if (!this.#state.isChangedSince(tile, this.#exactBy[tile])) continue;
      this.#exactBy[tile] = NOT_EXACT;
      stale.push(tile);
    }
    return stale.length === 0 ? undefined : this.#state.staleMessage(stale);
  }
}
