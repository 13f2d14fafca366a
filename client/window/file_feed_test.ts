import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type FileEntry, FILES_PAGE_ENTRIES, type ProgramMessage } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import { comingFile, sharedFile, transfer } from "../../tests/support/fake_program.ts";
import { FileFeed, FILES_INTERVAL_MS, TRANSFERS_OVER_MAX } from "./file_feed.ts";

class Bench {
  readonly timers = new FakeTimers();
  readonly sent: ProgramMessage[] = [];
  readonly feed = new FileFeed({ timers: this.timers, send: (message) => this.sent.push(message) });

  /** What was sent of files and transfers since the last call: names and bytes. */
  async news(): Promise<unknown[]> {
    await Promise.resolve();
    return this.sent.splice(0).map((message) => {
      if (message.type !== "files") return message.type;
      const { files, filesGone, transfers, transfersGone } = message;
      return [files.map(nameOf), filesGone, transfers.map(({ bytes }) => bytes), transfersGone];
    });
  }
}

const nameOf = ({ name }: FileEntry) => name;

Deno.test("FileFeed sends the first change at once, then the latest of each every so often", async () => {
  const bench = new Bench();
  bench.feed.put(sharedFile(1, "a"));
  bench.feed.put(sharedFile(2, "b"));
  deepStrictEqual(await bench.news(), [[["a", "b"], [], [], []]]);
  for (let bytes = 1; bytes <= 50; bytes++) bench.feed.transfer(transfer(7, "a", { bytes }));
  bench.feed.gone(2);
  deepStrictEqual(await bench.news(), []);
  await bench.timers.advance(FILES_INTERVAL_MS);
  deepStrictEqual(await bench.news(), [[[], [2], [50], []]]);
  bench.feed.forget(7);
  bench.feed.put(sharedFile(3, "c"));
  bench.feed.gone(3);
  await bench.timers.advance(FILES_INTERVAL_MS);
  deepStrictEqual(await bench.news(), [[[], [3], [], [7]]]);
  // Nothing is under way: the next change goes at once again.
  await bench.timers.advance(FILES_INTERVAL_MS);
  bench.feed.put(sharedFile(4, "d"));
  deepStrictEqual(await bench.news(), [[["d"], [], [], []]]);
});

Deno.test("FileFeed.reset() gives all to a page that knows nothing, as new to nobody, in parts", async () => {
  const bench = new Bench();
  const count = 2 * FILES_PAGE_ENTRIES + 1;
  for (let id = 1; id <= count; id++) bench.feed.put(sharedFile(id, `${id}`, { fresh: true }));
  bench.feed.transfer(transfer(1, "1"));
  const messages = bench.feed.reset();
  deepStrictEqual(messages.map(({ type }) => type), ["files.reset", "files", "files"]);
  const files = messages.flatMap((message) => "files" in message ? message.files : []);
  deepStrictEqual(files.map(({ id }) => id), Array.from({ length: count }, (_, at) => at + 1));
  strictEqual(files.some(({ fresh }) => fresh), false);
  deepStrictEqual(await bench.news(), []);
});

Deno.test("FileFeed forgets the oldest of very many that are over, and none under way", () => {
  const bench = new Bench();
  bench.feed.transfer(transfer(1, "moves"));
  for (let id = 2; id < TRANSFERS_OVER_MAX + 4; id++) {
    bench.feed.transfer(transfer(id, "over", { state: "failed" }));
  }
  const ids = bench.feed.transfers.map(({ id }) => id);
  deepStrictEqual([ids.length, ids[0], ids[1]], [TRANSFERS_OVER_MAX + 1, 1, 4]);
});

Deno.test("FileFeed tells all that is coming from others when some of it has changed, and a page that knows nothing", async () => {
  const bench = new Bench();
  const coming = async () => {
    await bench.timers.advance(FILES_INTERVAL_MS);
    const [message] = bench.sent.splice(0);
    return message?.type === "files.coming" ? message.coming.map(({ id }) => id) : message?.type;
  };
  bench.feed.coming(comingFile(1, "a"));
  bench.feed.coming(comingFile(2, "b"));
  deepStrictEqual(await coming(), [1, 2]);
  deepStrictEqual(await coming(), undefined);
  deepStrictEqual(bench.feed.reset().map(({ type }) => type), ["files.reset", "files.coming"]);
  bench.feed.notComing(2);
  bench.feed.notComing(3);
  deepStrictEqual(await coming(), [1]);
  // It is there.
  bench.feed.put(sharedFile(1, "a"));
  deepStrictEqual(await coming(), []);
  deepStrictEqual(bench.feed.reset().map(({ type }) => type), ["files.reset"]);
});
