import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parsePageMessage } from "./page_messages.ts";

Deno.test("parsePageMessage() reads whole messages and nothing else", () => {
  const join = {
    do: "join",
    server: "host",
    name: "Ada",
    room: "Lab",
    pin: "",
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
      '{"do":"watch","participants":[1,-2]}',
      '{"do":"watch","participants":{"length":1}}',
      '{"do":"quality","quality":{"width":320,"height":"240","framesPerSecond":30}}',
      '{"do":"hello","decoders":null}',
      JSON.stringify({ ...join, trust: 7 }),
      JSON.stringify({ ...join, expected: "trust" }),
      JSON.stringify({ do: "lobby", server: "host", pin: "", expected: "" }),
    ]
  ) strictEqual(parsePageMessage(wrong), undefined, wrong);
});

Deno.test("parsePageMessage() takes as many tiles as a window may show, and not one more", () => {
  const watch = (count: number) =>
    parsePageMessage(JSON.stringify({ do: "watch", participants: Array(count).fill(1) }));
  strictEqual(watch(100)?.do, "watch");
  strictEqual(watch(101), undefined);
});
