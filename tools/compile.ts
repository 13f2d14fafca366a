/**
 * `deno task compile [--target NAME]… [--all] [--stand-in]`: makes `fusionmeet-server` and `fusionmeet-client` (with
 * `.exe` for Windows), each one file with all it needs, in `dist/executables/<target>/`, and checks what it made.
 *
 * `deno compile` fetches the runtime that goes into them (denort) where the machine has the internet; `DENORT_BIN` is
 * the path of one. `--stand-in` puts them into plain Deno instead, to be looked at: those do not run, and lie in
 * `dist/stand-ins/<target>/`.
 */
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "@fusionmeet/base";
import { ALONE_FLAGS } from "../client/window/webview_start.ts";
import { ROOT } from "./build_page.ts";
import { filesIn } from "./bundle_check.ts";
import { engineFlags, type ProgramName } from "./bundle_start_files.ts";
import { faultsOf, verdict } from "./check_executable.ts";
import { denoRuntime } from "./deno_runtime.ts";
import { expectedOf, type Making } from "./executable_contents.ts";
import { isPlainDeno, readExecutable } from "./executable_file.ts";
import { licencePage } from "./licences.ts";
import { gatherContents, ICONS_FOLDER } from "./program_files.ts";
import { fetchSharp, sharpLicences } from "./sharp_files.ts";
import { chosenTargets, DENO_VERSION, hostTarget, type Target } from "./targets.ts";
import { iconFile } from "./windows_icon.ts";

/** What is made, and of what. */
export interface CompileOptions extends Making {
  /** The folder that gets a folder for each kind and target: `dist` of the checkout. */
  readonly output?: string;
  /** Path of the runtime to put it into; `deno compile` fetches it when absent. */
  readonly base?: string;
}

/** What was made. */
export interface Made {
  readonly path: string;
  readonly size: number;
  /** What it is good for. */
  readonly verdict: string;
}

const PROGRAMS: readonly ProgramName[] = ["server", "client"];
/** Whatever the files were copied at, the executable is the same: the start of 2000, UTC. */
const WRITTEN_AT = new Date(Date.UTC(2000, 0, 1));

/**
 * Makes one executable, and checks it before it gets its place.
 *
 * @throws Error in words when it cannot be made, or is not what it should be.
 */
