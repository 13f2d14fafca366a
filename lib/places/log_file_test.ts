import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { LogFile } from "./log_file.ts";

Deno.test("LogFile keeps at most two files, none over its limit, and goes on where it was", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const read = (name: string) => Deno.readTextFileSync(join(folder, name));
    const options = { bytesMax: 8 };
    new LogFile(folder, "a.log", options).write("one");
    new LogFile(folder, "a.log", options).write("two");
    deepStrictEqual(read("a.log"), "one\ntwo\n", "at the limit");
    const log = new LogFile(folder, "a.log", options);
    log.write("3");
    deepStrictEqual([read("a.log"), read("a.log.1")], ["3\n", "one\ntwo\n"]);
    for (const text of ["four", "five", "six"]) log.write(text);
    strictEqual([...Deno.readDirSync(folder)].length, 2);
    deepStrictEqual([read("a.log"), read("a.log.1")], ["six\n", "five\n"]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("LogFile without a disk costs nothing but the log", () => {
  const folder = Deno.makeTempDirSync();
  const log = new LogFile(folder, "a.log");
  Deno.removeSync(folder);
  log.write("lost");
  Deno.mkdirSync(folder);
  log.write("kept");
  strictEqual(Deno.readTextFileSync(join(folder, "a.log")), "kept\n");
  Deno.removeSync(folder, { recursive: true });
});
