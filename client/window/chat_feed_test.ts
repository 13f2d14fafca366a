import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CHAT_PAGE_ENTRIES, type ChatEntry, type ProgramMessage } from "@fusionmeet/bridge";
import { CHAT_ENTRIES_MAX, CHAT_ENTRIES_TEXT_MAX, ChatFeed } from "./chat_feed.ts";

/** A feed and what the page holds of it, put together as the messages say. */
class Page {
  readonly messages: ProgramMessage[] = [];
  readonly feed = new ChatFeed((message) => this.messages.push(message));

  line(id: number, text = `line ${id}`, mark = `mark-${id}`): void {
    this.feed.stored({ id, at: id, from: "Ada", text, mark }, { own: false, past: false });
  }

  get entries(): ChatEntry[] {
    return this.messages.flatMap((message) => message.type === "chat" ? message.entries : []);
  }
}

const idsOf = (message: ProgramMessage) =>
  "entries" in message ? message.entries.map((entry) => "id" in entry ? entry.id : null) : [];

Deno.test("ChatFeed sends the lines of one turn together, and a page at most", async () => {
  const page = new Page();
  for (let id = 1; id <= CHAT_PAGE_ENTRIES + 1; id++) page.line(id);
  strictEqual(page.messages.length, 0);
  await Promise.resolve();
  deepStrictEqual(page.messages.map((each) => idsOf(each).length), [CHAT_PAGE_ENTRIES, 1]);
});

Deno.test("ChatFeed.reset() and older() page back to the first line", () => {
  const page = new Page();
  const count = 2 * CHAT_PAGE_ENTRIES + 5;
  for (let id = 1; id <= count; id++) page.line(id);
  const newest = page.feed.reset();
  deepStrictEqual(idsOf(newest).at(0), CHAT_PAGE_ENTRIES + 6);
  const older = page.feed.older(`mark-${CHAT_PAGE_ENTRIES + 6}`);
  deepStrictEqual([idsOf(older).at(0), idsOf(older).at(-1)], [6, CHAT_PAGE_ENTRIES + 5]);
  const oldest = page.feed.older("mark-6");
  deepStrictEqual(oldest.type === "chat.older" && oldest.hasOlder, false);
  deepStrictEqual(idsOf(oldest), [1, 2, 3, 4, 5]);
  deepStrictEqual(idsOf(page.feed.older("nobody's")), []);
});

Deno.test("ChatFeed.older() gives long lines in smaller pages", () => {
  const page = new Page();
  for (let id = 1; id <= 100; id++) page.line(id, "x".repeat(4_000));
  strictEqual(idsOf(page.feed.reset()).length, 65);
});

Deno.test("ChatFeed shows an own line as sending, then stored in its place, once", async () => {
  const page = new Page();
  page.feed.said({ mark: "a", at: 1, from: "Ada", text: "Hi" });
  strictEqual(page.feed.openCount, 1);
  await Promise.resolve();
  page.feed.stored({ id: 9, at: 2, from: "Ada", text: "Hi", mark: "a" }, {
    own: true,
    past: false,
  });
  await Promise.resolve();
  deepStrictEqual(page.entries.map((entry) => entry.kind === "line" && entry.state), [
    "sending",
    "stored",
  ]);
  strictEqual(page.feed.openCount, 0);
  deepStrictEqual(idsOf(page.feed.reset()), [9]);
});

Deno.test("ChatFeed keeps what the server declined until it is tried again or thrown away", async () => {
  const page = new Page();
  for (const mark of ["a", "b"]) page.feed.said({ mark, at: 1, from: "Ada", text: mark });
  strictEqual(page.feed.declined("none", "?"), false);
  strictEqual(page.feed.retried("a"), undefined);
  page.feed.declined("a", "too long");
  page.feed.declined("b", "too long");
  strictEqual(page.feed.retried("a"), "a");
  page.feed.discarded("a");
  page.feed.discarded("b");
  await Promise.resolve();
  deepStrictEqual(page.messages.filter(({ type }) => type === "chat.gone"), [
    { type: "chat.gone", mark: "b" },
  ]);
  const whole = page.feed.reset();
  ok("entries" in whole);
  const [left] = whole.entries;
  deepStrictEqual([left.mark, left.kind === "line" && left.state], ["a", "sending"]);
});

Deno.test("ChatFeed forgets the oldest beyond its limit", () => {
  const page = new Page();
  for (let id = 1; id <= CHAT_ENTRIES_MAX; id++) page.line(id);
  deepStrictEqual(idsOf(page.feed.older("mark-3")), [1, 2]);
  page.line(CHAT_ENTRIES_MAX + 1);
  deepStrictEqual(idsOf(page.feed.older("mark-2003")), [2001, 2002]);
});

Deno.test("ChatFeed forgets the oldest beyond its text", () => {
  const page = new Page();
  const text = "x".repeat(4_096);
  const count = CHAT_ENTRIES_TEXT_MAX / text.length;
  for (let time = 0; time < 2; time++) {
    page.feed.restart();
    for (let id = 1; id <= count; id++) page.line(id, text);
    deepStrictEqual(idsOf(page.feed.older("mark-3")), [1, 2], "at the limit");
  }
  page.line(count + 1, "x");
  deepStrictEqual(idsOf(page.feed.older("mark-412")), [410, 411]);
  for (let id = count + 2; id < count + 410; id++) page.line(id, text);
  deepStrictEqual(idsOf(page.feed.older("mark-412")), [410, 411], "there is place again");
});
