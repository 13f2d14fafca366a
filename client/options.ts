import { parseArgs } from "node:util";
import { messageOf } from "@fusionmeet/base";
import {
  CONTROL_PORT,
  DEFAULT_ROOM,
  isJoinLink,
  parseJoinLink,
  PIN_LENGTH_MAX,
} from "@fusionmeet/protocol";
import {
  type CameraSource,
  type MicrophoneSource,
  parseCameraSource,
  parseMicrophoneSource,
  parseQuality,
  type Quality,
} from "./capture/sources.ts";
import { addressText } from "./failures.ts";
import { parseScreenSource, type ScreenSource } from "./screen/screen_source.ts";

/** Where the server is; `hostname` is a name or an address without brackets. */
export interface ServerAddress {
  readonly hostname: string;
  readonly port: number;
}

/** What the user asked for, complete and checked. */
export interface ClientOptions {
  readonly server: ServerAddress;
  readonly name: string;
  readonly room: string;
  readonly pin?: string;
  readonly ownerPin?: string;
  /** 64 lower case hex digits, or `trust`: accept whatever key the server has at first contact. */
  readonly fingerprint?: string;
  readonly microphone: MicrophoneSource;
  readonly camera: CameraSource;
  /** What is shared after joining. */
  readonly screen: ScreenSource;
  readonly quality?: Quality;
  /** Lines to say after joining, in order. */
  readonly chat: readonly string[];
  /** Files (or folders of them) to share after joining. */
  readonly share: readonly string[];
  /** Name of a file to fetch, or `all`. */
  readonly fetch?: string;
  readonly seconds?: number;
  readonly recordDirectory?: string;
  readonly dataDirectory?: string;
  readonly json: boolean;
}

/** The same for a client with a window, where the join screen asks for the rest. */
export interface WindowOptions
  extends Omit<ClientOptions, "server" | "name" | "room" | "fingerprint"> {
  /** As typed: what the fields of the join screen hold at first. */
  readonly server?: string;
  readonly name?: string;
  readonly room?: string;
  /** Of the `server` that was given. */
  readonly fingerprint?: string;
  /** Any browser of this computer instead of a window of its own. */
  readonly browser: boolean;
  /** Lists the servers of this computer's networks. */
  readonly discovery: boolean;
}

/** What a client does that only looks which servers there are. */
export interface ListOptions {
  readonly seconds?: number;
  readonly dataDirectory?: string;
  readonly json: boolean;
}

/** What the command line came to: run without or with a window, or print `text` and stop with 0. */
export type Invocation =
  | { do: "run"; options: ClientOptions }
  | { do: "window"; options: WindowOptions }
  | { do: "list"; options: ListOptions }
  | { do: "print"; text: string };

/** A flag, value or setting we cannot act on; the message is for the user, the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What the last meeting was joined with: used when none of the three is given. */
export interface LastMeeting {
  readonly server: string;
  readonly name: string;
  readonly room: string;
}

/** Where settings come from besides the command line. */
export interface OptionSources {
  readonly environment: Readonly<Record<string, string>>;
  /** `fusionmeet-client.json` beside the program. */
  readonly settingsPath: string;
  /** The text of a file; `undefined` when there is none. @throws when it cannot be read. */
  readTextFile(path: string): string | undefined;
  /** The last meeting joined with that data directory (`undefined`: the default one). */
  lastMeeting(dataDirectory: string | undefined): LastMeeting | undefined;
  readonly version: string;
}

interface Flag {
  /** What stands behind the flag in `--help`; a flag without one is a switch. */
  readonly value?: string;
  readonly repeat?: true;
  readonly help: string;
}

