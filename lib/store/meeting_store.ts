import { DatabaseSync } from "node:sqlite";
import { assert, messageOf } from "@fusionmeet/base";
import { nameKey, roomSlug } from "@fusionmeet/protocol";
import {
  FileIndex,
  FILES_EXECUTABLE,
  FILES_PERSON,
  FILES_TABLE,
  FILES_THUMBNAIL,
} from "./file_index.ts";

/** A room as it is kept. */
export interface StoredRoom {
  readonly id: number;
  /** As first written. */
  readonly name: string;
  /** Its folder under uploads/. */
  readonly slug: string;
}

/** One line of chat; `id` counts 1, 2, 3… in its room without gaps, `at` is epoch ms. */
export interface StoredLine {
  readonly id: number;
  readonly at: number;
  readonly from: string;
  readonly text: string;
  readonly mark: string;
}

/** 4 GiB in SQLite's pages of 4 KiB: whoever floods the chat fills this, not the disk. */
const PAGES_MAX = 1 << 20;

/** Folders of rooms whose names come out alike: so many numbers are tried one after the other. */
const SLUGS_TRIED_MAX = 20;

/** Each brings the database one version further. Append only. */
const MIGRATIONS = [
  `CREATE TABLE rooms (
     id INTEGER PRIMARY KEY,
     key TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     slug TEXT NOT NULL,
     slug_key TEXT NOT NULL UNIQUE,
     created REAL NOT NULL
   ) STRICT;
   CREATE TABLE chat (
     room INTEGER NOT NULL REFERENCES rooms (id),
     id INTEGER NOT NULL,
     at REAL NOT NULL,
     sender TEXT NOT NULL,
     text TEXT NOT NULL,
     mark TEXT NOT NULL,
     PRIMARY KEY (room, id),
     UNIQUE (room, mark)
   ) STRICT, WITHOUT ROWID;`,
  FILES_TABLE,
  FILES_EXECUTABLE,
  FILES_THUMBNAIL,
  FILES_PERSON,
];

/**
 * Rooms and their chat in SQLite. Write-ahead log with `synchronous=FULL`: what a call has returned survives kill -9 and a
 * power cut. Synchronous: one line costs a flush to the disk (0.3-0.8 ms measured).
 */
export class MeetingStore implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements;
  /** The files of all rooms. */
  readonly files: FileIndex;

  /** @throws Error in words when the file is damaged or from a newer version. */
  constructor(path: string) {
    this.#database = openDatabase(path);
    this.files = new FileIndex(this.#database);
    const prepare = (sql: string) => this.#database.prepare(sql);
    this.#statements = {
      room: prepare("SELECT id, name, slug FROM rooms WHERE key = ?"),
      slug: prepare("SELECT 1 FROM rooms WHERE slug_key = ?"),
      addRoom: prepare(
        "INSERT INTO rooms (key, name, slug, slug_key, created) VALUES (?, ?, ?, ?, ?)",
      ),
      // Rooms are never taken away.
      rooms: prepare("SELECT max(id) AS count FROM rooms"),
      latest: prepare("SELECT max(id) AS id FROM chat WHERE room = ?"),
      marked: prepare(
        'SELECT id, at, sender AS "from", text, mark FROM chat WHERE room = ? AND mark = ?',
      ),
      append: prepare(
        "INSERT INTO chat (room, id, at, sender, text, mark) VALUES (?, ?, ?, ?, ?, ?)",
      ),
      after: prepare(
        'SELECT id, at, sender AS "from", text, mark FROM chat WHERE room = ? AND id > ? ORDER BY id LIMIT ?',
      ),
    };
  }

  /** The room of that name (under `nameKey`), if it was ever kept. */
  findRoom(name: string): StoredRoom | undefined {
    const row = this.#statements.room.get(nameKey(name));
    return row && { ...row } as unknown as StoredRoom;
  }

  /** The room of that name, kept from now on. */
  keepRoom(name: string, nowMs: number): StoredRoom {
    const known = this.findRoom(name);
    if (known !== undefined) return known;
    const slug = this.#freeSlug(roomSlug(name));
    this.#statements.addRoom.run(nameKey(name), name, slug, nameKey(slug), nowMs);
    return this.findRoom(name)!;
  }

  /** The highest line number of a room; 0 before its first line. */
  latestLine(room: number): number {
    return Number(this.#statements.latest.get(room)?.id ?? 0);
  }

  /**
   * Keeps a line (without U+0000, which SQLite does not give back) as the next one of its room. The same `mark` again is the
   * same line: it is given back as it was kept. When this returns, or else `together()`, the line is on the disk.
   */
  append(
    room: number,
    line: Omit<StoredLine, "id">,
  ): { readonly line: StoredLine; readonly isNew: boolean } {
    const kept = this.#statements.marked.get(room, line.mark);
    if (kept !== undefined) return { line: asLine(kept), isNew: false };
    const id = this.latestLine(room) + 1;
    this.#statements.append.run(room, id, line.at, line.from, line.text, line.mark);
    return { line: { id, ...line }, isNew: true };
  }

  /** Does several writes as one: when it returns all are on the disk, when it throws none. */
  together(write: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      write();
      this.#database.exec("COMMIT");
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }

  /** At most `countMax` lines with `id > after`, in order. */
  linesAfter(room: number, { after, countMax }: { after: number; countMax: number }): StoredLine[] {
    return this.#statements.after.all(room, after, countMax).map(asLine);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  close(): void {
    this.#database.close();
  }

  #freeSlug(slug: string): string {
    for (let count = 1;; count++) {
      // Of very many with one slug ("?", "!", …) the later ones are not tried one by one.
      const number = count <= SLUGS_TRIED_MAX ? count : this.#roomCount() + count;
      const candidate = number === 1 ? slug : `${slug}-${number}`;
      if (this.#statements.slug.get(nameKey(candidate)) === undefined) return candidate;
    }
  }

  #roomCount(): number {
    return Number(this.#statements.rooms.get()?.count ?? 0);
  }
}

/** A row as a plain object. */
function asLine(row: Record<string, unknown>): StoredLine {
  return { ...row } as unknown as StoredLine;
}

function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 2000");
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
    database.exec(`PRAGMA max_page_count = ${PAGES_MAX}`);
    migrate(database);
    return database;
  } catch (cause) {
    database?.close();
    throw new Error(`Cannot open ${path}: ${messageOf(cause)}`, { cause });
  }
}

function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
  assert(Number.isInteger(version), "SQLite gives a user_version");
  if (version > MIGRATIONS.length) {
    throw new Error(`made by a newer version (${version}, this one knows ${MIGRATIONS.length})`);
  }
  for (let index = version; index < MIGRATIONS.length; index++) {
    database.exec(
      `BEGIN IMMEDIATE; ${MIGRATIONS[index]} PRAGMA user_version = ${index + 1}; COMMIT;`,
    );
  }
}
