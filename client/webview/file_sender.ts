import {
  FILE_PATH,
  FILES_ADDED_AT_ONCE,
  KEY_HEADER,
  PAGE_FILES_MAX,
  type PageMessage,
} from "@fusionmeet/bridge";

/** As much of a File as is used. */
export type PageFile = Blob & { readonly name: string };

export interface FileSenderOptions {
  readonly send: (message: PageMessage) => void;
  readonly post: (path: string, init: RequestInit) => Promise<Response>;
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array;
  /** More was given than may wait; so many are left out. */
  readonly onTooMany: (count: number) => void;
}

/** Files that the user gave to the page. The program asks for each when it is its turn; then it is posted. */
export class FileSender {
  /** The page's key, as soon as there is one. */
  key = "";
  readonly #options: FileSenderOptions;
  readonly #files = new Map<string, PageFile>();
  readonly #posts = new Map<string, AbortController>();

  constructor(options: FileSenderOptions) {
    this.#options = options;
  }

  /** Files that a reload of the page would lose. */
  get count(): number {
    return this.#files.size;
  }

  add(given: readonly PageFile[]): void {
    const files = given.slice(0, Math.max(0, PAGE_FILES_MAX - this.#files.size));
    const added = files.map((file) => {
      const mark = this.#options.random(new Uint8Array(8)).toHex();
      this.#files.set(mark, file);
      return { mark, name: file.name, size: file.size };
    });
    for (let at = 0; at < added.length; at += FILES_ADDED_AT_ONCE) {
      this.#options.send({ do: "files.add", files: added.slice(at, at + FILES_ADDED_AT_ONCE) });
    }
    if (files.length < given.length) this.#options.onTooMany(given.length - files.length);
  }

  /** The program asks for a file. */
  async wanted(mark: string): Promise<void> {
    const file = this.#files.get(mark);
    if (file === undefined) return this.#options.send({ do: "file.lost", mark });
    if (this.#posts.has(mark)) return;
    const post = new AbortController();
    this.#posts.set(mark, post);
    try {
      await this.#options.post(FILE_PATH + mark, {
        method: "POST",
        headers: { [KEY_HEADER]: this.key, "content-type": "application/octet-stream" },
        body: file,
        signal: post.signal,
      });
    } catch {
      // Where it broke off in the program, that knows already.
      if (!post.signal.aborted) this.#options.send({ do: "file.lost", mark });
    } finally {
      this.#posts.delete(mark);
    }
    this.#files.delete(mark);
  }

  /** The program does not need it, or not any more. */
  unwanted(mark: string): void {
    this.#files.delete(mark);
    this.#posts.get(mark)?.abort();
  }
}
