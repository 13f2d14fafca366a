/** Files over real TLS, at a server whose time stands still. */
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes, Refusal, seededRandom } from "@fusionmeet/base";
import {
  type ByteStream,
  openTicketed,
  readFull,
  readTaken,
  WINDOW_BYTES_FIRST,
  writeAll,
} from "@fusionmeet/net";
import {
  COMING_INTERVAL_MS,
  decodeTransferOffset,
  decodeTransferRefusal,
  encodeTransferOffset,
  encodeTransferTaken,
  FILES_PER_MESSAGE,
  OFFER_IDLE_MS,
  OFFERS_PER_PERSON_MAX,
  PERSON_BYTES,
  ROOM_FILES_MAX,
  type ServerMessage,
  TRANSFER_CHUNK_BYTES_MAX,
  TRANSFER_REFUSED,
  TRANSFER_SILENT_MS_MAX,
  TRANSFER_TAKEN,
  TRANSFERS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";
import { type Client, type TestServer, until, withServer } from "../control_server_fixture.ts";
import type { FakePartsOptions } from "../test_support.ts";

const random = seededRandom(6);

interface Content {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly hash: Uint8Array;
}

function content(name: string, size: number): Content {
  const bytes = random.fill(new Uint8Array(size));
  return { name, bytes, hash: new Uint8Array(createHash("sha256").update(bytes).digest()) };
}

/** A server with a folder for files. */
async function withFiles(
  options: FakePartsOptions,
  test: (bench: Bench) => Promise<void>,
): Promise<void> {
  const uploads = await Deno.makeTempDir();
  try {
    await withServer({ uploads, ...options }, async (server) => {
      let fingerprint = "";
      (await server.connectRaw((key) => fingerprint = key)).close();
      await test(new Bench(server, uploads, fingerprint));
    });
  } finally {
    await Deno.remove(uploads, { recursive: true });
  }
}

type Answer<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

class Bench {
  #marks = 0;
  constructor(
    readonly server: TestServer,
    readonly uploads: string,
    readonly fingerprint: string,
  ) {}

  /** @throws Refusal as the server says it */
  async offer(
    client: Client,
    { name, hash, bytes }: Content,
    size = bytes.length,
    thumbnail?: Uint8Array,
  ): Promise<Answer<"file.offered">> {
    const mark = `o${++this.#marks}`;
    client.send({ type: "file.offer", mark, name, hash, size, thumbnail });
    return await this.#answer(client, mark, "file.offered");
  }

  /** @throws Refusal as the server says it */
  async plan(client: Client, size: number): Promise<void> {
    const mark = `p${++this.#marks}`;
    client.send({ type: "file.plan", mark, size });
    await this.#answer(client, mark, "file.planned");
  }

  /** Opens the connection of a file. @throws Refusal */
  async open(
    client: Client,
    purpose: "file.send" | "file.fetch",
    subject: number,
  ): Promise<ByteStream> {
    const mark = `t${++this.#marks}`;
    client.send({ type: "ticket.get", mark, purpose, subject });
    const { ticket } = await this.#answer(client, mark, "ticket");
    const { port } = this.server.control;
    const hostname = "127.0.0.1";
    return await openTicketed({ hostname, port, fingerprint: this.fingerprint, ticket });
  }

  /** Sends what is missing of a file that was offered. @returns from where on */
  async send(client: Client, id: number, { bytes }: Content): Promise<number> {
    const stream = await this.open(client, "file.send", id);
    try {
      const offset = await started(stream);
      await writeAll(stream, bytes.subarray(offset));
      await goesOn(stream);
      return offset;
    } finally {
      stream.close();
    }
  }

  async share(client: Client, file: Content): Promise<number> {
    const { id } = await this.offer(client, file);
    await this.send(client, id, file);
    return id;
  }

  async fetch(client: Client, id: number, from = 0): Promise<Uint8Array> {
    const stream = await this.open(client, "file.fetch", id);
    try {
      await writeAll(stream, encodeTransferOffset(from));
      strictEqual(await started(stream), from);
      const parts: Uint8Array[] = [];
      const chunk = new Uint8Array(65_536);
      for (let size; (size = await stream.read(chunk)) !== null;) parts.push(chunk.slice(0, size));
      return concatBytes(...parts);
    } finally {
      stream.close();
    }
  }

  async #answer<T extends ServerMessage["type"]>(
    client: Client,
    mark: string,
    type: T,
  ): Promise<Answer<T>> {
    for (;;) {
      const message: ServerMessage = await client.nextOf<ServerMessage["type"]>(type, "refused");
      if (!("mark" in message) || message.mark !== mark) continue;
      if (message.type === "refused") throw new Refusal(message.code, message.message);
      return message as Answer<T>;
    }
  }
}

