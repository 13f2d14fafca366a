/** The licences of all that is packed along, from the packages themselves. */
import { join } from "node:path";

/** Something that is packed along, with its licence in full. */
export interface Licence {
  readonly what: string;
  readonly text: string;
}

/** What a licence is called in packages; everything of that kind is taken. */
const LICENCE_FILE = /^(un)?(licen[cs]e|copying|copyright|notice|third.?party.?notices?)/i;

/** True for the name of a file that holds a licence, or a notice that has to come along. */
export function isLicenceFile(name: string): boolean {
  return LICENCE_FILE.test(name) && !/\.(js|ts|map)$/i.test(name);
}

/**
 * The npm packages (`name/version`) that parts of these texts came from, sorted: scripts with the bundler's comments, or
 * source maps.
 */
export function packagesIn(texts: Iterable<string>): string[] {
  const found = new Set<string>();
  // `npm/`, a host's name unless that was taken out, then `@scope/name` or `name`, and the version.
  const part = /\bnpm\/(?:[\w.-]+(?::\d+)?\/)??((?:@[\w.-]+\/)?[\w.-]+\/\d+\.\d+\.\d+[\w.-]*)\//g;
  for (const text of texts) for (const [, name] of text.matchAll(part)) found.add(name);
  return [...found].sort();
}

/** The licences of these packages (`name/version`) in `npmFolder`. @throws Error that names one without. */
export async function packageLicences(
  packages: readonly string[],
  npmFolder: string,
): Promise<Licence[]> {
  return await Promise.all(packages.map(async (name) => ({
    what: `npm ${name.replace(/\/(?=[^/]*$)/, " ")}`,
    text: await licenceIn(join(npmFolder, name), name),
  })));
}

/** All texts of licences in a folder, one after the other. @throws Error when there is none. */
export async function licenceIn(folder: string, what: string): Promise<string> {
  const text = await textsIn(folder, isLicenceFile);
  if (text === "") throw new Error(`Cannot pack ${what}: there is no licence in ${folder}`);
  return text;
}

/** Texts of a folder, one after the other: those with names that are wanted. */
export async function textsIn(
  folder: string,
  isWanted: (name: string) => boolean,
): Promise<string> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const names = entries.filter(({ name, isFile }) => isFile && isWanted(name))
    .map(({ name }) => name).sort();
  const texts = await Promise.all(names.map((name) => Deno.readTextFile(join(folder, name))));
  return texts.map((each) => each.replaceAll("\r\n", "\n").trim()).join("\n\n");
}

/** One page with all of them. */
export function licencePage(licences: readonly Licence[]): string {
  const rule = "=".repeat(78);
  return licences.map(({ what, text }) => `${rule}\n${what}\n${rule}\n\n${text}\n`).join("\n");
}
