import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import {
  type ClientOptions,
  FLAGS,
  helpText,
  type OptionSources,
  parseOptions,
  parseServer,
  UsageError,
} from "./options.ts";

const MINIMUM = ["--headless", "--server", "host", "--name", "Ada"];

function sources(values: Partial<OptionSources> = {}): OptionSources {
  return {
    environment: {},
    settingsPath: "fusionmeet-client.json",
    readTextFile: () => undefined,
    lastMeeting: () => undefined,
    version: "1.2.3",
    ...values,
  };
}

function options(args: string[], values: Partial<OptionSources> = {}): ClientOptions {
  const invocation = parseOptions(args, sources(values));
  if (invocation.do !== "run") throw new Error("it prints");
  return invocation.options;
}

const refuses = (args: string[], words: RegExp, values: Partial<OptionSources> = {}) =>
  throws(() => options(args, values), (thrown: unknown) => {
    ok(thrown instanceof UsageError, String(thrown));
    ok(words.test(thrown.message), thrown.message);
    return true;
  });

Deno.test("parseOptions() fills in what the contract says", () => {
  deepStrictEqual(options(MINIMUM), {
    server: { hostname: "host", port: 65_435 },
    name: "Ada",
    room: "Main",
    pin: undefined,
    ownerPin: undefined,
    fingerprint: undefined,
    microphone: { kind: "off" },
    camera: { kind: "off" },
    screen: { kind: "off" },
    quality: undefined,
    chat: [],
    share: [],
    fetch: undefined,
    seconds: undefined,
    recordDirectory: undefined,
    dataDirectory: undefined,
    json: false,
  });
});

Deno.test("parseOptions() reads every flag, with and without `--` before them", () => {
  const args = [
    ...["--headless", "--json", "--server", "[fe80::1]:70", "--name=Ada L", "--room", "Lab"],
    ...["--pin", "42", "--fingerprint", "AB:".repeat(31) + "AB", "--mic", "tone:440@-12"],
    ...["--camera", "testsrc:640x360@15", "--quality", "160x120@10", "--screen", "display:2"],
    ...["--share", "a.txt", "--share=b", "--fetch", "all"],
    ...["--chat", "Hi", "--chat", "you", "--seconds", "2.5", "--record", "out", "--data", "d"],
  ];
  const expected: ClientOptions = {
    server: { hostname: "fe80::1", port: 70 },
    name: "Ada L",
    room: "Lab",
    pin: "42",
    ownerPin: undefined,
    fingerprint: "ab".repeat(32),
    microphone: { kind: "tone", hertz: 440, dbfs: -12 },
    camera: { kind: "testsrc", quality: { width: 640, height: 360, framesPerSecond: 15 } },
    screen: { kind: "display", index: 2 },
    quality: { width: 160, height: 120, framesPerSecond: 10 },
    chat: ["Hi", "you"],
    share: ["a.txt", "b"],
    fetch: "all",
    seconds: 2.5,
    recordDirectory: "out",
    dataDirectory: "d",
    json: true,
  };
  deepStrictEqual(options(args), expected);
  deepStrictEqual(options(["--", ...args]), expected);
});

Deno.test("parseOptions() takes a flag before the environment before the file", () => {
  const environment = {
    FUSIONMEET_CLIENT_NAME: "Eve",
    FUSIONMEET_CLIENT_ROOM: "From environment",
    FUSIONMEET_CLIENT_HEADLESS: "1",
    FUSIONMEET_CLIENT_CHAT: "one\ntwo",
    HOME: "/",
  };
  const settings = { server: "file.host", room: "From file", seconds: 5, json: true, chat: "no" };
  const read = options(["--name", "Ada"], {
    environment,
    readTextFile: () => JSON.stringify(settings),
  });
  strictEqual(read.name, "Ada");
  strictEqual(read.room, "From environment");
  strictEqual(read.server.hostname, "file.host");
  deepStrictEqual([read.seconds, read.json, read.chat], [5, true, ["one", "two"]]);
});

