/**
 * Is an executable that `deno compile` made what it should be? Its headers and its payload are read, nothing of it is
 * run.
 *
 * `deno run -A tools/check_executable.ts [--target NAME] FILE…` checks files that were made of this checkout as it is:
 * `fusionmeet-server` and `fusionmeet-client`, with or without `.exe`. Exit code 1 and a line for each fault.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { equalBytes, messageOf } from "@fusionmeet/base";
import { FormatError } from "./byte_reader.ts";
import type { ProgramName } from "./bundle_start_files.ts";
import { expectedOf, type Making } from "./executable_contents.ts";
import {
  type ExecutableFile,
  isPlainDeno,
  machineOf,
  readExecutable,
  systemFaults,
} from "./executable_file.ts";
import { gatherContents } from "./program_files.ts";
import { parsePayload, type Payload } from "./standalone_payload.ts";
import { hostTarget, type Target, targetNamed } from "./targets.ts";

/** What an executable should be. */
export interface Expected {
  readonly target: Pick<Target, "os" | "arch">;
  /** File of the payload that is run. */
  readonly entry: string;
  /** All files of the payload, by path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Those of them that are libraries of the target's system. */
  readonly libraries: readonly string[];
  /** Granted, without limits; everything else is denied without asking. */
  readonly permissions: readonly string[];
  /** Of `unstable` in deno.json. */
  readonly features: readonly string[];
  /** Windows: it opens a console. */
  readonly hasConsole: boolean;
  /** Windows: pictures that must not be its icon, those of the Deno it is made of. */
  readonly foreignIcons: readonly Uint8Array[];
  /** Folders of the machine it was made on; nothing in it may name them. */
  readonly buildFolders: readonly string[];
}

/** Largest executable: Deno is 81 to 105 MB. */
export const EXECUTABLE_BYTES_MAX = 160 * 2 ** 20;
/** Largest payload: programs, page and libwebview are 3 MB, sharp's native part 16 to 20 MB. */
export const PAYLOAD_BYTES_MAX = 32 * 2 ** 20;

/** All that is wrong with the bytes of an executable, in words; nothing where it is as it should be. */
export function faultsOf(bytes: Uint8Array, expected: Expected): string[] {
  const size = bytes.length > EXECUTABLE_BYTES_MAX
    ? [`It has ${bytes.length} bytes: over ${EXECUTABLE_BYTES_MAX}`]
    : [];
  try {
    return [...size, ...executableFaults(readExecutable(bytes), expected)];
  } catch (thrown) {
    return [...size, inWords("The file cannot be read", thrown)];
  }
}

/** The same, of an executable that was read. */
export function executableFaults(file: ExecutableFile, expected: Expected): string[] {
  const faults = machineFaults(file, expected);
  if (file.payload === undefined) return [...faults, "It has no payload: it is plain Deno"];
  if (file.payload.length > PAYLOAD_BYTES_MAX) {
    faults.push(`Its payload has ${file.payload.length} bytes: over ${PAYLOAD_BYTES_MAX}`);
  }
  faults.push(...nameFaults(file.payload, expected.buildFolders));
  try {
    return [...faults, ...payloadFaults(parsePayload(file.payload), expected)];
  } catch (thrown) {
    return [...faults, inWords("Its payload cannot be read", thrown)];
  }
}

function inWords(what: string, thrown: unknown): string {
  if (!(thrown instanceof FormatError)) throw thrown;
  return `${what}: ${messageOf(thrown)}`;
}

function machineFaults(file: ExecutableFile, { target, ...expected }: Expected): string[] {
  const faults = systemFaults(file, target).map((fault) => `It is ${fault}`);
  if (target.os !== "windows" || file.os !== "windows") return faults;
  if (file.hasConsole !== expected.hasConsole) {
    faults.push(`It ${file.hasConsole ? "opens a console" : "has no console"}`);
  }
  const isForeign = file.icons.some((icon) =>
    expected.foreignIcons.some((each) => equalBytes(each, icon))
  );
  if (file.icons.length === 0) faults.push("It has no icon");
  if (isForeign) faults.push("Its icon is Deno's");
  return faults;
}