/** @throws Refusal */
async function goesOn(stream: ByteStream): Promise<void> {
  const first = new Uint8Array(1);
  strictEqual(await readFull(stream, first), 1, "an answer");
  if (first[0] !== TRANSFER_REFUSED) return;
  const rest = new Uint8Array(4_096);
  throw decodeTransferRefusal(rest.subarray(0, await readFull(stream, rest)));
}

async function started(stream: ByteStream): Promise<number> {
  await goesOn(stream);
  const offset = new Uint8Array(8);
  strictEqual(await readFull(stream, offset), 8);
  return decodeTransferOffset(offset);
}

function onDisk(bench: Pick<Bench, "uploads">): string[] {
  return [...Deno.readDirSync(`${bench.uploads}/Main`)].map(({ name }) => name).toSorted();
}

Deno.test("a file that was sent whole is told to everybody, kept, and the same for who fetches it", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    deepStrictEqual((await bob.next("files")).list, []);
    const file = content("../Plan: final.pdf", 3_000_000);
    const { id, isThere } = await bench.offer(ann, file);
    strictEqual(isThere, false);
    await rejects(bench.open(bob, "file.fetch", id), { code: "file-not-whole" });
    strictEqual(await bench.send(ann, id, file), 0);
    const told = await bob.next("file");
    deepStrictEqual([told.yours, (await ann.next("file")).yours], [false, true]);
    deepStrictEqual([told.id, told.name, told.size, told.owner], [
      ...[id, "Plan: final.pdf", 3_000_000, "Ann"],
    ]);
    deepStrictEqual(told.hash, file.hash);
    deepStrictEqual(onDisk(bench), ["Plan_ final.pdf"]);
    deepStrictEqual(await bench.fetch(bob, id), file.bytes);
    deepStrictEqual(await bench.fetch(bob, id, 2_999_990), file.bytes.subarray(2_999_990));
    deepStrictEqual((await bench.fetch(bob, id, 3_000_000)).length, 0);
    // The same content is there at once, whatever it is called.
    deepStrictEqual((await bench.offer(bob, { ...file, name: "copy.pdf" })).isThere, true);
    const late = await bench.server.join("Cyd");
    deepStrictEqual((await late.next("files")).list.map(({ name }) => name), ["Plan: final.pdf"]);
  });
});

Deno.test("a transfer that breaks off is not listed, and goes on where it was, also for somebody else", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    const file = content("big.bin", 2_500_000);
    const { id } = await bench.offer(ann, file);
    const stream = await bench.open(ann, "file.send", id);
    strictEqual(await started(stream), 0);
    await writeAll(stream, file.bytes.subarray(0, 1_700_000));
    // The rest of it waits for its piece to be full, or for the end.
    const written = 6 * TRANSFER_CHUNK_BYTES_MAX;
    await until(() => sizeOf(`${bench.uploads}/Main/big.bin.part`) === written);
    await rejects(bench.open(bob, "file.send", id), { code: "file-busy" });
    stream.close();
    await until(() => bench.server.control.transfers.count === 0);
    deepStrictEqual(onDisk(bench), ["big.bin.part"]);
    deepStrictEqual((await (await bench.server.join("Cyd")).next("files")).list, []);
    strictEqual((await bench.offer(bob, file)).id, id);
    strictEqual(await bench.send(bob, id, file), 1_700_000);
    deepStrictEqual(await bench.fetch(ann, id), file.bytes);
    deepStrictEqual(onDisk(bench), ["big.bin"]);
  });
});

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return -1;
  }
}

