import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { seededRandom } from "@fusionmeet/base";
import {
  DiskFull,
  hashFile,
  isDiskFull,
  PartFile,
  RENAME_TRIES,
  renamePatiently,
  WRITE_BACK_BYTES,
  WrongContent,
} from "./part_file.ts";

const CONTENT = seededRandom(3).fill(new Uint8Array(300_000));
const EXPECTED = {
  size: CONTENT.length,
  hash: createHash("sha256").update(CONTENT).digest("hex"),
};

async function withFolder(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/a file`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesBeside = (path: string) =>
  [...Deno.readDirSync(path.replace(/[^/]*$/, ""))].map(({ name }) => name);

Deno.test("PartFile is at its path only when it is whole, and goes on where it broke off", async () => {
  await withFolder(async (path) => {
    for (const end of [100_000, 100_001, 250_000, CONTENT.length]) {
      using part = await PartFile.open(path, EXPECTED);
      await part.write(CONTENT.subarray(part.size, end));
      strictEqual(part.size, end);
      if (part.missing > 0) deepStrictEqual(namesBeside(path), ["a file.part"]);
      else strictEqual(await part.finish(), path);
    }
    deepStrictEqual(namesBeside(path), ["a file"]);
    deepStrictEqual(await Deno.readFile(path), CONTENT);
    strictEqual(await hashFile(path), EXPECTED.hash);
  });
});

Deno.test("PartFile refuses what is too much or wrong, and leaves nothing of what is wrong", async () => {
  await withFolder(async (path) => {
    {
      using part = await PartFile.open(path, EXPECTED);
      await part.write(CONTENT.subarray(0, 299_999));
      await rejects(part.write(new Uint8Array(2)), WrongContent);
      await part.write(Uint8Array.of(CONTENT[299_999] ^ 1));
      await rejects(part.finish(), WrongContent);
    }
    deepStrictEqual(namesBeside(path), []);
  });
});

Deno.test("PartFile begins anew where there is more than the whole file", async () => {
  await withFolder(async (path) => {
    await Deno.writeFile(`${path}.part`, new Uint8Array(EXPECTED.size + 1));
    using part = await PartFile.open(path, EXPECTED);
    strictEqual(part.size, 0);
    await part.write(CONTENT);
    await part.finish();
    deepStrictEqual(await Deno.readFile(path), CONTENT);
  });
});

Deno.test("PartFile has the disk write while more comes, one stretch after the other", async () => {
  await withFolder(async (path) => {
    const expected = { size: 4 * WRITE_BACK_BYTES, hash: "0".repeat(64) };
    const disk: { path: string; done: () => void }[] = [];
    const writeBack = (path: string) =>
      new Promise<void>((done) => disk.push({ path, done: () => done() }));
    using part = await PartFile.open(path, expected, { writeBack });
    const half = new Uint8Array(WRITE_BACK_BYTES / 2);
    await part.write(half);
    strictEqual(disk.length, 0);
    await part.write(half);
    strictEqual(disk.length, 1);
    strictEqual(disk[0].path, `${path}.part`);
    // A disk that is slower than the network does not hold it up, and is not asked twice at once.
    for (let times = 0; times < 4; times++) await part.write(half);
    strictEqual(disk.length, 1);
    disk[0].done();
    await Promise.resolve();
    await part.write(half);
    strictEqual(disk.length, 2);
    disk[1].done();
  });
});

Deno.test("PartFile takes a file of no bytes", async () => {
  await withFolder(async (path) => {
    const hash = createHash("sha256").digest("hex");
    using part = await PartFile.open(path, { size: 0, hash });
    await part.finish();
    strictEqual((await Deno.stat(path)).size, 0);
  });
});

Deno.test("renamePatiently() tries again while somebody holds the file, and not where it is gone", async () => {
  const waits: number[] = [];
  const wait = (ms: number) => (waits.push(ms), Promise.resolve());
  let held = 3;
  const rename = () => {
    if (held-- > 0) return Promise.reject(new Deno.errors.PermissionDenied("held"));
    return Promise.resolve();
  };
  await renamePatiently("a", "b", rename, wait);
  strictEqual(waits.length, 3);
  held = Infinity;
  await rejects(renamePatiently("a", "b", rename, wait), Deno.errors.PermissionDenied);
  strictEqual(waits.length, 3 + RENAME_TRIES - 1);
  const gone = () => Promise.reject(new Deno.errors.NotFound("gone"));
  await rejects(renamePatiently("a", "b", gone, wait), Deno.errors.NotFound);
  strictEqual(waits.length, 3 + RENAME_TRIES - 1);
});

Deno.test("hashFile() tells how far it is, and can be stopped", async () => {
  await withFolder(async (path) => {
    await Deno.writeFile(path, new Uint8Array(3 << 20));
    const told: number[] = [];
    await hashFile(path, { progress: (bytes) => told.push(bytes) });
    strictEqual(told.at(-1), 3 << 20);
    const stop = new AbortController();
    const stopped = hashFile(path, { signal: stop.signal, progress: () => stop.abort() });
    await rejects(stopped, { name: "AbortError" });
  });
});

Deno.test("PartFile.beginning() shows the first bytes, and what is written after it goes on at the end", async () => {
  await withFolder(async (path) => {
    using part = await PartFile.open(path, EXPECTED);
    deepStrictEqual(await part.beginning(4), new Uint8Array());
    await part.write(CONTENT.subarray(0, 100_000));
    deepStrictEqual(await part.beginning(4), CONTENT.subarray(0, 4));
    await part.write(CONTENT.subarray(100_000));
    await part.finish();
    deepStrictEqual(await Deno.readFile(path), CONTENT);
  });
});

Deno.test("isDiskFull() knows a full disk and a used quota, and nothing else", () => {
  for (const code of ["ENOSPC", "EDQUOT"]) ok(isDiskFull(Object.assign(new Error("x"), { code })));
  ok(isDiskFull(new Error("No space left on device (os error 28)")));
  ok(isDiskFull(new Error("There is not enough space on the disk. (os error 112)")));
  ok(isDiskFull(new DiskFull()));
  ok(!isDiskFull(new Deno.errors.PermissionDenied("no")));
  ok(!isDiskFull(undefined));
});
