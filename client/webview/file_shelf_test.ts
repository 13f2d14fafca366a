import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { FileEntry, TransferEntry } from "@fusionmeet/bridge";
import { FileShelf } from "./file_shelf.ts";

const NEW = { executable: false, thumbnail: false, fresh: true };

function file(id: number, rest: Partial<FileEntry> = {}): FileEntry {
  return { id, name: `${id}.txt`, size: 1, owner: "Bob", own: false, at: id, ...NEW, ...rest };
}

function transfer(id: number, state: TransferEntry["state"]): TransferEntry {
  const nothing = { bytesPerSecond: 0, leftMs: null, message: null, folder: null };
  return { id, direction: "fetch", file: 1, name: "1.txt", state, bytes: 0, size: 1, ...nothing };
}

const NOTHING = { files: [], filesGone: [], transfers: [], transfersGone: [] };

Deno.test("FileShelf has the newest file first and counts those of others until they are seen", () => {
  const shelf = new FileShelf();
  shelf.reset({ type: "files.reset", files: [file(1), file(2)], transfers: [] });
  strictEqual(shelf.unseen.value, 0);
  const files = [file(3), file(4, { own: true }), file(5, { fresh: false })];
  shelf.change({ type: "files", ...NOTHING, files, filesGone: [1] });
  deepStrictEqual(shelf.files.value.map(({ id }) => id), [5, 4, 3, 2]);
  strictEqual(shelf.unseen.value, 1);
  // Offered before others, and there later.
  shelf.change({ type: "files", ...NOTHING, files: [file(6, { at: 9 }), file(1, { at: 8 })] });
  deepStrictEqual(shelf.files.value.map(({ id }) => id), [6, 1, 5, 4, 3, 2]);
  shelf.seen();
  strictEqual(shelf.unseen.value, 0);
});

Deno.test("FileShelf tells of a transfer's end once, and knows the latest of a file", () => {
  const shelf = new FileShelf();
  const change = (...transfers: TransferEntry[]) =>
    shelf.change({ type: "files", ...NOTHING, transfers });
  change(transfer(1, "moving"));
  change(transfer(1, "failed"), transfer(2, "moving"));
  deepStrictEqual(shelf.ended.value.map(({ id }) => id), [1]);
  strictEqual(shelf.fetchOf(1)?.id, 2);
  change(transfer(1, "failed"), transfer(2, "done"));
  deepStrictEqual(shelf.ended.value.map(({ id }) => id), [2]);
  shelf.change({ type: "files", ...NOTHING, transfersGone: [1, 2] });
  strictEqual(shelf.fetchOf(1), undefined);
});

Deno.test("FileShelf forgets the thumbnail of a file that is gone", () => {
  const shelf = new FileShelf();
  shelf.reset({ type: "files.reset", files: [file(1), file(2)], transfers: [] });
  shelf.thumbnailCame(1, "data:1");
  shelf.thumbnailCame(2, null);
  shelf.change({ type: "files", ...NOTHING, filesGone: [1, 3] });
  deepStrictEqual([...shelf.thumbnails.value.keys()], [2]);
});
