import { isIP } from "node:net";
import { messageOf } from "@fusionmeet/base";
import {
  cleanName,
  CONTROL_PORT,
  FILE_BYTES_MAX_DEFAULT,
  MEDIA_PORT,
  PARTICIPANTS_MAX,
  PARTICIPANTS_MAX_DEFAULT,
  PIN_LENGTH_MAX,
  PROGRAM_VERSION,
  PROTOCOL_VERSION,
  ROOM_BYTES_MAX_DEFAULT,
  SERVER_NAME_LENGTH_MAX,
  TICKETED_PER_PARTICIPANT_MAX,
  TRANSFERS_PER_PARTICIPANT_MAX,
  UPLOADS_BYTES_MAX_DEFAULT,
} from "@fusionmeet/protocol";

/** Megabytes of files, unless asked otherwise; and the most that may be asked. */
const MB = {
  file: FILE_BYTES_MAX_DEFAULT / 1e6,
  room: ROOM_BYTES_MAX_DEFAULT / 1e6,
  uploads: UPLOADS_BYTES_MAX_DEFAULT / 1e6,
  max: 1_000_000_000,
};
/** The most that may be asked of transfers: places are left for screens. */
const TRANSFERS_MAX_MAX = TICKETED_PER_PARTICIPANT_MAX - 4;

/** What the operator asked for, complete and checked. */
export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly mediaPort: number;
  /** The folder asked for, for the key, rooms and files. */
  readonly data?: string;
  readonly pin?: string;
  readonly ownerPin?: string;
  readonly participantsMax: number;
  readonly voice: "opus" | "l16";
  readonly json: boolean;
  /** What people call it; unless said, its computer's name. */
  readonly serverName?: string;
  /** It tells its networks that it is there. */
  readonly announce: boolean;
  /** What may be shared, bytes: one file, all of a room, all of this server. */
  readonly fileBytesMax: number;
  readonly roomBytesMax: number;
  readonly uploadsBytesMax: number;
  /** Files one person may send and fetch at once. */
  readonly transfersMax: number;
}

/** What the command line came to: run, or print `text` and stop. */
export type Invocation = { do: "run"; config: ServerConfig } | { do: "print"; text: string };

/** An option or value we cannot act on; the message is for the operator, the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Where settings come from besides the command line. */
export interface ConfigSources {
  readonly environment: Readonly<Record<string, string>>;
  /** `fusionmeet-server.json`, beside the program where that can be. */
  readonly settingsPath: string;
  /** The text of a file; `undefined` when there is none. @throws when it cannot be read. */
  readTextFile(path: string): string | undefined;
}

interface Option {
  /** What stands behind it in `--help`; an option without one is a switch. */
  readonly value?: string;
  readonly help: string;
}

/** The one table of options: command line, environment, settings file and `--help` follow from it. */
export const OPTIONS = {
  "host": { value: "ADDR", help: "the address to listen on (0.0.0.0: all of them)" },
  "port": {
    value: "N",
    help: `TCP port of the control connections (${CONTROL_PORT}); 0: any free one`,
  },
  "media-port": {
    value: "N",
    help: `UDP port of voice and pictures (${MEDIA_PORT}); 0: any free one`,
  },
  "data": {
    value: "DIR",
    help:
      "the folder for the server's key, its rooms and files (beside the program, or the user's)",
  },
  "pin": {
    value: "PIN",
    help: "people need it to come in (other users of this computer can see it: --pin-file)",
  },
  "pin-file": { value: "FILE", help: "the same, from the first line of a file" },
  "owner-pin": {
    value: "PIN",
    help: "who joins with it is the host of the room (without one: whoever is there first)",
  },
  "owner-pin-file": { value: "FILE", help: "the same, from the first line of a file" },
  "max-participants": { value: "N", help: `people in one room (${PARTICIPANTS_MAX_DEFAULT})` },
  "voice": {
    value: "opus|l16",
    help: "how voice travels: opus, or l16 (lossless, 770 kbit/s each) (opus)",
  },
  "server-name": {
    value: "NAME",
    help: "what people see in the list of servers on their network (this computer's name)",
  },
  "announce": {
    value: "on|off",
    help: "tell the network that this server is there, so that nobody has to type its address (on)",
  },
  "max-file-mb": { value: "MB", help: `the largest file people may share (${MB.file})` },
  "max-room-mb": { value: "MB", help: `all files of one room together (${MB.room})` },
  "max-uploads-mb": { value: "MB", help: `all files this server keeps (${MB.uploads})` },
  "max-transfers": {
    value: "N",
    help: `files one person may send and fetch at once (${TRANSFERS_PER_PARTICIPANT_MAX})`,
  },
  "json": { help: "one JSON object a line on stdout; the first is the ready event" },
  "help": { help: "print this and stop" },
  "version": { help: "print the version and stop" },
} as const satisfies Record<string, Option>;