function payloadFaults(payload: Payload, expected: Expected): string[] {
  return [
    ...entryFaults(payload, expected),
    ...fileFaults(payload.files, expected),
    ...packageFaults(payload),
    ...libraryFaults(payload.files, expected),
    ...permissionFaults(payload.metadata.permissions, expected.permissions),
    ...settingFaults(payload.metadata, expected.features),
    ...pathFaults(payload),
  ];
}

function entryFaults({ metadata, files }: Payload, { entry }: Expected): string[] {
  const { entrypoint_key: found } = metadata;
  if (found !== entry) return [`It runs ${JSON.stringify(found)}, not ${entry}`];
  return files.has(entry) ? [] : [`It runs ${entry}, which is not in it`];
}

function fileFaults(files: Payload["files"], expected: Expected): string[] {
  const missing = [...expected.files.keys()].filter((path) => !files.has(path));
  const stray = [...files.keys()].filter((path) => !expected.files.has(path) && !isPackage(path));
  const changed = [...expected.files].filter(([path, bytes]) => {
    const found = files.get(path);
    return found !== undefined && !equalBytes(found, bytes);
  });
  return [
    ...missing.map((path) => `${path} is missing`),
    ...stray.map((path) => `${path} does not belong in it`),
    ...changed.map(([path]) => `${path} is not what was built`),
  ];
}

/** Deno's name for its own folder of packages ends the same. */
function isPackage(path: string): boolean {
  return path.split("/").some((name) => name.endsWith("node_modules"));
}

/** Programs are bundled: no package is in them as such. */
function packageFaults({ metadata, packageListBytes, files }: Payload): string[] {
  const found = [...files.keys()].filter(isPackage);
  const faults = found.length === 0
    ? []
    : [`It has packages of npm, ${found.length} files: ${found[0]} and so on`];
  if (metadata.node_modules != null) faults.push("It looks for packages in node_modules");
  if (packageListBytes > 0) faults.push("It has a list of npm packages");
  return faults;
}

function libraryFaults(files: Payload["files"], { libraries, target }: Expected): string[] {
  return libraries.flatMap((path) => {
    const bytes = files.get(path);
    if (bytes === undefined) return [];
    try {
      return systemFaults(machineOf(bytes), target).map((fault) => `${path} is ${fault}`);
    } catch (thrown) {
      return [inWords(`${path} is no library`, thrown)];
    }
  });
}

/** What `deno compile` writes for a permission without limits. */
const WHOLE = "[]";

function permissionFaults(found: unknown, granted: readonly string[]): string[] {
  const permissions = (found ?? {}) as Readonly<Record<string, unknown>>;
  const said = (name: string) => JSON.stringify(permissions[name] ?? null);
  const faults: string[] = [];
  for (const name of granted) {
    if (said(`allow_${name}`) !== WHOLE) faults.push(`It may not ${name} all it needs to`);
    for (const limit of [`deny_${name}`, `ignore_${name}`]) {
      if (said(limit) !== "null") faults.push(`It has a limit: ${limit}`);
    }
  }
  const allowed = Object.keys(permissions).filter((key) => key.startsWith("allow_"));
  for (const key of allowed) {
    const name = key.slice("allow_".length);
    if (name !== "import" && !granted.includes(name) && said(key) !== "null") {
      faults.push(`It may ${name}`);
    }
  }
  if (said("deny_import") !== WHOLE) faults.push("It may import from the network");
  if (permissions.prompt !== false) faults.push("It asks for permissions");
  return faults;
}

