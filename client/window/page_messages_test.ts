import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FILES_ADDED_AT_ONCE } from "@fusionmeet/bridge";
import { parsePageMessage } from "./page_messages.ts";

Deno.test("parsePageMessage() reads whole messages and nothing else", () => {
  const join = {
    do: "join",
    server: "host",
    name: "Ada",
    room: "Lab",
    pin: "",
    ownerPin: "",
    microphone: true,
    camera: false,
  };
  deepStrictEqual(parsePageMessage(JSON.stringify(join)), join);
  const linked = { ...join, expected: "0a".repeat(32) };
  deepStrictEqual(parsePageMessage(JSON.stringify(linked)), linked);
  deepStrictEqual(parsePageMessage('{"do":"watch","participants":[1,2]}'), {
    do: "watch",
    participants: [1, 2],
  });
  for (
    const wrong of [
      "",
      "null",
      "[]",
      '"join"',
      '{"do":"toString"}',
      '{"do":"__proto__"}',
      '{"do":"join"}',
      '{"do":"leave","sure":1}',
      '{"do":"source","kind":"screen","on":true}',
      '{"do":"screen.view","on":1}',
      '{"do":"watch","participants":[1,-2]}',
      '{"do":"watch","participants":{"length":1}}',
      '{"do":"quality","quality":{"width":320,"height":"240","framesPerSecond":30}}',
      '{"do":"hello","decoders":null}',
      JSON.stringify({ ...join, trust: 7 }),
      JSON.stringify({ ...join, ownerPin: undefined }),
      '{"do":"host.mute"}',
      '{"do":"host.remove","participant":null}',
      '{"do":"host.give","participant":1.5}',
      '{"do":"host.lock","on":"yes"}',
      '{"do":"host.readmit","name":7}',
      '{"do":"screens.list"}',
      '{"do":"present","source":1}',
      '{"do":"present.answer","participant":1}',
      '{"do":"present.answer","accept":true}',
      '{"do":"present.give","participant":-1}',
      JSON.stringify({ ...join, expected: "trust" }),
      JSON.stringify({ do: "lobby", server: "host", pin: "", expected: "" }),
    ]
  ) strictEqual(parsePageMessage(wrong), undefined, wrong);
});

Deno.test("parsePageMessage() reads what the host and the presenter do", () => {
  for (
    const right of [
      { do: "host.mute", participant: null },
      { do: "host.mute", participant: 2 },
      { do: "host.remove", participant: 2 },
      { do: "host.give", participant: 2 },
      { do: "host.unshare" },
      { do: "host.lock", on: true },
      { do: "host.readmit", name: "Bob" },
      { do: "screens.list", on: true },
      { do: "present", source: "window:7" },
      { do: "present.stop" },
      { do: "present.ask" },
      { do: "present.answer", participant: 2, accept: false },
      { do: "present.give", participant: 2 },
    ]
  ) deepStrictEqual(parsePageMessage(JSON.stringify(right)), right);
});

Deno.test("parsePageMessage() takes as many tiles as a window may show, and not one more", () => {
  const watch = (count: number) =>
    parsePageMessage(JSON.stringify({ do: "watch", participants: Array(count).fill(1) }));
  strictEqual(watch(100)?.do, "watch");
  strictEqual(watch(101), undefined);
});

Deno.test("parsePageMessage() takes files with marks that fit into a path, so many at once and no more", () => {
  const file = { mark: "0123456789abcdef", name: "../a\u202etxt", size: 0 };
  const add = (...files: unknown[]) => parsePageMessage(JSON.stringify({ do: "files.add", files }));
  deepStrictEqual(add(file), { do: "files.add", files: [file] });
  strictEqual(add(...Array(FILES_ADDED_AT_ONCE).fill(file))?.do, "files.add");
  strictEqual(add(...Array(FILES_ADDED_AT_ONCE + 1).fill(file)), undefined);
  const wrong = [
    { ...file, mark: "../0123456789abcd" },
    { ...file, mark: "0123456789ABCDEF" },
    { ...file, size: -1 },
    { ...file, size: 1.5 },
    { ...file, name: null },
    null,
  ];
  for (const each of wrong) strictEqual(add(file, each), undefined);
});