type OptionName = keyof typeof OPTIONS;
/** What one place says, as text; a switch is `true` or `false`. */
type Settings = Partial<Record<OptionName, { text: string; from: string }>>;

const TABLE = Object.entries(OPTIONS) as [OptionName, Option][];
const ENVIRONMENT_PREFIX = "FUSIONMEET_SERVER_";

/** The variable that sets an option. */
export function environmentName(option: string): string {
  return ENVIRONMENT_PREFIX + option.toUpperCase().replaceAll("-", "_");
}

/** What command line, environment and settings file (the earlier one wins) ask for. @throws UsageError */
export function parseConfig(args: readonly string[], sources: ConfigSources): Invocation {
  const fromArguments = readArguments(args);
  if (fromArguments.help) return { do: "print", text: helpText() };
  if (fromArguments.version) {
    return {
      do: "print",
      text: `fusionmeet-server ${PROGRAM_VERSION} (protocol ${PROTOCOL_VERSION})`,
    };
  }
  const layers = [fromArguments, readEnvironment(sources.environment), readSettings(sources)];
  const settings: Settings = {};
  for (const layer of layers) {
    const { pin, "pin-file": pinFile, ...others } = layer;
    const { "owner-pin": ownerPin, "owner-pin-file": ownerPinFile, ...rest } = others;
    mergePin(settings, { pin, "pin-file": pinFile });
    mergePin(settings, { "owner-pin": ownerPin, "owner-pin-file": ownerPinFile });
    for (const [name, setting] of Object.entries(rest) as [OptionName, Settings["port"]][]) {
      settings[name] ??= setting;
    }
  }
  return { do: "run", config: complete(settings, sources) };
}

/** A PIN and the file it stands in are one setting: an earlier place wins. */
function mergePin(settings: Settings, layer: Settings): void {
  const names = Object.keys(layer) as OptionName[];
  if (names.some((name) => settings[name] !== undefined)) return;
  const [direct, file] = names.map((name) => layer[name]);
  if (direct !== undefined && file !== undefined) {
    throw new UsageError(`Cannot use both ${direct.from} and ${file.from}`);
  }
  Object.assign(settings, layer);
}

/** `--help`, from the table. */
export function helpText(): string {
  const lines = TABLE.map(([name, { help, value }]: [OptionName, Option]) => {
    const flag = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `  ${flag.padEnd(22)}  ${help}`;
  });
  return [
    "fusionmeet-server: voice, pictures and chat for the people on one network",
    "",
    ...lines,
    "",
    `Each can also be set by the environment (--media-port as ${ENVIRONMENT_PREFIX}MEDIA_PORT) and in`,
    'fusionmeet-server.json beside the program ({"media-port": 65436}). A flag wins over the',
    "environment, and that over the file.",
    "Exit codes: 0 ended as asked, 1 could not start or go on, 2 wrong usage.",
  ].join("\n");
}

function readArguments(args: readonly string[]): Settings {
  const settings: Settings = {};
  const rest = args[0] === "--" ? args.slice(1) : [...args];
  while (rest.length > 0) {
    const argument = rest.shift()!;
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) throw new UsageError(`Cannot understand ${argument}: not an option`);
    if (!isOption(name)) throw new UsageError(`Unknown option --${name}: see --help`);
    const from = `--${name}`;
    if (settings[name] !== undefined) throw new UsageError(`${from} is given twice`);
    const text = inline ?? (isSwitch(name) ? "true" : rest.shift());
    if (text === undefined) {
      throw new UsageError(`${from} needs a value: ${(OPTIONS[name] as Option).value}`);
    }
    settings[name] = { text, from };
  }
  return settings;
}

function readEnvironment(environment: Readonly<Record<string, string>>): Settings {
  const settings: Settings = {};
  for (const [name] of TABLE) {
    const from = environmentName(name);
    const text = environment[from];
    if (text !== undefined && text !== "") settings[name] = { text, from };
  }
  return settings;
}

function readSettings({ settingsPath, readTextFile }: ConfigSources): Settings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readTextFile(settingsPath) ?? "{}");
  } catch (cause) {
    throw new UsageError(`Cannot read ${settingsPath}: ${messageOf(cause)}`, { cause });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`Cannot read ${settingsPath}: not a JSON object`);
  }
  const settings: Settings = {};
  for (const [key, value] of Object.entries(parsed)) {
    // `mediaPort` is taken for `media-port`.
    const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const from = `"${key}" in ${settingsPath}`;
    if (!isOption(name)) throw new UsageError(`Unknown option ${from}`);
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new UsageError(`Cannot use ${from}: not a text, number or boolean`);
    }
    settings[name] = { text: String(value), from };
  }
  return settings;
}