Deno.test("parseOptions() takes the PIN from a file's first line; flag and file are one setting", () => {
  const files = (path: string) => path === "pin.txt" ? "4242\r\nmore\n" : undefined;
  const environment = { FUSIONMEET_CLIENT_PIN_FILE: "pin.txt" };
  strictEqual(options(MINIMUM, { environment, readTextFile: files }).pin, "4242");
  strictEqual(options([...MINIMUM, "--pin", "1"], { environment, readTextFile: files }).pin, "1");
  refuses([...MINIMUM, "--pin-file", "none"], /there is no file none/, { readTextFile: files });
  refuses([...MINIMUM, "--pin", "1", "--pin-file", "pin.txt"], /leave one out/);
  refuses([...MINIMUM, "--pin", ""], /1 to 64/);
  const owner = ["--pin", "1", "--owner-pin-file", "pin.txt"];
  const both = options([...MINIMUM, ...owner], { readTextFile: files });
  deepStrictEqual([both.pin, both.ownerPin], ["1", "4242"]);
  refuses([...MINIMUM, ...owner, "--owner-pin", "1"], /--owner-pin and .* leave one out/);
});

Deno.test("parseOptions() refuses unknown flags, values and settings", () => {
  refuses([...MINIMUM, "--shiny"], /--shiny/);
  refuses([...MINIMUM, "word"], /word/);
  refuses([...MINIMUM, "--room"], /--room/);
  refuses([...MINIMUM, "--json=yes"], /--json/);
  refuses([...MINIMUM, "--name", "Bob"], /given twice/);
  refuses(["--headless", "--name", "Ada"], /Which server/);
  refuses(["--headless", "--server", "host"], /Who are you/);
  for (const seconds of ["0", "x", "-1", "1e3", "9999999999", ""]) {
    refuses([...MINIMUM, `--seconds=${seconds}`], /--seconds/);
  }
  for (const fingerprint of ["", "trusted", "ab", "g".repeat(64)]) {
    refuses([...MINIMUM, `--fingerprint=${fingerprint}`], /64 hex digits/);
  }
  refuses([...MINIMUM, "--mic", "tone:loud"], /^--mic/);
  refuses([...MINIMUM, "--camera", "testsrc:big"], /^--camera/);
  refuses([...MINIMUM, "--quality", "big"], /^--quality/);
  refuses([...MINIMUM, "--record", ""], /path of a folder/);
  refuses(MINIMUM, /FUSIONMEET_CLIENT_NAEM/, { environment: { FUSIONMEET_CLIENT_NAEM: "x" } });
  refuses(MINIMUM, /1 or 0/, { environment: { FUSIONMEET_CLIENT_JSON: "maybe" } });
  for (
    const text of ["{", "[]", '{"naem": "x"}', '{"name": 1}x', '{"json": "yes"}', '{"name": ["A"]}']
  ) {
    refuses(MINIMUM, /fusionmeet-client\.json/, { readTextFile: () => text });
  }
});

