import { TokenBucket } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import type { WatchLayer } from "./meeting_types.ts";

/** `watch` messages sent on average and at once: under half of what the server reads (they count twice there). */
export const WATCHES_PER_SECOND = 20;
export const WATCHES_BURST = 100;

export interface WatchListOptions {
  readonly send: (watch: { participant: number; layer: WatchLayer }) => void;
  readonly timers: Timers;
}

/**
 * Whose cameras are asked for: everybody's, unless `only` says whose, and unless `choose` says otherwise about one.
 * The server is told differences only, once it may be told so many; what was undone meanwhile is never sent.
 */
export class WatchList {
  readonly #options: WatchListOptions;
  /** Who is in the room on this connection, and what the server was last told about them. */
  readonly #here = new Map<number, { readonly name: string; told?: WatchLayer }>();
  readonly #chosen = new Map<number, WatchLayer>();
  /** By name: ids change when a server is started anew. */
  #only: ReadonlySet<string> | undefined;
  #bucket: TokenBucket | undefined;
  #cancelTimer = () => {};

  constructor(options: WatchListOptions) {
    this.#options = options;
  }

  /** A new connection is there: the server knows nothing yet, and who is here is still to come. */
  connected(): void {
    this.disconnected();
    this.#bucket = new TokenBucket({
      perSecond: WATCHES_PER_SECOND,
      burst: WATCHES_BURST,
      nowMs: this.#options.timers.nowMs(),
    });
  }

  disconnected(): void {
    this.#cancelTimer();
    this.#bucket = undefined;
    this.#here.clear();
  }

  /** Somebody else is in the room. */
  came({ id, name }: { id: number; name: string }): void {
    if (this.#here.get(id)?.name !== name) this.#here.set(id, { name });
    this.#tell();
  }

  /** @param forGood They will not come back to their seat. */
  left(id: number, { forGood }: { forGood: boolean }): void {
    this.#here.delete(id);
    if (forGood) this.#chosen.delete(id);
  }

  /** About one person; stands until they leave, or until `only`. */
  choose(id: number, layer: WatchLayer): void {
    this.#chosen.set(id, layer);
    this.#tell();
  }

  /** From now on exactly these people's, by name; also as they come and go. */
  only(names: Iterable<string>): void {
    this.#only = new Set(names);
    this.#chosen.clear();
    this.#tell();
  }

  #layerOf(id: number, name: string): WatchLayer {
    const isWanted = this.#only === undefined || this.#only.has(name);
    return this.#chosen.get(id) ?? (isWanted ? "auto" : "none");
  }

  /** What is wanted goes before what is not: pictures come sooner. */
  #tell(): void {
    this.#cancelTimer();
    const due = [...this.#here].map(([id, person]) => ({
      id,
      person,
      layer: this.#layerOf(id, person.name),
    })).filter(({ id, person, layer }) =>
      // The server sends nobody's camera that it was not asked for.
      layer !== (person.told ?? (this.#chosen.has(id) ? undefined : "none"))
    ).sort((one, other) => Number(one.layer === "none") - Number(other.layer === "none"));
    for (const { id, person, layer } of due) {
      const { timers, send } = this.#options;
      if (!this.#bucket) return;
      if (!this.#bucket.take(timers.nowMs())) {
        this.#cancelTimer = timers.after(1000 / WATCHES_PER_SECOND, () => this.#tell());
        return;
      }
      person.told = layer;
      send({ participant: id, layer });
    }
  }
}
