/**
 * `deno task bundle [--target NAME]… [--all] [--ffmpeg PATH]`: makes `dist/FusionMeet-<version>-<target>/` and its archive:
 * both programs with all they need, to be copied to a machine that has nothing.
 */
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAM_VERSION } from "@fusionmeet/protocol";
import { buildPage, PAGE_FOLDER, ROOT } from "./build_page.ts";
import { packArchive } from "./bundle_archive.ts";
import { checkBundle, filesIn, strangeFiles } from "./bundle_check.ts";
import { bundlePrograms, npmFolder } from "./bundle_programs.ts";
import { readmeText } from "./bundle_readme.ts";
import { type DenoConfig, startFiles } from "./bundle_start_files.ts";
import { denoLicence, denoRuntime } from "./deno_runtime.ts";
import {
  isLicenceFile,
  type Licence,
  licenceIn,
  licencePage,
  packageLicences,
  packagesIn,
} from "./licences.ts";
import { chosenTargets, DENO_VERSION, type Target } from "./targets.ts";

/** What is packed and where to. */
export interface BundleOptions {
  readonly target: Target;
  /** A program for that target, or a folder with it; its licence is beside it. */
  readonly ffmpeg?: string;
  /** Where the folder and its archive are made: `dist` of the checkout. */
  readonly output?: string;
  /** Path of that system's Deno; it is fetched when absent. */
  readonly runtime?: string;
  /** False: no archive, only the folder. */
  readonly archive?: boolean;
}

/** What was made. */
export interface Bundle {
  readonly folder: string;
  readonly archive?: string;
}

/** What is the same for all targets. */
interface Contents {
  readonly scripts: ReadonlyMap<string, string>;
  readonly licences: readonly Licence[];
  readonly config: DenoConfig;
}

/** Makes one bundle. @throws Error in words when something is missing, or in it that must not be. */
export async function buildBundle(options: BundleOptions): Promise<Bundle> {
  return await buildFrom(await gather(), options);
}

async function gather(): Promise<Contents> {
  await buildPage();
  const scripts = await bundlePrograms();
  const maps = filesIn(PAGE_FOLDER).filter(({ path }) => path.endsWith(".map"))
    .map(({ path }) => Deno.readTextFileSync(join(PAGE_FOLDER, path)));
  const packages = packagesIn([...scripts.values(), ...maps]);
  return {
    scripts,
    licences: [
      { what: "FusionMeet", text: await Deno.readTextFile(join(ROOT, "LICENSE")) },
      { what: `Deno ${DENO_VERSION}`, text: await denoLicence() },
      ...await packageLicences([...packages, webviewPackage()], npmFolder()),
    ],
    config: JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json"))),
  };
}

/** The package with libwebview, as `name/version`. */
function webviewPackage(): string {
  const folder = dirname(new URL(import.meta.resolve("webview-bun/package.json")).pathname);
  return `webview-bun/${basename(folder)}`;
}

async function buildFrom(contents: Contents, options: BundleOptions): Promise<Bundle> {
  const { target, output = join(ROOT, "dist"), ffmpeg } = options;
  const name = `FusionMeet-${PROGRAM_VERSION}-${target.name}`;
  const folder = join(output, name);
  await makeRoom(folder, target);
  const { config, scripts } = contents;
  for (const file of startFiles(target, { config, version: PROGRAM_VERSION })) {
    await write(join(folder, file.path), file.text, file.isExecutable);
  }
  const program = join(folder, "program");
  const runtime = options.runtime ?? await denoRuntime(target);
  await copy(runtime, join(program, `deno${target.exeSuffix}`), true);
  for (const [file, text] of scripts) await write(join(program, file), text);
  await copyPage(join(program, "page"));
  await copyWebview(target, join(program, "webview"));
  const licences = [...contents.licences];
  if (ffmpeg !== undefined) licences.push(await packFfmpeg(ffmpeg, folder, target));
  await write(join(folder, "LICENSES.txt"), forSystem(licencePage(licences), target));
  const readme = readmeText(target, { version: PROGRAM_VERSION, hasFfmpeg: ffmpeg !== undefined });
  await write(join(folder, "README.txt"), forSystem(readme, target));
  checkBundle(folder, target);
  if (options.archive === false) return { folder };
  const archive = `${folder}${target.archiveSuffix}`;
  await Deno.writeFile(archive, await pack(folder, name, target));
  return { folder, archive };
}

