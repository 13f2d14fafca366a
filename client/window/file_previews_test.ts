import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { Refusal } from "@fusionmeet/base";
import type { ProgramMessage } from "@fusionmeet/bridge";
import type { Transfer } from "../files/shared_files.ts";
import { Thumbnails } from "../files/thumbnails.ts";
import { FilePreviews, PREVIEW_FETCH_BYTES_MAX, PREVIEWS_KEPT_MAX } from "./file_previews.ts";

const PICTURE = Uint8Array.of(1, 2, 3);
const SHOWN = "data:image/webp;base64,AQID";

/** Previews of a room whose files have the sizes that are given, by id. */
class Bench implements AsyncDisposable {
  readonly asked: unknown[] = [];
  readonly told: unknown[] = [];
  readonly folder = Deno.makeTempDirSync();
  saved: string | undefined;
  fault: Refusal | undefined;
  readonly previews: FilePreviews;

  constructor(sizes: Readonly<Record<number, number>>) {
    this.previews = new FilePreviews({
      files: {
        fetch: (file, folder, how) => {
          this.asked.push(["fetch", file, how]);
          return this.transfer(file, { path: folder });
        },
        cancel: (id, how) => void this.asked.push(["cancel", id, how]),
        thumbnails: new Thumbnails(() => {}),
      },
      shrinker: {
        shrink: (path) => {
          this.asked.push(["shrink", path]);
          return this.fault === undefined ? Promise.resolve(PICTURE) : Promise.reject(this.fault);
        },
      },
      send: (message) => void this.told.push(message),
      file: (id) => id in sizes ? { size: sizes[id] } : undefined,
      saved: () => this.saved,
      makeFolder: () => Promise.resolve(this.folder),
    });
  }

  transfer(file: number, change: Partial<Transfer>): Transfer {
    const progress = { bytes: 1, size: 4, bytesPerSecond: 0 };
    return {
      ...{ id: 10 + file, direction: "fetch", file, name: `${file}.png`, state: "moving" },
      ...{ progress, isPreview: true, ...change },
    };
  }

  /** The file has come. @returns where it is. */
  came(file: number): string {
    const path = join(this.folder, `${file}.png`);
    Deno.writeTextFileSync(path, "picture");
    this.previews.transferred(this.transfer(file, { state: "done", path }));
    return path;
  }

  /** What the page was told since the last call. */
  get states(): unknown[] {
    return (this.told.splice(0) as Extract<ProgramMessage, { type: "file.preview" }>[]).map(
      ({ file, state, part, picture, problem }) => [file, state, picture ?? problem ?? part],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.previews.close();
  }
}

Deno.test("FilePreviews fetches a file, shows it small, keeps that, and leaves nothing of the file", async () => {
  await using bench = new Bench({ 1: 5 });
  const shown = bench.previews.show(1);
  await Promise.resolve();
  bench.previews.transferred(bench.transfer(1, {}));
  const path = bench.came(1);
  await shown;
  deepStrictEqual(bench.states, [[1, "coming", 0], [1, "coming", 0.25], [1, "there", SHOWN]]);
  deepStrictEqual(bench.asked, [["fetch", 1, { isPreview: true }], ["shrink", path]]);
  deepStrictEqual([...Deno.readDirSync(bench.folder)], []);
  await bench.previews.show(1);
  deepStrictEqual(bench.states, [[1, "there", SHOWN]]);
  strictEqual(bench.asked.length, 2);
  bench.previews.forget(1);
  void bench.previews.show(1);
  await Promise.resolve();
  strictEqual(bench.asked.length, 3);
});

Deno.test("FilePreviews takes a copy that was saved, and leaves it", async () => {
  await using bench = new Bench({ 1: PREVIEW_FETCH_BYTES_MAX + 1 });
  bench.saved = join(bench.folder, "mine.png");
  Deno.writeTextFileSync(bench.saved, "picture");
  await bench.previews.show(1);
  deepStrictEqual(bench.asked, [["shrink", bench.saved]]);
  strictEqual(Deno.readTextFileSync(bench.saved), "picture");
});

Deno.test("FilePreviews fetches nothing that is too large, and says in words what cannot be shown", async () => {
  const max = PREVIEW_FETCH_BYTES_MAX;
  await using bench = new Bench({ 1: max + 1, 2: max, 3: 5, 4: 5 });
  await bench.previews.show(1);
  const words = "It has 34 MB: up to 34 MB are shown without saving it";
  deepStrictEqual(bench.states, [[1, "coming", 0], [1, "none", words]]);
  const faults: readonly (readonly [number, Refusal, string])[] = [
    [2, new Refusal("picture-memory", "over"), "Showing it would take too much memory"],
    [3, new Refusal("disk", "The disk says no"), "The disk says no"],
  ];
  for (const [file, fault, problem] of faults) {
    bench.fault = fault;
    const shown = bench.previews.show(file);
    await Promise.resolve();
    bench.came(file);
    await shown;
    deepStrictEqual(bench.states, [[file, "coming", 0], [file, "none", problem]]);
  }
  const shown = bench.previews.show(4);
  await Promise.resolve();
  const failed = bench.transfer(4, { state: "failed", message: "It was deleted" });
  bench.previews.transferred(failed);
  await shown;
  deepStrictEqual(bench.states, [[4, "coming", 0], [4, "none", "It was deleted"]]);
});

Deno.test("FilePreviews breaks off what is not looked at any more, and tells nothing of it", async () => {
  await using bench = new Bench({ 1: 5, 2: 5 });
  const first = bench.previews.show(1);
  await Promise.resolve();
  const second = bench.previews.show(2);
  deepStrictEqual(bench.asked.slice(-1), [["cancel", 11, { discard: true }]]);
  await Promise.resolve();
  bench.previews.transferred(bench.transfer(1, { state: "cancelled" }));
  bench.previews.transferred(bench.transfer(1, {}));
  await first;
  bench.previews.hide();
  bench.came(2);
  await second;
  deepStrictEqual(bench.states, [[1, "coming", 0], [2, "coming", 0]]);
});

Deno.test("FilePreviews keeps so many pictures and no more", async () => {
  const count = PREVIEWS_KEPT_MAX + 1;
  const sizes = Object.fromEntries(Array.from({ length: count }, (_, file) => [file, 1]));
  await using bench = new Bench(sizes);
  for (let file = 0; file < count; file++) {
    const shown = bench.previews.show(file);
    await Promise.resolve();
    bench.came(file);
    await shown;
  }
  bench.states;
  await bench.previews.show(1);
  deepStrictEqual(bench.states, [[1, "there", SHOWN]]);
  void bench.previews.show(0);
  deepStrictEqual(bench.states, [[0, "coming", 0]]);
});