Deno.test("one's own second connection takes a file over from the first", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const file = content("a.bin", 400_000);
    const { id } = await bench.offer(ann, file);
    const stream = await bench.open(ann, "file.send", id);
    await started(stream);
    await writeAll(stream, file.bytes.subarray(0, 300_000));
    await until(() => sizeOf(`${bench.uploads}/Main/a.bin.part`) === TRANSFER_CHUNK_BYTES_MAX);
    strictEqual(await bench.send(ann, id, file), 300_000);
    strictEqual(await stream.read(new Uint8Array(1)).catch(() => null), null);
    stream.close();
    deepStrictEqual(await bench.fetch(ann, id), file.bytes);
  });
});

Deno.test("of connections that take a file over from each other one writes, and the file is right", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const file = content("a.bin", 300_000);
    const { id } = await bench.offer(ann, file);
    const first = await bench.open(ann, "file.send", id);
    await started(first);
    const others = await Promise.all([1, 2, 3].map(() => bench.open(ann, "file.send", id)));
    const starts = await Promise.allSettled(others.map(started));
    deepStrictEqual(starts.map(({ status }) => status).toSorted(), [
      ...["fulfilled", "rejected", "rejected"],
    ]);
    const writer = others[starts.findIndex(({ status }) => status === "fulfilled")];
    await writeAll(writer, file.bytes);
    await goesOn(writer);
    for (const stream of [first, ...others]) stream.close();
    deepStrictEqual(await bench.fetch(ann, id), file.bytes);
  });
});

Deno.test("nobody's file is written over by what comes of another one, whatever they are called", async () => {
  await withFiles({}, async (bench) => {
    const [ann, eve] = [await bench.server.join("Ann"), await bench.server.join("Eve")];
    const file = content("plan.PART", 200_000);
    const id = await bench.share(ann, file);
    const over = content("plan", 300_000);
    const { id: other } = await bench.offer(eve, over);
    const stream = await bench.open(eve, "file.send", other);
    await started(stream);
    await writeAll(stream, over.bytes.subarray(0, 100_000));
    // And the other way: what comes of Eve's, under the name of its part.
    const part = content("plan.part", 300_000);
    const parts = await bench.share(ann, part);
    await writeAll(stream, over.bytes.subarray(100_000));
    await goesOn(stream);
    stream.close();
    for (const [each, { bytes }] of [[id, file], [other, over], [parts, part]] as const) {
      deepStrictEqual(await bench.fetch(ann, each), bytes);
    }
    deepStrictEqual(onDisk(bench), ["plan", "plan (2).part_", "plan.PART_"]);
  });
});

Deno.test("content with another hash is refused and leaves nothing; so is more than was offered", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const [file, other] = [content("a", 100_000), content("b", 100_000)];
    const { id } = await bench.offer(ann, file);
    await rejects(bench.send(ann, id, other), { code: "hash-wrong" });
    deepStrictEqual(onDisk(bench), []);
    // What is too much is not taken: the file is whole before.
    strictEqual(
      await bench.send(ann, id, { ...file, bytes: concatBytes(file.bytes, file.bytes) }),
      0,
    );
    deepStrictEqual(await bench.fetch(ann, id), file.bytes);
    await rejects(bench.offer(ann, file, 5), { code: "file-name-bad" });
    await rejects(bench.offer(ann, { ...content("x", 1), name: "folder/" }), {
      code: "file-name-bad",
    });
    const empty = content("nothing", 0);
    strictEqual((await bench.fetch(ann, await bench.share(ann, empty))).length, 0);
  });
});

/** Sends the beginning of a file, and waits until the room is told of it. */
async function begin(
  bench: Bench,
  client: Client,
  { file, part }: { file: Content; part: number },
): Promise<{ id: number; stream: ByteStream }> {
  const { id } = await bench.offer(client, file);
  const stream = await bench.open(client, "file.send", id);
  await started(stream);
  await writeAll(stream, file.bytes.subarray(0, part));
  const { control } = bench.server;
  await until(() => control.rooms.find("Main")!.files.coming.bytesOf(id) === part);
  await bench.server.timers.advance(COMING_INTERVAL_MS);
  return { id, stream };
}

