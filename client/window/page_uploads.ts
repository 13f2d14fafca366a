import { Refusal } from "@fusionmeet/base";
import { PAGE_FILES_MAX, type ProgramMessage } from "@fusionmeet/bridge";
import type { Timers } from "@fusionmeet/net";
import { safeFileName, SHARED_NAME_LENGTH_MAX } from "@fusionmeet/protocol";
import type { FileSource, TakenFile } from "../files/file_source.ts";
import type { Spool } from "../files/spool.ts";

/** A page that is asked for a file begins to send it in this time. */
export const PAGE_ANSWER_MS = 20_000;
const LOST =
  "It could not be read: it was moved or changed, or the page was closed or reloaded before all of it was read. Add it again";

/** A file that the page has: what it is called, and its bytes. */
export interface OfferedFile {
  readonly mark: string;
  readonly name: string;
  readonly size: number;
}

export interface PageUploadsOptions {
  readonly send: (message: ProgramMessage) => void;
  readonly timers: Timers;
  /** Where copies go; opened when the first file comes. @throws Refusal */
  readonly spool: () => Promise<Spool>;
  /** Whose file it is going to be. */
  readonly room: () => { readonly server: string; readonly room: string };
}

type Bytes = AsyncIterable<Uint8Array>;

/** One file of the page, from being offered to being copied. */
interface Upload {
  readonly offer: OfferedFile;
  /** Its bytes, once it was asked for. */
  body?: PromiseWithResolvers<Bytes>;
  /** Its copy is made, or will not be. */
  readonly read: PromiseWithResolvers<boolean>;
}

/** Files that a page offers. Each is asked for when it is its turn, comes as a stream, and is copied to the spool. */
export class PageUploads {
  readonly #options: PageUploadsOptions;
  readonly #uploads = new Map<string, Upload>();

  constructor(options: PageUploadsOptions) {
    this.#options = options;
  }

  /** @returns the file to be sent; `undefined` where there is one of that mark. @throws Refusal `too-many-files` */
  offered(offer: OfferedFile): FileSource | undefined {
    const { mark, name } = offer;
    if (this.#uploads.has(mark)) return undefined;
    if (this.#uploads.size >= PAGE_FILES_MAX) {
      throw new Refusal(
        "too-many-files",
        `${name} is not shared: ${PAGE_FILES_MAX} files wait already, the limit`,
      );
    }
    const upload: Upload = { offer, read: Promise.withResolvers() };
    this.#uploads.set(mark, upload);
    let release = () => {};
    return {
      name: name.length > SHARED_NAME_LENGTH_MAX ? safeFileName(name) : name,
      size: () => Promise.resolve(offer.size),
      take: async (how) => {
        const copy = await this.#take(upload, how);
        release = copy.release;
        return copy;
      },
      release: () => {
        this.#forget(upload);
        release();
      },
    };
  }

  /** The page sends a file that it was asked for. @returns when its copy is made; false: it is not wanted. */
  async came(mark: string, bytes: Bytes): Promise<boolean> {
    const upload = this.#uploads.get(mark);
    const { body } = upload ?? {};
    if (upload === undefined || body === undefined) return false;
    upload.body = undefined;
    body.resolve(bytes);
    return await upload.read.promise;
  }

  /** The page does not have it, or cannot read it. */
  lost(mark: string): void {
    this.#uploads.get(mark)?.body?.reject(new Refusal("file-unreadable", LOST));
  }

  /** A page is there again: it says which of what it is asked for it does not have. */
  askAgain(): void {
    for (const [mark, { body }] of this.#uploads) {
      if (body !== undefined) this.#options.send({ type: "file.wanted", mark });
    }
  }

  async #take(
    upload: Upload,
    how: { readonly progress: (bytes: number) => void; readonly signal: AbortSignal },
  ): Promise<TakenFile & { release(): void }> {
    const { signal } = how;
    const { mark, name, size } = upload.offer;
    const stop = () => {
      upload.body?.reject(signal.reason);
      this.#options.send({ type: "file.unwanted", mark });
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      const spool = await this.#options.spool();
      signal.throwIfAborted();
      const bytes = await this.#ask(upload);
      const note = { ...this.#options.room(), name, size };
      const copy = await spool.take(note, readToEnd(bytes), how);
      upload.read.resolve(true);
      return copy;
    } finally {
      signal.removeEventListener("abort", stop);
      upload.read.resolve(false);
    }
  }

  async #ask(upload: Upload): Promise<Bytes> {
    const body = upload.body = Promise.withResolvers<Bytes>();
    const late = () => body.reject(new Refusal("file-unreadable", LOST));
    const cancel = this.#options.timers.after(PAGE_ANSWER_MS, late);
    this.#options.send({ type: "file.wanted", mark: upload.offer.mark });
    try {
      return await body.promise;
    } finally {
      upload.body = undefined;
      cancel();
    }
  }

  #forget({ offer: { mark } }: Upload): void {
    if (this.#uploads.delete(mark)) this.#options.send({ type: "file.unwanted", mark });
  }
}

/** What breaks off in the page is not our fault, nor that of the disk. */
async function* readToEnd(bytes: Bytes): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (cause) {
    throw new Refusal("file-unreadable", LOST, { cause });
  }
}
