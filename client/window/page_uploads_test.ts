import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { PAGE_FILES_MAX, type ProgramMessage } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import { TemporaryDirectory } from "../../tests/support/wait.ts";
import { Spool } from "../files/spool.ts";
import { PAGE_ANSWER_MS, PageUploads } from "./page_uploads.ts";

const MARK = "0123456789abcdef";
const OFFER = { mark: MARK, name: "a.txt", size: 3 };

class Bench implements AsyncDisposable {
  readonly data = new TemporaryDirectory();
  readonly timers = new FakeTimers();
  readonly sent: ProgramMessage[] = [];
  readonly #spool = Spool.open(this.data.path);
  readonly uploads = new PageUploads({
    send: (message) => this.sent.push(message),
    timers: this.timers,
    spool: () => this.#spool,
    room: () => ({ server: "ab", room: "Lab" }),
  });

  /** Takes it, until the page is asked for it. */
  async take(signal = new AbortController().signal) {
    const source = this.uploads.offered(OFFER)!;
    const taken = source.take({ progress: () => {}, signal });
    taken.catch(() => undefined);
    while (this.sent.length === 0) await this.#spool.then(() => {});
    return { source, taken };
  }

  get said(): unknown[] {
    return this.sent.map((message) =>
      `${message.type} ${"mark" in message ? message.mark === MARK : ""}`
    );
  }

  /** Copies that are there. */
  get copies(): string[] {
    return [...Deno.readDirSync(this.data.file("outgoing"))].flatMap(({ name }) =>
      [...Deno.readDirSync(this.data.file(`outgoing/${name}`))].map((each) => each.name)
    ).filter((name) => name !== "in-use.lock");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#spool).close({ keep: false });
    await this.data[Symbol.asyncDispose]();
  }
}

async function* stream(text: string, broken?: Error): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
  if (broken) throw broken;
}

Deno.test("PageUploads asks for a file when it is its turn, copies it, and forgets it when it is sent", async () => {
  await using bench = new Bench();
  strictEqual(await bench.uploads.came(MARK, stream("abc")), false);
  const { source, taken } = await bench.take();
  strictEqual(bench.uploads.offered(OFFER), undefined);
  strictEqual(await bench.uploads.came(MARK, stream("abc")), true);
  strictEqual(await bench.uploads.came(MARK, stream("abc")), false);
  strictEqual(await Deno.readTextFile((await taken).path), "abc");
  source.release!();
  deepStrictEqual(bench.copies, []);
  deepStrictEqual(bench.said, ["file.wanted true", "file.unwanted true"]);
});

Deno.test("PageUploads says in words that a file was not read, and leaves nothing of it", async () => {
  const ways: ((bench: Bench) => unknown)[] = [
    ({ uploads }) => uploads.lost(MARK),
    ({ timers }) => timers.advance(PAGE_ANSWER_MS),
    ({ uploads }) => uploads.came(MARK, stream("ab", new Error("connection closed"))),
  ];
  for (const way of ways) {
    await using bench = new Bench();
    const { taken } = await bench.take();
    const answer = way(bench);
    await rejects(taken, { code: "file-unreadable", message: /Add it again/ });
    strictEqual(await answer || false, false);
    deepStrictEqual(bench.copies, []);
  }
});

Deno.test("PageUploads lets the page stop what is not wanted any more", async () => {
  await using bench = new Bench();
  const stop = new AbortController();
  const { taken } = await bench.take(stop.signal);
  stop.abort();
  await rejects(taken, { name: "AbortError" });
  deepStrictEqual(bench.said, ["file.wanted true", "file.unwanted true"]);
  strictEqual(await bench.uploads.came(MARK, stream("abc")), false);
});

Deno.test("PageUploads asks a page that comes back for what it still waits for", async () => {
  await using bench = new Bench();
  bench.uploads.offered({ ...OFFER, mark: "f".repeat(16) });
  const { taken } = await bench.take();
  bench.uploads.askAgain();
  deepStrictEqual(bench.said, ["file.wanted true", "file.wanted true"]);
  await bench.uploads.came(MARK, stream("abc"));
  await taken;
  bench.uploads.askAgain();
  strictEqual(bench.sent.length, 2);
});

Deno.test("PageUploads takes so many files and no more, and no name that is too long", async () => {
  await using bench = new Bench();
  for (let at = 0; at < PAGE_FILES_MAX; at++) {
    const name = at === 0 ? "x".repeat(300) : "x";
    const source = bench.uploads.offered({ ...OFFER, name, mark: String(at) });
    if (at === 0) strictEqual(source!.name.length, 200);
  }
  throws(() => bench.uploads.offered(OFFER), { code: "too-many-files" });
});
