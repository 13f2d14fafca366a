import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Refusal, seededRandom } from "@fusionmeet/base";
import { type ByteStream, FakeTimers } from "@fusionmeet/net";
import { type ClientMessage, FEATURES, PLANNED_FILE_BYTES_MIN } from "@fusionmeet/protocol";
import { type FilesEvent, SharedFiles } from "./shared_files.ts";

const SELF = 1;
const hashOf = (content: string) => createHash("sha256").update(content).digest("hex");
const FILE = { name: "a", size: 10, hash: new Uint8Array(32), owner: "Bob", at: 1 };

/** Files of somebody who is in a room, whose server says what the test says. */
class Bench {
  readonly timers = new FakeTimers();
  readonly sent: ClientMessage[] = [];
  readonly events: FilesEvent[] = [];
  /** How a connection for a file comes about: not at all, unless the test says. */
  open: () => Promise<ByteStream> = () => Promise.reject(new Refusal("no-such-file", "It is gone"));
  readonly files = new SharedFiles({
    send: (message) => this.sent.push(message),
    open: () => this.open(),
    emit: (event) => {
      this.events.push(event);
      if (event.event === "transfer" && event.transfer.state === "failed") {
        this.onEnd(event.transfer.message);
      }
    },
    timers: this.timers,
    random: seededRandom(1),
  });
  /** A transfer has failed. */
  onEnd: (message: string | undefined) => void = () => {};
  /** Files that were read. */
  readonly read: string[] = [];

  constructor({ features = FEATURES }: { features?: readonly string[] } = {}) {
    this.files.connected(features, SELF);
    this.files.list([], { last: true, fileBytesMax: 500_000_000 });
  }

  /** @param content What it is: of its own, unless said. */
  share(name: string, size: number, content = name): void {
    this.files.send({
      name,
      size: () => Promise.resolve(size),
      take: () => {
        this.read.push(name);
        return Promise.resolve({ path: name, hash: hashOf(content) });
      },
    });
  }

  /** What the server is asked, once it has been. */
  async asked(): Promise<(ClientMessage & { mark: string })[]> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return this.sent.splice(0) as (ClientMessage & { mark: string })[];
  }

  /** How transfers ended. */
  ends(): unknown[] {
    return this.events.flatMap((event) =>
      event.event === "transfer" && event.transfer.state === "failed"
        ? [event.transfer.message]
        : []
    );
  }
}

Deno.test("SharedFiles asks before a large file is read: what is refused is not read, and said in the server's words", async () => {
  const bench = new Bench();
  bench.share("big.iso", PLANNED_FILE_BYTES_MIN);
  const [{ type, mark }] = await bench.asked();
  deepStrictEqual([type, bench.read], ["file.plan", []]);
  bench.files.declined(mark, { code: "room-files-full", message: "This room has 3 MB left" });
  deepStrictEqual(await bench.asked(), []);
  deepStrictEqual([bench.read, bench.ends()], [[], ["big.iso: This room has 3 MB left"]]);
});

Deno.test("SharedFiles reads and offers what may come, what is small, and what the server says nothing of", async () => {
  const bench = new Bench();
  bench.share("small.txt", PLANNED_FILE_BYTES_MIN - 1);
  deepStrictEqual((await bench.asked()).map(({ type }) => type), ["file.offer"]);
  bench.share("big.iso", PLANNED_FILE_BYTES_MIN);
  bench.files.planned((await bench.asked())[0].mark);
  deepStrictEqual((await bench.asked()).map(({ type }) => type), ["file.offer"]);
  deepStrictEqual(bench.read, ["small.txt", "big.iso"]);
  const silent = new Bench();
  silent.share("big.iso", PLANNED_FILE_BYTES_MIN);
  await silent.asked();
  await silent.timers.advance(1_000);
  deepStrictEqual((await silent.asked()).map(({ type }) => type), ["file.offer"]);
  // Other files are under way: by the time it is read they may be through.
  const busy = new Bench();
  busy.share("big.iso", PLANNED_FILE_BYTES_MIN);
  busy.files.declined((await busy.asked())[0].mark, { code: "too-many-offers", message: "" });
  deepStrictEqual((await busy.asked()).map(({ type }) => type), ["file.offer"]);
});

Deno.test("SharedFiles of a server that cannot be asked goes by the largest file that it said it takes", async () => {
  const bench = new Bench({ features: [] });
  bench.share("big.iso", 500_000_001);
  bench.share("fits.iso", 500_000_000);
  deepStrictEqual((await bench.asked()).map(({ type }) => type), ["file.offer"]);
  deepStrictEqual(bench.read, ["fits.iso"]);
  deepStrictEqual(bench.ends(), ["big.iso: The file has 500 MB; this server takes up to 500 MB"]);
});