/** Settings of ours that would change what the program does; each must be as if it had not been said. */
const UNSAID: Readonly<Record<string, string>> = {
  argv: "[]",
  seed: "null",
  location: "null",
  ca_stores: "null",
  ca_data: "null",
  unsafely_ignore_certificate_errors: "null",
  env_vars_from_env_file: "{}",
  preload_modules: "[]",
  require_modules: "[]",
  self_extracting: "null",
  // The cache would be a file in the folder of everybody's temporary files, and run without a question.
  code_cache_key: "null",
};

function settingFaults(metadata: Payload["metadata"], features: readonly string[]): string[] {
  const faults = Object.entries(UNSAID)
    .filter(([name, unsaid]) => JSON.stringify(metadata[name] ?? JSON.parse(unsaid)) !== unsaid)
    .map(([name]) => `It has a setting that it should not have: ${name}`);
  const { features: found = [] } = (metadata.unstable_config ?? {}) as { features?: string[] };
  if ([...found].sort().join() !== [...features].sort().join()) {
    faults.push(
      `Its unstable features are ${found.join(", ") || "none"}, not ${features.join(", ")}`,
    );
  }
  const { import_map: map, package_jsons: packages } =
    (metadata.workspace_resolver ?? {}) as Record<string, unknown>;
  if (map != null) faults.push("It has an import map");
  if (Object.keys(packages ?? {}).length > 0) faults.push("It has a package.json");
  return faults;
}

/** A path that holds on one machine only, at the start of a text. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|\\\\|file:)/;

/** Paths that the program would be told. */
function pathFaults({ metadata, specifiers, files }: Payload): string[] {
  const told = [...textsIn(metadata), ...specifiers, ...files.keys()];
  const [first] = told.filter((text) => ABSOLUTE.test(text) || text.split("/").includes(".."));
  return first === undefined ? [] : [`It holds a path of the machine it was made on: ${first}`];
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...textsIn(each)]);
}

/** Names of the build machine's folders, in whatever is in the payload. */
function nameFaults(payload: Uint8Array, folders: readonly string[]): string[] {
  // One character a byte: what is looked for is found wherever it is.
  const text = new TextDecoder("latin1").decode(payload);
  return folders
    .filter((folder) => spellingsOf(folder).some((spelling) => text.includes(spelling)))
    .map((folder) => `It names a folder of the machine it was made on: ${folder}`);
}

/** A folder as the start of a path, of a URL, and with backslashes escaped in a text of a program. */
function spellingsOf(folder: string): string[] {
  const separator = folder.includes("\\") ? "\\" : "/";
  const path = folder + separator;
  return [path, path.replaceAll("\\", "/"), path.replaceAll("\\", "\\\\")];
}

/** A line for each executable that is whole, and one for each fault of the others. */
export async function checkFiles(
  paths: readonly string[],
  making: Making,
): Promise<{ whole: string[]; faults: string[] }> {
  const whole: string[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const bytes = await Deno.readFile(path);
    const found = faultsOf(bytes, expectedOf(programOf(path), making));
    faults.push(...found.map((fault) => `${path}: ${fault}`));
    if (found.length > 0) continue;
    whole.push(`${path}: ${verdict({ isStandIn: isPlainDeno(bytes) })}`);
  }
  return { whole, faults };
}

function programOf(path: string): ProgramName {
  const [, program] = /^fusionmeet-(server|client)(?:\.exe)?$/.exec(basename(path)) ?? [];
  if (program === "server" || program === "client") return program;
  throw new Error(`${path} is called neither fusionmeet-server nor fusionmeet-client`);
}

/** What an executable without faults is good for. @param isStandIn `isPlainDeno` of it. */
export function verdict({ isStandIn }: { isStandIn: boolean }): string {
  return isStandIn
    ? "whole, but put into plain Deno, which does not run it: to be looked at only"
    : "whole";
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { target: { type: "string" } },
    allowPositionals: true,
  });
  const target = values.target === undefined ? hostTarget() : targetNamed(values.target);
  const contents = await gatherContents();
  const { whole, faults } = await checkFiles(positionals, { target, contents });
  for (const line of whole) console.log(line);
  for (const line of faults) console.error(line);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