/** What the next `files.coming` says. */
async function coming(client: Client): Promise<unknown[]> {
  const { list } = await client.next("files.coming");
  return list.map(({ name, from, bytes, state }) => [name, from, bytes, state]);
}

Deno.test("a file on its way is told to all, late comers too, as something that cannot be fetched, up to its end", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    const file = content("report.pdf", 1_000);
    const { id, stream } = await begin(bench, ann, { file, part: 400 });
    deepStrictEqual(await coming(bob), [["report.pdf", "Ann", 400, "moving"]]);
    const cyd = await bench.server.join("Cyd");
    deepStrictEqual(await coming(cyd), [["report.pdf", "Ann", 400, "moving"]]);
    deepStrictEqual((await cyd.next("files")).list, []);
    await rejects(bench.open(bob, "file.fetch", id), { code: "file-not-whole" });
    stream.close();
    await until(() => bench.server.control.transfers.count === 0);
    await bench.server.timers.advance(COMING_INTERVAL_MS);
    deepStrictEqual(await coming(bob), [["report.pdf", "Ann", 400, "paused"]]);
    await bench.send(ann, id, file);
    strictEqual((await bob.next("file")).id, id);
    const taken = await begin(bench, ann, { file: content("b", 1_000), part: 1 });
    ann.send({ type: "file.delete", id: taken.id });
    deepStrictEqual(await coming(bob), [["b", "Ann", 1, "moving"]]);
    strictEqual((await bob.next("file.gone")).id, taken.id);
    taken.stream.close();
  });
});

Deno.test("a file on its way is stopped when its content is refused, and when its sender leaves", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    const refused = await begin(bench, ann, { file: content("c", 1_000), part: 1 });
    await writeAll(refused.stream, new Uint8Array(999));
    await rejects(goesOn(refused.stream), { code: "hash-wrong" });
    refused.stream.close();
    const left = await begin(bench, ann, { file: content("d", 1_000), part: 1 });
    ann.send({ type: "leave" });
    await ann.rest();
    await until(() => bench.server.control.transfers.count === 0);
    await bench.server.timers.advance(COMING_INTERVAL_MS);
    deepStrictEqual(await coming(bob), [["c", "Ann", 1, "moving"]]);
    deepStrictEqual(await coming(bob), [["c", "Ann", 1_000, "stopped"], ["d", "Ann", 1, "moving"]]);
    deepStrictEqual(await coming(bob), [["d", "Ann", 1, "stopped"]]);
    left.stream.close();
  });
});

Deno.test("a size is planned as it would be offered, but for one that the room has: that may be the same file", async () => {
  const shelf = { fileBytesMax: 30e6, roomBytesMax: 40e6, uploadsBytesMax: 50e6 };
  await withFiles({ shelf }, async (bench) => {
    const ann = await bench.server.join("Ann");
    await rejects(bench.plan(ann, 30e6 + 1), {
      code: "file-too-big",
      message: "The file has 31 MB; this server takes up to 30 MB",
    });
    await bench.plan(ann, 30e6);
    const big = content("big", 30e6);
    await bench.offer(ann, big);
    await bench.plan(ann, 10e6);
    await rejects(bench.plan(ann, 10e6 + 1), {
      code: "room-files-full",
      message:
        "The file has 11 MB; this room may have 40 MB of files and has 10 MB left: delete some",
    });
    // It goes on with the one it has, which needs no more room.
    await bench.plan(ann, 30e6);
    await bench.offer(ann, big);
    const bob = await bench.server.join("Bob", { room: "Other" });
    await bench.plan(bob, 20e6);
    await rejects(bench.plan(bob, 20e6 + 1), {
      code: "uploads-full",
      message:
        "The file has 21 MB; this server keeps 50 MB of files and has 20 MB left: ask whoever runs it",
    });
    for (let count = 1; count < OFFERS_PER_PERSON_MAX; count++) {
      await bench.offer(ann, content(`${count}`, count));
    }
    await rejects(bench.plan(ann, 100), { code: "too-many-offers" });
    await bench.plan(await bench.server.join("Cyd"), 100);
  });
});

