import type { DatabaseSync } from "node:sqlite";
import { nameKey, numberedFileName, safeFileName } from "@fusionmeet/protocol";
import { PART_SUFFIX } from "./part_file.ts";

/** Where files and offers of files are kept; a migration of the meetings' database. */
export const FILES_TABLE = `CREATE TABLE files (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     room INTEGER NOT NULL REFERENCES rooms (id),
     name TEXT NOT NULL,
     stored TEXT NOT NULL,
     stored_key TEXT NOT NULL,
     size INTEGER NOT NULL,
     hash TEXT NOT NULL,
     owner TEXT NOT NULL,
     at REAL NOT NULL,
     whole INTEGER NOT NULL,
     UNIQUE (room, stored_key),
     UNIQUE (room, hash)
   ) STRICT;`;

/** What was added to that later. */
export const FILES_EXECUTABLE =
  "ALTER TABLE files ADD COLUMN executable INTEGER NOT NULL DEFAULT 0;";
export const FILES_THUMBNAIL = "ALTER TABLE files ADD COLUMN thumbnail BLOB;";
export const FILES_PERSON = "ALTER TABLE files ADD COLUMN person TEXT;";

/** A file of a room, or the offer of one that has not come whole yet. */
export interface StoredFile {
  /** Never given to another file again. */
  readonly id: number;
  /** As its owner calls it, for people to read; not for a file system. */
  readonly name: string;
  /** Its name in the room's folder under uploads/. */
  readonly stored: string;
  readonly size: number;
  /** SHA-256 of its content, hex. */
  readonly hash: string;
  /** Name of whoever offered it. */
  readonly owner: string;
  /** What is known of whoever that is besides a name; absent where nothing is. */
  readonly person?: string;
  /** When it was offered, or came whole; epoch ms. */
  readonly at: number;
  readonly isWhole: boolean;
  /** Its content begins as a program's does; false while it has not come whole. */
  readonly isExecutable: boolean;
  /** Bytes of its small picture; 0 where it has none. */
  readonly thumbnailBytes: number;
}

/** What is known of a file when it is offered. */
export type OfferedFile = Pick<StoredFile, "name" | "size" | "hash" | "owner" | "person" | "at"> & {
  /** Its small picture. */
  readonly thumbnail?: Uint8Array;
};

const NAMES_TRIED_MAX = 20;
const COLUMNS =
  "files.id AS id, files.name AS name, stored, size, hash, owner, person, at, whole, executable, length(thumbnail) AS thumbnail";

