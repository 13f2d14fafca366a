import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes, FakeTimers, Refusal, seededRandom } from "@fusionmeet/base";
import type { ByteStream } from "@fusionmeet/net";
import {
  type ClientMessage,
  encodeTransferRefusal,
  encodeTransferStart,
  encodeTransferTaken,
  TRANSFER_GOES_ON,
} from "@fusionmeet/protocol";
import { SilentStream } from "../../tests/support/silent_stream.ts";
import { TemporaryDirectory, until } from "../../tests/support/wait.ts";
import { ANSWER_MS_MAX } from "../ticket_requests.ts";
import {
  SERVER_SILENT_MS_MAX,
  SharedFiles,
  type Transfer,
  TRIES_IN_VAIN_MAX,
} from "./shared_files.ts";
import { sendFile, TAKEN_BURST, TAKEN_PER_SECOND } from "./transfer_wire.ts";

const CONTENT = seededRandom(1).fill(new Uint8Array(1_000));
const HASH = new Uint8Array(createHash("sha256").update(CONTENT).digest());
const DONE = Uint8Array.of(TRANSFER_GOES_ON);

/** Lets what waits for no time happen. */
const turn = () => new Promise<void>((done) => setTimeout(done, 0));

/** The server's start of a transfer, and what comes behind it. */
const started = (offset: number, ...more: Uint8Array[]) =>
  concatBytes(encodeTransferStart(offset), ...more);

/** A connection that gives these bytes and ends. */
function ending(bytes: Uint8Array = new Uint8Array(0)): ByteStream {
  const stream = new SilentStream(bytes);
  stream.close();
  return stream;
}

/** Somebody in a room whose server says of the connections of files what the test says. */
class Bench implements AsyncDisposable {
  readonly timers = new FakeTimers();
  readonly folder = new TemporaryDirectory();
  readonly sent: ClientMessage[] = [];
  last: Transfer | undefined;
  opened = 0;
  readonly files: SharedFiles;

  /** @param open One connection, by its index. */
  constructor(open: (index: number) => ByteStream) {
    this.files = new SharedFiles({
      send: (message) => this.#answer(message),
      open: async () => await Promise.try(open, this.opened++),
      emit: (event) => {
        if (event.event === "transfer") this.last = event.transfer;
      },
      timers: this.timers,
      random: seededRandom(2),
    });
    this.files.connected([], 1);
    this.files.came({ id: 1, name: "a", size: CONTENT.length, hash: HASH, owner: "Ada", at: 0 });
  }

  fetch(): void {
    this.files.fetch(1, this.folder.path);
  }

  async send(): Promise<void> {
    const path = this.folder.file("b");
    await Deno.writeFile(path, CONTENT);
    await this.files.share(path);
  }

  /** Waits for a state without letting time pass. */
  async reached(state: Transfer["state"], bytes?: number): Promise<void> {
    await until(`${state} ${bytes ?? ""}`, () =>
      this.last?.state === state &&
      (bytes === undefined || this.last.progress.bytes === bytes), { everyMs: 1 });
  }

  /** Lets time pass until the transfer is over. @returns how. */
  async ended(): Promise<[Transfer["state"], string | undefined]> {
    const isOver = () => ["done", "failed"].includes(this.last?.state ?? "");
    await until("the end of the transfer", () => {
      if (!isOver()) this.timers.advance(500);
      return isOver();
    }, { everyMs: 1 });
    return [this.last!.state, this.last!.message];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.files.close();
    await this.folder[Symbol.asyncDispose]();
  }

  #answer(message: ClientMessage): void {
    this.sent.push(message);
    if (message.type !== "file.offer") return;
    const { mark } = message;
    queueMicrotask(() => this.files.offered({ mark, id: 2, isThere: false }));
  }
}

Deno.test("a fetch of which the server sends another part than was asked for fails, and says so", async () => {
  for (const offset of [1, CONTENT.length, CONTENT.length + 1, Number.MAX_SAFE_INTEGER]) {
    await using bench = new Bench(() => ending(started(offset, CONTENT)));
    bench.fetch();
    const [state, message] = await bench.ended();
    deepStrictEqual([state, bench.opened], ["failed", 1], `${offset}`);
    match(message!, /^a: The server does not send what was asked for, from byte 0 on: try again/);
  }
});

