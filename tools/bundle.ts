/**
 * `deno task bundle [--target NAME]… [--all] [--ffmpeg PATH]`: makes `dist/FusionMeet-<version>-<target>/` and its archive:
 * both programs with all they need, to be copied to a machine that has nothing.
 */
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { PROGRAM_VERSION } from "@fusionmeet/protocol";
import { ROOT } from "./build_page.ts";
import { packArchive } from "./bundle_archive.ts";
import { checkBundle, filesIn, isProgram, LIBRARY, strangeFiles } from "./bundle_check.ts";
import { readmeText } from "./bundle_readme.ts";
import { startFiles } from "./bundle_start_files.ts";
import { denoRuntime } from "./deno_runtime.ts";
import { isLicenceFile, type Licence, licenceIn, licencePage } from "./licences.ts";
import { clientFiles, type Contents, gatherContents } from "./program_files.ts";
import { fetchSharp, sharpLicences } from "./sharp_files.ts";
import { chosenTargets, type Target } from "./targets.ts";

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

/** Makes one bundle. @throws Error in words when something is missing, or in it that must not be. */
export async function buildBundle(options: BundleOptions): Promise<Bundle> {
  return await buildBundleOf(await gatherContents(), options);
}

/** The same of what was gathered before. @throws Error in words */
export async function buildBundleOf(contents: Contents, options: BundleOptions): Promise<Bundle> {
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
  await fetchSharp(target);
  for (const [path, from] of clientFiles(target)) await copy(from, join(program, path));
  const licences = [...contents.licences, ...await sharpLicences(target)];
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
    isExecutable: isProgram(path, target),
  }));
  return await packArchive(files, target.archiveSuffix);
}

/** @returns its licence. @throws Error in words when it is not for that system, or without licence. */
async function packFfmpeg(path: string, folder: string, target: Target): Promise<Licence> {
  const program = `ffmpeg${target.exeSuffix}`;
  const isFolder = (await Deno.stat(path)).isDirectory;
  const from = isFolder ? path : dirname(path);
  const text = await licenceIn(from, "ffmpeg");
  const to = join(folder, "ffmpeg");
  await copy(isFolder ? join(path, program) : path, join(to, program), true);
  for await (const { name, isFile } of Deno.readDir(from)) {
    const comesAlong = isFile && (LIBRARY.test(name) || isLicenceFile(name));
    if (comesAlong) await copy(join(from, name), join(to, name));
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
    const contents = await gatherContents();
    for (const target of targets) {
      const { folder, archive } = await buildBundleOf(contents, { target, ffmpeg: values.ffmpeg });
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
