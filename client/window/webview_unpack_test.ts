import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { unpackFolder } from "./webview_unpack.ts";

function withFolders(test: (folders: { from: string; cache: string }) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    const from = join(folder, "inside");
    Deno.mkdirSync(join(from, "icons"), { recursive: true });
    Deno.writeTextFileSync(join(from, "lib.so"), "library");
    Deno.writeTextFileSync(join(from, "icons", "a.png"), "icon");
    test({ from, cache: join(folder, "cache", "fusionmeet") });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function read(...path: string[]): string {
  return Deno.readTextFileSync(join(...path));
}

Deno.test("unpackFolder() copies all files, for their user alone, and uses the copy again", () => {
  withFolders(({ from, cache }) => {
    const folder = unpackFolder(from, cache);
    deepStrictEqual([read(folder, "lib.so"), read(folder, "icons", "a.png")], ["library", "icon"]);
    const { ino, mode } = Deno.statSync(join(folder, "lib.so"));
    strictEqual(Deno.statSync(folder).mode! & 0o77, 0);
    strictEqual(mode! & 0o77, 0);
    strictEqual(unpackFolder(from, cache), folder);
    strictEqual(Deno.statSync(join(folder, "lib.so")).ino, ino);
    deepStrictEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
      "icons",
      "lib.so",
    ]);
  });
});

Deno.test("unpackFolder() puts back what somebody changed, and a file where somebody put a link", () => {
  withFolders(({ from, cache }) => {
    const folder = unpackFolder(from, cache);
    Deno.writeTextFileSync(join(folder, "lib.so"), "longer than it was");
    const elsewhere = join(cache, "elsewhere.png");
    Deno.writeTextFileSync(elsewhere, "icon");
    Deno.removeSync(join(folder, "icons", "a.png"));
    Deno.symlinkSync(elsewhere, join(folder, "icons", "a.png"));
    unpackFolder(from, cache);
    strictEqual(read(folder, "lib.so"), "library");
    strictEqual(Deno.lstatSync(join(folder, "icons", "a.png")).isFile, true);
  });
});

Deno.test("unpackFolder() keeps the copies of other versions apart", () => {
  withFolders(({ from, cache }) => {
    const before = unpackFolder(from, cache);
    Deno.writeTextFileSync(join(from, "lib.so"), "Library");
    notStrictEqual(unpackFolder(from, cache), before);
    strictEqual(read(before, "lib.so"), "library");
  });
});

Deno.test("unpackFolder() says where it could not write", () => {
  withFolders(({ from, cache }) => {
    Deno.mkdirSync(join(cache, ".."));
    Deno.writeTextFileSync(cache, "a file, not a folder");
    throws(() => unpackFolder(from, cache), (thrown: Error) => {
      return thrown.message.startsWith(`Cannot unpack into ${join(cache, "webview-")}`);
    });
  });
});
