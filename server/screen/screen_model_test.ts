/**
 * A model of presenter and viewers that know the protocol only, at the real state of a share, through random interleavings: a
 * viewer never paints an exact tile that is older than the picture under it, never gets a picture it cannot decode, and has
 * in the end exactly what the presenter has.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Counters, type Random, readU32, seededRandom, writeU32 } from "@fusionmeet/base";
import {
  decodeScreenMessage,
  encodeScreenMessage,
  type ReceivedScreenMessage,
  type ScreenMessage,
  TileGrid,
  TileSet,
} from "@fusionmeet/protocol";
import { testSeed } from "../../tests/support/seed.ts";
import { type PresenterMessage, ScreenState } from "./screen_state.ts";
import { ScreenViewer } from "./screen_viewer.ts";

/** Numbers as bytes. */
function pack(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  for (const [index, number] of numbers.entries()) writeU32(bytes, 4 * index, number);
  return bytes;
}

function unpack(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, index) => readU32(bytes, 4 * index));
}

function received(message: ScreenMessage): PresenterMessage {
  return { ...message, bytes: encodeScreenMessage(message) } as PresenterMessage;
}

/** A screen of which each tile shows a number, which grows when the tile changes. */
class ModelPresenter {
  #sequence = 0;
  #lastPicture = 0;
  #grid = new TileGrid(1, 1);
  #dirty = new Set<number>();
  #isKeyframeDue = true;
  /** What the tiles show. */
  content: number[] = [];
  /** For each tile, what was sent exactly and has not changed since. */
  readonly exact = new Map<number, number>();

  constructor(private readonly random: Random) {}

  /** Of the newest picture. */
  get lastPicture(): number {
    return this.#lastPicture;
  }

