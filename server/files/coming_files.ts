import type { Timers } from "@fusionmeet/net";
import {
  COMING_FILES_MAX,
  COMING_INTERVAL_MS,
  COMING_PAUSED_MS_MAX,
  type ComingState,
  FILES_PER_MESSAGE,
  type ServerMessage,
} from "@fusionmeet/protocol";
import type { StoredFile } from "@fusionmeet/store";

type ComingMessage = Extract<ServerMessage, { type: "files.coming" }>;

/** Who sends a file. */
export interface FileSender {
  readonly id: number;
  readonly name: string;
}

interface Coming {
  readonly file: Pick<StoredFile, "id" | "name" | "size">;
  readonly sender: FileSender;
  bytes: number;
  state: ComingState;
  /** The room was told of it. */
  isSaid: boolean;
  /** Something about it has changed since. */
  isNews: boolean;
  /** Stops the clock of one that is paused. */
  cancel: () => void;
}

export interface ComingFilesOptions {
  readonly timers: Timers;
  /** To everybody in the room. */
  readonly tell: (message: ComingMessage) => void;
  /** Has that participant a seat in the room? */
  readonly isHere: (participant: number) => boolean;
}

/**
 * The files on their way to a room, as everybody in it is told: at most `COMING_FILES_MAX`, once in `COMING_INTERVAL_MS`, and
 * only what changed. What is there within that time is never told of as coming.
 */
export class ComingFiles {
  readonly #options: ComingFilesOptions;
  /** By the file's id, in the order they began. */
  readonly #coming = new Map<number, Coming>();
  #cancelTelling: (() => void) | undefined;

  constructor(options: ComingFilesOptions) {
    this.#options = options;
  }

  /** It comes, from there on. */
  begins(file: Coming["file"], sender: FileSender, bytes: number): void {
    const before = this.#coming.get(file.id);
    before?.cancel();
    const isSaid = before?.isSaid ?? false;
    const state = "moving";
    const { id, name } = sender;
    const cancel = () => {};
    const coming: Coming = {
      ...{ file, sender: { id, name }, bytes, state, isSaid, isNews: true, cancel },
    };
    this.#coming.set(file.id, coming);
    this.#tellSoon();
  }

  /** So much of it is at the server. */
  moved(id: number, bytes: number): void {
    const coming = this.#coming.get(id);
    if (coming?.state !== "moving") return;
    coming.bytes = bytes;
    coming.isNews = true;
    this.#tellSoon();
  }

  /** Its connection is over: one that still moved is paused, as long as whoever sends it may come back. */
  broke(id: number): void {
    const coming = this.#coming.get(id);
    if (coming?.state !== "moving") return;
    if (!this.#options.isHere(coming.sender.id)) return this.stopped(id);
    coming.cancel = this.#options.timers.after(COMING_PAUSED_MS_MAX, () => this.stopped(id));
    this.#becomes(coming, "paused");
  }

  /** It does not come. */
  stopped(id: number): void {
    const coming = this.#coming.get(id);
    if (coming === undefined) return;
    coming.cancel();
    if (!coming.isSaid) return this.ended(id);
    this.#becomes(coming, "stopped");
  }

  /** It is there, or gone, which is told by other words. */
  ended(id: number): void {
    const coming = this.#coming.get(id);
    if (coming === undefined) return;
    coming.cancel();
    this.#coming.delete(id);
    if (coming.isSaid) this.#tellSoon();
  }

  /** A seat is given up: what its owner has paused does not come any more. */
  left(participant: number): void {
    for (const { file, sender, state } of [...this.#coming.values()]) {
      if (sender.id === participant && state === "paused") this.stopped(file.id);
    }
  }

  /** How much of it is at the server; `undefined` where it is not on its way. */
  bytesOf(id: number): number | undefined {
    return this.#coming.get(id)?.bytes;
  }

  /** For somebody who came: what the others know. */
  lists(): ComingMessage[] {
    return pages(
      [...this.#coming.values()].filter(({ isSaid, state }) => isSaid && state !== "stopped"),
    );
  }

  /** Nobody is told any more. */
  close(): void {
    this.#cancelTelling?.();
    for (const { cancel } of this.#coming.values()) cancel();
    this.#coming.clear();
  }

  #becomes(coming: Coming, state: ComingState): void {
    coming.state = state;
    coming.isNews = true;
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#cancelTelling ??= this.#options.timers.after(COMING_INTERVAL_MS, () => {
      this.#cancelTelling = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    const all = [...this.#coming.values()];
    let free = COMING_FILES_MAX -
      all.filter(({ isSaid, state }) => isSaid && state !== "stopped").length;
    const news = all.filter((coming) => coming.isNews && (coming.isSaid || free-- > 0));
    for (const coming of news) {
      coming.isSaid = true;
      coming.isNews = false;
      if (coming.state === "stopped") this.#coming.delete(coming.file.id);
    }
    for (const message of pages(news)) this.#options.tell(message);
  }
}

function pages(coming: readonly Coming[]): ComingMessage[] {
  const list = coming.map(({ file: { id, name, size }, sender, bytes, state }) => ({
    ...{ id, name, size, participant: sender.id, from: sender.name, bytes, state },
  }));
  const count = Math.ceil(list.length / FILES_PER_MESSAGE);
  return Array.from({ length: count }, (_, page) => ({
    type: "files.coming",
    list: list.slice(page * FILES_PER_MESSAGE, (page + 1) * FILES_PER_MESSAGE),
  }));
}
