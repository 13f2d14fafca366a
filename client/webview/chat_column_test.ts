import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ChatEntry } from "@fusionmeet/bridge";
import { ChatColumn, COLUMN_ENTRIES_MAX } from "./chat_column.ts";

type Line = Extract<ChatEntry, { kind: "line" }>;

function line(mark: string, id: number | null, rest: Partial<Line> = {}): Line {
  const state = id === null ? "sending" : "stored";
  return {
    kind: "line",
    mark,
    id,
    at: 0,
    from: "Ann",
    own: false,
    text: mark,
    state,
    problem: null,
    ...rest,
  };
}

function notice(mark: string): ChatEntry {
  return { kind: "notice", mark, at: 0, notice: "joined", name: "Ben" };
}

const marks = (chat: ChatColumn) => chat.entries.value.map(({ mark }) => mark).join(" ");

Deno.test("ChatColumn.add() puts a stored line where its id belongs, under its own mark", () => {
  const chat = new ChatColumn();
  chat.reset([line("a", 1)], false);
  chat.add([line("own", null, { own: true }), notice("n")]);
  strictEqual(marks(chat), "a own n");
  chat.add([line("b", 2)]);
  strictEqual(marks(chat), "a b own n", "what is not stored stays behind what is");
  chat.add([line("own", 3, { own: true })]);
  strictEqual(marks(chat), "a b n own", "stored in the order of the room");
  chat.add([line("c", 5), line("d", 4)]);
  strictEqual(marks(chat), "a b n own d c");
});

Deno.test("ChatColumn.add() keeps the place of a line that only changes its state", () => {
  const chat = new ChatColumn();
  chat.add([line("x", null, { own: true }), line("y", null, { own: true })]);
  chat.add([line("x", null, { own: true, state: "unsent", problem: "why" })]);
  strictEqual(marks(chat), "x y");
  strictEqual((chat.entries.value[0] as Line).state, "unsent");
  chat.remove("x");
  strictEqual(marks(chat), "y");
});

Deno.test("ChatColumn.unseen counts what others wrote, once", () => {
  const chat = new ChatColumn();
  chat.reset([line("a", 1)], false);
  chat.add([line("b", 2), line("own", null, { own: true }), notice("n")]);
  chat.add([line("b", 2)]);
  strictEqual(chat.unseen.value, 1);
  chat.add([line("before", 3, { past: true }), line("now", 4)]);
  strictEqual(chat.unseen.value, 2, "what was said before one came in is no news");
  deepStrictEqual(chat.fresh.value.map(({ mark }) => mark), ["now"]);
  chat.seen();
  strictEqual(chat.unseen.value, 0);
});

Deno.test("ChatColumn.older() asks once at a time, and addOlder() puts the answer before the rest", () => {
  const chat = new ChatColumn();
  strictEqual(chat.older(), undefined, "nothing is older than nothing");
  chat.reset([line("c", 3)], true);
  strictEqual(chat.older(), "c");
  strictEqual(chat.older(), undefined, "one question at a time");
  chat.addOlder([line("a", 1), line("b", 2), line("c", 3)], false);
  strictEqual(marks(chat), "a b c");
  strictEqual(chat.older(), undefined, "that was the beginning");
  deepStrictEqual([chat.unseen.value, chat.fresh.value], [0, []]);
});

Deno.test("ChatColumn holds COLUMN_ENTRIES_MAX entries; the oldest can be asked for again", () => {
  const chat = new ChatColumn();
  chat.reset([], false);
  chat.add(Array.from({ length: COLUMN_ENTRIES_MAX }, (_, index) => line(`m${index}`, index + 1)));
  deepStrictEqual([chat.entries.value.length, chat.hasOlder.value], [COLUMN_ENTRIES_MAX, false]);
  chat.add([line("last", COLUMN_ENTRIES_MAX + 1)]);
  const dropped = COLUMN_ENTRIES_MAX / 10;
  strictEqual(chat.entries.value.length, COLUMN_ENTRIES_MAX + 1 - dropped);
  deepStrictEqual([chat.older(), chat.entries.value.at(-1)?.mark], [`m${dropped}`, "last"]);
});