Deno.test("limits of file, room and server: at them, and one byte over; offers count", async () => {
  const shelf = { fileBytesMax: 1_000, roomBytesMax: 1_500, uploadsBytesMax: 2_000 };
  await withFiles({ shelf }, async (bench) => {
    const ann = await bench.server.join("Ann");
    await rejects(bench.offer(ann, content("a", 1_001)), {
      code: "file-too-big",
      message: "The file has 0.1 MB; this server takes up to 0.1 MB",
    });
    await bench.offer(ann, content("a", 1_000));
    await rejects(bench.offer(ann, content("b", 501)), { code: "room-files-full" });
    await bench.offer(ann, content("b", 500));
    const bob = await bench.server.join("Bob", { room: "Other" });
    await rejects(bench.offer(bob, content("c", 501)), { code: "uploads-full" });
    await bench.offer(bob, content("c", 500));
  });
});

Deno.test("offers of which nothing comes give way to one that needs their place, the oldest first", async () => {
  const limits = { fileBytesMax: 1_000, roomBytesMax: 1_500, uploadsBytesMax: 2_000 };
  await withFiles({ shelf: limits }, async (bench) => {
    const { shelf, timers } = bench.server.parts;
    let last = 0;
    const offer = (size: number, { room = "Main", owner = "Eve" } = {}) => {
      const name = String(++last);
      return shelf.offer(room, { name, size, hash: name.padStart(64, "0"), owner });
    };
    const isThere = ({ id }: { id: number }, room = "Main") => shelf.byId(room, id) !== undefined;
    const old = offer(300);
    timers.advance(1);
    const begun = offer(500);
    const moving = offer(600);
    const other = offer(500, { room: "Other" });
    throws(() => offer(200, { owner: "Ann" }), { code: "room-files-full" });
    const part = await shelf.openPart("Main", begun);
    await part.write(new Uint8Array(100));
    part.close();
    using open = await shelf.openPart("Main", moving);
    timers.advance(OFFER_IDLE_MS + 1);
    // What came of one just now (by the clock of the disk), and what comes, stays; so does what would not help.
    throws(() => offer(1_000, { owner: "Ann" }), { code: "room-files-full" });
    deepStrictEqual([old, begun, moving].map((each) => isThere(each)), [true, true, true]);
    offer(400, { owner: "Ann" });
    deepStrictEqual([old, begun, moving].map((each) => isThere(each)), [false, true, true]);
    Deno.utimeSync(`${bench.uploads}/Main/2.part`, 0, 0);
    offer(500, { owner: "Ann" });
    deepStrictEqual([begun, moving].map((each) => isThere(each)), [false, true]);
    deepStrictEqual(onDisk(bench), ["3.part"]);
    // All of the server's is needed: another room's gives way, too.
    strictEqual(isThere(other, "Other"), true);
    shelf.plan("Third", { size: 500, owner: "Bob" });
    strictEqual(isThere(other, "Other"), false);
    strictEqual(open.isOpen, true);
  });
});

Deno.test("a person's own idle offers give way to a new one", async () => {
  await withFiles({}, async ({ server: { parts: { shelf, timers } } }) => {
    let last = 0;
    const offer = (owner: string) =>
      shelf.offer("Main", { owner, size: 1, name: "x", hash: String(++last).padStart(64, "0") });
    const others = offer("Bob");
    for (let count = 0; count < OFFERS_PER_PERSON_MAX; count++) offer("Ann");
    throws(() => offer("Ann"), { code: "too-many-offers" });
    await timers.advance(OFFER_IDLE_MS + 1);
    for (let count = 0; count < OFFERS_PER_PERSON_MAX; count++) offer("Ann");
    throws(() => offer("Ann"), { code: "too-many-offers" });
    strictEqual(shelf.byId("Main", others.id)?.id, others.id);
  });
});