Deno.test("SharedFiles sends the same content once, whatever it is called: two would take it over from each other", async () => {
  const bench = new Bench();
  bench.share("one.txt", 0, "same");
  bench.share("copy.txt", 0, "same");
  const [first, ...others] = await bench.asked();
  deepStrictEqual([first.type, others], ["file.offer", []]);
  bench.files.offered({ mark: first.mark, id: 7, isThere: true });
  const [second] = await bench.asked();
  deepStrictEqual([second.type, bench.read], ["file.offer", ["one.txt", "copy.txt"]]);
});

Deno.test("SharedFiles says as what the room has a file already", async () => {
  const bench = new Bench();
  bench.files.list([{ ...FILE, id: 7, name: "report.pdf", yours: false }], {
    ...{ last: true, fileBytesMax: 1 },
  });
  bench.share("copy.pdf", 0);
  const [{ mark }] = await bench.asked();
  bench.files.offered({ mark, id: 7, isThere: true });
  await bench.asked();
  const last = bench.events.at(-1)!;
  deepStrictEqual(last.event === "transfer" && [last.transfer.state, last.transfer.known], [
    ...["done", { name: "report.pdf", owner: "Bob", isOwn: false }],
  ]);
});

Deno.test("SharedFiles ends a transfer that is refused for whatever reason it does not know", async () => {
  for (const code of ["constructor", "__proto__", "something-new"]) {
    const bench = new Bench();
    bench.share("a.txt", 0);
    const [{ mark }] = await bench.asked();
    bench.files.declined(mark, { code, message: "No" });
    await bench.asked();
    deepStrictEqual([bench.ends(), bench.timers.waitingCount], [["a.txt: No"], 0], code);
  }
});

Deno.test("SharedFiles leaves nothing of a file that is deleted while it is fetched", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bench = new Bench();
    bench.files.list([{ ...FILE, id: 7 }], { ...{ last: true, fileBytesMax: undefined } });
    const ended = Promise.withResolvers<unknown>();
    bench.onEnd = (message) => ended.resolve(message);
    bench.files.fetch(7, folder);
    strictEqual(await ended.promise, "a: It is gone");
    deepStrictEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SharedFiles fetches nothing any more that is gone before its turn", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bench = new Bench();
    const ids = [1, 2, 3, 4];
    bench.files.list(ids.map((id) => ({ ...FILE, id, name: `${id}` })), { last: true });
    const ended = Promise.withResolvers<void>();
    bench.onEnd = () => {
      if (bench.ends().length === ids.length) ended.resolve();
    };
    for (const id of ids) bench.files.fetch(id, folder);
    await bench.asked();
    bench.files.gone(1);
    bench.files.gone(3);
    await ended.promise;
    const [first, ...others] = bench.ends();
    strictEqual(first, "3: That file is not there any more");
    deepStrictEqual(others.toSorted(), ["1: It is gone", "2: It is gone", "4: It is gone"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SharedFiles goes on with a file that is gone while it comes: the server says whether it can", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const bench = new Bench();
    const opening = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<ByteStream>();
    bench.open = () => {
      opening.resolve();
      return answer.promise;
    };
    const ended = Promise.withResolvers<unknown>();
    bench.onEnd = (message) => ended.resolve(message);
    bench.files.list([{ ...FILE, id: 1 }], { last: true });
    bench.files.fetch(1, folder);
    await opening.promise;
    bench.files.gone(1);
    await bench.asked();
    deepStrictEqual(bench.ends(), []);
    answer.reject(new Refusal("no-such-file", "It is gone"));
    strictEqual(await ended.promise, "a: It is gone");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SharedFiles: what came of a coming file that the list has is told as a file, and not as stopped", () => {
  const bench = new Bench();
  const file = { id: 7, name: "a", size: 10 };
  const coming = { ...file, participant: 2, from: "Bob", bytes: 4, state: "moving" as const };
  bench.files.coming([coming, { ...coming, id: 8 }]);
  bench.files.disconnected();
  bench.files.connected(FEATURES, SELF);
  bench.events.length = 0;
  bench.files.list([{ ...FILE, id: 7 }], {
    ...{ last: true, fileBytesMax: undefined },
  });
  deepStrictEqual(
    bench.events.map((event) => event.event !== "transfer" && [event.event, event.file.id]),
    [["file", 7], ["file.coming", 8]],
  );
});
