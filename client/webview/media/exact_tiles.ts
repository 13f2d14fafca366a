import { timestampDistance } from "@fusionmeet/base";
import { TileSet } from "@fusionmeet/protocol";

/** Changes that wait for their picture; with one more the oldest is taken for shown: no decoder holds so many. */
export const CHANGES_WAITING_MAX = 256;

interface Change {
  readonly sequence: number;
  readonly tiles: TileSet;
}

/**
 * Which tiles of a shared screen lie over its picture, and whether all of it is exact. A decoder gives a picture some time
 * after it came: a tile stays until the picture that changed it is really shown, for what is below is older still. Sequence
 * numbers are those of the messages, on the circle of 32 bits.
 */
export class ExactTiles {
  readonly #count: number;
  readonly #showsPictures: boolean;
  /** What lies over the picture, and the message it is of. */
  readonly #laid: TileSet;
  readonly #laidBy: Uint32Array;
  /** The newest change of each tile that has been heard of. */
  readonly #named: TileSet;
  readonly #namedBy: Uint32Array;
  readonly #inexact: TileSet;
  #inexactCount: number;
  #waiting: Change[] = [];

  /** @param showsPictures false where no picture is ever shown: old pixels stay until new ones come. */
  constructor(count: number, options: { showsPictures: boolean }) {
    this.#count = count;
    this.#showsPictures = options.showsPictures;
    this.#laid = new TileSet(count);
    this.#laidBy = new Uint32Array(count);
    this.#named = new TileSet(count);
    this.#namedBy = new Uint32Array(count);
    this.#inexact = new TileSet(count);
    for (let tile = 0; tile < count; tile++) this.#inexact.add(tile);
    this.#inexactCount = count;
  }

  /** All tiles are laid, and none of them is known to have changed since. */
  get isExact(): boolean {
    return this.#inexactCount === 0;
  }

  /** A picture or a `stale` message came. @param tiles kept here. @returns tiles to take away now; almost always none. */
  changed(sequence: number, tiles: TileSet): number[] {
    for (const tile of tiles) {
      if (this.#isNamedAfter(tile, sequence)) continue;
      this.#named.add(tile);
      this.#namedBy[tile] = sequence;
      if (this.#isLaidAfter(tile, sequence) || this.#inexact.has(tile)) continue;
      this.#inexact.add(tile);
      this.#inexactCount++;
    }
    if (!this.#showsPictures || tiles.isEmpty) return [];
    this.#waiting.push({ sequence, tiles });
    return this.#waiting.length > CHANGES_WAITING_MAX ? this.#takeAway(this.#waiting.shift()!) : [];
  }

  /** The picture of this number is shown. @returns tiles to take away with it: those that changed up to there. */
  shown(sequence: number): number[] {
    const isReached = (change: Change) => timestampDistance(change.sequence, sequence) >= 0;
    const reached = this.#waiting.filter(isReached);
    if (reached.length > 0) this.#waiting = this.#waiting.filter((each) => !isReached(each));
    return reached.flatMap((change) => this.#takeAway(change));
  }

  /** @returns whether the tile of this message is to be laid: nothing newer is there or heard of. It counts as laid then. */
  lay(tile: number, sequence: number): boolean {
    if (tile >= this.#count || this.#isNamedAfter(tile, sequence)) return false;
    if (this.#isLaidAfter(tile, sequence)) return false;
    this.#laid.add(tile);
    this.#laidBy[tile] = sequence;
    if (this.#inexact.has(tile)) {
      this.#inexact.delete(tile);
      this.#inexactCount--;
    }
    return true;
  }

  #takeAway({ sequence, tiles }: Change): number[] {
    const gone = [...tiles].filter((tile) =>
      this.#laid.has(tile) && !this.#isLaidAfter(tile, sequence)
    );
    for (const tile of gone) this.#laid.delete(tile);
    return gone;
  }

  #isLaidAfter(tile: number, sequence: number): boolean {
    return this.#laid.has(tile) && timestampDistance(sequence, this.#laidBy[tile]) > 0;
  }

  #isNamedAfter(tile: number, sequence: number): boolean {
    return this.#named.has(tile) && timestampDistance(sequence, this.#namedBy[tile]) > 0;
  }
}
