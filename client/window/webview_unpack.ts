import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { equalBytes, messageOf } from "@fusionmeet/base";

/** A file to unpack; its path from the folder. */
interface PackedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Letters of the hash that names a copy. */
const HASH_LENGTH = 16;

/**
 * Copies a folder out of the executable, for what cannot look into it: the system loads libraries itself, and GTK
 * reads the icons itself. A copy that is there is used again, after it was compared byte for byte; other versions of the
 * program have copies of their own.
 *
 * @param from The folder inside. @param cache The user's own folder for what can be made again. @param name Of the copy,
 * before its hash.
 * @returns the folder with the copy. @throws Error in words when it cannot be written.
 */
export function unpackFolder(from: string, cache: string, name = "webview"): string {
  const files = filesBelow(from);
  const folder = join(cache, `${name}-${hashOf(files)}`);
  try {
    for (const { path, bytes } of files) place(join(folder, path), bytes);
  } catch (thrown) {
    throw new Error(`Cannot unpack into ${folder}: ${messageOf(thrown)}`, { cause: thrown });
  }
  return folder;
}

function filesBelow(folder: string, under = ""): PackedFile[] {
  const entries = [...Deno.readDirSync(join(folder, under))];
  return entries.sort((a, b) => a.name < b.name ? -1 : 1).flatMap(({ name, isDirectory }) => {
    const path = join(under, name);
    if (isDirectory) return filesBelow(folder, path);
    return [{ path, bytes: Deno.readFileSync(join(folder, path)) }];
  });
}

function hashOf(files: readonly PackedFile[]): string {
  const hash = createHash("sha256");
  for (const { path, bytes } of files) hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex").slice(0, HASH_LENGTH);
}

/** Whoever opens the file meanwhile finds a whole one, of before or of now. */
function place(path: string, bytes: Uint8Array): void {
  if (isSame(path, bytes)) return;
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${crypto.randomUUID()}`;
  Deno.writeFileSync(beside, bytes, { mode: 0o600, createNew: true });
  Deno.renameSync(beside, path);
}

/** A link is not the same: where it leads to may change. */
function isSame(path: string, bytes: Uint8Array): boolean {
  try {
    return Deno.lstatSync(path).isFile && equalBytes(Deno.readFileSync(path), bytes);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
