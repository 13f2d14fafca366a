import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import type { ProgramMessage } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import type { SharedFile, Transfer } from "../files/shared_files.ts";
import { Thumbnails } from "../files/thumbnails.ts";
import { WindowFiles } from "./window_files.ts";

class Bench {
  readonly asked: unknown[] = [];
  readonly sent: ProgramMessage[] = [];
  /** What the user says to the system's dialog. */
  answer = Promise.withResolvers<string | undefined>();
  /** Why the folder cannot be shown. */
  fault: string | undefined;
  readonly files = new WindowFiles({
    files: {
      send: ({ name }) => {
        this.asked.push(["send", name]);
        return transfer(0, { name, direction: "send" });
      },
      fetch: (id, folder, { name } = {}) => {
        this.asked.push(["fetch", id, folder, ...(name === undefined ? [] : [name])]);
        return transfer(id, {});
      },
      cancel: (id, how) => void this.asked.push(["cancel", id, how]),
      delete: (id) => void this.asked.push(["delete", id]),
      thumbnails: new Thumbnails(() => {}),
    },
    shrinker: { shrink: () => Promise.reject(new Refusal("no-sharp", "not here")) },
    timers: new FakeTimers(),
    send: (message) => this.sent.push(message),
    ownName: () => "Ada",
    home: () => "/home/ada",
    downloads: () => "/home/ada/Downloads",
    openSpool: () => Promise.reject(new Refusal("file-unreadable", "No disk")),
    room: () => ({ server: "ab", room: "Lab" }),
    show: (folder) => {
      this.asked.push(["show", folder]);
      return Promise.resolve(this.fault);
    },
    ask: ({ name }, signal) => {
      this.asked.push(["ask", name]);
      signal.addEventListener("abort", () => this.answer.reject(signal.reason));
      return this.answer.promise;
    },
  });

  transferred(id: number, change: Partial<Transfer>): void {
    this.files.happened({ event: "transfer", transfer: transfer(id, change) });
  }

  get states(): unknown[] {
    return this.files.feed.transfers.map(({ id, state, folder }) => [id, state, folder]);
  }
}

function transfer(id: number, change: Partial<Transfer>): Transfer {
  const progress = { bytes: 0, size: 9, bytesPerSecond: 0 };
  return {
    id,
    direction: "fetch",
    file: id,
    name: `${id}.txt`,
    state: "moving",
    progress,
    ...change,
  };
}

const FILE: SharedFile = {
  ...{ id: 1, name: "a", size: 1, hash: "", owner: "Bob", at: 5, isExecutable: false },
};

Deno.test("WindowFiles tells which files are new, and which are one's own", () => {
  const { files } = new Bench();
  const entries = [
    [{ ...FILE, id: 1 }, false],
    [{ ...FILE, id: 2 }, true],
    [{ ...FILE, id: 3, owner: "Ada" }, true],
    // Of somebody else of that name, and of one's own under another.
    [{ ...FILE, id: 4, owner: "Ada", isOwn: false }, false],
    [{ ...FILE, id: 5, isOwn: true }, true],
  ] as const;
  const put: unknown[] = [];
  files.feed.put = ({ id, own, fresh }) => put.push([id, own, fresh]);
  for (const [file, isNew] of entries) {
    files.happened({ event: "file", state: "there", file, isNew });
  }
  deepStrictEqual(put, [[1, false, false], [2, false, true], [3, true, false], [4, false, false], [
    5,
    true,
    false,
  ]]);
});

