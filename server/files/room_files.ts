import { createHash } from "node:crypto";
import { messageOf, Refusal } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import {
  FILES_PER_MESSAGE,
  type ServerMessage,
  shownFileName,
  thumbnailFault,
} from "@fusionmeet/protocol";
import type { StoredFile } from "@fusionmeet/store";
import type { ServerLog } from "../log.ts";
import { ComingFiles } from "./coming_files.ts";
import { noSuchFile, type Shelf } from "./shelf.ts";

/** Whoever does something with files. */
export interface FilePerson {
  readonly name: string;
  /** Their secret; absent where their program has none. */
  readonly person?: Uint8Array;
}

export interface RoomFilesOptions {
  /** Name of the room. */
  readonly room: string;
  /** To everybody in it: the same, or to each their own. */
  readonly tell: (message: ServerMessage | ((person: FilePerson) => ServerMessage)) => void;
  /** Has that participant a seat in it? */
  readonly isHere: (participant: number) => boolean;
}

/** The files of a room as the people in it see them: who offers, what is listed, who may delete. */
export class RoomFiles {
  readonly #shelf: Shelf;
  readonly #log: ServerLog;
  readonly #room: string;
  readonly #tell: RoomFilesOptions["tell"];
  /** Those on their way. */
  readonly coming: ComingFiles;

  constructor(
    { shelf, log, timers }: {
      readonly shelf: Shelf;
      readonly log: ServerLog;
      readonly timers: Timers;
    },
    { room, tell, isHere }: RoomFilesOptions,
  ) {
    this.coming = new ComingFiles({ timers, tell, isHere });
    this.#shelf = shelf;
    this.#log = log;
    this.#room = room;
    this.#tell = tell;
  }

  /** A file or an offer. @throws Refusal `disk` */
  byId(id: number): StoredFile | undefined {
    return this.#orDisk(() => this.#shelf.byId(this.#room, id));
  }

  /** The lists for that person, who came. A disk that says no costs the files, not the meeting. */
  lists(person: FilePerson): ServerMessage[] {
    let files: StoredFile[] = [];
    try {
      files = this.#shelf.list(this.#room);
    } catch (thrown) {
      this.#log.event("files-not-read", { state: messageOf(thrown) });
    }
    const messages: ServerMessage[] = this.coming.lists();
    const isTheirs = ownerTest(person);
    for (let at = 0; at === 0 || at < files.length; at += FILES_PER_MESSAGE) {
      const list = files.slice(at, at + FILES_PER_MESSAGE)
        .map((file) => wireFile(file, isTheirs(file)));
      const last = at + FILES_PER_MESSAGE >= files.length;
      messages.push({ type: "files", list, last, fileBytesMax: this.#shelf.fileBytesMax });
    }
    return messages;
  }

  /** @throws Refusal: those of `Shelf.offer`, `file-name-bad`, `thumbnail-bad`, `disk` */
  offer(
    { name: owner, person }: FilePerson,
    { name, size, hash, thumbnail }: {
      name: string;
      size: number;
      hash: Uint8Array;
      thumbnail?: Uint8Array;
    },
  ): { id: number; isThere: boolean } {
    const shown = shownFileName(name);
    if (shown === "") throw new Refusal("file-name-bad", "The file has no name");
    const fault = thumbnail && thumbnailFault(thumbnail);
    if (fault !== undefined) {
      throw new Refusal("thumbnail-bad", `Cannot take the thumbnail of ${shown}: ${fault}`);
    }
    const offer = {
      name: shown,
      size,
      hash: hash.toHex(),
      owner,
      person: markOf(person),
      thumbnail,
    };
    const { id, isWhole } = this.#orDisk(() => this.#shelf.offer(this.#room, offer));
    return { id, isThere: isWhole };
  }

  /** May a file of that size be offered? @throws Refusal: those of `Shelf.plan`, `disk` */
  plan({ name: owner }: FilePerson, { size }: { size: number }): void {
    this.#orDisk(() => this.#shelf.plan(this.#room, { owner, size }));
  }

  /** The small picture of a file; `undefined` where there is none. @throws Refusal `disk` */
  thumbnail(id: number): Uint8Array | undefined {
    return this.#orDisk(() => this.#shelf.thumbnail(this.#room, id));
  }

  /** @throws Refusal `no-such-file`, `not-yours` */
  delete(person: FilePerson, id: number, { isHost = false } = {}): void {
    const file = this.byId(id);
    if (file === undefined) throw noSuchFile();
    if (!isHost && !ownerTest(person)(file)) {
      const whose = file.owner === person.name
        ? "was shared on another computer, by somebody of your name"
        : `is ${file.owner}'s`;
      throw new Refusal("not-yours", `${file.name} ${whose}: only they and the host can delete it`);
    }
    void this.#shelf.remove(this.#room, file);
    this.gone(file);
  }

  /** A file came whole. */
  came(file: StoredFile): void {
    this.coming.ended(file.id);
    this.#tell((person) => ({ type: "file", ...wireFile(file, ownerTest(person)(file)) }));
  }

  /** A file is no longer there. */
  gone({ id }: Pick<StoredFile, "id">): void {
    this.coming.ended(id);
    this.#tell({ type: "file.gone", id });
  }

  #orDisk<T>(run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      throw thrown instanceof Refusal ? thrown : this.#shelf.diskRefusal(thrown);
    }
  }
}

/** What is kept of somebody's secret: who reads the index cannot take their place. */
function markOf(person: Uint8Array | undefined): string | undefined {
  return person && createHash("sha256").update(person).digest("hex");
}

/** @returns whether a file is of that person: one that was offered without a secret is of whoever has the name. */
function ownerTest({ name, person }: FilePerson): (file: StoredFile) => boolean {
  const mark = markOf(person);
  return (file) => file.person === undefined ? file.owner === name : file.person === mark;
}

function wireFile(
  { id, name, size, hash, owner, at, isExecutable, thumbnailBytes }: StoredFile,
  yours: boolean,
) {
  const mark = isExecutable && { executable: true };
  const thumbnail = thumbnailBytes > 0 && { thumbnail: thumbnailBytes };
  return {
    id,
    name,
    size,
    hash: Uint8Array.fromHex(hash),
    owner,
    at,
    yours,
    ...mark,
    ...thumbnail,
  };
}
