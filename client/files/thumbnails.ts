import { type ClientMessage, thumbnailFault } from "@fusionmeet/protocol";

/** Thumbnails that are asked for and have not come; more wait here, so that their answers never fill a queue. */
export const THUMBNAILS_ASKED_MAX = 4;
/** Thumbnails that are kept, the latest ones: 3 MiB at most. */
export const THUMBNAILS_KEPT_MAX = 256;

type Answer = PromiseWithResolvers<Uint8Array | undefined>;

/** The small pictures of the room's files, fetched when somebody wants to see them. */
export class Thumbnails {
  readonly #send: (message: ClientMessage) => void;
  /** By file: `undefined` where it turned out to have none. */
  readonly #kept = new Map<number, Uint8Array | undefined>();
  /** In the order they were wanted; the first ones are asked for. */
  readonly #wanted = new Map<number, Answer>();
  readonly #asked = new Set<number>();
  #isConnected = false;

  constructor(send: (message: ClientMessage) => void) {
    this.#send = send;
  }

  /** @returns a plain WebP picture; `undefined` where there is none, or the meeting ends. */
  async get(file: number): Promise<Uint8Array | undefined> {
    if (this.#kept.has(file)) return this.#kept.get(file);
    const answer: Answer = this.#wanted.get(file) ?? Promise.withResolvers();
    this.#wanted.set(file, answer);
    this.#ask();
    return await answer.promise;
  }

  /** What was asked for before is asked for again. */
  connected(): void {
    this.#isConnected = true;
    this.#asked.clear();
    this.#ask();
  }

  disconnected(): void {
    this.#isConnected = false;
  }

  /** The server's answer. */
  came({ id, picture }: { id: number; picture?: Uint8Array }): void {
    if (!this.#asked.delete(id)) return;
    // A server of another version may check less.
    const right = picture !== undefined && thumbnailFault(picture) === undefined
      ? picture.slice()
      : undefined;
    this.#keep(id, right);
    this.#answer(id, right);
    this.#ask();
  }

  /** The file is gone. */
  forget(file: number): void {
    this.#kept.delete(file);
    this.#asked.delete(file);
    this.#answer(file, undefined);
    this.#ask();
  }

  close(): void {
    for (const file of [...this.#wanted.keys()]) this.#answer(file, undefined);
  }

  #ask(): void {
    if (!this.#isConnected) return;
    for (const id of this.#wanted.keys()) {
      if (this.#asked.size >= THUMBNAILS_ASKED_MAX) return;
      if (this.#asked.has(id)) continue;
      this.#asked.add(id);
      this.#send({ type: "file.thumbnail.get", id });
    }
  }

  #answer(file: number, picture: Uint8Array | undefined): void {
    this.#wanted.get(file)?.resolve(picture);
    this.#wanted.delete(file);
  }

  #keep(file: number, picture: Uint8Array | undefined): void {
    this.#kept.set(file, picture);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > THUMBNAILS_KEPT_MAX) this.#kept.delete(oldest);
  }
}