Deno.test("WindowFiles saves in the folder for downloads, once at a time, and shows where", async () => {
  const bench = new Bench();
  bench.files.save(4);
  bench.transferred(4, {});
  bench.files.save(4);
  bench.transferred(4, { state: "done", path: "/home/ada/Downloads/4 (2).txt" });
  deepStrictEqual(bench.states, [[4, "done", "/home/ada/Downloads"]]);
  bench.files.showFolder(4);
  bench.files.showFolder(5);
  bench.files.save(4);
  const fetch = ["fetch", 4, "/home/ada/Downloads"];
  deepStrictEqual(bench.asked, [fetch, ["show", "/home/ada/Downloads"], fetch]);
  bench.sent.length = 0;
  bench.fault = "Cannot open the folder: xdg-open is not on this computer";
  bench.files.showFolder(4);
  await Promise.resolve();
  const [toast] = bench.sent.filter(({ type }) => type === "toast");
  strictEqual(
    toast.type === "toast" && toast.message,
    `${bench.fault}: the file is /home/ada/Downloads/4 (2).txt`,
  );
});

Deno.test("WindowFiles shows what is on its way and what failed, until that is closed", () => {
  const bench = new Bench();
  bench.transferred(1, { direction: "send", file: undefined });
  bench.transferred(2, { direction: "send", file: undefined, state: "hashing" });
  bench.transferred(3, {});
  deepStrictEqual(bench.files.underWay, [
    "2 files are not sent to their end",
    "3.txt is not saved to its end",
  ]);
  bench.files.forget(1);
  bench.transferred(1, { direction: "send", file: undefined, state: "done" });
  bench.transferred(2, { direction: "send", file: undefined, state: "failed", message: "Too big" });
  bench.transferred(3, { state: "cancelled" });
  deepStrictEqual(bench.states, [[2, "failed", null]]);
  deepStrictEqual(bench.files.underWay, []);
  bench.files.forget(2);
  deepStrictEqual(bench.states, []);
  // The user does not want it: nothing of it stays.
  bench.files.cancel(9);
  deepStrictEqual(bench.asked, [["cancel", 9, { discard: true }]]);
});

Deno.test("WindowFiles saves where the system's dialog says, asks once at a time, and ends it with the meeting", async () => {
  const bench = new Bench();
  const { files } = bench;
  files.happened({
    event: "file",
    state: "there",
    file: { ...FILE, name: "a:b.pdf" },
    isNew: false,
  });
  const browse = async (answer: (to: Bench["answer"]) => void) => {
    bench.asked.length = 0;
    bench.answer = Promise.withResolvers();
    const browsing = files.browse(1);
    await files.browse(1);
    answer(bench.answer);
    await browsing;
    return bench.asked.splice(0);
  };
  const asked = ["ask", "a_b.pdf"];
  deepStrictEqual(await browse(({ resolve }) => resolve("/tmp/mine.pdf")), [
    ...[asked, ["fetch", 1, "/tmp", "mine.pdf"]],
  ]);
  deepStrictEqual(await browse(({ resolve }) => resolve(undefined)), [asked]);
  bench.sent.length = 0;
  const fault = new Refusal("no-dialog", "Cannot ask with zenity: it is not there");
  deepStrictEqual(await browse(({ reject }) => reject(fault)), [asked]);
  deepStrictEqual(bench.sent.flatMap((each) => each.type === "toast" ? [each.message] : []), [
    fault.message,
  ]);
  bench.sent.length = 0;
  deepStrictEqual(await browse(() => void files.close({ keep: true })), [asked]);
  deepStrictEqual(bench.sent, []);
});

Deno.test("WindowFiles says where to find what the room had already under another name", () => {
  const bench = new Bench();
  const sent = { direction: "send", file: undefined, state: "done", name: "copy.pdf" } as const;
  const told = (known: Transfer["known"]) => {
    bench.sent.length = 0;
    bench.transferred(1, { ...sent, known });
    return bench.sent.flatMap((message) => message.type === "toast" ? [message.message] : []);
  };
  const words = "copy.pdf is in this room already: it is the same as";
  deepStrictEqual(told({ name: "a.pdf", owner: "Bob" }), [`${words} a.pdf, from Bob.`]);
  deepStrictEqual(told({ name: "a.pdf", owner: "Ada" }), [`${words} a.pdf, yours.`]);
  deepStrictEqual(told({ name: "copy.pdf", owner: "Ada" }), []);
  deepStrictEqual(told(undefined), []);
});
