import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { type FileIdentity, FolderOrigin, isCopied, type Machine } from "./folder_origin.ts";

const HERE: Machine = { hardware: ["card-a", "card-b"], installation: ["debian"] };
const THERE: Machine = { hardware: ["card-c"], installation: ["ubuntu"] };
const FILE: FileIdentity = { number: 7, madeMs: 1_000 };
const COPY: FileIdentity = { number: 8, madeMs: 2_000 };

function copied(
  before: { file?: FileIdentity; machine?: Machine },
  now: { file?: FileIdentity; machine?: Machine },
  os = "linux",
): boolean {
  const at = { file: FILE, machine: HERE };
  return isCopied({ ...at, ...before }, { ...at, ...now }, os);
}

Deno.test("isCopied(): another file on another computer", () => {
  strictEqual(copied({}, { file: COPY, machine: THERE }), true);
  strictEqual(copied({}, {}), false);
});

Deno.test("isCopied(): a stick that is carried along is none, whatever its file system says of numbers", () => {
  strictEqual(copied({}, { machine: THERE }), false);
  strictEqual(copied({}, { machine: THERE, file: { number: 99, madeMs: 1_000 } }), false);
  const timeless = (number: number) => ({ number, madeMs: null });
  strictEqual(copied({ file: timeless(1) }, { machine: THERE, file: timeless(2) }), false);
});

Deno.test("isCopied(): a folder that was moved, restored or copied on its own computer is none", () => {
  strictEqual(copied({}, { file: COPY }), false);
  // One of the cards is in a drawer; the other system of a computer with two.
  const lessCards = { hardware: ["card-b"], installation: ["debian"] };
  strictEqual(copied({}, { file: COPY, machine: lessCards }), false);
  const otherSystem = { ...HERE, installation: ["windows"] };
  strictEqual(copied({}, { file: COPY, machine: otherSystem }), false);
});

Deno.test("isCopied(): computers made from one image differ by their hardware", () => {
  const twin = { hardware: ["card-z"], installation: HERE.installation };
  strictEqual(copied({}, { file: COPY, machine: twin }), true);
});

Deno.test("isCopied(): where nothing is known of one side, it is none", () => {
  const nothing = { hardware: [], installation: [] };
  strictEqual(copied({}, { file: COPY, machine: nothing }), false);
  strictEqual(copied({ machine: nothing }, { file: COPY, machine: THERE }), false);
  strictEqual(
    copied({ file: { number: null, madeMs: null } }, { file: COPY, machine: THERE }),
    false,
  );
});

Deno.test("isCopied(): the Finder keeps the time of making, so macOS goes by the number", () => {
  const finder = { number: 8, madeMs: 1_000 };
  strictEqual(copied({}, { file: finder, machine: THERE }, "darwin"), true);
  strictEqual(copied({}, { machine: THERE }, "darwin"), false);
  // Windows has no numbers for every disk.
  const numberless = { number: null, madeMs: 2_000 };
  strictEqual(copied({}, { file: numberless, machine: THERE }, "windows"), true);
});

Deno.test("FolderOrigin knows a copied folder on another computer, until it is claimed there", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    Deno.mkdirSync(one);
    const origin = new FolderOrigin(one, "mark", HERE);
    strictEqual(await origin.isCopied(), false);
    await origin.claim();
    await origin.claim();
    strictEqual(await origin.isCopied(), false);
    strictEqual(await new FolderOrigin(one, "mark", THERE).isCopied(), false);
    // As `cp -r` does it: file by file.
    Deno.mkdirSync(two);
    Deno.writeTextFileSync(join(two, "mark"), Deno.readTextFileSync(join(one, "mark")));
    strictEqual(await new FolderOrigin(two, "mark", HERE).isCopied(), false);
    const copy = new FolderOrigin(two, "mark", THERE);
    strictEqual(await copy.isCopied(), true);
    await copy.claim();
    strictEqual(await copy.isCopied(), false);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("FolderOrigin takes a damaged mark for none", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const damaged = ["", "{", "null", "[]", '{"file":1}', '{"file":{},"machine":{"hardware":1}}'];
    for (const text of damaged) {
      Deno.writeTextFileSync(join(folder, "mark"), text);
      deepStrictEqual([await new FolderOrigin(folder, "mark", THERE).isCopied(), text], [
        false,
        text,
      ]);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
