import { createHash, type Hash } from "node:crypto";
import { dirname } from "node:path";
import { assert } from "@fusionmeet/base";
import { syncFolder } from "./atomic_file.ts";

/** Behind the name of a file that has not come whole. */
export const PART_SUFFIX = ".part";
/** A rename that is refused (a virus scanner holds the file) is tried again, so often and after so long. */
export const RENAME_TRIES = 10;
export const RENAME_WAIT_MS = 200;
/** What is there already is read again in pieces of this size, to hash it. */
const HASH_CHUNK_BYTES = 256 * 1024;

/**
 * After so many bytes the disk is told to write what there is, while more comes. Left to the system, most of a file of 1 GB
 * would be written when its last byte is there, and whoever waits for that waits twice.
 */
export const WRITE_BACK_BYTES = 32 << 20;

/** A file that comes piece by piece is not what it should be. */
export class WrongContent extends Error {
  override readonly name = "WrongContent";
}

/** There is no place for it. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** What a file that comes should be. */
export interface ExpectedFile {
  readonly size: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/**
 * A file that comes piece by piece, into `PATH.part` until it is whole and its hash is right; only then it is at its path.
 * Opened again it goes on where it broke off.
 */
export class PartFile implements Disposable {
  readonly #path: string;
  readonly #expected: ExpectedFile;
  readonly #file: Deno.FsFile;
  readonly #writeBack: (path: string) => Promise<void>;
  readonly #hash: Hash = createHash("sha256");
  #size = 0;
  #isClosed = false;
  /** So much the disk was told to write. */
  #writtenBack = 0;
  #writingBack: Promise<void> | undefined;

  /** @param writeBack Has the disk write what there is of a file; never rejects. @throws what the file system says. */
  static async open(
    path: string,
    expected: ExpectedFile,
    { writeBack = syncData }: { readonly writeBack?: (path: string) => Promise<void> } = {},
  ): Promise<PartFile> {
    const file = await Deno.open(path + PART_SUFFIX, { read: true, write: true, create: true });
    const part = new PartFile(path, expected, { file, writeBack });
    try {
      await part.#takeWhatIsThere();
      return part;
    } catch (thrown) {
      part.close();
      throw thrown;
    }
  }

  private constructor(
    path: string,
    expected: ExpectedFile,
    { file, writeBack }: { file: Deno.FsFile; writeBack: (path: string) => Promise<void> },
  ) {
    this.#path = path;
    this.#expected = expected;
    this.#file = file;
    this.#writeBack = writeBack;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** False once it was finished, discarded or closed. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get missing(): number {
    return this.#expected.size - this.#size;
  }

