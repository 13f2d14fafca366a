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
      { do: "volume" },
    ]
  ) deepStrictEqual(parseStdinCommand(JSON.stringify(command)), command);
  const screen = (line: string) => parseStdinCommand(`{"do":"screen",${line}}`);
  deepStrictEqual(screen('"source":"display:2"'), {
    do: "screen",
    source: { kind: "display", index: 2 },
  });
  deepStrictEqual(screen('"on":false'), { do: "screen", source: { kind: "off" } });
  throws(() => screen('"on":true'), { code: "bad-command" });
  throws(() => screen('"source":"window"'), { code: "usage" });
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
    /use mic, camera, screen, chat, watch, share, fetch, cancel, delete, thumbnail, present/,
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

Deno.test("parseStdinCommand() reads what is asked of the host and the presenter", () => {
  const commands = [
    { do: "present", on: true },
    { do: "present.ask" },
    { do: "present.answer", participant: "Ada", accept: false },
    { do: "present.give", participant: "Ada" },
    { do: "mute", participant: "Ada" },
    { do: "unshare" },
    { do: "remove", participant: "Ada" },
    { do: "readmit", name: "Ada" },
    { do: "lock", on: false },
    { do: "host", participant: "Ada" },
  ];
  for (const command of commands) {
    deepStrictEqual(parseStdinCommand(JSON.stringify(command)), command);
  }
  deepStrictEqual(parseStdinCommand('{"do":"mute"}'), { do: "mute", participant: undefined });
  for (
    const wrong of [
      { do: "present" },
      { do: "present.answer", participant: "Ada" },
      { do: "present.give" },
      { do: "mute", participant: 7 },
      { do: "remove" },
      { do: "readmit", participant: "Ada" },
      { do: "lock", on: "yes" },
    ]
  ) throws(() => parseStdinCommand(JSON.stringify(wrong)), { code: "bad-command" });
});