/** The one table of the command line: parsing, environment, settings file, `--help` and docs/CLIENT.md follow from it. */
export const FLAGS = {
  headless: { help: "no window: events on stdout, commands on stdin" },
  browser: { help: "the window as a page in any browser of this computer" },
  list: { help: "only print which servers are on this network, for --seconds N (3), and end" },
  discovery: {
    value: "on|off",
    help: "the window lists the servers that tell this network that they are there (on)",
  },
  server: {
    value: "HOST[:PORT]",
    help: `the server; port ${CONTROL_PORT} unless said; IPv6 as [ADDRESS]:PORT`,
  },
  name: { value: "NAME", help: "what the others call you" },
  room: { value: "ROOM", help: `the room to join (${DEFAULT_ROOM})` },
  pin: { value: "PIN", help: "the server's PIN, when it has one" },
  "pin-file": { value: "FILE", help: "the same, from the first line of a file" },
  "owner-pin": { value: "PIN", help: "the server's owner PIN: makes you the host of the room" },
  "owner-pin-file": { value: "FILE", help: "the same, from the first line of a file" },
  fingerprint: {
    value: "HEX|trust",
    help:
      "the server's fingerprint as it prints it; trust: accept any key at first contact (a changed key is always refused)",
  },
  mic: {
    value: "SOURCE",
    help: "FILE.wav, tone:HZ[@DBFS], silence, off or device[:ID] (off; with a window: device)",
  },
  camera: {
    value: "SOURCE",
    help: "FILE, testsrc[:WxH@FPS], off or device[:ID] (off; with a window: device)",
  },
  quality: { value: "WxH@FPS", help: "size and rate of your camera's picture (320x240@30)" },
  screen: {
    value: "SOURCE",
    help:
      "what to present after joining: testsrc[:WxH@FPS], FILE, display[:N], window:NAME or off (default)",
  },
  chat: { value: "TEXT", repeat: true, help: "a line to say after joining; may be repeated" },
  share: {
    value: "FILE",
    repeat: true,
    help: "a file to share, or a folder of files; may be repeated",
  },
  fetch: { value: "NAME|all", help: "a file to fetch, or all, into files/ of --record, else here" },
  seconds: { value: "N", help: "leave this long after joining" },
  record: { value: "DIR", help: "write what you receive to this folder" },
  data: { value: "DIR", help: "the folder for known servers and settings (beside the program)" },
  json: { help: "with --headless: one JSON object a line on stdout" },
  help: { help: "print this and stop" },
  version: { help: "print the version and stop" },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof FLAGS;
type FlagValues = { [N in FlagName]?: string | boolean | string[] };

const FLAG_TABLE = Object.entries(FLAGS) as [FlagName, Flag][];
const ENVIRONMENT_PREFIX = "FUSIONMEET_CLIENT_";

/** What the command line, the environment and the settings file ask for. @throws UsageError */
export function parseOptions(args: readonly string[], sources: OptionSources): Invocation {
  const fromFlags = readArguments(args);
  if (fromFlags.help) return { do: "print", text: helpText() };
  if (fromFlags.version) return { do: "print", text: `fusionmeet-client ${sources.version}` };
  const layers = [fromFlags, readEnvironment(sources.environment), readSettings(sources)];
  const values = merge(layers);
  refuseWhatIsMissing(values);
  if (values.list) return { do: "list", options: listOptions(values) };
  return values.headless
    ? { do: "run", options: headlessOptions(values, sources) }
    : { do: "window", options: windowOptions(values, sources) };
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = FLAG_TABLE.map(([name, flag]) => {
    const left = `  --${name}${flag.value ? ` ${flag.value}` : ""}`;
    return left.length < 26
      ? `${left.padEnd(26)}${flag.help}`
      : `${left}\n${" ".repeat(26)}${flag.help}`;
  });
  return [
    "fusionmeet-client: join a FusionMeet meeting.",
    "",
    "  fusionmeet-client [LINK] [--browser] [more]",
    "  fusionmeet-client --headless --server HOST --name NAME [more]",
    "  fusionmeet-client --headless LINK --name NAME [more]",
    "  fusionmeet-client --list [--json]",
    "",
    "LINK is what the server prints, like fusionmeet://192.168.1.20/Main#FINGERPRINT: it says server, room and",
    "the key that the server must have, and goes without --server, --fingerprint and (where it names one) --room.",
    "",
    ...rows,
    "",
    "Every flag also as an environment variable (--pin-file: FUSIONMEET_CLIENT_PIN_FILE) and in",
    'fusionmeet-client.json beside the program ({"server": "192.168.1.20", "chat": ["Hi"]}).',
    "A flag beats the environment, the environment beats the file.",
    "With neither --server nor --name nor --room: the same meeting as last time.",
    "",
    "Exit codes: 0 left as asked, 2 usage, 3 server not reached, 4 refused (PIN, name, full, version),",
    "5 the server's key is not the expected one, 6 connection lost for good, 1 a mistake of this program.",
  ].join("\n");
}

function readArguments(args: readonly string[]): FlagValues {
  const rest = args[0] === "--" ? args.slice(1) : [...args];
  const { flags, words } = parseFlags(rest);
  const [link, ...more] = words;
  if (link === undefined) return flags;
  if (!isJoinLink(link)) throw new UsageError(`${JSON.stringify(link)} is no flag and no link`);
  if (more.length > 0) {
    throw new UsageError(`One link can be followed, not ${JSON.stringify(more[0])} as well`);
  }
  return followLink(link, flags);
}

/** What the link says counts as given on the command line; a flag that says the same thing is one too many. */
function followLink(link: string, flags: FlagValues): FlagValues {
  const { room, fingerprint, ...server } = linkOf(link);
  const said: FlagValues = { server: addressText(server), room, fingerprint };
  for (const [name, value] of Object.entries(said) as [FlagName, string | undefined][]) {
    if (value !== undefined && flags[name] !== undefined) {
      throw new UsageError(`The link and --${name} both say the ${name}: leave one out`);
    }
  }
  return { ...flags, ...said, room: room ?? flags.room };
}

function linkOf(text: string) {
  try {
    return parseJoinLink(text);
  } catch (thrown) {
    throw new UsageError(messageOf(thrown), { cause: thrown });
  }
}

/** The flags, and the words that are none. */
function parseFlags(args: string[]): { flags: FlagValues; words: string[] } {
  const options = Object.fromEntries(FLAG_TABLE.map(([name, flag]) => [name, {
    type: flag.value ? "string" as const : "boolean" as const,
    multiple: flag.repeat ?? false,
  }]));
  try {
    const { values, positionals, tokens } = parseArgs({
      args,
      options,
      strict: true,
      tokens: true,
      allowPositionals: true,
    });
    const seen = new Set<string>();
    for (const token of tokens) {
      if (token.kind !== "option" || FLAGS[token.name as FlagName] === undefined) continue;
      const repeat = (FLAGS[token.name as FlagName] as Flag).repeat;
      if (seen.has(token.name) && !repeat) throw new UsageError(`--${token.name} is given twice`);
      seen.add(token.name);
    }
    return { flags: values as FlagValues, words: positionals };
  } catch (thrown) {
    if (thrown instanceof UsageError) throw thrown;
    throw new UsageError(firstSentence(messageOf(thrown)), { cause: thrown });
  }
}

function readEnvironment(environment: Readonly<Record<string, string>>): FlagValues {
  const values: FlagValues = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX)) continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().replaceAll("_", "-");
    const flag = flagOf(name, `the environment variable ${variable}`);
    if (flag.value) values[name as FlagName] = flag.repeat ? value.split("\n") : value;
    else if (value === "1" || value === "true") values[name as FlagName] = true;
    else if (value === "0" || value === "false") values[name as FlagName] = false;
    else throw new UsageError(`${variable} must be 1 or 0, not ${JSON.stringify(value)}`);
  }
  return values;
}

