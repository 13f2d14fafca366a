import { dirname, join } from "node:path";
import { messageOf, Refusal } from "@fusionmeet/base";
import type { ProgramMessage } from "@fusionmeet/bridge";
import type { Timers } from "@fusionmeet/net";
import { safeFileName } from "@fusionmeet/protocol";
import type { ComingFile } from "../files/coming_files.ts";
import { fullPath, savePlace, suggestedFolders } from "../files/save_place.ts";
import type { Spool } from "../files/spool.ts";
import type { FilesEvent, SharedFile, SharedFiles, Transfer } from "../files/shared_files.ts";
import type { Shrinker } from "../shrink/shrinker.ts";
import { FileFeed, isOver } from "./file_feed.ts";
import { FilePreviews } from "./file_previews.ts";
import { type OfferedFile, PageUploads } from "./page_uploads.ts";

type Whose = Pick<SharedFile, "owner" | "isOwn">;

export interface WindowFilesOptions {
  readonly files: Pick<SharedFiles, "send" | "fetch" | "cancel" | "delete" | "thumbnails">;
  readonly shrinker: Pick<Shrinker, "shrink">;
  readonly timers: Timers;
  readonly send: (message: ProgramMessage) => void;
  /** One's own name in the room. */
  readonly ownName: () => string;
  readonly home: () => string;
  /** The user's folder for downloads. */
  readonly downloads: () => string;
  /** Opens the place for copies of what the page gives. @throws Refusal */
  readonly openSpool: () => Promise<Spool>;
  /** The server's fingerprint, and the room. */
  readonly room: () => { readonly server: string; readonly room: string };
  /** Shows a folder. @returns a sentence when it cannot. */
  readonly show: (folder: string) => Promise<string | undefined>;
  /** Asks for a place by the system's own dialog: absent where there is none. @returns `undefined` for a no. @throws Refusal */
  readonly ask?: (
    question: { readonly folder: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

/** The files of a meeting in its window: what the page shows of them, and what the user does with them. */
export class WindowFiles {
  readonly feed: FileFeed;
  readonly uploads: PageUploads;
  readonly previews: FilePreviews;
  #spool: Promise<Spool> | undefined;
  readonly #options: WindowFilesOptions;
  /** Ends the system's dialog with the meeting. */
  readonly #ended = new AbortController();
  #isAsking = false;
  /** Where what was fetched is, by transfer. */
  readonly #paths = new Map<number, string>();

  constructor(options: WindowFilesOptions) {
    this.#options = options;
    this.feed = new FileFeed(options);
    this.uploads = new PageUploads({ ...options, spool: () => this.#openSpool() });
    this.previews = new FilePreviews({
      ...options,
      file: (id) => this.feed.file(id),
      saved: (id) => this.#savedPath(id),
      makeFolder: () => Deno.makeTempDir({ prefix: "fusionmeet-preview-" }),
    });
  }

  happened(event: FilesEvent): void {
    if (event.event === "transfer") return this.#transferred(event.transfer);
    if (event.event === "file.coming") return this.#coming(event.file);
    if (event.event === "thumbnail") return;
    if (event.state === "gone") {
      this.previews.forget(event.file.id);
      return this.feed.gone(event.file.id);
    }
    const { id, name, size, owner, at, isExecutable: executable } = event.file;
    const [own, thumbnail] = [this.isOwn(event.file), event.file.thumbnail !== undefined];
    const fresh = event.isNew && !own;
    this.feed.put({ id, name, size, owner, own, at, executable, thumbnail, fresh });
  }

  isOwn({ owner, isOwn = owner === this.#options.ownName() }: Whose): boolean {
    return isOwn;
  }

  /** Shares files of the page. */
  add(offers: readonly OfferedFile[]): void {
    for (const offer of offers) {
      try {
        const source = this.uploads.offered(offer);
        if (source !== undefined) this.#options.files.send(source);
      } catch (thrown) {
        if (!(thrown instanceof Refusal)) throw thrown;
        this.#warn(thrown.code, thrown.message);
        this.#options.send({ type: "file.unwanted", mark: offer.mark });
      }
    }
  }

  /** Goes on with what an earlier run of this program had begun to send to this room. */
  async goOn(): Promise<void> {
    try {
      const spool = await this.#openSpool();
      const { whole, broken } = await spool.leftovers(this.#options.room());
      for (const copy of whole) {
        const { name, size, release } = copy;
        const [taken, bytes] = [Promise.resolve(copy), Promise.resolve(size)];
        this.#options.files.send({ name, size: () => bytes, take: () => taken, release });
      }
      if (broken.length === 0) return;
      const names = broken.length === 1 ? broken[0] : `${broken.length} files`;
      this.#warn("file-not-read", `FusionMeet ended before it had read ${names}: add it again`);
    } catch (thrown) {
      this.#warn("spool", `Cannot look for files that were not sent: ${messageOf(thrown)}`);
    }
  }

  /** The meeting is over. @param how.keep What was not sent to its end goes on the next time. */
  async close(how: { keep: boolean }): Promise<void> {
    this.#ended.abort();
    await this.previews.close();
    await (await this.#spool?.catch(() => undefined))?.close(how);
  }

  #openSpool(): Promise<Spool> {
    return this.#spool ??= this.#options.openSpool();
  }

  /** @param place A folder, or a path; the user's folder for downloads unless said. @throws Refusal */
  save(file: number, place?: string): void {
    const under = this.feed.transfers.find((each) => each.file === file && !isOver(each));
    if (under !== undefined) return;
    const { files, downloads, home } = this.#options;
    if (place === undefined) return void files.fetch(file, downloads());
    const { folder, name } = savePlace(place, { name: this.#nameOf(file), home: home() });
    files.fetch(file, folder, { name });
  }

  /** Tells the page what is at a place that is being typed. */
  place(file: number, asked: string): void {
    const { downloads, home, send } = this.#options;
    const own = { home: home(), downloads: downloads() };
    const place = asked === ""
      ? join(own.downloads, this.#nameOf(file))
      : fullPath(asked, own.home);
    const problem = asked === "" ? null : this.#placeProblem(file, asked);
    const folders = suggestedFolders(asked, own);
    const browses = this.#options.ask !== undefined;
    send({ type: "place", file, asked, place, folders, problem, browses });
  }

  /** Asks where to save a file, by the system's own dialog, one at a time. */
  async browse(file: number): Promise<void> {
    const { ask, downloads, home } = this.#options;
    if (ask === undefined || this.#isAsking) return;
    this.#isAsking = true;
    const { signal } = this.#ended;
    try {
      const [folder = home()] = suggestedFolders("", { home: home(), downloads: downloads() });
      const place = await ask({ folder, name: this.#nameOf(file) }, signal);
      if (place !== undefined) this.save(file, place);
    } catch (thrown) {
      if (signal.aborted) return;
      const code = thrown instanceof Refusal ? thrown.code : "no-dialog";
      this.#warn(code, messageOf(thrown));
    } finally {
      this.#isAsking = false;
    }
  }

  #placeProblem(file: number, place: string): string | null {
    try {
      savePlace(place, { name: this.#nameOf(file), home: this.#options.home() });
      return null;
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      return thrown.message;
    }
  }

  /** As it may stand in a folder. */
  #nameOf(file: number): string {
    return safeFileName(this.feed.name(file) ?? "");
  }

  cancel(transfer: number): void {
    this.#options.files.cancel(transfer, { discard: true });
  }

  delete(file: number): void {
    this.#options.files.delete(file);
  }

  forget(transfer: number): void {
    const entry = this.feed.transfers.find(({ id }) => id === transfer);
    if (entry === undefined || !isOver(entry)) return;
    this.#paths.delete(transfer);
    this.feed.forget(transfer);
  }

  showFolder(transfer: number): void {
    const path = this.#paths.get(transfer);
    if (path === undefined) return;
    this.#options.show(dirname(path)).then((fault) => {
      if (fault !== undefined) this.#warn("folder", `${fault}: the file is ${path}`);
    }, (thrown) => this.#warn("folder", messageOf(thrown)));
  }

  /** What leaving would break off, as sentences; empty where it would not. */
  get underWay(): string[] {
    const under = this.feed.transfers.filter((each) => !isOver(each));
    const named = (direction: Transfer["direction"], one: string, more: string) => {
      const names = under.filter((each) => each.direction === direction).map(({ name }) => name);
      if (names.length === 0) return [];
      return names.length === 1 ? [`${names[0]} ${one}`] : [`${names.length} files ${more}`];
    };
    return [
      ...named("send", "is not sent to its end", "are not sent to their end"),
      ...named("fetch", "is not saved to its end", "are not saved to their end"),
    ];
  }

  /** Where the latest copy of a file was put. */
  #savedPath(file: number): string | undefined {
    const saved = this.feed.transfers.findLast((each) =>
      each.file === file && each.state === "done" && this.#paths.has(each.id)
    );
    return saved && this.#paths.get(saved.id);
  }

  #transferred(transfer: Transfer): void {
    if (transfer.isPreview) return this.previews.transferred(transfer);
    const { id, state, progress, path } = transfer;
    // What was sent is in the list.
    const isInList = state === "done" && transfer.direction === "send";
    if (isInList) this.#sent(transfer);
    if (state === "cancelled" || isInList) return this.feed.forget(id);
    if (path !== undefined) this.#paths.set(id, path);
    this.feed.transfer({
      id,
      direction: transfer.direction,
      file: transfer.file ?? null,
      name: transfer.name,
      state,
      bytes: progress.bytes,
      size: progress.size,
      bytesPerSecond: progress.bytesPerSecond,
      leftMs: progress.leftMs ?? null,
      message: withoutName(transfer),
      folder: state === "done" && path !== undefined ? dirname(path) : null,
    });
  }

  /** Where it stands in the list under another name, or as another's, one would look for it in vain. */
  #sent({ name, known }: Transfer): void {
    if (known === undefined || known.name === name && this.isOwn(known)) return;
    const whose = this.isOwn(known) ? "yours" : `from ${known.owner}`;
    const message = `${name} is in this room already: it is the same as ${known.name}, ${whose}.`;
    this.#options.send({ type: "toast", kind: "info", code: "file-known", message });
  }

  #coming({ id, name, from, state, progress }: ComingFile): void {
    if (state === "stopped") return this.feed.notComing(id);
    const { bytes, size, bytesPerSecond, leftMs = null } = progress;
    this.feed.coming({ id, name, from, state, bytes, size, bytesPerSecond, leftMs });
  }

  #warn(code: string, message: string): void {
    this.#options.send({ type: "toast", kind: "warning", code, message });
  }
}

/** The name stands above it. */
function withoutName({ name, message }: Transfer): string | null {
  return message?.startsWith(`${name}: `) ? message.slice(name.length + 2) : message ?? null;
}