Deno.test("a file of which the server asks for what is behind its end is not sent; all of it may be there", async () => {
  for (const offset of [CONTENT.length + 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    await using bench = new Bench(() => new SilentStream(started(offset)));
    await bench.send();
    const [state, message] = await bench.ended();
    deepStrictEqual([state, bench.opened], ["failed", 1], `${offset}`);
    match(message!, /^b: The server asks for what is behind its 1000 bytes: try again/);
  }
  await using whole = new Bench(() => new SilentStream(started(CONTENT.length, DONE)));
  await whole.send();
  deepStrictEqual(await whole.ended(), ["done", undefined]);
});

Deno.test("why a server refuses a transfer is told in one line that steers no terminal", async () => {
  const refusal = encodeTransferRefusal(new Refusal("disk-full", "No\u001b[2J\nplace\u202e"));
  await using bench = new Bench(() => ending(refusal));
  bench.fetch();
  deepStrictEqual(await bench.ended(), ["failed", "a: No\ufffd[2J place\ufffd"]);
});

Deno.test("a fetch whose server falls silent goes on over another connection, where it was", async () => {
  const [half, rest] = [CONTENT.subarray(0, 500), CONTENT.subarray(500)];
  const parts = [started(0, half), started(500, rest)];
  await using bench = new Bench((index) => new SilentStream(parts[index]));
  bench.fetch();
  await bench.reached("moving", 500);
  bench.timers.advance(SERVER_SILENT_MS_MAX - 1);
  await turn();
  deepStrictEqual([bench.last!.state, bench.opened], ["moving", 1]);
  bench.timers.advance(1);
  await bench.reached("waiting");
  deepStrictEqual(await bench.ended(), ["done", undefined]);
  strictEqual(bench.opened, 2);
});

Deno.test("a file whose server does not say that it has it is sent again", async () => {
  await using bench = new Bench((index) =>
    new SilentStream(index === 0 ? started(0) : started(CONTENT.length, DONE))
  );
  await bench.send();
  await bench.reached("moving", CONTENT.length);
  bench.timers.advance(SERVER_SILENT_MS_MAX - 1);
  await turn();
  strictEqual(bench.last!.state, "moving");
  bench.timers.advance(1);
  await bench.reached("waiting");
  deepStrictEqual(await bench.ended(), ["done", undefined]);
});

Deno.test("a transfer that breaks off again and again and gets nowhere has failed, after so many tries", async () => {
  await using bench = new Bench(() => ending());
  bench.fetch();
  const [state, message] = await bench.ended();
  deepStrictEqual([state, bench.opened], ["failed", TRIES_IN_VAIN_MAX]);
  match(message!, /^a: Nothing more of it came through in 20 tries \(.+\): try again later$/);
  ok(bench.timers.nowMs() > 80_000, `${bench.timers.nowMs()} ms`);
  await using last = new Bench((index) =>
    index < TRIES_IN_VAIN_MAX - 1 ? ending() : ending(started(0, CONTENT))
  );
  last.fetch();
  deepStrictEqual(await last.ended(), ["done", undefined]);
});

Deno.test("a transfer that gets on, or waits for others, is tried as long as it takes", async () => {
  const times = 2 * TRIES_IN_VAIN_MAX;
  await using slow = new Bench((index) => {
    const [from, to] = [10 * index, index < times ? 10 * (index + 1) : CONTENT.length];
    return ending(started(from, CONTENT.subarray(from, to)));
  });
  slow.fetch();
  deepStrictEqual(await slow.ended(), ["done", undefined]);
  strictEqual(slow.opened, times + 1);
  await using busy = new Bench((index) => {
    if (index < times) throw new Refusal("too-many-transfers", "Wait");
    return ending(started(0, CONTENT));
  });
  busy.fetch();
  deepStrictEqual(await busy.ended(), ["done", undefined]);
});

Deno.test("a server that does not answer an offer is asked again", async () => {
  const timers = new FakeTimers();
  const marks: string[] = [];
  const files = new SharedFiles({
    send: (message) => message.type === "file.offer" && void marks.push(message.mark),
    open: () => Promise.reject(new Refusal("no", "No")),
    emit: () => {},
    timers,
    random: seededRandom(2),
  });
  files.connected([], 1);
  const take = () => Promise.resolve({ path: "a", hash: "00".repeat(32) });
  files.send({ name: "a", size: () => Promise.resolve(0), take });
  const asked = async (ms: number) => {
    timers.advance(ms);
    await turn();
    return marks.length;
  };
  deepStrictEqual(
    [await asked(0), await asked(ANSWER_MS_MAX - 1), await asked(1), await asked(500)],
    [1, 1, 1, 2],
  );
  files.close();
  files.disconnected();
  strictEqual(await asked(0), 2);
  strictEqual(timers.waitingCount, 0);
});

/** Says for ever that it has taken so much, from the first content on. */
class Taker extends SilentStream {
  said = 0;
  readonly #began = Promise.withResolvers<void>();
  #rest: Uint8Array = started(0);

  constructor(readonly total: (said: number) => number) {
    super(new Uint8Array(0));
  }

  override write = (bytes: Uint8Array) => {
    this.#began.resolve();
    return Promise.resolve(bytes.length);
  };

  override async read(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) await this.#began.promise;
    if (this.#rest.length === 0) {
      const total = this.total(this.said++);
      this.#rest = encodeTransferTaken({ total, takenMs: this.said });
    }
    const size = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
    return size;
  }
}

Deno.test("sendFile() breaks off when the server says again what it has taken, and reads slowly what it says too often", async () => {
  await using folder = new TemporaryDirectory();
  const path = folder.file("big");
  const size = 1 << 20;
  await Deno.writeFile(path, new Uint8Array(size));
  const timers = new FakeTimers();
  const report = { resumed: () => {}, moved: () => {} };
  const send = (stream: ByteStream) =>
    sendFile(stream, { path, size, report, timers, isTakenTold: true }).catch((thrown) => thrown);

  const again = new Taker(() => 1);
  match(String(await send(again)), /took what it cannot have/);
  strictEqual(again.said, 2);

  const often = new Taker((said) => said + 1);
  let isOver = false;
  const sending = send(often).finally(() => isOver = true);
  await until("all that may come at once", () => often.said >= TAKEN_BURST);
  const said = async (ms: number) => {
    timers.advance(ms);
    for (let time = 0; time < 10; time++) await turn();
    return often.said - TAKEN_BURST;
  };
  ok(await said(0) <= 1, `${often.said} at once`);
  for (let passed = 0; passed < 1_000; passed += 20) await said(20);
  const more = await said(0);
  ok(more > 0 && more <= TAKEN_PER_SECOND + 1, `${more} in a second`);
  strictEqual(isOver, false);
  // More than was sent.
  Object.assign(often, { total: () => 2 * size });
  await until("the end", () => {
    timers.advance(20);
    return isOver;
  });
  match(String(await sending), /took what it cannot have/);
});
