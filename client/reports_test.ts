import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { keyChanged, keyUnknown, unreachable } from "./failures.ts";
import type { MeetingEvent } from "./meeting_types.ts";
import { printable } from "./printable.ts";
import { failureReport, type ReportContext, reportOf, sentenceOf } from "./reports.ts";

const KEY = "ab".repeat(32);
const SERVER = { hostname: "meet.local", port: 65_435 };
const BOB = { id: 8, name: "Bob", microphone: true, camera: false, away: false };
const context: ReportContext = {
  server: "meet.local:65435",
  nameOf: (id) => id === 8 ? "Bob" : undefined,
  self: () => 7,
};

Deno.test("reportOf() names people, tells oneself from others, and keeps times apart", () => {
  const left = { person: BOB, state: "left", reason: "lost" } as const;
  deepStrictEqual(reportOf({ event: "participant", change: left }, context), {
    event: "participant",
    id: 8,
    name: "Bob",
    you: false,
    state: "left",
    reason: "lost",
    microphone: true,
    camera: false,
  });
  deepStrictEqual(reportOf({ event: "speaking", person: BOB, on: true }, context), {
    event: "speaking",
    participant: 8,
    name: "Bob",
    on: true,
  });
  const line = { id: 3, at: 1_000, from: "Bob", text: "Hi", mark: "m" };
  deepStrictEqual(reportOf({ event: "chat", line }, context), {
    event: "chat",
    id: 3,
    from: "Bob",
    text: "Hi",
    saidAt: 1_000,
    mark: "m",
  });
  const stream = { ssrc: 9, participant: 8, kind: "camera", layer: "high", codec: "h264" } as const;
  const report = reportOf({ event: "stream", state: "open", stream }, context);
  deepStrictEqual([report.participant, report.id, report.ssrc], ["Bob", 8, 9]);
  const picture = { event: "picture", participant: "Bob", id: 8, kind: "camera" };
  deepStrictEqual(reportOf({ event: "picture", stream }, context), {
    ...picture,
    layer: "high",
    ssrc: 9,
  });
});

Deno.test("failureReport() names the event by whose fault it is", () => {
  strictEqual(failureReport(unreachable("timed-out", SERVER)).event, "unreachable");
  const unknown = failureReport(keyUnknown(SERVER, KEY));
  deepStrictEqual([unknown.event, unknown.request, unknown.exit], ["refused", "join", 4]);
  const keys = { expected: "cd".repeat(32), seen: KEY, pinsPath: "pins.json" };
  const changed = failureReport(keyChanged(SERVER, keys));
  deepStrictEqual([changed.event, changed.exit, changed.seen], ["key.changed", 5, KEY]);
  strictEqual(String(changed.seenWords).split(" ").length, 6);
  strictEqual(String(changed.expectedWords).split(" ").length, 6);
});

Deno.test("sentenceOf() says what people need to see, and nothing about themselves", () => {
  const own: MeetingEvent = {
    event: "participant",
    change: { person: { ...BOB, id: 7 }, state: "here" },
  };
  strictEqual(sentenceOf(own, context), undefined);
  const away: MeetingEvent = { event: "participant", change: { person: BOB, state: "away" } };
  strictEqual(sentenceOf(away, context), "Bob lost the connection");
  const said = (person: typeof BOB, before?: typeof BOB) =>
    sentenceOf({ event: "participant", change: { person, state: "here", before } }, context);
  strictEqual(said(BOB), "Bob is here: microphone on, camera off");
  strictEqual(said({ ...BOB, camera: true }, BOB), "Bob: camera on");
  strictEqual(said(BOB, { ...BOB, away: true }), "Bob is back");
  const line = { id: 3, at: 1_000, from: "Bob", text: "\x1b[2JHi\u202e", mark: "m" };
  const chat = sentenceOf({ event: "chat", line }, context)!;
  ok(/^\d\d:\d\d Bob: \ufffd\[2JHi\ufffd$/.test(chat), chat);
});

Deno.test("printable() leaves every other character as it is", () => {
  strictEqual(printable("Zoë 👩‍👧 שלום ok"), "Zoë 👩‍👧 שלום ok");
});
