import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { MeetingStore } from "./meeting_store.ts";

const hash = (digit: string) => digit.repeat(64);
const offered = (name: string, digit: string, size = 10) => ({
  ...{ name, size, hash: hash(digit), owner: "Ada", at: 1 },
});

Deno.test("FileIndex keeps offers apart from whole files, each content once in a room", () => {
  using store = new MeetingStore(":memory:");
  const { files } = store;
  const [main, other] = ["Main", "Other"].map((name) => store.keepRoom(name, 0).id);
  const one = files.offer(main, offered("a.txt", "1"));
  deepStrictEqual(one, {
    id: one.id,
    ...offered("a.txt", "1"),
    stored: "a.txt",
    isWhole: false,
    isExecutable: false,
    thumbnailBytes: 0,
  });
  deepStrictEqual(files.list(main), []);
  files.finish(one.id, 7, { isExecutable: true });
  const whole = { ...one, at: 7, isWhole: true, isExecutable: true };
  deepStrictEqual(files.list(main), [whole]);
  deepStrictEqual(files.byHash(main, hash("1"))?.id, one.id);
  strictEqual(files.byHash(other, hash("1")), undefined);
  strictEqual(files.byId(other, one.id), undefined);
  throws(() => files.offer(main, offered("again.txt", "1")));
  files.remove(one.id);
  strictEqual(files.byId(main, one.id), undefined);
  const two = files.offer(main, offered("a.txt", "1"));
  strictEqual(two.id > one.id, true);
});

Deno.test("FileIndex gives no two files of a room one name, whatever their case, and keeps their own for people", () => {
  using store = new MeetingStore(":memory:");
  const room = store.keepRoom("Main", 0).id;
  const names = ["Plan.pdf", "plan.PDF", "../plan.pdf", "Plan (2).pdf"];
  const kept = names.map((name, at) => store.files.offer(room, offered(name, String(at))));
  deepStrictEqual(kept.map(({ name }) => name), names);
  deepStrictEqual(kept.map(({ stored }) => stored), [
    ...["Plan.pdf", "plan (2).PDF", "__plan.pdf", "Plan (2) (2).pdf"],
  ]);
});

Deno.test("FileIndex gives no file the name of what comes of another one", () => {
  using store = new MeetingStore(":memory:");
  const room = store.keepRoom("Main", 0).id;
  const names = ["plan.part", "PLAN.Part", "plan"];
  const kept = names.map((name, at) => store.files.offer(room, offered(name, String(at))));
  deepStrictEqual(kept.map(({ stored }) => stored), ["plan.part_", "PLAN (2).Part_", "plan"]);
});

Deno.test("FileIndex counts the bytes of files and offers, and finds offers that were given up", () => {
  using store = new MeetingStore(":memory:");
  const { files } = store;
  const [main, other] = ["Main", "Other"].map((name) => store.keepRoom(name, 0).id);
  files.finish(files.offer(main, offered("a", "1", 100)).id, 1);
  files.offer(main, { ...offered("b", "2", 20), at: 50 });
  files.offer(other, { ...offered("c", "3", 3), at: 99 });
  deepStrictEqual([files.bytes(main), files.bytes(other), files.bytes()], [120, 3, 123]);
  deepStrictEqual(files.offersBefore(99).map(({ stored, slug }) => [stored, slug]), [
    ["b", "Main"],
  ]);
});

Deno.test("FileIndex keeps a thumbnail with its file, and lets go of it with it", () => {
  using store = new MeetingStore(":memory:");
  const { files } = store;
  const room = store.keepRoom("Main", 0).id;
  const thumbnail = Uint8Array.of(1, 2, 3);
  const one = files.offer(room, { ...offered("a.png", "1"), thumbnail });
  strictEqual(one.thumbnailBytes, 3);
  deepStrictEqual(files.thumbnail(room, one.id), thumbnail);
  const two = files.offer(room, offered("b.png", "2"));
  strictEqual(files.thumbnail(room, two.id), undefined);
  files.depict(two.id, Uint8Array.of(9));
  strictEqual(files.byId(room, two.id)?.thumbnailBytes, 1);
  strictEqual(files.thumbnail(store.keepRoom("Other", 0).id, one.id), undefined);
  files.remove(one.id);
  strictEqual(files.thumbnail(room, one.id), undefined);
});