export async function compileProgram(program: ProgramName, options: CompileOptions): Promise<Made> {
  const { target, contents, output = join(ROOT, "dist"), base } = options;
  await Deno.mkdir(output, { recursive: true });
  await fetchSharp(target);
  const folder = await Deno.makeTempDir({ dir: output, prefix: "compile-" });
  try {
    const expected = expectedOf(program, options);
    const plan = {
      ...expected,
      foreignIcons: await iconsOfBase(target, base),
      buildFolders: [...expected.buildFolders, folder],
    };
    await layOut(join(folder, "files"), plan.files);
    await Deno.writeFile(join(folder, "icon.ico"), iconFile(await iconPictures()));
    const name = `fusionmeet-${program}${target.exeSuffix}`;
    const made = join(folder, name);
    const args = compileArguments({
      ...plan,
      target,
      engineFlags: engineFlags(contents.config, program),
      output: made,
      icon: join(folder, "icon.ico"),
    });
    await denoCompile(args, { cwd: join(folder, "files"), target, base });
    const bytes = await Deno.readFile(made);
    const faults = faultsOf(bytes, plan);
    if (faults.length > 0) {
      throw new Error(`Cannot give ${name} for ${target.name} away: ${faults.join("; ")}`);
    }
    const isStandIn = isPlainDeno(bytes);
    const path = join(output, isStandIn ? "stand-ins" : "executables", target.name, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.rename(made, path);
    const licences = [...contents.licences, ...await sharpLicences(target)];
    await Deno.writeTextFile(join(dirname(path), "LICENSES.txt"), licencePage(licences));
    return { path, size: bytes.length, verdict: verdict({ isStandIn }) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What `deno compile` is told, from the folder with the files. */
export function compileArguments(plan: {
  readonly target: Target;
  readonly entry: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly permissions: readonly string[];
  readonly features: readonly string[];
  /** For V8. */
  readonly engineFlags: readonly string[];
  readonly hasConsole: boolean;
  readonly output: string;
  readonly icon: string;
}): string[] {
  const isWindows = plan.target.os === "windows";
  return [
    ...["compile", ...ALONE_FLAGS, "--no-check", "--no-code-cache"],
    ...plan.features.map((each) => `--unstable-${each}`),
    ...plan.engineFlags,
    ...["--no-prompt", "--deny-import", ...plan.permissions.map((each) => `--allow-${each}`)],
    ...["--target", plan.target.denoTriple],
    ...(isWindows ? ["--icon", plan.icon] : []),
    ...(isWindows && !plan.hasConsole ? ["--no-terminal"] : []),
    ...[...plan.files.keys()].filter((path) => path !== plan.entry)
      .flatMap((path) => ["--include", path]),
    ...["--output", plan.output, plan.entry],
  ];
}

async function layOut(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    const to = join(folder, path);
    await Deno.mkdir(dirname(to), { recursive: true });
    await Deno.writeFile(to, bytes);
    await Deno.utime(to, WRITTEN_AT, WRITTEN_AT);
  }
}

/** `hicolor/<size>x<size>/apps/…` of the window's icons, those that fit into an .ico file. */
async function iconPictures(): Promise<{ size: number; png: Uint8Array }[]> {
  const paths = filesIn(ICONS_FOLDER).map(({ path }) => path);
  const pictures = paths.map(async (path) => ({
    size: Number(/(\d+)x\1/.exec(path)?.[1]),
    png: await Deno.readFile(join(ICONS_FOLDER, path)),
  }));
  const all = await Promise.all(pictures);
  return all.filter(({ size }) => size <= 256).sort((a, b) => b.size - a.size);
}

/** Pictures that a program for Windows would have if its icon were forgotten. */
async function iconsOfBase(
  { os }: Target,
  base: string | undefined,
): Promise<readonly Uint8Array[]> {
  if (os !== "windows" || base === undefined) return [];
  return readExecutable(await Deno.readFile(base)).icons;
}

async function denoCompile(
  args: readonly string[],
  { cwd, target, base }: { cwd: string; target: Target; base?: string },
): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", ...(base === undefined ? {} : { DENORT_BIN: base }) },
  }).output();
  if (success) return;
  throw new Error(compileFault(new TextDecoder().decode(stderr), target));
}

/** What kept `deno compile` from it, and what to do. @param words its stderr. */
export function compileFault(words: string, { denoTriple, name }: Target): string {
  const error = words.slice(Math.max(0, words.indexOf("error:"))).split("\n\nStack backtrace")[0];
  const [, request] = /\d: (error sending request.*)/.exec(error) ?? [];
  const said = request ?? error.trim().replaceAll(/\s*\n\s*/g, " ");
  if (!words.includes("denort")) return `Cannot compile for ${name}: ${said}`;
  const archive = `denort-${denoTriple}.zip`;
  return `Cannot compile for ${name}: Deno ${DENO_VERSION} needs ${archive}, the runtime that goes into an ` +
    `executable, and it could not be fetched (${said}). Run this once with internet, which keeps it; or unpack ` +
    `${archive} of Deno's release v${DENO_VERSION} by hand and set DENORT_BIN to the path of denort; or make a ` +
    `folder that needs none: deno task bundle --target ${name}`;
}

/** Path of plain Deno for that target. @throws Error in words when it cannot be had. */
export async function standIn(target: Target): Promise<string> {
  const isThis = target === hostTarget() && Deno.version.deno === DENO_VERSION;
  return isThis ? Deno.execPath() : await denoRuntime(target);
}

async function main(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args,
      options: {
        target: { type: "string", multiple: true },
        all: { type: "boolean" },
        "stand-in": { type: "boolean" },
      },
    });
    const targets = chosenTargets(values);
    const given = Deno.env.get("DENORT_BIN");
    if (given !== undefined && targets.length > 1 && !values["stand-in"]) {
      throw new Error("DENORT_BIN is a runtime for one system: name that one with --target");
    }
    const contents = await gatherContents();
    for (const target of targets) {
      const base = values["stand-in"] ? await standIn(target) : given;
      for (const program of PROGRAMS) {
        const made = await compileProgram(program, { target, contents, base });
        console.log(`Made ${made.path} (${(made.size / 1e6).toFixed(1)} MB): ${made.verdict}`);
      }
    }
    return 0;
  } catch (thrown) {
    console.error(messageOf(thrown));
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
