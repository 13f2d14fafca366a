import { basename, dirname, isAbsolute, join, resolve, sep } from "node:path";
import { Refusal } from "@fusionmeet/base";

/** Folders that are suggested at once. */
export const SUGGESTED_MAX = 30;
/** Folders of the home folder that are suggested first, where they are there. */
const USUAL = ["Desktop", "Documents", "Downloads", "Pictures", "Videos", "Music"];

/** Where a file is to be saved. */
export interface SavePlace {
  readonly folder: string;
  readonly name: string;
}

/** What is there of the user's. */
export interface Home {
  readonly home: string;
  readonly downloads: string;
}

/** A path as it was typed, in full: `~` is the home folder, and what is not absolute is below it. */
export function fullPath(typed: string, home: string): string {
  const inHome = typed.replace(/^~(?=[/\\]|$)/, home);
  return isAbsolute(inHome) ? inHome : join(home, inHome);
}

/**
 * Where a typed place puts a file called `name`: into it, if it is a folder, else under its last part in the folder before.
 *
 * @throws Refusal `no-folder`
 */
export function savePlace(
  typed: string,
  { name, home }: { name: string; home: string },
): SavePlace {
  const path = fullPath(typed.trim(), home);
  if (isFolder(path)) return { folder: resolve(path), name };
  const folder = dirname(path);
  if (/[/\\]$/.test(path) || !isFolder(folder)) {
    throw new Refusal("no-folder", `There is no folder ${/[/\\]$/.test(path) ? path : folder}`);
  }
  return { folder: resolve(folder), name: basename(path) };
}

/** Folders that a place which is being typed may lead to; for an empty one those that people use. Each ends with a separator. */
export function suggestedFolders(typed: string, { home, downloads }: Home): string[] {
  if (typed.trim() === "") {
    const usual = [downloads, ...USUAL.map((name) => join(home, name)), home];
    return [...new Set(usual)].filter(isFolder).map(ended);
  }
  const path = fullPath(typed.trim(), home);
  const folder = /[/\\]$/.test(path) ? path : dirname(path);
  const begun = /[/\\]$/.test(path) ? "" : basename(path).toLowerCase();
  return foldersIn(folder)
    .filter((name) =>
      name.toLowerCase().startsWith(begun) && (begun !== "" || !name.startsWith("."))
    )
    .slice(0, SUGGESTED_MAX).map((name) => ended(join(folder, name)));
}

function foldersIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name).toSorted((one, other) => one.localeCompare(other));
  } catch {
    // It is not there, or not to be read: there is nothing to suggest.
    return [];
  }
}

function ended(folder: string): string {
  return /[/\\]$/.test(folder) ? folder : folder + sep;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