Deno.test("a file that is taken back while it is put at its place is not there", async () => {
  await withFiles({}, async ({ server: { parts: { shelf, store } }, uploads }) => {
    const { bytes, hash } = content("a", 10);
    const file = shelf.offer("Main", { name: "a", size: 10, owner: "Ann", hash: hash.toHex() });
    using part = await shelf.openPart("Main", file);
    await part.write(bytes);
    const finishing = shelf.finish(file, part);
    // Its row is gone, its content not yet.
    store.files.remove(file.id);
    await rejects(finishing, { code: "no-such-file" });
    deepStrictEqual(onDisk({ uploads }), []);
  });
});

Deno.test("a room has up to ROOM_FILES_MAX files, and lists them in messages that fit", async () => {
  await withFiles({}, async (bench) => {
    const { store, shelf } = bench.server.parts;
    const room = store.keepRoom("Main", 0).id;
    const hash = (at: number) => at.toString(16).padStart(64, "0");
    const offered = (at: number) => ({
      ...{ name: "€".repeat(255), size: 1, hash: hash(at), owner: "€".repeat(64) },
    });
    store.together(() => {
      for (let at = 1; at < ROOM_FILES_MAX; at++) {
        store.files.finish(store.files.offer(room, { ...offered(at), at }).id, at);
      }
    });
    shelf.offer("Main", offered(ROOM_FILES_MAX));
    try {
      shelf.offer("Main", offered(ROOM_FILES_MAX + 1));
      throw new Error("one more was taken");
    } catch (thrown) {
      strictEqual((thrown as Refusal).code, "room-files-many");
    }
    const ann = await bench.server.join("Ann");
    let count = 0;
    for (let last = false; !last;) {
      const files = await ann.next("files");
      strictEqual(files.list.length <= FILES_PER_MESSAGE, true);
      count += files.list.length;
      last = files.last;
    }
    strictEqual(count, ROOM_FILES_MAX - 1);
  });
});

Deno.test("a person has OFFERS_PER_PERSON_MAX offers open, and more when one has come or is taken back", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    const files = Array.from({ length: OFFERS_PER_PERSON_MAX + 3 }, (_, at) => content(`${at}`, 9));
    const offered: number[] = [];
    for (const file of files.slice(0, OFFERS_PER_PERSON_MAX)) {
      offered.push((await bench.offer(ann, file)).id);
    }
    const [one, two, three] = files.slice(OFFERS_PER_PERSON_MAX);
    await rejects(bench.offer(ann, one), { code: "too-many-offers" });
    // The same again is no other offer.
    strictEqual((await bench.offer(ann, files[0])).id, offered[0]);
    await bench.offer(bob, two);
    await bench.send(ann, offered[0], files[0]);
    await bench.offer(ann, one);
    ann.send({ type: "file.delete", id: offered[1] });
    await bench.offer(ann, three);
    await rejects(bench.offer(ann, content("x", 9)), { code: "too-many-offers" });
  });
});

Deno.test("the host deletes anybody's file", async () => {
  await withFiles({}, async (bench) => {
    const [host, bob] = [await bench.server.join("Host"), await bench.server.join("Bob")];
    const id = await bench.share(bob, content("b.txt", 10));
    host.send({ type: "file.delete", id });
    strictEqual((await bob.next("file.gone")).id, id);
    await until(() => onDisk(bench).length === 0);
  });
});

Deno.test("who has only the name of somebody who left cannot delete their files; under another name they can", async () => {
  const [one, other] = [1, 2].map((byte) => new Uint8Array(PERSON_BYTES).fill(byte));
  await withFiles({}, async (bench) => {
    await bench.server.join("Host");
    const ann = await bench.server.join("Ann", { person: one });
    const id = await bench.share(ann, content("a.txt", 10));
    ann.send({ type: "leave" });
    await ann.rest();
    for (const person of [other, undefined]) {
      const impostor = await bench.server.join("Ann", { person });
      deepStrictEqual((await impostor.next("files")).list.map(({ yours }) => yours), [false]);
      impostor.send({ type: "file.delete", id });
      const { code, message } = await impostor.next("refused");
      deepStrictEqual([code, /on another computer, by somebody of your name/.test(message)], [
        "not-yours",
        true,
      ]);
      impostor.send({ type: "leave" });
      await impostor.rest();
    }
    const back = await bench.server.join("Ann B.", { person: one });
    deepStrictEqual((await back.next("files")).list.map(({ yours }) => yours), [true]);
    back.send({ type: "file.delete", id });
    strictEqual((await back.next("file.gone")).id, id);
  });
});

