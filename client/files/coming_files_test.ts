import { deepStrictEqual } from "node:assert/strict";
import { FakeTimers } from "@fusionmeet/net";
import { type ComingFile, ComingFiles } from "./coming_files.ts";

const SELF = 1;

class Bench {
  readonly timers = new FakeTimers();
  readonly #changes: ComingFile[] = [];
  readonly coming = new ComingFiles({
    timers: this.timers,
    changed: (file) => this.#changes.push(file),
  });

  constructor() {
    this.coming.connected(SELF);
  }

  said(id: number, bytes: number, rest: Partial<Parameters<ComingFiles["said"]>[0][0]> = {}): void {
    const file = { id, name: `${id}.txt`, size: 10_000, participant: 2, from: "Bob" };
    this.coming.said([{ ...file, bytes, state: "moving", ...rest }]);
  }

  news(): string[] {
    return this.#changes.splice(0).map(({ id, state, progress: { bytes, bytesPerSecond } }) =>
      `${id} ${state} ${bytes} at ${bytesPerSecond}`
    );
  }
}

Deno.test("ComingFiles measures how fast a file comes, but not what came before or while it was paused", async () => {
  const bench = new Bench();
  bench.said(7, 4_000);
  await bench.timers.advance(1_000);
  bench.said(7, 5_000);
  await bench.timers.advance(1_000);
  bench.said(7, 6_000);
  deepStrictEqual(bench.news(), [
    "7 moving 4000 at 0",
    "7 moving 5000 at 1000",
    "7 moving 6000 at 1000",
  ]);
  bench.said(7, 6_000, { state: "paused" });
  await bench.timers.advance(1_000);
  bench.said(7, 9_000);
  await bench.timers.advance(1_000);
  bench.said(7, 10_000);
  const [paused, resumed, moved] = bench.news();
  deepStrictEqual([paused.slice(0, 13), resumed, moved.slice(0, 14)], [
    ...["7 paused 6000", resumed, "7 moving 10000"],
  ]);
  deepStrictEqual(Number(resumed.split(" at ")[1]) <= 1_000, true, resumed);
});

Deno.test("ComingFiles ends with the file itself, or stopped; what one sends oneself is not told of", () => {
  const bench = new Bench();
  for (const id of [1, 2, 3, 4]) bench.said(id, 0);
  bench.said(5, 0, { participant: SELF });
  deepStrictEqual(bench.news().length, 4);
  bench.coming.ended(1, { isThere: true });
  deepStrictEqual(bench.news(), []);
  bench.coming.ended(2);
  bench.said(3, 9, { state: "stopped" });
  // One goes on oneself with what somebody else had begun.
  bench.said(4, 9, { participant: SELF });
  bench.coming.ended(5);
  bench.coming.ended(1);
  deepStrictEqual(bench.news(), ["2 stopped 0 at 0", "3 stopped 0 at 0", "4 stopped 0 at 0"]);
});

Deno.test("ComingFiles has all paused while the server is away; what it does not tell again is stopped", () => {
  const bench = new Bench();
  bench.said(1, 5);
  bench.said(2, 6);
  bench.news();
  bench.coming.disconnected();
  deepStrictEqual(bench.news(), ["1 paused 5 at 0", "2 paused 6 at 0"]);
  bench.coming.connected(9);
  bench.said(2, 8);
  bench.coming.listed();
  deepStrictEqual(bench.news(), ["2 moving 8 at 0", "1 stopped 5 at 0"]);
});
