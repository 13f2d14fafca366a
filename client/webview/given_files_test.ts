import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { droppedFiles, fileTime, pastedFiles } from "./given_files.ts";

const file = (name: string, type = "") => new File(["x"], name, { type });

interface Folder {
  readonly [name: string]: Folder | string;
}

/** As a browser gives what is dropped: folders in portions, one file of them unreadable where its content is "!". */
function entry(name: string, content: Folder | string): unknown {
  if (typeof content === "string") {
    const give = (done: (file: File) => void, failed: () => void) =>
      content === "!" ? failed() : done(file(name));
    return { isFile: true, isDirectory: false, file: give };
  }
  const entries = Object.entries(content).map(([name, content]) => entry(name, content));
  const createReader = () => {
    const portions: unknown[][] = [entries.slice(0, 1), entries.slice(1), []].filter((each, at) =>
      at === 2 || each.length > 0
    );
    return { readEntries: (done: (entries: unknown[]) => void) => done(portions.shift() ?? []) };
  };
  return { isFile: false, isDirectory: true, createReader };
}

function drop(content: Folder): DataTransfer {
  const items = Object.entries(content).map(([name, each]) => ({
    kind: "file",
    webkitGetAsEntry: () => entry(name, each),
  }));
  return {
    items,
    files: Object.keys(content).map((name) => file(name)),
  } as unknown as DataTransfer;
}

const namesOf = async (content: Folder, max = 100) =>
  (await droppedFiles(drop(content), max)).map(({ name }) => name);

Deno.test("droppedFiles() are the files, those of folders and below under their own names", async () => {
  deepStrictEqual(await namesOf({ a: "x", b: "x" }), ["a", "b"]);
  const folder = { inner: { c: "x", secret: "!" }, d: "x", empty: {} };
  deepStrictEqual(await namesOf({ a: "x", folder, b: "x" }), ["a", "c", "d", "b"]);
  // One more than are taken, so that it is known that there are more.
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, "x"]));
  strictEqual((await namesOf({ many }, 10)).length, 11);
});

function clipboard(types: string[], files: File[]): DataTransfer {
  return { types, files } as unknown as DataTransfer;
}

Deno.test("pastedFiles() names a picture by its time, and leaves text to where it is written", () => {
  const named = (types: string[], ...files: File[]) =>
    pastedFiles(clipboard(types, files), "Pasted picture").map(({ name }) => name);
  deepStrictEqual(named(["Files"], file("image.png", "image/png")), ["Pasted picture.png"]);
  deepStrictEqual(named(["Files"], file("", "image/jpeg")), ["Pasted picture.jpeg"]);
  deepStrictEqual(named(["Files"], file("cat.png", "image/png"), file("a.pdf")), [
    "cat.png",
    "a.pdf",
  ]);
  deepStrictEqual(named(["text/plain", "Files"], file("image.png", "image/png")), []);
  deepStrictEqual(pastedFiles(null, "x"), []);
});

Deno.test("fileTime() has no character that a file's name may not have", () => {
  strictEqual(fileTime(new Date(2026, 10, 8, 9, 5)), "2026-11-08 09.05");
});
