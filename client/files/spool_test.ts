import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { TemporaryDirectory } from "../../tests/support/wait.ts";
import { Spool, SPOOL_KEPT_MS, type SpoolNote } from "./spool.ts";

const NOTE: SpoolNote = { server: "ab".repeat(32), room: "Lab", name: "a.txt", size: 6 };
const bytesOf = (text: string) => new TextEncoder().encode(text);

async function* stream(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(bytesOf(part));
}

function take(spool: Spool, bytes: AsyncIterable<Uint8Array>, change: Partial<SpoolNote> = {}) {
  const signal = new AbortController().signal;
  return spool.take({ ...NOTE, ...change }, bytes, { progress: () => {}, signal });
}

/** All that is below a data folder, without what belongs to a spool that runs. */
function left(data: string): string[] {
  const below = (folder: string): string[] =>
    [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
      isDirectory ? below(`${folder}/${name}`) : name === "in-use.lock" ? [] : [name]
    );
  return below(data).toSorted();
}

Deno.test("Spool.take() copies a stream, tells how far it is, and knows its hash", async () => {
  await using data = new TemporaryDirectory();
  const spool = await Spool.open(data.path);
  const progress: number[] = [];
  const { signal } = new AbortController();
  const how = { progress: (bytes: number) => progress.push(bytes), signal };
  const copy = await spool.take(NOTE, stream("abc", "", "def"), how);
  strictEqual(await Deno.readTextFile(copy.path), "abcdef");
  strictEqual(copy.hash, createHash("sha256").update("abcdef").digest("hex"));
  deepStrictEqual(progress, [3, 3, 6]);
  const empty = await take(spool, stream(), { size: 0 });
  strictEqual((await Deno.stat(empty.path)).size, 0);
  copy.release();
  empty.release();
  deepStrictEqual(left(data.path), []);
  await spool.close({ keep: true });
  deepStrictEqual([...Deno.readDirSync(data.file("outgoing"))], []);
});

Deno.test("Spool.take() leaves nothing of what is longer or shorter, breaks off or is stopped", async () => {
  await using data = new TemporaryDirectory();
  const spool = await Spool.open(data.path);
  await rejects(take(spool, stream("abcdefg")), { code: "file-changed" });
  await rejects(take(spool, stream("abcde")), { code: "file-changed" });
  async function* breaks() {
    yield* stream("abc");
    throw new Error("broken off");
  }
  await rejects(take(spool, breaks()), /broken off/);
  const stop = new AbortController();
  async function* stops() {
    yield* stream("abc");
    stop.abort();
    yield* stream("def");
  }
  const how = { progress: () => {}, signal: stop.signal };
  await rejects(spool.take(NOTE, stops(), how), { name: "AbortError" });
  deepStrictEqual(left(data.path), []);
  await spool.close({ keep: false });
});

Deno.test("Spool.leftovers() finds whole files of a killed run for that room, and names those that are not", async () => {
  await using data = new TemporaryDirectory();
  const killed = await Spool.open(data.path);
  await take(killed, stream("abcdef"));
  await take(killed, stream("uvwxyz"), { room: "Other", name: "b.txt" });
  let taken = () => {};
  const reaches = new Promise<void>((resolve) => taken = resolve);
  const held = Promise.withResolvers<void>();
  async function* hangs() {
    yield* stream("abc");
    taken();
    await held.promise;
  }
  const broken = take(killed, hangs(), { name: "broken.txt" });
  await reaches;

  // While that run lives, its files are its own.
  const beside = await Spool.open(data.path);
  deepStrictEqual(await beside.leftovers(NOTE), { whole: [], broken: [] });
  await beside.close({ keep: false });

  // What a killed run leaves: its files as they are then, with nobody's lock on them.
  const [{ name: folder }] = [...Deno.readDirSync(data.file("outgoing"))];
  await Deno.mkdir(data.file("copy"));
  for (const { name } of Deno.readDirSync(data.file(`outgoing/${folder}`))) {
    await Deno.copyFile(data.file(`outgoing/${folder}/${name}`), data.file(`copy/${name}`));
  }
  held.resolve();
  await rejects(broken);
  await killed.close({ keep: false });
  await Deno.rename(data.file("copy"), data.file("outgoing/killed"));
  const spool = await Spool.open(data.path);
  const { whole, broken: names } = await spool.leftovers(NOTE);
  deepStrictEqual(whole.map(({ name, size }) => [name, size]), [["a.txt", 6]]);
  strictEqual(await Deno.readTextFile(whole[0].path), "abcdef");
  deepStrictEqual(names, ["broken.txt"]);
  deepStrictEqual(await spool.leftovers(NOTE), { whole: [], broken: [] });
  deepStrictEqual((await spool.leftovers({ ...NOTE, room: "Other" })).whole.length, 1);
  await spool.close({ keep: false });
});

Deno.test("Spool keeps what a meeting that broke off has left, for a day", async () => {
  await using data = new TemporaryDirectory();
  const before = await Spool.open(data.path);
  await take(before, stream("abcdef"));
  await before.close({ keep: true });
  deepStrictEqual(left(data.path), ["1", "1.json"]);
  const other = { ...NOTE, room: "Other" };
  const spool = await Spool.open(data.path);
  deepStrictEqual(await spool.leftovers(other), { whole: [], broken: [] });
  strictEqual(left(data.path).length, 2);
  const [{ name: folder }] = [...Deno.readDirSync(data.file("outgoing"))]
    .filter(({ name }) => left(data.file(`outgoing/${name}`)).length > 0);
  const longAgo = new Date(Date.now() - SPOOL_KEPT_MS - 1_000);
  await Deno.utime(data.file(`outgoing/${folder}/1.json`), longAgo, longAgo);
  await spool.leftovers(other);
  deepStrictEqual(left(data.path), []);
  await spool.close({ keep: false });
});