/** Removes the bundle of before. @throws Error when somebody has used it: what they keep in it is not ours to remove. */
async function makeRoom(folder: string, target: Target): Promise<void> {
  const exists = await Deno.stat(folder).then(() => true, () => false);
  if (!exists) return;
  const kept = strangeFiles(filesIn(folder), target);
  if (kept.length > 0) {
    throw new Error(
      `Cannot make ${folder} anew: it holds ${
        kept.join(", ")
      }, which somebody may need. Move it away`,
    );
  }
  await Deno.remove(folder, { recursive: true });
}

async function pack(folder: string, name: string, target: Target): Promise<Uint8Array> {
  const files = filesIn(folder).map(({ path }) => ({
    path: `${name}/${path}`,
    bytes: Deno.readFileSync(join(folder, path)),
    isExecutable: (Deno.statSync(join(folder, path)).mode! & 0o100) !== 0,
  }));
  return await packArchive(files, target.archiveSuffix);
}

async function copyPage(folder: string): Promise<void> {
  for (const { path } of filesIn(PAGE_FOLDER)) {
    if (!path.endsWith(".map")) await copy(join(PAGE_FOLDER, path), join(folder, path));
  }
}

async function copyWebview(target: Target, folder: string): Promise<void> {
  const library = join(npmFolder(), webviewPackage(), "build", target.webviewLibrary);
  await copy(library, join(folder, target.webviewLibrary));
  const icons = join(ROOT, "client", "window", "icons");
  for (const { path } of filesIn(icons)) await copy(join(icons, path), join(folder, "icons", path));
}

/** @returns its licence. @throws Error in words when it is not for that system, or without licence. */
async function packFfmpeg(path: string, folder: string, target: Target): Promise<Licence> {
  const from = (await Deno.stat(path)).isDirectory ? path : dirname(path);
  const program = `ffmpeg${target.exeSuffix}`;
  const text = await licenceIn(from, "ffmpeg");
  for await (const { name, isFile } of Deno.readDir(from)) {
    const isLibrary = /\.(dll|dylib|so(\.\d+)*)$/.test(name);
    if (!isFile || !(name === program || isLibrary || isLicenceFile(name))) continue;
    await copy(join(from, name), join(folder, "ffmpeg", name), name === program);
  }
  return { what: "ffmpeg, in the folder of that name", text };
}

/** Windows' plainest editor shows these ends of lines everywhere. */
function forSystem(text: string, { os }: Target): string {
  return os === "windows" ? text.replaceAll("\n", "\r\n") : text;
}

async function write(path: string, text: string, isExecutable = false): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, isExecutable ? 0o755 : 0o644);
}

async function copy(from: string, to: string, isExecutable = false): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
  await Deno.chmod(to, isExecutable ? 0o755 : 0o644);
}

async function main(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args,
      options: {
        target: { type: "string", multiple: true },
        all: { type: "boolean" },
        ffmpeg: { type: "string" },
      },
    });
    const targets = chosenTargets(values);
    if (values.ffmpeg !== undefined && targets.length > 1) {
      throw new Error("--ffmpeg is a program for one system: name that one with --target");
    }
    const contents = await gather();
    for (const target of targets) {
      const { folder, archive } = await buildFrom(contents, { target, ffmpeg: values.ffmpeg });
      const size = (Deno.statSync(archive!).size / 1e6).toFixed(1);
      console.log(`Made ${folder}/ and ${basename(archive!)} (${size} MB)`);
    }
    return 0;
  } catch (thrown) {
    console.error((thrown as Error).message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
