import { join } from "node:path";
import { messageOf, Refusal } from "@fusionmeet/base";
import type { PreviewEntry, ProgramMessage } from "@fusionmeet/bridge";
import type { SharedFiles, Transfer } from "../files/shared_files.ts";
import { PREVIEW_JOB } from "../shrink/shrink_job.ts";
import type { Shrinker } from "../shrink/shrinker.ts";

/** A larger file is not fetched to be looked at: whoever saves it can open it. */
export const PREVIEW_FETCH_BYTES_MAX = 32 << 20;
/** Previews that are kept for whoever turns back; 1 MiB each at most. */
export const PREVIEWS_KEPT_MAX = 8;

export interface FilePreviewsOptions {
  readonly files: Pick<SharedFiles, "fetch" | "cancel" | "thumbnails">;
  readonly shrinker: Pick<Shrinker, "shrink">;
  readonly send: (message: ProgramMessage) => void;
  /** A file of the room; `undefined` where it is not there any more. */
  readonly file: (id: number) => { readonly size: number } | undefined;
  /** Where the file was saved, if that is known. */
  readonly saved: (id: number) => string | undefined;
  /** Makes a folder of this program's own. */
  readonly makeFolder: () => Promise<string>;
}

/** What is looked at now. */
interface Look {
  readonly file: number;
  readonly stop: AbortController;
  transfer?: number;
}

/**
 * The pictures among the room's files as the window shows them: thumbnails as they came, and one large picture at a time.
 * For that the file is fetched, if it was not saved, and made into a smaller picture by a process of its own: the page
 * never gets what somebody else made.
 */
export class FilePreviews {
  readonly #options: FilePreviewsOptions;
  /** By file. */
  readonly #kept = new Map<number, string>();
  readonly #fetches = new Map<number, PromiseWithResolvers<string>>();
  #look: Look | undefined;
  #folder: Promise<string> | undefined;

  constructor(options: FilePreviewsOptions) {
    this.#options = options;
  }

  /** The page wants to show the thumbnail of a file. */
  async thumbnail(file: number): Promise<void> {
    const { files, send } = this.#options;
    const picture = await files.thumbnails.get(file);
    send({ type: "file.thumbnail", file, picture: picture ? dataUrl(picture) : null });
  }

  /** The page wants to show this file, and no other one any more. */
  async show(file: number): Promise<void> {
    this.hide();
    const look: Look = { file, stop: new AbortController() };
    this.#look = look;
    const tell = (entry: Partial<PreviewEntry> & Pick<PreviewEntry, "state">) => {
      if (this.#look !== look) return;
      const nothing = { part: 0, picture: null, problem: null };
      this.#options.send({ type: "file.preview", file, ...nothing, ...entry });
    };
    const kept = this.#kept.get(file);
    if (kept !== undefined) return tell({ state: "there", picture: kept });
    tell({ state: "coming" });
    try {
      tell({ state: "there", picture: await this.#picture(look) });
    } catch (thrown) {
      if (!look.stop.signal.aborted) tell({ state: "none", problem: problemOf(thrown) });
    }
  }

  /** Nothing is looked at any more. */
  hide(): void {
    const look = this.#look;
    this.#look = undefined;
    look?.stop.abort();
    if (look?.transfer !== undefined) this.#options.files.cancel(look.transfer, { discard: true });
  }

  /** A transfer for a preview has changed. */
  transferred({ id, state, progress, path, message }: Transfer): void {
    const look = this.#look;
    if (state === "moving" && look?.transfer === id) {
      const part = progress.size > 0 ? progress.bytes / progress.size : 0;
      const coming = { state: "coming", part, picture: null, problem: null } as const;
      this.#options.send({ type: "file.preview", file: look.file, ...coming });
    }
    const fetch = this.#fetches.get(id);
    if (fetch === undefined) return;
    if (state === "done" && path !== undefined) fetch.resolve(path);
    else if (state === "failed") fetch.reject(new Refusal("not-fetched", message ?? ""));
    else if (state === "cancelled") fetch.reject(new Refusal("cancelled", "It was stopped"));
    else return;
    this.#fetches.delete(id);
  }

  /** The file is gone. */
  forget(file: number): void {
    this.#kept.delete(file);
  }

  /** The meeting is over. */
  async close(): Promise<void> {
    this.hide();
    const folder = await this.#folder?.catch(() => undefined);
    if (folder !== undefined) await Deno.remove(folder, { recursive: true }).catch(() => undefined);
  }

  /** @throws Refusal */
  async #picture(look: Look): Promise<string> {
    const saved = this.#options.saved(look.file);
    const isThere = saved !== undefined && await Deno.stat(saved).then(() => true, () => false);
    const path = isThere ? saved : await this.#fetched(look);
    try {
      const { shrinker } = this.#options;
      const picture = dataUrl(await shrinker.shrink(path, PREVIEW_JOB, look.stop.signal));
      this.#keep(look.file, picture);
      return picture;
    } finally {
      if (!isThere) await Deno.remove(path).catch(() => undefined);
    }
  }

  /** @returns its path, below a folder of our own. @throws Refusal */
  async #fetched(look: Look): Promise<string> {
    const { files, file, makeFolder } = this.#options;
    const size = file(look.file)?.size ?? 0;
    if (size > PREVIEW_FETCH_BYTES_MAX) {
      const [has, max] = [size, PREVIEW_FETCH_BYTES_MAX].map((bytes) => Math.round(bytes / 1e6));
      throw new Refusal(
        "preview-too-big",
        `It has ${has} MB: up to ${max} MB are shown without saving it`,
      );
    }
    const folder = await (this.#folder ??= makeFolder());
    look.stop.signal.throwIfAborted();
    const { id } = files.fetch(look.file, join(folder, String(look.file)), { isPreview: true });
    const fetch = Promise.withResolvers<string>();
    this.#fetches.set(id, fetch);
    look.transfer = id;
    try {
      return await fetch.promise;
    } finally {
      look.transfer = undefined;
    }
  }

  #keep(file: number, picture: string): void {
    this.#kept.set(file, picture);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > PREVIEWS_KEPT_MAX) this.#kept.delete(oldest);
  }
}

/** For people: sentences without full stop at the end. */
const PROBLEMS: ReadonlyMap<string, (message: string) => string> = new Map(Object.entries({
  "not-a-picture": () => "It is no picture of a kind that is shown here",
  "picture-too-big": () => "It is too large to be shown",
  "picture-broken": (message) => `It cannot be read as a picture (${message})`,
  "picture-memory": () => "Showing it would take too much memory",
  "picture-slow": () => "Showing it takes too long",
  "no-sharp": (message) => `Pictures cannot be shown on this computer (${message})`,
  "still-no-sharp": (message) => `Pictures cannot be shown on this computer (${message})`,
}));

function problemOf(thrown: unknown): string {
  if (!(thrown instanceof Refusal)) return messageOf(thrown);
  return PROBLEMS.get(thrown.code)?.(thrown.message) ?? thrown.message;
}

/** The one kind of picture that was checked, whatever its sender says it is. */
function dataUrl(webp: Uint8Array): string {
  return `data:image/webp;base64,${webp.toBase64()}`;
}