  format(): PresenterMessage {
    const [width, height] = [[64, 64], [200, 130], [640, 448]][this.random.u32() % 3];
    this.#grid = new TileGrid(width, height);
    this.content = new Array(this.#grid.count).fill(0);
    this.exact.clear();
    this.#dirty = new Set(this.content.keys());
    this.#isKeyframeDue = true;
    const sequence = this.#next();
    return received({ type: "format", sequence, width, height, scaled: false, title: "" });
  }

  /** A new connection numbers anew. */
  reconnect(): void {
    this.#sequence = this.random.u32() % 3;
  }

  /** Some tiles change, and a picture shows it. */
  picture(): PresenterMessage {
    const changed = new TileSet(this.#grid.count);
    for (let times = this.random.u32() % 6; times > 0; times--) {
      changed.add(this.random.u32() % this.#grid.count);
    }
    for (const tile of changed) {
      this.content[tile]++;
      this.exact.delete(tile);
      this.#dirty.add(tile);
    }
    const keyframe = this.#isKeyframeDue || this.random.u32() % 8 === 0;
    this.#isKeyframeDue = false;
    const sequence = this.#next();
    // A keyframe is all that it shows, another picture what is different from the one that it needs.
    const accessUnit = pack(
      keyframe
        ? [sequence, ...this.content]
        : [this.#lastPicture, ...[...changed].flatMap((tile) => [tile, this.content[tile]])],
    );
    this.#lastPicture = sequence;
    return received({
      ...{ type: "picture", sequence, keyframe, capturedAtMs: 0, accessUnit },
      changed: changed.isEmpty ? new Uint8Array() : changed.bits,
    });
  }

  /** Some of the tiles that are not exact. @returns absent: all are. */
  tiles(): PresenterMessage | undefined {
    const tiles = [...this.#dirty].slice(0, 1 + this.random.u32() % 20)
      .toSorted((one, other) => one - other);
    if (tiles.length === 0) return undefined;
    for (const tile of tiles) {
      this.#dirty.delete(tile);
      this.exact.set(tile, this.content[tile]);
    }
    const deflated = pack(tiles.map((tile) => this.content[tile]));
    return received({ type: "tiles", sequence: this.#next(), capturedAtMs: 0, tiles, deflated });
  }

  status(): PresenterMessage {
    const status = this.random.u32() % 2 === 0 ? "hidden" : "showing";
    return received({ type: "status", sequence: this.#next(), status });
  }

  #next(): number {
    return this.#sequence += 1 + this.random.u32() % 2;
  }
}

/** A viewer as the protocol describes one; it acknowledges when it is told to. */
class ModelViewer {
  readonly #viewer: ScreenViewer;
  #picture = NaN;
  #video: number[] = [];
  readonly #exact = new Map<number, { content: number; sequence: number }>();
  /** The same by numbers alone, whatever the order in which things come. */
  readonly #laid = new Map<number, number>();
  readonly #named = new Map<number, number>();
  readonly #owed: number[] = [];
  #status: string | undefined;
  /** How many of its exact tiles `stale` took away. */
  staled = 0;

  constructor(state: ScreenState) {
    this.#viewer = new ScreenViewer(state, new Counters());
  }

  get lastPicture(): number {
    return this.#picture;
  }

  get status(): string | undefined {
    return this.#status;
  }

  /** What it shows exactly. */
  get exact(): Map<number, number> {
    return new Map(this.#exact.entries().map(([tile, { content }]) => [tile, content]));
  }

  get video(): readonly number[] {
    return this.#video;
  }

  get lookAgainAtMs(): number | undefined {
    return this.#viewer.lookAgainAtMs;
  }

  /** Takes one message. @returns false: there is none for it. */
  take(nowMs: number): boolean {
    const bytes = this.#viewer.next(nowMs);
    if (bytes === undefined) return false;
    const message = decodeScreenMessage(bytes);
    this.#owed.push(message.sequence);
    this.#apply(message, bytes);
    return true;
  }

  acknowledge(count: number, nowMs: number): void {
    for (const sequence of this.#owed.splice(0, count)) {
      this.#viewer.acknowledge(sequence, nowMs);
    }
  }

  get owes(): number {
    return this.#owed.length;
  }

  /** No exact tile hides something newer. */
  check(): void {
    for (const [tile, { content }] of this.#exact) {
      ok(content >= (this.#video[tile] ?? 0), `tile ${tile} is older than the picture under it`);
    }
    for (const [tile, sequence] of this.#laid) {
      const isExact = sequence > (this.#named.get(tile) ?? -1);
      if (isExact !== this.#exact.has(tile)) throw new Error(`by numbers tile ${tile} is not so`);
    }
  }

  #apply(message: ScreenMessage, bytes: Uint8Array): void {
    switch (message.type) {
      case "format":
        this.#picture = NaN;
        this.#video = [];
        this.#status = undefined;
        for (const map of [this.#exact, this.#laid, this.#named]) map.clear();
        return;
      case "picture": {
        const numbers = unpack(message.accessUnit.slice());
        if (message.keyframe) this.#video = numbers.slice(1);
        else {
          strictEqual(numbers[0], this.#picture, "the picture before it is there");
          for (let at = 1; at < numbers.length; at += 2) this.#video[numbers[at]] = numbers[at + 1];
        }
        this.#picture = message.sequence;
        return this.#loseExact(message.changed, message.sequence);
      }
      case "tiles":
        for (const [index, content] of unpack(message.deflated.slice()).entries()) {
          const tile = message.tiles[index];
          ok((this.#laid.get(tile) ?? -1) < message.sequence, "tiles come in their order");
          this.#laid.set(tile, message.sequence);
          this.#exact.set(tile, { content, sequence: message.sequence });
        }
        return;
      case "stale": {
        const before = this.#exact.size;
        this.#loseExact(message.changed, message.sequence);
        this.staled += before - this.#exact.size;
        return;
      }
      case "status":
        this.#status = message.status;
        return;
      default:
        throw new Error(`${message.type} of ${bytes.length} bytes is for nobody`);
    }
  }

  #loseExact(bits: Uint8Array, sequence: number): void {
    const changed = new TileSet(8 * bits.length);
    ok(changed.load(bits));
    for (const tile of changed) {
      this.#named.set(tile, Math.max(sequence, this.#named.get(tile) ?? -1));
      if ((this.#exact.get(tile)?.sequence ?? Infinity) < sequence) this.#exact.delete(tile);
    }
  }
}

/** One meeting: steps at random, then quiet. @returns what it was good for. */
function run(seed: number, steps: number): { staled: number; late: number } {
  const random = seededRandom(seed);
  const state = new ScreenState(new Counters());
  const presenter = new ModelPresenter(random);
  const viewers = Array.from({ length: 4 }, () => new ModelViewer(state));
  /** How often of 100 times each does something. */
  const zeals = [100, 60, 15, 3];
  let nowMs = 0;
  let status: string | undefined;
  let late = 0;
  const take = (message: ReceivedScreenMessage | undefined) => {
    if (message === undefined) return;
    if (message.type === "format") status = undefined;
    if (message.type === "status") status = message.status;
    state.take(message as PresenterMessage, nowMs);
  };
  take(presenter.format());
  for (let step = 0; step < steps; step++) {
    nowMs += random.u32() % 40;
    const dice = random.u32() % 1_000;
    if (dice < 5) {
      state.restart();
      presenter.reconnect();
      take(presenter.format());
    } else if (dice < 10) take(presenter.format());
    else if (dice < 30) take(presenter.status());
    else if (dice < 600) take(presenter.picture());
    else take(presenter.tiles());
    if (dice === 999) {
      viewers.push(new ModelViewer(state));
      zeals.push(random.u32() % 100);
      late++;
    }
    for (const [index, viewer] of viewers.entries()) {
      if (random.u32() % 100 >= zeals[index]) continue;
      let isAll = false;
      for (let times = random.u32() % 6; times > 0 && !isAll; times--) isAll = !viewer.take(nowMs);
      // Else what takes something back may still be on its way.
      if (isAll) viewer.check();
      viewer.acknowledge(random.u32() % 6, nowMs);
    }
  }
  // Then everything is still.
  for (let message; (message = presenter.tiles()) !== undefined;) take(message);
  viewers.push(new ModelViewer(state));
  for (const viewer of viewers) {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      if (viewer.take(nowMs)) continue;
      const { owes } = viewer;
      viewer.acknowledge(Infinity, nowMs);
      if (owes > 0) continue;
      const atMs = viewer.lookAgainAtMs;
      if (atMs === undefined) break;
      ok(atMs > nowMs, "it is worth waiting for");
      nowMs = atMs;
    }
    viewer.check();
    deepStrictEqual(
      [...viewer.exact].toSorted(),
      [...presenter.content.entries()].toSorted(),
      "all tiles are exact",
    );
    deepStrictEqual([...presenter.exact].toSorted(), [...viewer.exact].toSorted());
    strictEqual(viewer.status, status);
    if (state.picture(state.firstPicture) === undefined) continue;
    strictEqual(viewer.lastPicture, presenter.lastPicture);
    deepStrictEqual(viewer.video, presenter.content);
  }
  return { staled: viewers.reduce((sum, each) => sum + each.staled, 0), late };
}

Deno.test("whatever comes and however slowly it is read, viewers end with exactly what the presenter shows", () => {
  const seed = testSeed("shared screen");
  const totals = { staled: 0, late: 0 };
  for (let round = 0; round < 25; round++) {
    const { staled, late } = run(seed + round, 600);
    totals.staled += staled;
    totals.late += late;
  }
  ok(totals.staled > 100 && totals.late > 3, JSON.stringify(totals));
});