Deno.test("parseOptions() says what this build cannot do yet", () => {
  refuses([...MINIMUM, "--screen", "window"], /window: needs the window's name/);
});

Deno.test("parseOptions() opens a window where nothing says headless, with devices and open fields", () => {
  const invocation = parseOptions(["--browser", "--server", "host:7", "--room", "Lab"], sources());
  deepStrictEqual(invocation, {
    do: "window",
    options: {
      browser: true,
      discovery: true,
      server: "host:7",
      name: undefined,
      room: "Lab",
      pin: undefined,
      ownerPin: undefined,
      fingerprint: undefined,
      microphone: { kind: "device" },
      camera: { kind: "device" },
      screen: { kind: "off" },
      quality: undefined,
      chat: [],
      share: [],
      fetch: undefined,
      seconds: undefined,
      recordDirectory: undefined,
      dataDirectory: undefined,
      json: false,
    },
  });
  strictEqual(parseOptions([], sources()).do, "window");
  refuses([...MINIMUM, "--browser"], /both given/);
  throws(() => parseOptions(["--server", "a:b:c d"], sources()), UsageError);
});

Deno.test("parseOptions() lists servers, or lists none", () => {
  deepStrictEqual(parseOptions(["--list"], sources()), {
    do: "list",
    options: { seconds: undefined, dataDirectory: undefined, json: false },
  });
  deepStrictEqual(parseOptions("--list --json --seconds 5 --data d".split(" "), sources()), {
    do: "list",
    options: { seconds: 5, dataDirectory: "d", json: true },
  });
  refuses(["--list", "--headless"], /joins nobody/);
  const quiet = parseOptions(["--discovery", "off"], sources());
  strictEqual(quiet.do === "window" && quiet.options.discovery, false);
  throws(() => parseOptions(["--discovery", "maybe"], sources()), /neither on nor off/);
});

Deno.test("parseOptions() joins as last time when nothing says where or who", () => {
  const lastMeeting = (folder?: string) =>
    folder === "d" ? { server: "[::1]:70", name: "Ada", room: "Lab" } : undefined;
  const last = options(["--headless", "--data", "d"], { lastMeeting });
  deepStrictEqual([last.server, last.name, last.room], [
    { hostname: "::1", port: 70 },
    "Ada",
    "Lab",
  ]);
  refuses(["--headless"], /Which server/, { lastMeeting });
  refuses(["--headless", "--data", "d", "--name", "Bob"], /Which server/, { lastMeeting });
});

const KEY = "0a".repeat(32);
const LINK = `fusionmeet://[fd00::1]:70/L%C3%A4b#${KEY}`;

Deno.test("parseOptions() follows a link, with and without a window, wherever it stands", () => {
  for (const args of [[LINK, "--headless", "--name", "Ada"], ["--headless", "--name=Ada", LINK]]) {
    for (const before of [[], ["--"]]) {
      const { server, room, fingerprint } = options([...before, ...args]);
      deepStrictEqual([server, room, fingerprint], [{ hostname: "fd00::1", port: 70 }, "Läb", KEY]);
    }
  }
  const window = parseOptions([LINK], sources());
  if (window.do !== "window") throw new Error(window.do);
  const { server, room, fingerprint, name } = window.options;
  deepStrictEqual([server, room, fingerprint, name], ["[fd00::1]:70", "Läb", KEY, undefined]);
  const open = ["--headless", "--name", "Ada", `fusionmeet://h#${KEY}`];
  strictEqual(options(open).room, "Main");
  strictEqual(options([...open, "--room", "Lab"]).room, "Lab");
});

Deno.test("parseOptions() refuses a link beside flags that say the same, and a link that is wrong", () => {
  const headless = ["--headless", "--name", "Ada"];
  for (const flag of ["--server=h", "--room=Main", `--fingerprint=${KEY}`, "--fingerprint=trust"]) {
    refuses([...headless, flag, LINK], new RegExp(`link and ${flag.split("=")[0]} both`));
  }
  refuses([...headless, LINK, LINK], /One link/);
  refuses([...headless, LINK.slice(0, -1)], /64 hex digits/);
  refuses([...headless, "fusionmeet.local"], /no flag and no link/);
  refuses([...headless, "--server", LINK], /without --server/);
  const named = options([...headless, "--server", "fusionmeet:7000"]).server;
  deepStrictEqual(named, { hostname: "fusionmeet", port: 7000 });
  refuses(["--headless", LINK], /Who are you/);
});

Deno.test("parseOptions() follows a link before what environment and file say: neither weakens it", () => {
  const environment = { FUSIONMEET_CLIENT_FINGERPRINT: "trust", FUSIONMEET_CLIENT_NAME: "Ada" };
  const readTextFile = () => '{"server": "file.host", "room": "File", "headless": true}';
  const { server, room, fingerprint } = options([LINK], { environment, readTextFile });
  deepStrictEqual([server.hostname, room, fingerprint], ["fd00::1", "Läb", KEY]);
  // A link without a room leaves that to them.
  strictEqual(options([`fusionmeet://h#${KEY}`], { environment, readTextFile }).room, "File");
});

Deno.test("parseOptions() prints help with every flag, and the version", () => {
  const help = parseOptions(["--help"], sources());
  strictEqual(help.do === "print" && help.text, helpText());
  for (const name of Object.keys(FLAGS)) ok(helpText().includes(`--${name}`), name);
  ok(helpText().split("\n").every((line) => line.length <= 150));
  const version = parseOptions(["--version"], sources());
  strictEqual(version.do === "print" && version.text, "fusionmeet-client 1.2.3");
});

Deno.test("parseServer() reads names and addresses with and without port", () => {
  const read = (text: string) => {
    const { hostname, port } = parseServer(text);
    return `${hostname} ${port}`;
  };
  strictEqual(read("meet.local"), "meet.local 65435");
  strictEqual(read("192.168.1.5:1"), "192.168.1.5 1");
  strictEqual(read("::1"), "::1 65435");
  strictEqual(read("[fe80::1%eth0]:65535"), "fe80::1%eth0 65535");
  strictEqual(read("[::1]"), "::1 65435");
  strictEqual(read("büro"), "büro 65435");
  for (
    const text of ["", ":1", "host:", "host:0", "host:65536", "a b", "[::1", "[::1]x", "http://h"]
  ) {
    throws(() => parseServer(text), UsageError, text);
  }
});