Deno.test("of others only the owner deletes a file; what is under way of it ends, and its name is free", async () => {
  await withFiles({}, async (bench) => {
    const [ann, bob] = [await bench.server.join("Ann"), await bench.server.join("Bob")];
    const file = content("a.txt", 10);
    const id = await bench.share(ann, file);
    bob.send({ type: "file.delete", id });
    strictEqual((await bob.next("refused")).code, "not-yours");
    ann.send({ type: "file.delete", id });
    strictEqual((await bob.next("file.gone")).id, id);
    await until(() => onDisk(bench).length === 0);
    await rejects(bench.open(bob, "file.fetch", id), { code: "no-such-file" });
    // An offer that is taken back while it comes.
    const other = content("a.txt", 1_000);
    const offered = await bench.offer(ann, other);
    const stream = await bench.open(ann, "file.send", offered.id);
    await started(stream);
    await writeAll(stream, other.bytes.subarray(0, 500));
    ann.send({ type: "file.delete", id: offered.id });
    await bob.next("file.gone");
    await writeAll(stream, other.bytes.subarray(500));
    await rejects(goesOn(stream), { code: "no-such-file" });
    stream.close();
    await until(() => onDisk(bench).length === 0);
  });
});

Deno.test("a file that somebody took from the folder is gone from the list, in words", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const file = content("a.txt", 10);
    const id = await bench.share(ann, file);
    await Deno.remove(`${bench.uploads}/Main/a.txt`);
    await rejects(bench.fetch(ann, id), { code: "no-such-file" });
    strictEqual((await ann.next("file.gone")).id, id);
    await bench.share(ann, file);
  });
});

Deno.test("a person has as many files under way as the operator allows", async () => {
  await withFiles({ shelf: { transfersMax: 1 } }, async (bench) => {
    const ann = await bench.server.join("Ann");
    const [one, other] = [await bench.offer(ann, content("1", 9)), content("2", 9)];
    const stream = await bench.open(ann, "file.send", one.id);
    await started(stream);
    const { id } = await bench.offer(ann, other);
    await rejects(bench.open(ann, "file.send", id), {
      code: "too-many-transfers",
      message: "You may have 1 under way at once: wait until one is through",
    });
    stream.close();
    await until(() => bench.server.control.transfers.count === 0);
    await bench.send(ann, id, other);
  });
});

Deno.test("a person has TRANSFERS_PER_PARTICIPANT_MAX files under way, and one that says nothing is ended", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const files = Array.from(
      { length: TRANSFERS_PER_PARTICIPANT_MAX + 1 },
      (_, at) => content(`${at}`, 100),
    );
    const streams: ByteStream[] = [];
    for (const file of files.slice(0, -1)) {
      const { id } = await bench.offer(ann, file);
      const stream = await bench.open(ann, "file.send", id);
      await started(stream);
      streams.push(stream);
    }
    const last = await bench.offer(ann, files.at(-1)!);
    await rejects(bench.open(ann, "file.send", last.id), { code: "too-many-transfers" });
    const { timers, control } = bench.server;
    for (let passed = 0; passed < TRANSFER_SILENT_MS_MAX; passed += 1_000) {
      timers.advance(1_000);
      await ann.synchronise();
    }
    await until(() => control.transfers.count === 0);
    strictEqual(control.counters.get("files.silent"), TRANSFERS_PER_PARTICIPANT_MAX);
    for (const stream of streams) stream.close();
  });
});

const KNOWS_TAKEN = { features: ["transfer-taken"] };

