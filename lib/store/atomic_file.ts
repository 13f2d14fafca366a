import { dirname } from "node:path";

/** Only its owner may read it. */
const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Writes a whole file so that after a crash or a power cut there is the old one or the new one, never half of either:
 * written beside it, flushed to the disk, renamed over it.
 *
 * @param secret Readable by its owner alone (where the file system knows owners).
 */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array,
  { secret = false }: { secret?: boolean } = {},
): Promise<void> {
  const beside = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    using file = await Deno.open(beside, {
      write: true,
      createNew: true,
      mode: secret ? SECRET_MODE : PUBLIC_MODE,
    });
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } catch (thrown) {
    await Deno.remove(beside).catch(() => {});
    throw thrown;
  }
  await Deno.rename(beside, path);
  await syncFolder(dirname(path));
}

/** Makes a rename survive a power cut. Windows does not open folders, and does not need it. */
export async function syncFolder(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using handle = await Deno.open(folder, { read: true });
  await handle.sync();
}

/** The text of a file, or `undefined` where there is none. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}
