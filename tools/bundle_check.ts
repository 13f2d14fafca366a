/** Checks a bundle before it is given to anybody: all that is needed is in it, and nothing else. */
import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import { SCRIPT_FILES } from "./bundle_programs.ts";
import { machineOf, systemFaults } from "./executable_file.ts";
import { isLicenceFile } from "./licences.ts";
import { sharpFiles } from "./sharp_files.ts";
import type { Target } from "./targets.ts";

/** A file that was found in a bundle. */
export interface FoundFile {
  /** From the bundle's folder, with `/`. */
  readonly path: string;
  readonly kind: "file" | "symlink";
  readonly size: number;
}

/** What a program of that target is started with. */
const START_FILES = {
  linux: ["FusionMeet", "FusionMeet-Server"],
  darwin: ["FusionMeet.command", "FusionMeet-Server.command"],
  windows: ["FusionMeet.vbs", "FusionMeet-Console.cmd", "FusionMeet-Server.cmd"],
} as const;
const PAGE_FILES = [
  "index.html",
  "icon.svg",
  "page.css",
  "main.js",
  "media.worker.js",
  "playout.worklet.js",
];
const ICON = /^program\/webview\/icons\/hicolor\/\d+x\d+\/apps\/fusionmeet-client\.png$/;
/** Libraries that an ffmpeg brings along. */
export const LIBRARY = /\.(dll|dylib|so(\.\d+)*)$/;
const NATIVE = /(\/(deno|ffmpeg)(\.exe)?|\.(dll|dylib|node|so(\.\d+)*))$/;
/** A private key's first line and what makes it one; scripts hold the first line alone. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}/;
/** A stick with FAT cannot hold these names. */
const NOT_ON_FAT = /[<>:"\\|?*\p{Cc}]|[. ]$/u;

/** Enough of a program or library to see what it is for. */
const HEADER_BYTES = 4096;

/** True for a file that has to be a program: whoever unpacks the bundle starts it. */
export function isProgram(path: string, { os, exeSuffix }: Target): boolean {
  if (os === "windows") return false;
  const startFiles: readonly string[] = START_FILES[os];
  return startFiles.includes(path) || path === `program/deno${exeSuffix}` ||
    path === `ffmpeg/ffmpeg${exeSuffix}`;
}

/** The files that make a bundle of that target whole. */
export function requiredFiles(target: Target): string[] {
  const { os, exeSuffix, webviewLibrary } = target;
  return [
    ...START_FILES[os],
    "README.txt",
    "LICENSES.txt",
    `program/deno${exeSuffix}`,
    ...SCRIPT_FILES.map((file) => `program/${file}`),
    ...PAGE_FILES.map((file) => `program/page/${file}`),
    `program/webview/${webviewLibrary}`,
    ...[...sharpFiles(target).keys()].map((path) => `program/${path}`),
  ];
}

/**
 * What is wrong with a bundle of these files, in words. A key, a certificate, known servers or settings of whoever tried
 * the folder must not be in it: every copy would be the same server, and know the same people.
 *
 * @param readTextFile Of a path in the bundle.
 */
export function bundleFaults(
  files: readonly FoundFile[],
  target: Target,
  readTextFile: (path: string) => string,
): string[] {
  const required = requiredFiles(target);
  const found = new Map(files.map((file) => [file.path, file]));
  const missing = required.filter((path) => !(found.get(path)?.size ?? 0));
  const faults = missing.map((path) => `${path} is missing or empty`);
  if (!files.some(({ path }) => ICON.test(path))) faults.push("the window's icons are missing");
  for (const path of strangeFiles(files, target)) faults.push(`${path} does not belong there`);
  for (const { path, kind } of files) {
    if (kind === "symlink") faults.push(`${path} is a link, which a stick with FAT cannot hold`);
    if (NOT_ON_FAT.test(path)) faults.push(`a stick with FAT cannot hold the name ${path}`);
  }
  const texts = files.filter(({ path }) => /\.(js|css|html|svg|txt|cmd|vbs|command)$/.test(path));
  for (const { path } of texts) {
    if (PRIVATE_KEY.test(readTextFile(path))) faults.push(`${path} holds a private key`);
  }
  return [...faults, ...clashes([...found.keys()])];
}

/** The paths that no bundle of that target has: what somebody who used it left there. */
export function strangeFiles(files: readonly FoundFile[], target: Target): string[] {
  const required = new Set(requiredFiles(target));
  return files.map(({ path }) => path).filter((path) =>
    !required.has(path) && !ICON.test(path) && !isFfmpegFile(path, target)
  );
}

/** `ffmpeg/` with the program, libraries that it needs beside it, and its licence. */
function isFfmpegFile(path: string, { exeSuffix }: Target): boolean {
  const [, name] = /^ffmpeg\/([^/]+)$/.exec(path) ?? [];
  if (name === undefined) return false;
  return name === `ffmpeg${exeSuffix}` || LIBRARY.test(name) ||
    isLicenceFile(name);
}

/** Names that are one on Windows and on a stick. */
function clashes(paths: readonly string[]): string[] {
  const seen = new Map<string, string>();
  return paths.flatMap((path) => {
    const other = seen.get(path.toLowerCase());
    seen.set(path.toLowerCase(), path);
    return other === undefined ? [] : [`${other} and ${path} are one name on Windows`];
  });
}

/** All files of a folder, in order. */
export function filesIn(folder: string, under = ""): FoundFile[] {
  const entries = [...Deno.readDirSync(join(folder, under))];
  return entries.flatMap(({ name, isDirectory }): FoundFile[] => {
    const path = under === "" ? name : `${under}/${name}`;
    if (isDirectory) return filesIn(folder, path);
    const { isSymlink, size } = Deno.lstatSync(join(folder, path));
    return [{ path, kind: isSymlink ? "symlink" : "file", size }];
  }).sort((a, b) => a.path < b.path ? -1 : 1);
}

/** @throws Error that lists what is wrong with the bundle in that folder. */
export function checkBundle(folder: string, target: Target): void {
  const read = (path: string) => Deno.readTextFileSync(join(folder, path));
  const files = filesIn(folder);
  const natives = files.filter(({ path }) => NATIVE.test(path));
  const faults = [
    ...bundleFaults(files, target, read),
    ...natives.flatMap(({ path }) => nativeFaults(path, readHeader(join(folder, path)), target)),
  ];
  if (faults.length > 0) throw new Error(`Cannot give ${folder} away: ${faults.join("; ")}`);
}

/** What is wrong with a program or library of that bundle. @param header Its beginning. */
export function nativeFaults(path: string, header: Uint8Array, target: Target): string[] {
  try {
    return systemFaults(machineOf(header), target).map((fault) => `${path} is ${fault}`);
  } catch (thrown) {
    return [`${path} is no program or library: ${messageOf(thrown)}`];
  }
}

function readHeader(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(HEADER_BYTES);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}
