import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { helpText, OPTIONS, parseConfig, type ServerConfig, UsageError } from "./config.ts";

function parse(
  args: string[],
  { environment = {}, files = {} }: {
    environment?: Record<string, string>;
    files?: Record<string, string>;
  } = {},
): ServerConfig {
  const invocation = parseConfig(args, {
    environment,
    settingsPath: "fusionmeet-server.json",
    readTextFile: (path) => files[path],
  });
  ok(invocation.do === "run");
  return invocation.config;
}

Deno.test("parseConfig() without anything gives the defaults of the contract", () => {
  deepStrictEqual(parse([]), {
    host: "0.0.0.0",
    port: 65435,
    mediaPort: 65436,
    data: undefined,
    pin: undefined,
    ownerPin: undefined,
    participantsMax: 100,
    voice: "opus",
    json: false,
    serverName: undefined,
    announce: true,
    fileBytesMax: 500_000_000,
    roomBytesMax: 10_000_000_000,
    uploadsBytesMax: 50_000_000_000,
    transfersMax: 4,
  });
});

Deno.test("parseConfig() takes every option, in both spellings, with or without the first --", () => {
  const all = {
    host: "127.0.0.1",
    port: 0,
    mediaPort: 7,
    data: "d",
    pin: "1234",
    ownerPin: undefined,
    participantsMax: 5,
    voice: "l16",
    json: true,
    serverName: "Room 2",
    announce: false,
    fileBytesMax: 1_000_000,
    roomBytesMax: 20_000_000,
    uploadsBytesMax: 300_000_000,
    transfersMax: 12,
  };
  const args = "--host 127.0.0.1 --port 0 --media-port 7 --data d --pin 1234 --max-participants 5" +
    " --voice l16 --server-name Room_2 --announce off --max-file-mb 1 --max-room-mb 20" +
    " --max-uploads-mb 300 --max-transfers 12 --json";
  const split = (line: string) => line.split(" ").map((each) => each.replace("_", " "));
  deepStrictEqual(parse(split(args)), all);
  deepStrictEqual(parse(["--", ...split(args)]), all);
  const inline = args.replaceAll(/(--[a-z-]+) (?!-)/g, "$1=");
  deepStrictEqual(parse(split(inline)), all);
});

Deno.test("parseConfig(): a flag wins over the environment, and that over the file", () => {
  const environment = { FUSIONMEET_SERVER_PORT: "2", FUSIONMEET_SERVER_MEDIA_PORT: "2" };
  const files = { "fusionmeet-server.json": '{"port": 3, "mediaPort": 3, "max-participants": 3}' };
  const config = parse(["--port", "1"], { environment, files });
  deepStrictEqual([config.port, config.mediaPort, config.participantsMax], [1, 2, 3]);
  strictEqual(parse([], { environment: { FUSIONMEET_SERVER_JSON: "1" } }).json, true);
  strictEqual(parse([], { files: { "fusionmeet-server.json": '{"json": true}' } }).json, true);
});

Deno.test("parseConfig(): the PIN from a flag, a file, the environment; the earlier place wins", () => {
  const files = { pin: "  4711 \r\nsecond line", "fusionmeet-server.json": '{"pin": "file"}' };
  strictEqual(parse(["--pin-file", "pin"], { files }).pin, "4711");
  strictEqual(parse([], { files }).pin, "file");
  const environment = { FUSIONMEET_SERVER_PIN: "env" };
  strictEqual(parse([], { files, environment }).pin, "env");
  strictEqual(parse(["--pin-file", "pin"], { files, environment }).pin, "4711");
});

Deno.test("parseConfig(): the owner PIN like the PIN, each for itself", () => {
  const files = { owner: "9000\n", "fusionmeet-server.json": '{"ownerPin": "file", "pin": "1"}' };
  const fromFile = parse([], { files });
  deepStrictEqual([fromFile.pin, fromFile.ownerPin], ["1", "file"]);
  strictEqual(parse(["--owner-pin-file", "owner"], { files }).ownerPin, "9000");
  const environment = { FUSIONMEET_SERVER_OWNER_PIN: "env" };
  const mixed = parse(["--pin", "2"], { files, environment });
  deepStrictEqual([mixed.pin, mixed.ownerPin], ["2", "env"]);
  strictEqual(parse(["--pin", "2"]).ownerPin, undefined);
});

