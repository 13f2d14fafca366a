import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { fileOnDisk } from "./file_source.ts";

async function withFile(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(`${folder}/a.log`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HOW = { progress: () => {}, signal: new AbortController().signal };

Deno.test("fileOnDisk() gives name, size and hash, and tells how far it is read", async () => {
  await withFile(async (path) => {
    await Deno.writeTextFile(path, "hello");
    const source = fileOnDisk(path);
    deepStrictEqual([source.name, await source.size()], ["a.log", 5]);
    const told: number[] = [];
    const { hash } = await source.take({ ...HOW, progress: (bytes) => told.push(bytes) });
    strictEqual(hash, createHash("sha256").update("hello").digest("hex"));
    deepStrictEqual(told, [5]);
  });
});

Deno.test("fileOnDisk() says so when a file grows or shrinks before it is read to its end", async () => {
  await withFile(async (path) => {
    for (const later of ["hello there", "he", ""]) {
      await Deno.writeTextFile(path, "hello");
      const source = fileOnDisk(path);
      await source.size();
      await Deno.writeTextFile(path, later);
      await rejects(source.take(HOW), { code: "file-changed" }, later);
    }
  });
});
