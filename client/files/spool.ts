import { createHash } from "node:crypto";
import { join } from "node:path";
import { Refusal } from "@fusionmeet/base";
import { FolderLock, writeFileAtomically } from "@fusionmeet/store";
import { readable, type TakenFile } from "./file_source.ts";

/** Below the data folder: what was given to this program and is not all at the server yet. */
const SPOOL_FOLDER = "outgoing";
/** What a program that was killed has left is kept for so long; so does the server keep its part of it. */
export const SPOOL_KEPT_MS = 24 * 3_600_000;
/** A folder in which nothing has happened for so long is in nobody's hands. */
const SETTLED_MS = 10_000;
/** For its owner alone. */
const PRIVATE_MODE = 0o600;

/** What is sent, and where to. */
export interface SpoolNote {
  /** The fingerprint of the server's key. */
  readonly server: string;
  readonly room: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** A file of which the spool has a copy. */
export interface SpooledFile extends SpoolNote, TakenFile {
  /** Removes the copy. */
  release(): void;
}

/** What earlier runs of the program have left for a room. */
export interface Leftovers {
  readonly whole: readonly SpooledFile[];
  /** Names of those that were not read to their end: they are gone. */
  readonly broken: readonly string[];
}

/**
 * Copies of files that come as a stream and go to the server, each until it is there. They outlive a program that is
 * killed: a later one finds them, unless another one that runs has them.
 */
export class Spool {
  readonly #folder: string;
  readonly #lock: FolderLock;
  readonly #busy = new Set<Promise<unknown>>();
  #count = 0;

  /** True where an earlier run may have left something. */
  static hasLeft(data: string): boolean {
    try {
      return !Deno.readDirSync(join(data, SPOOL_FOLDER))[Symbol.iterator]().next().done;
    } catch {
      return false;
    }
  }

  /** @param data The program's data folder. @throws Refusal */
  static async open(data: string): Promise<Spool> {
    const parent = join(data, SPOOL_FOLDER);
    await readable(Deno.mkdir(parent, { recursive: true }));
    const folder = await readable(Deno.makeTempDir({ dir: parent, prefix: "" }));
    return new Spool(folder, await readable(FolderLock.take(folder)));
  }

  private constructor(folder: string, lock: FolderLock) {
    this.#folder = folder;
    this.#lock = lock;
  }

  /** Copies a stream to its end. @throws Refusal where that is not `note.size` bytes, or the disk says no; the signal's reason. */
  async take(
    note: SpoolNote,
    bytes: AsyncIterable<Uint8Array>,
    how: { readonly progress: (bytes: number) => void; readonly signal: AbortSignal },
  ): Promise<SpooledFile> {
    const path = this.#newPath();
    const taking = this.#take(path, note, { ...how, bytes });
    this.#busy.add(taking);
    try {
      return await taking;
    } catch (thrown) {
      removeCopy(path);
      throw thrown;
    } finally {
      this.#busy.delete(taking);
    }
  }