Deno.test("parseConfig() says in words what it cannot use", () => {
  const wrong: [string[], RegExp, Parameters<typeof parse>[1]?][] = [
    [["--prot", "1"], /Unknown option --prot: see --help/],
    [["--__proto__", "1"], /Unknown option --__proto__/],
    [["main"], /Cannot understand main: not an option/],
    [["-p", "1"], /Cannot understand -p/],
    [["--port"], /--port needs a value: N/],
    [["--port", "1", "--port", "2"], /--port is given twice/],
    [["--port", "65536"], /Cannot use --port: 65536 is not a whole number from 0 to 65535/],
    [["--port", "-1"], /not a whole number/],
    [["--port", "1e3"], /not a whole number/],
    [["--port="], /not a whole number/],
    [["--max-participants", "0"], /from 1 to 1000/],
    [["--max-transfers", "0"], /from 1 to 12/],
    [["--max-transfers", "13"], /from 1 to 12/],
    [["--voice", "mp3"], /Cannot use --voice: mp3 is not opus or l16/],
    [["--host", "my-host"], /my-host is not an IP address/],
    [["--json=maybe"], /Cannot use --json/],
    [["--data", ""], /Cannot use --data: it is empty/],
    [["--pin", ""], /the PIN is empty/],
    [["--pin", "x".repeat(65)], /the PIN is over 64 characters/],
    [["--pin", "1", "--pin-file", "x"], /Cannot use both --pin and --pin-file/],
    [["--owner-pin", "1", "--owner-pin-file", "x"], /Cannot use both --owner-pin and/],
    [["--owner-pin-file", "gone"], /Cannot use --owner-pin-file: there is no gone/],
    [["--owner-pin", ""], /the PIN is empty/],
    [["--pin-file", "gone"], /Cannot use --pin-file: there is no gone/],
    [[], /Cannot use FUSIONMEET_SERVER_PORT/, { environment: { FUSIONMEET_SERVER_PORT: "x" } }],
    [[], /Unknown option "prot" in/, { files: { "fusionmeet-server.json": '{"prot":1}' } }],
    [[], /Cannot read fusionmeet-server.json/, { files: { "fusionmeet-server.json": "{" } }],
    [[], /not a JSON object/, { files: { "fusionmeet-server.json": "[1]" } }],
    [[], /not a text, number or boolean/, { files: { "fusionmeet-server.json": '{"port":[1]}' } }],
  ];
  for (const [args, message, places] of wrong) {
    throws(() => parse(args, places), (thrown) => {
      ok(thrown instanceof UsageError, `${args}: ${thrown}`);
      match(thrown.message, message);
      return true;
    });
  }
  strictEqual(parse(["--pin", "x".repeat(64), "--max-participants", "1000"]).participantsMax, 1000);
});

Deno.test("parseConfig() never puts a PIN in words", () => {
  throws(
    () => parse(["--pin", "secret".repeat(20)]),
    (thrown: Error) => !thrown.message.includes("secret"),
  );
});

Deno.test("--help names every option, --version both versions", () => {
  for (const name of Object.keys(OPTIONS)) ok(helpText().includes(`--${name}`), name);
  const sources = {
    environment: { FUSIONMEET_SERVER_PORT: "wrong" },
    settingsPath: "x",
    readTextFile: () => undefined,
  };
  deepStrictEqual(parseConfig(["--help"], sources), { do: "print", text: helpText() });
  const version = parseConfig(["--version"], sources);
  ok(
    version.do === "print" &&
      /^fusionmeet-server \d+\.\d+\.\d+ \(protocol \d+\)$/.test(version.text),
  );
});
