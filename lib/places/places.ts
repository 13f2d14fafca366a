import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "@fusionmeet/base";

/** This file is one of the sources; in a bundle its text is part of a program beside the content. */
const HERE = import.meta.url;
const IS_BUNDLED = !HERE.endsWith("/lib/places/places.ts");

/** True in a bundle: all that the program needs is beside it. */
export function isBundled(): boolean {
  return IS_BUNDLED;
}

/** Where something that comes with the programs is kept, below `contentFolder()`. */
export interface ContentPlace {
  /** Among the sources, which a compiled program carries inside itself. */
  readonly checkout: string;
  /** Beside the bundled programs. */
  readonly bundle: string;
}

/** The folder with the programs' own files: the top of the sources, or `program/` of a bundle. */
export function contentFolder(): string {
  const folder = dirname(fileURLToPath(HERE));
  return IS_BUNDLED ? folder : dirname(dirname(folder));
}

/** The path of something that comes with the programs. */
export function contentPath({ checkout, bundle }: ContentPlace): string {
  return join(contentFolder(), IS_BUNDLED ? bundle : checkout);
}

/** The folder that people know as the program's: the executable's, a bundle's, or the top of a checkout. */
export function programFolder(): string {
  if (Deno.build.standalone) return dirname(Deno.execPath());
  return IS_BUNDLED ? dirname(contentFolder()) : contentFolder();
}

/** Where a user's programs keep their files, by operating system. */
export function userFolder(
  os: typeof Deno.build.os,
  variable: (name: string) => string | undefined,
): string {
  const home = variable("HOME") ?? variable("USERPROFILE") ?? ".";
  if (os === "windows") {
    return join(variable("APPDATA") ?? join(home, "AppData", "Roaming"), "FusionMeet");
  }
  if (os === "darwin") return join(home, "Library", "Application Support", "FusionMeet");
  return join(variable("XDG_DATA_HOME") || join(home, ".local", "share"), "fusionmeet");
}

/** Where a user's programs keep what they can make again, by operating system. */
export function cacheFolder(
  os: typeof Deno.build.os,
  variable: (name: string) => string | undefined,
): string {
  const home = variable("HOME") ?? variable("USERPROFILE") ?? ".";
  if (os === "windows") {
    return join(variable("LOCALAPPDATA") ?? join(home, "AppData", "Local"), "FusionMeet", "cache");
  }
  if (os === "darwin") return join(home, "Library", "Caches", "FusionMeet");
  return join(variable("XDG_CACHE_HOME") || join(home, ".cache"), "fusionmeet");
}

/** A folder that can be written to, and why it is that one. */
export interface DataFolder {
  readonly path: string;
  /** `program`: beside the program, so that a USB stick carries it along; `user`: that one cannot be written to. */
  readonly place: "asked" | "program" | "user";
  /** For people: which it is and why. */
  readonly sentence: string;
}

/** Where a program's folders are; a test has its own. */
export interface FolderPlaces {
  readonly program: string;
  readonly user: string;
}

/**
 * The folder for all that a program keeps, made where it is missing: the one asked for; else beside the program; else
 * (that is read-only, or somebody else's) the user's.
 *
 * @throws Error in words when there is none we can write to.
 */
export function dataFolder(
  asked: string | undefined,
  { program, user }: FolderPlaces = folderPlaces(),
): DataFolder {
  if (asked !== undefined) {
    makeWritable(asked);
    return { path: asked, place: "asked", sentence: `Data folder: ${asked}` };
  }
  try {
    makeWritable(program);
    return { path: program, place: "program", sentence: `Data folder: ${program}` };
  } catch (thrown) {
    makeWritable(user);
    return { path: user, place: "user", sentence: `Data folder: ${user} (${messageOf(thrown)})` };
  }
}

/**
 * The path of a settings file: beside the program where it is there or could be written, else in the user's folder.
 */
export function settingsFile(
  name: string,
  { program, user }: FolderPlaces = folderPlaces(),
): string {
  const beside = join(program, name);
  return isThere(beside) || isWritable(program) ? beside : join(user, name);
}

function folderPlaces(): FolderPlaces {
  const user = userFolder(Deno.build.os, (name) => Deno.env.get(name));
  return { program: programFolder(), user };
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function isWritable(folder: string): boolean {
  try {
    makeWritable(folder);
    return true;
  } catch {
    return false;
  }
}

/** Makes the folder and writes to it, which tells more than any permission bits. @throws Error in words */
function makeWritable(folder: string): void {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder }));
  } catch (cause) {
    throw new Error(`Cannot write to the folder ${folder}: ${messageOf(cause)}`, { cause });
  }
}