/** Which files rooms have, in SQLite. A room has each content once, under one name. What a call has returned survives a power cut. */
export class FileIndex {
  readonly #statements;

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql);
    this.#statements = {
      byId: prepare(`SELECT ${COLUMNS} FROM files WHERE room = ? AND id = ?`),
      byHash: prepare(`SELECT ${COLUMNS} FROM files WHERE room = ? AND hash = ?`),
      size: prepare("SELECT 1 FROM files WHERE room = ? AND size = ? LIMIT 1"),
      stored: prepare("SELECT 1 FROM files WHERE room = ? AND stored_key = ?"),
      whole: prepare(`SELECT ${COLUMNS} FROM files WHERE room = ? AND whole = 1 ORDER BY id`),
      add: prepare(
        "INSERT INTO files (room, name, stored, stored_key, size, hash, owner, person, at, thumbnail, whole) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
      ),
      thumbnail: prepare("SELECT thumbnail FROM files WHERE room = ? AND id = ?"),
      depict: prepare("UPDATE files SET thumbnail = ? WHERE id = ?"),
      finish: prepare("UPDATE files SET whole = 1, at = ?, executable = ? WHERE id = ?"),
      remove: prepare("DELETE FROM files WHERE id = ?"),
      roomBytes: prepare("SELECT sum(size) AS bytes FROM files WHERE room = ?"),
      count: prepare("SELECT count(*) AS count FROM files WHERE room = ?"),
      offers: prepare(
        "SELECT count(*) AS count FROM files WHERE room = ? AND owner = ? AND whole = 0",
      ),
      allBytes: prepare("SELECT sum(size) AS bytes FROM files"),
      offersBefore: prepare(
        `SELECT ${COLUMNS}, slug FROM files JOIN rooms ON rooms.id = room WHERE whole = 0 AND at < ?`,
      ),
    };
  }

  /** The whole files of a room, in the order they were offered. */
  list(room: number): StoredFile[] {
    return this.#statements.whole.all(room).map(asFile);
  }

  byId(room: number, id: number): StoredFile | undefined {
    return optionalFile(this.#statements.byId.get(room, id));
  }

  /** The file or offer with that content. */
  byHash(room: number, hash: string): StoredFile | undefined {
    return optionalFile(this.#statements.byHash.get(room, hash));
  }

  /** Has the room a file, or the offer of one, of that size? */
  hasSize(room: number, size: number): boolean {
    return this.#statements.size.get(room, size) !== undefined;
  }

  /** Keeps an offer, under a free name as like its own as can be. There must be none with that content. */
  offer(room: number, file: OfferedFile): StoredFile {
    const { name, size, hash, owner, person = null, at, thumbnail = null } = file;
    const stored = this.#freeName(room, notPart(safeFileName(name)));
    const key = nameKey(stored);
    this.#statements.add.run(room, name, stored, key, size, hash, owner, person, at, thumbnail);
    return this.byHash(room, hash)!;
  }

  #freeName(room: number, safe: string): string {
    for (let count = 1;; count++) {
      // Of very many with one name, the later ones are not tried one by one.
      const number = count <= NAMES_TRIED_MAX ? count : this.count(room) + count;
      const name = numberedFileName(safe, number);
      // What comes of it may not be written over a file either, which an earlier version may have called so.
      if ([name, name + PART_SUFFIX].every((each) => this.#isFree(room, each))) return name;
    }
  }

  #isFree(room: number, name: string): boolean {
    return this.#statements.stored.get(room, nameKey(name)) === undefined;
  }

  /** It is there, whole. @returns false when it was removed meanwhile. */
  finish(id: number, at: number, { isExecutable = false } = {}): boolean {
    return this.#statements.finish.run(at, Number(isExecutable), id).changes > 0;
  }

  /** Its small picture; `undefined` where it has none, or is not there. */
  thumbnail(room: number, id: number): Uint8Array | undefined {
    const kept = this.#statements.thumbnail.get(room, id)?.thumbnail;
    return kept instanceof Uint8Array ? kept : undefined;
  }

  /** Gives it a small picture. */
  depict(id: number, thumbnail: Uint8Array): void {
    this.#statements.depict.run(thumbnail, id);
  }

  remove(id: number): void {
    this.#statements.remove.run(id);
  }

  /** Bytes of all files and offers: of a room, or of all rooms. */
  bytes(room?: number): number {
    const { roomBytes, allBytes } = this.#statements;
    const row = room === undefined ? allBytes.get() : roomBytes.get(room);
    return Number(row?.bytes ?? 0);
  }

  /** Files and offers of a room. */
  count(room: number): number {
    return Number(this.#statements.count.get(room)?.count);
  }

  /** Offers of one person in a room that have not come whole yet. */
  offerCount(room: number, owner: string): number {
    return Number(this.#statements.offers.get(room, owner)?.count);
  }

  /** Offers from before that time that never came whole, with their rooms' folders. */
  offersBefore(at: number): (StoredFile & { readonly slug: string })[] {
    return this.#statements.offersBefore.all(at).map((row) => ({
      ...asFile(row),
      slug: String(row.slug),
    }));
  }
}

/** Like `name`, but not what comes of another file is called: whoever calls theirs so would write over it. */
function notPart(name: string): string {
  return name.toLowerCase().endsWith(PART_SUFFIX) ? `${name}_` : name;
}

function optionalFile(row: Record<string, unknown> | undefined): StoredFile | undefined {
  return row && asFile(row);
}

function asFile(
  { whole, executable, thumbnail, person, slug: _, ...row }: Record<string, unknown>,
): StoredFile {
  return {
    ...row,
    ...(typeof person === "string" && { person }),
    isWhole: whole === 1,
    isExecutable: executable === 1,
    thumbnailBytes: Number(thumbnail ?? 0),
  } as unknown as StoredFile;
}
