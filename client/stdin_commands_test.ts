import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { parseStdinCommand, readLines, STDIN_LINE_LENGTH_MAX } from "./stdin_commands.ts";

Deno.test("parseStdinCommand() reads the commands of the contract", () => {
  for (
    const command of [
      { do: "mic", on: false },
      { do: "camera", on: true },
      { do: "chat", text: "Hi" },
      { do: "watch", participant: "Ada", layer: "auto" },
      { do: "share", path: "a.txt" },
      { do: "fetch", name: "all", to: undefined },
      { do: "fetch", name: "a.txt", to: "there" },
      { do: "cancel", transfer: 2 },
      { do: "delete", name: "a.txt" },
      { do: "leave" },
      { do: "screen" },
    ]
  ) deepStrictEqual(parseStdinCommand(JSON.stringify(command)), command);
});

Deno.test("parseStdinCommand() says what is wrong and what would be right", () => {
  const refuses = (line: string, code: string, words: RegExp) =>
    throws(() => parseStdinCommand(line), (thrown: unknown) => {
      ok(thrown instanceof Refusal);
      deepStrictEqual([thrown.code, words.test(thrown.message)], [code, true], thrown.message);
      return true;
    });
  refuses("mute", "bad-json", /write \{"do":"mic"/);
  refuses("null", "bad-command", /"do"/);
  refuses("[]", "bad-command", /"do"/);
  refuses('"mic"', "bad-command", /"do"/);
  refuses(
    '{"do":"dance"}',
    "unknown-command",
    /use mic, camera, chat, watch, share, fetch, cancel, delete, leave/,
  );
  refuses('{"do":"toString"}', "unknown-command", /toString/);
  refuses('{"do":"mic"}', "bad-command", /"on":false/);
  refuses('{"do":"chat","text":1}', "bad-command", /Hello/);
  refuses('{"do":"share","path":""}', "bad-command", /report/);
  refuses('{"do":"fetch","name":"a","to":1}', "bad-command", /Downloads/);
  refuses('{"do":"cancel"}', "bad-command", /1/);
  refuses('{"do":"delete"}', "bad-command", /report/);
  refuses('{"do":"watch","participant":"Ada","layer":"best"}', "bad-command", /high/);
});

Deno.test("readLines() joins parts, takes the last line without its end, and cuts what never ends", async () => {
  const encoder = new TextEncoder();
  async function* parts() {
    const bytes = encoder.encode('{"text":"ä"}\r\n\nlast');
    for (const byte of bytes) yield Uint8Array.of(byte);
  }
  deepStrictEqual(await Array.fromAsync(readLines(parts())), ['{"text":"ä"}', "", "last"]);
  async function* endless() {
    for (let count = 0; count < 40; count++) yield encoder.encode("x".repeat(4_000));
  }
  const [line] = await Array.fromAsync(readLines(endless()));
  deepStrictEqual(line.length, STDIN_LINE_LENGTH_MAX);
});
