import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { RecordFile } from "./record_file.ts";

Deno.test("RecordFile.rest() writes what waits and lets go of the file; what comes later is behind it", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "a");
  const troubles: string[] = [];
  try {
    const file = new RecordFile(path, { failed: (sentence) => troubles.push(sentence) });
    file.append(Uint8Array.of(1));
    await file.rest();
    deepStrictEqual([...await Deno.readFile(path)], [1]);
    file.append(Uint8Array.of(2));
    await file.flush();
    deepStrictEqual([...await Deno.readFile(path)], [1, 2]);
    await file.rest();
    await Deno.remove(path);
    file.append(Uint8Array.of(3));
    await file.flush();
    deepStrictEqual([...await Deno.readFile(path)], [3], "it is opened anew");
    await file.rest();
    await file.rest();
    await file.close();
    strictEqual(troubles.length, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