Deno.test("who knows what was taken is told, and sends no more than a window to who does not say so", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann", KNOWS_TAKEN);
    const file = content("a.bin", 700_000);
    const { id } = await bench.offer(ann, file);
    const sending = await bench.open(ann, "file.send", id);
    strictEqual(await started(sending), 0);
    await writeAll(sending, file.bytes.subarray(0, 1_000));
    const first = new Uint8Array(1);
    await readFull(sending, first);
    strictEqual(first[0], TRANSFER_TAKEN);
    strictEqual((await readTaken(sending))!.total, 1_000);
    await writeAll(sending, file.bytes.subarray(1_000));
    // The server's time stands still: it says no more before the end.
    await goesOn(sending);
    sending.close();

    const fetching = await bench.open(ann, "file.fetch", id);
    await writeAll(fetching, encodeTransferOffset(0));
    await started(fetching);
    const came = new Uint8Array(file.bytes.length);
    let total = 0;
    const take = async (most: number) => {
      const size = await fetching.read(came.subarray(total, total + most));
      total += size ?? 0;
    };
    await take(100);
    await bench.fetch(await bench.server.join("Bob"), id);
    while (total < came.length) {
      await writeAll(fetching, encodeTransferTaken({ total, takenMs: 1 }));
      await take(WINDOW_BYTES_FIRST);
    }
    deepStrictEqual(came, file.bytes);
    fetching.close();
  });
});

Deno.test("a client that has taken what was never sent gets no more", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann", KNOWS_TAKEN);
    const id = await bench.share(await bench.server.join("Bob"), content("a.bin", 3_000_000));
    for (const lie of [encodeTransferTaken({ total: 2 ** 40, takenMs: 1 }), Uint8Array.of(9)]) {
      const stream = await bench.open(ann, "file.fetch", id);
      await writeAll(stream, concatBytes(encodeTransferOffset(0), lie));
      const chunk = new Uint8Array(65_536);
      let size = 0;
      for (let more; (more = await stream.read(chunk).catch(() => null)) !== null;) size += more;
      strictEqual(size <= 9 + WINDOW_BYTES_FIRST, true, `${size} bytes`);
      stream.close();
    }
  });
});

/** 2 x 1 pixels. */
const THUMBNAIL = Uint8Array.fromBase64(
  "UklGRj4AAABXRUJQVlA4IDIAAACQAQCdASoCAAEAAsBMJaACdLoAA5gA/vDc8uyf/lyOOBrS5HHA1vqNbGuZ9REQUkYAAA==",
);

Deno.test("a thumbnail comes with its offer, is announced by its size and given to who asks for it", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const bob = await bench.server.join("Bob");
    const file = content("a.png", 10);
    const { id } = await bench.offer(ann, file, 10, THUMBNAIL);
    await bench.send(ann, id, file);
    strictEqual((await bob.nextOf("file")).thumbnail, THUMBNAIL.length);
    const asked = async (client: Client, id: number) => {
      client.send({ type: "file.thumbnail.get", id });
      return (await client.nextOf("file.thumbnail")).picture;
    };
    deepStrictEqual(await asked(bob, id), THUMBNAIL);
    const carl = await bench.server.join("Carl");
    strictEqual((await carl.nextOf("files")).list[0].thumbnail, THUMBNAIL.length);
    const plain = await bench.share(ann, content("b.bin", 10));
    strictEqual(await asked(carl, plain), undefined);
    ann.send({ type: "file.delete", id });
    await bob.nextOf("file.gone");
    strictEqual(await asked(bob, id), undefined);
  });
});

Deno.test("what is no thumbnail is refused, and one that was found later is kept while the file is on its way", async () => {
  await withFiles({}, async (bench) => {
    const ann = await bench.server.join("Ann");
    const bob = await bench.server.join("Bob");
    const file = content("a.png", 10);
    const large = THUMBNAIL.slice();
    large[27] = 3;
    for (const bad of [large, THUMBNAIL.subarray(1), new TextEncoder().encode("<svg/>")]) {
      await rejects(bench.offer(ann, file, 10, bad), { code: "thumbnail-bad" });
    }
    const { id } = await bench.offer(ann, file);
    await bench.offer(bob, file, 10, THUMBNAIL);
    await bench.offer(ann, file, 10, THUMBNAIL);
    await bench.offer(ann, file, 10, THUMBNAIL);
    await bench.send(ann, id, file);
    strictEqual((await bob.nextOf("file")).thumbnail, THUMBNAIL.length);
  });
});
