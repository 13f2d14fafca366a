import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { SENTENCE_LENGTH_MAX, serverSentence } from "./printable.ts";

Deno.test("serverSentence() is one line that steers no terminal and turns no text around", () => {
  deepStrictEqual(
    ["The\r\nroom \t is full.", " \u001b[2JNo \u009b1m", "\u202egpj.exe\u2066", "", " . "]
      .map(serverSentence),
    [
      ...["The room is full", "\ufffd[2JNo \ufffd1m", "\ufffdgpj.exe\ufffd"],
      ...["The server gave no reason", "The server gave no reason"],
    ],
  );
});

Deno.test("serverSentence() is no longer than it may be, and has no half characters", () => {
  const full = "x".repeat(SENTENCE_LENGTH_MAX);
  strictEqual(serverSentence(full), full);
  strictEqual(serverSentence(full + "x"), `${full.slice(1)}…`);
  const cut = serverSentence("👩".repeat(SENTENCE_LENGTH_MAX));
  strictEqual(cut, `${"👩".repeat(SENTENCE_LENGTH_MAX / 2 - 1)}…`);
});
