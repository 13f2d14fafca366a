import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FakeTimers } from "@fusionmeet/net";
import {
  COMING_FILES_MAX,
  COMING_INTERVAL_MS,
  COMING_PAUSED_MS_MAX,
  CONTROL_MESSAGE_BYTES_MAX,
  encodeMessage,
  ENVELOPE_PREFIX_BYTES,
  FILES_PER_MESSAGE,
  NAME_LENGTH_MAX,
  type ServerMessage,
  SHARED_NAME_LENGTH_MAX,
} from "@fusionmeet/protocol";
import { ComingFiles } from "./coming_files.ts";

const ANN = { id: 1, name: "Ann" };
const BOB = { id: 2, name: "Bob" };

class Bench {
  readonly timers = new FakeTimers();
  readonly here = new Set([ANN.id, BOB.id]);
  readonly told: Extract<ServerMessage, { type: "files.coming" }>[] = [];
  readonly coming = new ComingFiles({
    timers: this.timers,
    tell: (message) => this.told.push(message),
    isHere: (participant) => this.here.has(participant),
  });

  begins(id: number, { sender = ANN, bytes = 0, size = 1_000, name = `${id}.txt` } = {}): void {
    this.coming.begins({ id, name, size }, sender, bytes);
  }

  /** What the room is told in so much time, in short. */
  async news(ms = COMING_INTERVAL_MS): Promise<unknown[]> {
    await this.timers.advance(ms);
    return this.told.splice(0).map(({ list }) =>
      list.map(({ id, from, bytes, state }) => `${id} ${from} ${bytes} ${state}`)
    );
  }
}

Deno.test("ComingFiles tells once in COMING_INTERVAL_MS what changed, and nothing when nothing did", async () => {
  const bench = new Bench();
  bench.begins(7);
  for (let bytes = 1; bytes <= 500; bytes++) bench.coming.moved(7, bytes);
  deepStrictEqual(await bench.news(COMING_INTERVAL_MS - 1), []);
  deepStrictEqual(await bench.news(1), [["7 Ann 500 moving"]]);
  deepStrictEqual(await bench.news(10 * COMING_INTERVAL_MS), []);
  bench.begins(8, { sender: BOB, bytes: 9 });
  bench.coming.moved(7, 600);
  deepStrictEqual(await bench.news(), [["7 Ann 600 moving", "8 Bob 9 moving"]]);
  deepStrictEqual(bench.coming.lists().map(({ list }) => list.map(({ id }) => id)), [[7, 8]]);
  // That it is there is told by `file`.
  bench.coming.ended(7);
  deepStrictEqual(await bench.news(), []);
  deepStrictEqual(bench.coming.lists().map(({ list }) => list.map(({ id }) => id)), [[8]]);
});

Deno.test("ComingFiles never tells of what is there, or was taken back, before it would have been told", async () => {
  const bench = new Bench();
  bench.begins(1);
  bench.coming.ended(1);
  bench.begins(2);
  bench.coming.stopped(2);
  deepStrictEqual(bench.coming.lists(), []);
  deepStrictEqual(await bench.news(10 * COMING_INTERVAL_MS), []);
});

Deno.test("ComingFiles has what broke off paused, until it goes on, or its time or its sender is gone", async () => {
  const bench = new Bench();
  for (const id of [1, 2, 3, 4]) bench.begins(id, { bytes: 10 });
  bench.begins(5, { sender: BOB });
  await bench.news();
  for (const id of [1, 2, 3]) bench.coming.broke(id);
  deepStrictEqual(await bench.news(), [["1 Ann 10 paused", "2 Ann 10 paused", "3 Ann 10 paused"]]);
  bench.begins(2, { bytes: 10 });
  // Whoever goes on with it sends it now.
  bench.begins(3, { sender: BOB, bytes: 11 });
  deepStrictEqual(await bench.news(), [["2 Ann 10 moving", "3 Bob 11 moving"]]);
  deepStrictEqual(await bench.news(COMING_PAUSED_MS_MAX), [["1 Ann 10 stopped"]]);
  bench.coming.broke(2);
  bench.here.delete(ANN.id);
  bench.coming.left(ANN.id);
  // Its connection ends after its seat is given up.
  bench.coming.broke(4);
  deepStrictEqual(await bench.news(), [["2 Ann 10 stopped", "4 Ann 10 stopped"]]);
  deepStrictEqual(bench.coming.lists()[0].list.map(({ id }) => id), [5, 3].toSorted());
  deepStrictEqual(await bench.news(2 * COMING_PAUSED_MS_MAX), []);
  bench.coming.broke(5);
  bench.coming.close();
  deepStrictEqual(await bench.news(2 * COMING_PAUSED_MS_MAX), []);
});

Deno.test("ComingFiles: one that is refused is stopped, and not paused by the end of its connection", async () => {
  const bench = new Bench();
  bench.begins(1);
  await bench.news();
  bench.coming.stopped(1);
  bench.coming.broke(1);
  bench.coming.moved(1, 5);
  deepStrictEqual(bench.coming.lists(), []);
  deepStrictEqual(await bench.news(), [["1 Ann 0 stopped"]]);
  deepStrictEqual(await bench.news(2 * COMING_PAUSED_MS_MAX), []);
});

Deno.test("ComingFiles tells of COMING_FILES_MAX at once; the next one follows when one of them is there", async () => {
  const bench = new Bench();
  for (let id = 1; id <= COMING_FILES_MAX + 2; id++) bench.begins(id);
  const told = (await bench.news()).map((list) => (list as string[]).length);
  deepStrictEqual(told, [FILES_PER_MESSAGE, FILES_PER_MESSAGE]);
  strictEqual(told.reduce((sum, count) => sum + count), COMING_FILES_MAX);
  bench.coming.ended(3);
  deepStrictEqual(await bench.news(), [[`${COMING_FILES_MAX + 1} Ann 0 moving`]]);
  bench.coming.stopped(4);
  deepStrictEqual(await bench.news(), [[
    "4 Ann 0 stopped",
    `${COMING_FILES_MAX + 2} Ann 0 moving`,
  ]]);
});

Deno.test("a files.coming with the longest names fits one message", async () => {
  const bench = new Bench();
  const sender = { id: 2 ** 32 - 1, name: "€".repeat(NAME_LENGTH_MAX) };
  const [name, size] = ["€".repeat(SHARED_NAME_LENGTH_MAX), Number.MAX_SAFE_INTEGER];
  bench.here.add(sender.id);
  for (let id = 0; id < FILES_PER_MESSAGE; id++) {
    bench.begins(Number.MAX_SAFE_INTEGER - id, { sender, bytes: size, size, name });
  }
  await bench.timers.advance(COMING_INTERVAL_MS);
  strictEqual(bench.told.length, 1);
  strictEqual(bench.told[0].list.length, FILES_PER_MESSAGE);
  strictEqual(
    encodeMessage(bench.told[0]).length <= ENVELOPE_PREFIX_BYTES + CONTROL_MESSAGE_BYTES_MAX,
    true,
  );
});
