import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  FILES_ADDED_AT_ONCE,
  KEY_HEADER,
  PAGE_FILES_MAX,
  type PageMessage,
} from "@fusionmeet/bridge";
import { FileSender } from "./file_sender.ts";

class Bench {
  readonly said: PageMessage[] = [];
  readonly posts: { path: string; init: RequestInit; end: PromiseWithResolvers<Response> }[] = [];
  tooMany = 0;
  #marks = 0;
  readonly sender = new FileSender({
    send: (message) => this.said.push(message),
    post: (path, init) => {
      const end = Promise.withResolvers<Response>();
      init.signal!.addEventListener("abort", () => end.reject(init.signal!.reason));
      this.posts.push({ path, init, end });
      return end.promise;
    },
    random: (bytes) => bytes.fill(++this.#marks),
    onTooMany: (count) => this.tooMany = count,
  });
}

const MARK = "01".repeat(8);
const file = (name: string) => new File(["abc"], name);

Deno.test("FileSender says what it has, and posts a file when it is asked for, once", async () => {
  const bench = new Bench();
  bench.sender.key = "secret";
  bench.sender.add([file("a.txt")]);
  deepStrictEqual(bench.said, [
    { do: "files.add", files: [{ mark: MARK, name: "a.txt", size: 3 }] },
  ]);
  const done = bench.sender.wanted(MARK);
  await bench.sender.wanted(MARK);
  strictEqual(bench.posts.length, 1);
  const [{ path, init, end }] = bench.posts;
  strictEqual(path, `/file/${MARK}`);
  strictEqual((init.headers as Record<string, string>)[KEY_HEADER], "secret");
  strictEqual(bench.sender.count, 1);
  end.resolve(new Response(null, { status: 204 }));
  await done;
  strictEqual(bench.sender.count, 0);
  strictEqual(bench.said.length, 1);
});

Deno.test("FileSender says what it does not have, and what cannot be read; what is not wanted it stops", async () => {
  const bench = new Bench();
  await bench.sender.wanted(MARK);
  deepStrictEqual(bench.said.at(-1), { do: "file.lost", mark: MARK });
  bench.sender.add([file("a"), file("b")]);
  const lost = bench.sender.wanted(MARK);
  bench.posts[0].end.reject(new TypeError("Failed to fetch"));
  await lost;
  deepStrictEqual(bench.said.slice(2), [{ do: "file.lost", mark: MARK }]);
  const other = "02".repeat(8);
  const stopped = bench.sender.wanted(other);
  bench.sender.unwanted(other);
  await stopped;
  strictEqual(bench.said.length, 3);
  strictEqual(bench.sender.count, 0);
});

Deno.test("FileSender tells of very many in portions, and of those that are left out", () => {
  const bench = new Bench();
  bench.sender.add(Array(PAGE_FILES_MAX + 5).fill(file("a")));
  strictEqual(bench.tooMany, 5);
  strictEqual(bench.said.length, PAGE_FILES_MAX / FILES_ADDED_AT_ONCE);
});