  /**
   * Appends. @throws WrongContent when it is more than there should be. @throws DiskFull, and then nothing of it is left: what
   * fills the disk helps nobody. @throws what the file system says.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > this.missing) {
      throw new WrongContent(`There came more than the ${this.#expected.size} bytes it should be`);
    }
    await this.#orFull(async () => {
      const writing = this.#file.write(bytes);
      // While another thread writes.
      this.#hash.update(bytes);
      for (let at = await writing; at < bytes.length;) {
        at += await this.#file.write(bytes.subarray(at));
      }
    });
    this.#size += bytes.length;
    if (this.#size - this.#writtenBack >= WRITE_BACK_BYTES) this.#beginWritingBack();
  }

  /**
   * Puts the whole file at its path, or at the one that `place` gives when it is known to be right. A wrong one is removed.
   *
   * @returns where it is. @throws WrongContent. @throws DiskFull. @throws what the file system says.
   */
  async finish(place: () => Promise<string> = () => Promise.resolve(this.#path)): Promise<string> {
    assert(this.missing === 0, "only a whole file is finished");
    if (this.#hash.digest("hex") !== this.#expected.hash) {
      await this.discard();
      throw new WrongContent("What came is not what was offered: its hash is another one");
    }
    await this.#orFull(() => this.#file.sync());
    await this.#writingBack;
    this.close();
    const path = await place();
    await renamePatiently(this.#path + PART_SUFFIX, path);
    await syncFolder(dirname(path));
    return path;
  }

  /** The first bytes of it, at most so many. @throws what the file system says. */
  async beginning(bytes: number): Promise<Uint8Array> {
    const buffer = new Uint8Array(bytes);
    await this.#file.seek(0, Deno.SeekMode.Start);
    const read = await this.#file.read(buffer);
    await this.#file.seek(0, Deno.SeekMode.End);
    return buffer.subarray(0, read ?? 0);
  }

  /** Removes it, where nobody else has. */
  async discard(): Promise<void> {
    this.close();
    await Deno.remove(this.#path + PART_SUFFIX).catch((thrown) => {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    });
  }

  /** What is there stays there. */
  close(): void {
    if (!this.#isClosed) this.#file.close();
    this.#isClosed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #beginWritingBack(): void {
    if (this.#writingBack !== undefined) return;
    this.#writtenBack = this.#size;
    this.#writingBack = this.#writeBack(this.#path + PART_SUFFIX)
      .finally(() => this.#writingBack = undefined);
  }

  async #orFull(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown;
      await this.discard();
      throw new DiskFull("There is no space left on the disk", { cause: thrown });
    }
  }

  async #takeWhatIsThere(): Promise<void> {
    const { size } = await this.#file.stat();
    // Whatever that is, it is not the beginning of this file.
    if (size > this.#expected.size) await this.#file.truncate(0);
    const buffer = new Uint8Array(HASH_CHUNK_BYTES);
    for (let read; (read = await this.#file.read(buffer)) !== null;) {
      this.#hash.update(buffer.subarray(0, read));
      this.#size += read;
    }
  }
}

/** By a handle of its own: with the same one, what is to be written would wait. Never throws: the last `sync` tells. */
async function syncData(path: string): Promise<void> {
  try {
    using file = await Deno.open(path, { write: true });
    await file.syncData();
  } catch {
    // It is gone, or the disk says no: whoever finishes the file will hear of it.
  }
}

/** The disk, or what its user may have of it, is full. */
export function isDiskFull(thrown: unknown): boolean {
  if (thrown instanceof DiskFull) return true;
  if (!(thrown instanceof Error)) return false;
  const { code } = thrown as { code?: string };
  // Windows: ERROR_DISK_FULL.
  return code === "ENOSPC" || code === "EDQUOT" || /space (left )?on|quota/i.test(thrown.message);
}

/** Renames, and tries again where the file is held by another program. @throws what the file system says in the end. */
export async function renamePatiently(
  from: string,
  to: string,
  rename: (from: string, to: string) => Promise<void> = Deno.rename,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await rename(from, to);
    } catch (thrown) {
      const isHeld = thrown instanceof Deno.errors.PermissionDenied ||
        thrown instanceof Deno.errors.Busy || thrown instanceof Deno.errors.AlreadyExists;
      if (!isHeld || tries === RENAME_TRIES) throw thrown;
      await wait(RENAME_WAIT_MS);
    }
  }
}

/** SHA-256 of a file, hex. @param progress is told the bytes read so far. @throws what the file system says, or the signal's reason. */
export async function hashFile(
  path: string,
  { progress, signal }: { progress?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const buffers = [new Uint8Array(HASH_CHUNK_BYTES), new Uint8Array(HASH_CHUNK_BYTES)];
  let bytes = 0;
  let reading = file.read(buffers[0]);
  for (let turn = 0, read; (read = await reading) !== null; turn = 1 - turn) {
    signal?.throwIfAborted();
    // While another thread reads the next piece.
    reading = file.read(buffers[1 - turn]);
    reading.catch(() => undefined);
    hash.update(buffers[turn].subarray(0, read));
    progress?.(bytes += read);
  }
  return hash.digest("hex");
}
