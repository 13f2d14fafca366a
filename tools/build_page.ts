/**
 * `deno task page [--force]`: makes the window's page in dist/page out of client/webview: scripts bundled, styles in
 * one file, everything beside each other. Does nothing when what is there is newer than its sources.
 */
import { join } from "node:path";

/** The top of the checkout. */
export const ROOT = join(import.meta.dirname!, "..");
const SOURCE = join(ROOT, "client/webview");
/** Where the built page is. */
export const PAGE_FOLDER = join(ROOT, "dist/page");

/** Each is a file of its own: the page, a worker and an audio worklet are loaded by name. */
const ENTRIES = ["main.tsx", "media.worker.ts", "playout.worklet.ts"];
/** In the order of the cascade. */
const STYLES = [
  "tokens",
  "base",
  "controls",
  "join",
  "meeting",
  "share",
  "panels",
  "chat",
  "files",
  "invite",
  "roles",
];
const COPIES = ["index.html", "icon.svg"];
/** Whose change makes the page stale. */
const WATCHED = ["client/webview", "lib", "deno.json", "deno.lock", "tools/build_page.ts"];

function* filesUnder(path: string): Generator<string> {
  if (!Deno.statSync(path).isDirectory) return yield path;
  for (const { name } of Deno.readDirSync(path)) yield* filesUnder(join(path, name));
}

/** When the newest of these files and folders (from the top, tests aside) was written, epoch ms. */
function sourcesWrittenAt(watched: readonly string[]): number {
  const files = watched.flatMap((path) => [...filesUnder(join(ROOT, path))]);
  return Math.max(...files.filter((path) => !/_test\.tsx?$/.test(path)).map(writtenAt));
}

function writtenAt(path: string): number {
  return Deno.statSync(path).mtime?.getTime() ?? 0;
}

/** True when `made` is there, and newer than all it is made of: files and folders from the top. */
export function isUpToDate(made: string, watched: readonly string[]): boolean {
  try {
    return writtenAt(made) > sourcesWrittenAt(watched);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

async function bundle(folder: string): Promise<void> {
  const flags = ["--quiet", "--platform", "browser", "--minify", "--sourcemap=linked"];
  const entries = ENTRIES.map((entry) => join(SOURCE, entry));
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", ...flags, "--outdir", folder, ...entries],
    cwd: ROOT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot build the page: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Makes the page if it is older than its sources.
 *
 * @returns whether it had to be made. @throws Error with what the bundler said.
 */
export async function buildPage(options: { force?: boolean } = {}): Promise<boolean> {
  if (!options.force && isUpToDate(join(PAGE_FOLDER, "index.html"), WATCHED)) return false;
  // As old as what it is made of, so that a change meanwhile is not missed.
  const begun = new Date();
  // Made beside its place and moved there as a whole: whoever serves it meanwhile never sees half a page.
  const folder = await Deno.makeTempDir({ dir: join(await made(join(ROOT, "dist"))) });
  try {
    await bundle(folder);
    for (const name of COPIES) await Deno.copyFile(join(SOURCE, name), join(folder, name));
    const styles = STYLES.map((name) => Deno.readTextFileSync(join(SOURCE, `styles/${name}.css`)));
    await Deno.writeTextFile(join(folder, "page.css"), styles.join("\n"));
    await made(PAGE_FOLDER);
    for (const { name } of Deno.readDirSync(folder)) {
      await Deno.rename(join(folder, name), join(PAGE_FOLDER, name));
    }
    await Deno.utime(join(PAGE_FOLDER, "index.html"), begun, begun);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return true;
}

async function made(folder: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

if (import.meta.main) {
  const before = performance.now();
  const isNew = await buildPage({ force: Deno.args.includes("--force") });
  const took = Math.round(performance.now() - before);
  console.error(isNew ? `Made dist/page in ${took} ms` : "dist/page is up to date");
}