  /** Takes over what earlier runs left for that server and room, and removes what is too old. */
  async leftovers({ server, room }: Pick<SpoolNote, "server" | "room">): Promise<Leftovers> {
    const left: { whole: SpooledFile[]; broken: string[] } = { whole: [], broken: [] };
    const parent = join(this.#folder, "..");
    for (const { name, isDirectory } of [...Deno.readDirSync(parent)]) {
      const folder = join(parent, name);
      if (!isDirectory || folder === this.#folder) continue;
      // Another program that runs has it.
      const lock = await FolderLock.take(folder).catch(() => undefined);
      if (lock === undefined) continue;
      using _lock = lock;
      for (const entry of notesIn(folder)) {
        const isMeant = entry.note.server === server && entry.note.room === room;
        if (isMeant) this.#takeOver(entry, left);
        else if (Date.now() - entry.writtenAt > SPOOL_KEPT_MS) removeCopy(entry.path);
      }
      // One that is new may be about to be used.
      const isOld = Date.now() - (Deno.statSync(folder).mtime?.getTime() ?? 0) > SETTLED_MS;
      if (isOld && notesIn(folder).length === 0) removeQuietly(folder);
    }
    return left;
  }

  /** Ends. @param how.keep What is there stays, for a later run. */
  async close({ keep }: { keep: boolean }): Promise<void> {
    await Promise.allSettled(this.#busy);
    this.#lock[Symbol.dispose]();
    if (!keep || notesIn(this.#folder).length === 0) removeQuietly(this.#folder);
  }

  async #take(
    path: string,
    note: SpoolNote,
    { bytes, progress, signal }: {
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly progress: (bytes: number) => void;
      readonly signal: AbortSignal;
    },
  ): Promise<SpooledFile> {
    await readable(Deno.writeTextFile(noteOf(path), JSON.stringify(note), { mode: PRIVATE_MODE }));
    using file = await readable(
      Deno.open(path, { write: true, createNew: true, mode: PRIVATE_MODE }),
    );
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      size += chunk.length;
      if (size > note.size) throw new Refusal("file-changed", "There came more than it has");
      hash.update(chunk);
      for (let at = 0; at < chunk.length;) at += await readable(file.write(chunk.subarray(at)));
      progress(size);
    }
    signal.throwIfAborted();
    if (size < note.size) {
      throw new Refusal("file-changed", "It was not read to its end: try again");
    }
    const whole = { ...note, hash: hash.digest("hex") };
    await readable(file.sync());
    const text = new TextEncoder().encode(JSON.stringify(whole));
    await readable(writeFileAtomically(noteOf(path), text, { secret: true }));
    return this.#spooled(path, whole);
  }

  #takeOver({ path, note }: NoteEntry, left: { whole: SpooledFile[]; broken: string[] }): void {
    const { hash } = note;
    const size = sizeOf(path);
    if (hash === undefined || size !== note.size) {
      left.broken.push(note.name);
      return removeCopy(path);
    }
    const here = this.#newPath();
    Deno.renameSync(path, here);
    Deno.renameSync(noteOf(path), noteOf(here));
    left.whole.push(this.#spooled(here, { ...note, hash }));
  }

  #spooled(path: string, note: SpoolNote & { hash: string }): SpooledFile {
    return { ...note, path, release: () => removeCopy(path) };
  }

  #newPath(): string {
    return join(this.#folder, String(++this.#count));
  }
}

type Note = SpoolNote & { readonly hash?: string };

interface NoteEntry {
  /** Of the copy. */
  readonly path: string;
  readonly note: Note;
  /** Epoch ms. */
  readonly writtenAt: number;
}

function noteOf(path: string): string {
  return `${path}.json`;
}

/** What there are notes about in a folder; one that cannot be read is removed with its copy. */
function notesIn(folder: string): NoteEntry[] {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".json"))
    .map(({ name }) => join(folder, name)).flatMap((path) => {
      const copy = path.slice(0, -".json".length);
      try {
        const note: unknown = JSON.parse(Deno.readTextFileSync(path));
        const writtenAt = Deno.statSync(path).mtime?.getTime() ?? 0;
        if (isNote(note)) return [{ path: copy, note, writtenAt }];
      } catch {
        // It was written when the program was killed.
      }
      removeCopy(copy);
      return [];
    });
}

function isNote(value: unknown): value is Note {
  const { server, room, name, size, hash } = (value ?? {}) as Record<string, unknown>;
  return [server, room, name].every((each) => typeof each === "string") &&
    Number.isSafeInteger(size) && (hash === undefined || /^[0-9a-f]{64}$/.test(String(hash)));
}

function sizeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).size;
  } catch {
    return undefined;
  }
}

function removeCopy(path: string): void {
  for (const each of [path, noteOf(path)]) removeQuietly(each);
}

/** What cannot be removed now, a later run removes. */
function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // It is gone already, or held by a virus scanner.
  }
}
