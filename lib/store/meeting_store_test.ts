import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MeetingStore } from "./meeting_store.ts";

/** Runs with a folder of its own, which is gone afterwards. */
async function withFolder(test: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function line(mark: string, text = mark) {
  return { at: 1.5, from: "Ann", text, mark };
}

Deno.test("MeetingStore.append() numbers each room's lines 1, 2, 3… and a mark is one line", () => {
  using store = new MeetingStore(":memory:");
  const main = store.keepRoom("Main", 0);
  const side = store.keepRoom("Side", 0);
  strictEqual(store.latestLine(main.id), 0);
  deepStrictEqual(store.append(main.id, line("a")), { line: { id: 1, ...line("a") }, isNew: true });
  store.append(side.id, line("a"));
  store.append(main.id, line("b"));
  deepStrictEqual(store.append(main.id, line("a", "changed")), {
    line: { id: 1, ...line("a") },
    isNew: false,
  });
  strictEqual(store.latestLine(main.id), 2);
  strictEqual(store.latestLine(side.id), 1);
});

Deno.test("MeetingStore.linesAfter() gives pages in order", () => {
  using store = new MeetingStore(":memory:");
  const { id } = store.keepRoom("Main", 0);
  for (let count = 1; count <= 5; count++) store.append(id, line(`m${count}`));
  const ids = (after: number, countMax: number) =>
    store.linesAfter(id, { after, countMax }).map((each) => each.id);
  deepStrictEqual(ids(0, 2), [1, 2]);
  deepStrictEqual(ids(2, 9), [3, 4, 5]);
  deepStrictEqual(ids(5, 9), []);
  deepStrictEqual(ids(Number.MAX_SAFE_INTEGER, 9), []);
});

Deno.test("MeetingStore keeps any text as it was", () => {
  using store = new MeetingStore(":memory:");
  const { id } = store.keepRoom("Main", 0);
  const texts = [
    "'; DROP TABLE chat; --",
    "\u0001\u007f\u0085",
    "👩‍🚀 \u202e\n\t",
    "x".repeat(4_000),
    "<script>",
  ];
  texts.forEach((text, index) => store.append(id, line(`m${index}`, text)));
  deepStrictEqual(store.linesAfter(id, { after: 0, countMax: 9 }).map(({ text }) => text), texts);
});

Deno.test("MeetingStore.keepRoom() finds a folder for each of very many rooms that come out alike", () => {
  using store = new MeetingStore(":memory:");
  const slugs = new Set<string>();
  store.together(() => {
    for (let room = 0; room < 4_000; room++) {
      slugs.add(
        store.keepRoom(String.fromCodePoint(0x2580 + (room >> 6), 0x2580 + room % 64), 0).slug,
      );
    }
  });
  // Not tried one by one.
  const numbers = ["__", "__-20", "__-21"].map((slug) => slugs.has(slug));
  deepStrictEqual([slugs.size, ...numbers], [4_000, true, true, false]);
});

Deno.test("MeetingStore.together() keeps all or nothing", () => {
  using store = new MeetingStore(":memory:");
  const { id } = store.keepRoom("Main", 0);
  throws(() =>
    store.together(() => {
      store.append(id, line("a"));
      throw new Error("half way");
    }), /half way/);
  strictEqual(store.latestLine(id), 0);
  store.together(() => {
    store.append(id, line("a"));
    store.append(id, line("b"));
  });
  strictEqual(store.latestLine(id), 2);
});

Deno.test("MeetingStore.keepRoom() knows a room in any case, and gives each room its own folder", () => {
  using store = new MeetingStore(":memory:");
  const main = store.keepRoom("Main", 0);
  deepStrictEqual(store.keepRoom("MAIN", 9), main);
  deepStrictEqual(store.findRoom("main"), main);
  strictEqual(store.findRoom("other"), undefined);
  deepStrictEqual(
    ["a b", "a/b", "A\\B", "a_b", "a_b-2"].map((name) => store.keepRoom(name, 0).slug),
    ["a_b", "a_b-2", "A_B-3", "a_b-4", "a_b-2-2"],
  );
});

Deno.test("MeetingStore: rooms and chat are there after closing and opening again", async () => {
  await withFolder((folder) => {
    const path = join(folder, "test.sqlite");
    {
      using store = new MeetingStore(path);
      store.append(store.keepRoom("Main", 0).id, line("a"));
    }
    using store = new MeetingStore(path);
    const room = store.findRoom("Main")!;
    store.append(room.id, line("b"));
    deepStrictEqual(
      store.linesAfter(room.id, { after: 0, countMax: 9 }).map(({ id, mark }) => [id, mark]),
      [[1, "a"], [2, "b"]],
    );
  });
});

Deno.test("MeetingStore says what is wrong with a damaged or newer file, and leaves it alone", async () => {
  await withFolder(async (folder) => {
    const damaged = join(folder, "damaged.sqlite");
    const bytes = new TextEncoder().encode("this is no database ".repeat(100));
    await Deno.writeFile(damaged, bytes);
    throws(
      () => new MeetingStore(damaged),
      /Cannot open .*damaged\.sqlite: file is not a database/,
    );
    deepStrictEqual(await Deno.readFile(damaged), bytes);
    const newer = join(folder, "newer.sqlite");
    const database = new DatabaseSync(newer);
    database.exec("PRAGMA user_version = 99");
    database.close();
    throws(() => new MeetingStore(newer), /made by a newer version \(99, this one knows 5\)/);
    throws(() => new MeetingStore(join(folder, "no", "where.sqlite")), /Cannot open/);
  });
});

/** Says every line twice (as after a lost answer), and prints its mark once it was told that it is kept. */
const WRITER = `
  import { MeetingStore } from ${
  JSON.stringify(new URL("./meeting_store.ts", import.meta.url).href)
};
  const store = new MeetingStore(Deno.args[0]);
  const room = store.keepRoom("Main", 0).id;
  for (let count = 0;; count++) {
    const mark = Deno.args[1] + "-" + count;
    const entry = { at: 0, from: "Ann", text: "text of " + mark, mark };
    store.append(room, entry);
    store.append(room, entry);
    Deno.stdout.writeSync(new TextEncoder().encode(mark + "\\n"));
  }
`;

Deno.test("MeetingStore: after kill -9 of the writer every acknowledged line is there once and in order", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "test.sqlite");
    const program = join(folder, "writer.ts");
    await Deno.writeTextFile(program, WRITER);
    const config = join(import.meta.dirname!, "..", "..", "deno.json");
    const acknowledged: string[] = [];
    for (let life = 0; life < 4; life++) {
      const writer = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "--config", config, program, path, `${life}`],
        stdout: "piped",
        stderr: "inherit",
      }).spawn();
      let text = "";
      for await (const piece of writer.stdout.pipeThrough(new TextDecoderStream())) {
        text += piece;
        if (text.length > 200 + 300 * life) break;
      }
      writer.kill("SIGKILL");
      await writer.status;
      acknowledged.push(...text.slice(0, text.lastIndexOf("\n")).split("\n"));
    }
    using store = new MeetingStore(path);
    const { id } = store.findRoom("Main")!;
    const kept = store.linesAfter(id, { after: 0, countMax: 1_000_000 });
    deepStrictEqual(kept.map((each) => each.id), kept.map((_, index) => index + 1));
    strictEqual(new Set(kept.map(({ mark }) => mark)).size, kept.length);
    ok(kept.every(({ text, mark }) => text === `text of ${mark}`));
    const marks = kept.map(({ mark }) => mark);
    deepStrictEqual(marks.filter((mark) => acknowledged.includes(mark)), acknowledged);
    ok(acknowledged.length > 40, `${acknowledged.length} lines`);
  });
});
