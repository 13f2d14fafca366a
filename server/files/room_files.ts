import { messageOf, Refusal } from "@fusionmeet/base";
import { FILES_PER_MESSAGE, type ServerMessage, shownFileName } from "@fusionmeet/protocol";
import type { StoredFile } from "@fusionmeet/store";
import type { ServerLog } from "../log.ts";
import type { Shelf } from "./shelf.ts";

/** What a person wants to do with files, and as whom. */
export interface FilePerson {
  readonly name: string;
}

export interface RoomFilesOptions {
  readonly shelf: Shelf;
  readonly log: ServerLog;
  /** To everybody in the room of that name. */
  readonly tell: (room: string, message: ServerMessage) => void;
}

/** The files of rooms as the people in them see them: who offers, what is listed, who may delete. */
export class RoomFiles {
  readonly #shelf: Shelf;
  readonly #log: ServerLog;
  readonly #tell: (room: string, message: ServerMessage) => void;

  constructor({ shelf, log, tell }: RoomFilesOptions) {
    this.#shelf = shelf;
    this.#log = log;
    this.#tell = tell;
  }

  /** The list for somebody who came. A disk that says no costs the files, not the meeting. */
  lists(room: string): Extract<ServerMessage, { type: "files" }>[] {
    let files: StoredFile[] = [];
    try {
      files = this.#shelf.list(room);
    } catch (thrown) {
      this.#log.event("files-not-read", { state: messageOf(thrown) });
    }
    const messages: Extract<ServerMessage, { type: "files" }>[] = [];
    for (let at = 0; at === 0 || at < files.length; at += FILES_PER_MESSAGE) {
      const list = files.slice(at, at + FILES_PER_MESSAGE).map(wireFile);
      messages.push({ type: "files", list, last: at + FILES_PER_MESSAGE >= files.length });
    }
    return messages;
  }

  /** @throws Refusal: those of `Shelf.offer`, `file-name-bad`, `disk` */
  offer(
    room: string,
    { name: owner }: FilePerson,
    { name, size, hash }: { name: string; size: number; hash: Uint8Array },
  ): { id: number; isThere: boolean } {
    const shown = shownFileName(name);
    if (shown === "") throw new Refusal("file-name-bad", "The file has no name");
    const offer = { name: shown, size, hash: hash.toHex(), owner };
    const { id, isWhole } = this.#orDisk(() => this.#shelf.offer(room, offer));
    return { id, isThere: isWhole };
  }

  /** @throws Refusal `no-such-file`, `not-yours` */
  delete(room: string, { name }: FilePerson, id: number): void {
    const file = this.#orDisk(() => this.#shelf.byId(room, id));
    if (file === undefined) throw new Refusal("no-such-file", "That file is not there any more");
    if (file.owner !== name) {
      throw new Refusal("not-yours", `${file.name} is ${file.owner}'s: only they can delete it`);
    }
    void this.#shelf.remove(room, file);
    this.gone(room, file);
  }

  /** A file came whole. */
  came(room: string, file: StoredFile): void {
    this.#tell(room, { type: "file", ...wireFile(file) });
  }

  gone(room: string, { id }: Pick<StoredFile, "id">): void {
    this.#tell(room, { type: "file.gone", id });
  }

  #orDisk<T>(run: () => T): T {
    try {
      return run();
    } catch (thrown) {
      throw thrown instanceof Refusal ? thrown : this.#shelf.diskRefusal(thrown);
    }
  }
}

function wireFile({ id, name, size, hash, owner, at }: StoredFile) {
  return { id, name, size, hash: Uint8Array.fromHex(hash), owner, at };
}
