import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { CHAT_TEXT_LENGTH_MAX } from "@fusionmeet/protocol";
import { CHAT_PENDING_MAX, ChatOutbox } from "./chat_outbox.ts";

function outboxBench() {
  const sent: string[] = [];
  const outbox = new ChatOutbox({ send: ({ mark }) => sent.push(mark) });
  return { outbox, sent, post: (mark: string, text = "Hi") => outbox.post({ mark, text }) };
}

Deno.test("ChatOutbox.post() waits for a connection and for the line before", () => {
  const { outbox, sent, post } = outboxBench();
  post("a");
  post("b");
  deepStrictEqual(sent, []);
  outbox.connected();
  deepStrictEqual(sent, ["a"]);
  strictEqual(outbox.settled("b"), undefined, "not under way");
  strictEqual(outbox.settled("a")?.mark, "a");
  strictEqual(outbox.settled("a"), undefined, "a second answer changes nothing");
  deepStrictEqual(sent, ["a", "b"]);
  outbox.disconnected();
  outbox.settled("b");
  post("c");
  deepStrictEqual([sent, outbox.lines.length], [["a", "b"], 1]);
});

Deno.test("ChatOutbox.post() takes lines up to its limits, and not one more", () => {
  const { outbox, post } = outboxBench();
  post("long", "a".repeat(CHAT_TEXT_LENGTH_MAX));
  throws(() => post("longer", "a".repeat(CHAT_TEXT_LENGTH_MAX + 1)), Refusal);
  for (let nth = 2; nth < CHAT_PENDING_MAX; nth++) post(`next ${nth}`);
  post("last");
  throws(() => post("over"), Refusal);
  strictEqual(outbox.lines.length, CHAT_PENDING_MAX);
});