function readSettings({ settingsPath, readTextFile }: OptionSources): FlagValues {
  let entries: [string, unknown][];
  try {
    const text = readTextFile(settingsPath);
    if (text === undefined) return {};
    const settings: unknown = JSON.parse(text);
    if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
      throw new Error('it must hold one object, like {"server": "192.168.1.20"}');
    }
    entries = Object.entries(settings);
  } catch (thrown) {
    throw new UsageError(`Cannot read ${settingsPath}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return Object.fromEntries(entries.map(([name, value]) => {
    const flag = flagOf(name, `${JSON.stringify(name)} in ${settingsPath}`);
    return [name, settingOf(flag, value, `${JSON.stringify(name)} in ${settingsPath}`)];
  }));
}

function settingOf(flag: Flag, value: unknown, where: string): string | boolean | string[] {
  if (!flag.value) {
    if (typeof value === "boolean") return value;
    throw new UsageError(`${where} must be true or false`);
  }
  const texts = (Array.isArray(value) ? value : [value]).map((each) =>
    typeof each === "number" ? String(each) : each
  );
  if (!texts.every((each) => typeof each === "string") || (!flag.repeat && Array.isArray(value))) {
    throw new UsageError(`${where} must be text${flag.repeat ? " or a list of texts" : ""}`);
  }
  return flag.repeat ? texts : texts[0];
}

function flagOf(name: string, where: string): Flag {
  if (!Object.hasOwn(FLAGS, name) || name === "help" || name === "version") {
    throw new UsageError(`Unknown setting: ${where}`);
  }
  return FLAGS[name as FlagName];
}

const PINS = [["pin", "pin-file"], ["owner-pin", "owner-pin-file"]] as const;

/** The first layer that says something wins; a PIN and the file it stands in are one setting. */
function merge(layers: readonly FlagValues[]): FlagValues {
  const merged: FlagValues = {};
  for (const layer of layers) {
    const hidden = PINS.flatMap(([pin, file]) => {
      if (layer[pin] !== undefined && layer[file] !== undefined) {
        throw new UsageError(`--${pin} and --${file} are both given: leave one out`);
      }
      return merged[pin] !== undefined || merged[file] !== undefined ? [pin, file] : [];
    });
    for (const [name, value] of Object.entries(layer) as [FlagName, string | boolean][]) {
      if (!hidden.some((each) => each === name)) merged[name] ??= value;
    }
  }
  return merged;
}

function headlessOptions(values: FlagValues, sources: OptionSources): ClientOptions {
  const { server, name, room } = meeting(values, sources);
  const common = commonOptions(values, sources, { device: "off" });
  return { ...common, server: parseServer(server), name, room };
}

function windowOptions(values: FlagValues, sources: OptionSources): WindowOptions {
  const { server, name, room } = values as { [N in keyof LastMeeting]?: string };
  if (server !== undefined) parseServer(server);
  const common = commonOptions(values, sources, { device: "device" });
  const discovery = read("discovery", (values.discovery ?? "on") as string, parseOnOff);
  return { ...common, server, name, room, discovery, browser: values.browser === true };
}

function listOptions(values: FlagValues): ListOptions {
  return {
    seconds: values.seconds === undefined ? undefined : parseSeconds(values.seconds as string),
    dataDirectory: directory("data", values.data as string | undefined),
    json: values.json === true,
  };
}

function parseOnOff(text: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw new Error(`${JSON.stringify(text)} is neither on nor off`);
}

/** @param defaults.device What microphone and camera are unless said. */
function commonOptions(
  values: FlagValues,
  sources: OptionSources,
  defaults: { device: string },
): Omit<ClientOptions, "server" | "name" | "room"> {
  const text = (name: FlagName) => values[name] as string | undefined;
  const seconds = text("seconds");
  return {
    pin: pinOf("pin", text("pin"), text("pin-file"), sources),
    ownerPin: pinOf("owner-pin", text("owner-pin"), text("owner-pin-file"), sources),
    fingerprint: parseFingerprint(text("fingerprint")),
    microphone: read("mic", text("mic") ?? defaults.device, parseMicrophoneSource),
    camera: read("camera", text("camera") ?? defaults.device, parseCameraSource),
    screen: read("screen", text("screen") ?? "off", parseScreenSource),
    quality: values.quality === undefined
      ? undefined
      : read("quality", text("quality")!, parseQuality),
    chat: (values.chat ?? []) as string[],
    share: (values.share ?? []) as string[],
    fetch: text("fetch"),
    seconds: seconds === undefined ? undefined : parseSeconds(seconds),
    recordDirectory: directory("record", text("record")),
    dataDirectory: directory("data", text("data")),
    json: values.json === true,
  };
}

function refuseWhatIsMissing(values: FlagValues): void {
  if (values.browser && values.headless) {
    throw new UsageError("--browser and --headless are both given: leave one out");
  }
  if (values.list && (values.browser || values.headless)) {
    throw new UsageError("--list joins nobody: leave --browser and --headless out");
  }
}

function meeting(values: FlagValues, sources: OptionSources): LastMeeting {
  const { server, name, room } = values as { [N in keyof LastMeeting]?: string };
  if (server === undefined && name === undefined && room === undefined) {
    const last = sources.lastMeeting(values.data as string | undefined);
    if (last) return last;
  }
  if (server === undefined) {
    throw new UsageError("Which server? Give its address: --server 192.168.1.20");
  }
  if (name === undefined) throw new UsageError("Who are you? Give your name: --name Ada");
  return { server, name, room: room ?? DEFAULT_ROOM };
}

/** `HOST`, `HOST:PORT`, `ADDRESS6` or `[ADDRESS6]:PORT`. @throws UsageError */
export function parseServer(text: string): ServerAddress {
  if (isJoinLink(text)) throw new UsageError("A link is given by itself, without --server");
  const wrong = (state: string) =>
    new UsageError(
      `--server ${JSON.stringify(text)}: ${state}; write HOST, HOST:PORT or [IPv6]:PORT`,
    );
  const bracketed = /^\[([0-9a-fA-F:.%\w]+)\](?::(.*))?$/.exec(text);
  const colons = text.split(":").length - 1;
  const [hostname, port] = bracketed
    ? [bracketed[1], bracketed[2]]
    : colons === 1
    ? text.split(":")
    : [text, undefined];
  if (!/^[\p{L}\p{N}._:%-]+$/u.test(hostname)) throw wrong("no host in it");
  if (port === undefined) return { hostname, port: CONTROL_PORT };
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw wrong("the port is a number from 1 to 65535");
  }
  return { hostname, port: Number(port) };
}

function parseFingerprint(text: string | undefined): string | undefined {
  if (text === undefined || text === "trust") return text;
  const hex = text.replaceAll(/[:\s]/g, "").toLowerCase();
  if (/^[0-9a-f]{64}$/.test(hex)) return hex;
  throw new UsageError(
    "--fingerprint takes the 64 hex digits that the server prints, or the word trust",
  );
}

function pinOf(
  name: "pin" | "owner-pin",
  pin: string | undefined,
  file: string | undefined,
  sources: OptionSources,
): string | undefined {
  if (file !== undefined) {
    let text: string | undefined;
    try {
      text = sources.readTextFile(file);
    } catch (thrown) {
      throw new UsageError(`--${name}-file: cannot read ${file}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    }
    if (text === undefined) throw new UsageError(`--${name}-file: there is no file ${file}`);
    pin = text.split(/\r?\n/, 1)[0];
  }
  if (pin !== undefined && (pin === "" || pin.length > PIN_LENGTH_MAX)) {
    throw new UsageError(`The PIN has 1 to ${PIN_LENGTH_MAX} characters`);
  }
  return pin;
}

function parseSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  // A timer of more than 2^31 ms would fire at once.
  if (seconds > 0 && seconds <= 2_000_000) return seconds;
  throw new UsageError(`--seconds takes a number above 0, not ${JSON.stringify(text)}`);
}

function directory(name: FlagName, path: string | undefined): string | undefined {
  if (path === "") throw new UsageError(`--${name} takes the path of a folder`);
  return path;
}

function read<T>(name: FlagName, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (thrown) {
    throw new UsageError(`--${name}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function firstSentence(message: string): string {
  return message.split(/\.\s|\n/, 1)[0].replace(/\.$/, "");
}