function complete(settings: Settings, sources: ConfigSources): ServerConfig {
  return {
    host: readHost(settings.host),
    port: readInteger(settings.port, { min: 0, max: 65535, fallback: CONTROL_PORT }),
    mediaPort: readInteger(settings["media-port"], { min: 0, max: 65535, fallback: MEDIA_PORT }),
    data: settings.data === undefined ? undefined : notEmpty(settings.data),
    pin: readPin(settings.pin, settings["pin-file"], sources),
    ownerPin: readPin(settings["owner-pin"], settings["owner-pin-file"], sources),
    participantsMax: readInteger(settings["max-participants"], {
      min: 1,
      max: PARTICIPANTS_MAX,
      fallback: PARTICIPANTS_MAX_DEFAULT,
    }),
    voice: readChoice(settings.voice, ["opus", "l16"], "opus"),
    serverName: readServerName(settings["server-name"]),
    announce: readChoice(settings.announce, ["on", "off"], "on") === "on",
    ...readFileLimits(settings),
    json:
      readChoice(settings.json, ["true", "false", "1", "0"], "false").match(/^(true|1)$/) !== null,
  };
}

type Setting = Settings["port"];

function readHost(setting: Setting): string {
  if (setting === undefined) return "0.0.0.0";
  const host = setting.text === "localhost" ? "127.0.0.1" : setting.text;
  if (!isIP(host)) {
    throw new UsageError(`Cannot use ${setting.from}: ${setting.text} is not an IP address`);
  }
  return host;
}

function readServerName(setting: Setting): string | undefined {
  if (setting === undefined) return undefined;
  const clean = cleanName(setting.text, SERVER_NAME_LENGTH_MAX);
  if (typeof clean !== "string") return clean.name;
  const why = {
    "empty": "it is empty",
    "too-long": `it is over ${SERVER_NAME_LENGTH_MAX} characters`,
    "bad-characters": "it has characters that cannot be seen",
  }[clean];
  throw new UsageError(`Cannot use ${setting.from}: ${why}`);
}

function readInteger(
  setting: Setting,
  { min, max, fallback }: { min: number; max: number; fallback: number },
): number {
  if (setting === undefined) return fallback;
  const { text, from } = setting;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new UsageError(`Cannot use ${from}: ${text} is not a whole number from ${min} to ${max}`);
  }
  return value;
}

function readFileLimits(settings: Settings) {
  const bytes = (name: "file" | "room" | "uploads") =>
    1e6 * readInteger(settings[`max-${name}-mb`], { min: 1, max: MB.max, fallback: MB[name] });
  return {
    fileBytesMax: bytes("file"),
    roomBytesMax: bytes("room"),
    uploadsBytesMax: bytes("uploads"),
    transfersMax: readInteger(settings["max-transfers"], {
      min: 1,
      max: TRANSFERS_MAX_MAX,
      fallback: TRANSFERS_PER_PARTICIPANT_MAX,
    }),
  };
}

function readChoice<const T extends string>(
  setting: Setting,
  choices: readonly T[],
  fallback: T,
): T {
  if (setting === undefined) return fallback;
  const choice = choices.find((each) => each === setting.text);
  if (choice === undefined) {
    throw new UsageError(
      `Cannot use ${setting.from}: ${setting.text} is not ${choices.join(" or ")}`,
    );
  }
  return choice;
}

function readPin(
  pin: Setting,
  file: Setting,
  { readTextFile }: ConfigSources,
): string | undefined {
  if (pin !== undefined) return checkPin(pin.text, pin.from);
  if (file === undefined) return undefined;
  let text: string | undefined;
  try {
    text = readTextFile(notEmpty(file));
  } catch (cause) {
    throw new UsageError(`Cannot use ${file.from}: ${messageOf(cause)}`, { cause });
  }
  if (text === undefined) throw new UsageError(`Cannot use ${file.from}: there is no ${file.text}`);
  return checkPin(text.split(/\r?\n/, 1)[0].trim(), `${file.from} ${file.text}`);
}

function checkPin(pin: string, from: string): string {
  if (pin === "") throw new UsageError(`Cannot use ${from}: the PIN is empty`);
  if (pin.length > PIN_LENGTH_MAX) {
    throw new UsageError(`Cannot use ${from}: the PIN is over ${PIN_LENGTH_MAX} characters`);
  }
  return pin;
}

function notEmpty({ text, from }: { text: string; from: string }): string {
  if (text === "") throw new UsageError(`Cannot use ${from}: it is empty`);
  return text;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

function isSwitch(name: OptionName): boolean {
  return (OPTIONS[name] as Option).value === undefined;
}
