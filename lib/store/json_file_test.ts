import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { writeFileAtomically } from "./atomic_file.ts";
import { JsonFile, readTextMap } from "./json_file.ts";

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
}

Deno.test("JsonFile gives what was saved last, and its empty value before", async () => {
  await withFolder(async (folder) => {
    const file = new JsonFile(join(folder, "a.json"), { empty: () => ({}), read: readTextMap });
    deepStrictEqual(await file.load(), {});
    await Promise.all([file.save({ a: "1" }), file.save({ a: "2" }), file.save({ a: "3" })]);
    deepStrictEqual(await file.load(), { a: "3" });
    deepStrictEqual(await namesIn(folder), ["a.json"]);
  });
});

Deno.test("JsonFile.load() says what is wrong with a damaged file and leaves it alone", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.json");
    for (
      const [text, state] of [["{", /Cannot read .*a\.json/], ["[]", /not a map/], [
        '{"a":1}',
        /a is not text/,
      ]] as const
    ) {
      await Deno.writeTextFile(path, text);
      await rejects(new JsonFile(path, { empty: () => ({}), read: readTextMap }).load(), state);
      strictEqual(await Deno.readTextFile(path), text);
    }
  });
});

Deno.test("writeFileAtomically() keeps secrets to their owner, and the old file when it fails", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "secret");
    await writeFileAtomically(path, new Uint8Array([1]), { secret: true });
    if (Deno.build.os !== "windows") strictEqual((await Deno.stat(path)).mode! & 0o777, 0o600);
    await rejects(writeFileAtomically(join(folder, "no", "where"), new Uint8Array([2])));
    deepStrictEqual(await Deno.readFile(path), new Uint8Array([1]));
    deepStrictEqual(await namesIn(folder), ["secret"]);
  });
});
