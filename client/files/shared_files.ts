import { join } from "node:path";
import { messageOf, type Random, Refusal } from "@fusionmeet/base";
import { type ByteStream, closedWhenSilent, ConnectFailure, type Timers } from "@fusionmeet/net";
import {
  type ClientMessage,
  isExecutableName,
  numberedFileName,
  PLANNED_FILE_BYTES_MIN,
  ROOM_FILES_MAX,
  safeFileName,
  type ServerMessages,
  type TicketPurpose,
  TRANSFERS_PER_PARTICIPANT_MAX,
  type ValuesOf,
} from "@fusionmeet/protocol";
import { PartFile } from "@fusionmeet/store";
import { requireAtMost } from "../kept.ts";
import { ANSWER_MS_MAX, noAnswerYet } from "../ticket_requests.ts";
import { type ComingFile, ComingFiles } from "./coming_files.ts";
import { fileOnDisk, type FileSource, readable, type TakenFile } from "./file_source.ts";
import { Slots } from "./slots.ts";
import { Thumbnails } from "./thumbnails.ts";
import { type Progress, TransferMeter } from "./transfer_meter.ts";
import {
  BrokenOff,
  fetchFile,
  sendFile,
  type TransferOptions,
  type TransferReport,
} from "./transfer_wire.ts";

/** A file that everybody in the room can fetch. */
export interface SharedFile {
  readonly id: number;
  readonly name: string;
  readonly size: number;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly owner: string;
  /** Since when; epoch ms at the server. */
  readonly at: number;
  /** It may run something when it is opened, by its name or its content. */
  readonly isExecutable: boolean;
  /** Bytes of its thumbnail; absent where it has none. */
  readonly thumbnail?: number;
  /** One may delete it; absent where the server does not say whose it is but by the name. */
  readonly isOwn?: boolean;
}

/** A file on its way from here or to here. */
export interface Transfer {
  /** Counts from 1 in this program. */
  readonly id: number;
  readonly direction: "send" | "fetch";
  /** `fetch`: the id of the file. */
  readonly file?: number;
  readonly name: string;
  /** `waiting`: for a connection, or for somebody else who sends the same. */
  readonly state: "hashing" | "waiting" | "moving" | "done" | "failed" | "cancelled";
  readonly progress: Progress;
  /** `failed`: why, a sentence. `waiting`: for what. */
  readonly message?: string;
  /** `fetch`, `done`: where it is. */
  readonly path?: string;
  /** `send`, `done`: the room had that content already, as this file. */
  readonly known?: Pick<SharedFile, "name" | "owner" | "isOwn">;
  /** `fetch`: only to be looked at. */
  readonly isPreview?: boolean;
}

export type FilesEvent =
  /** `isNew`: it came while one was here. */
  | { event: "file"; state: "there" | "gone"; file: SharedFile; isNew: boolean }
  | { event: "transfer"; transfer: Transfer }
  /** A file of somebody else is on its way; when it is there, that is told by `file`. */
  | { event: "file.coming"; file: ComingFile }
  /** A thumbnail that was asked for by `tellThumbnail`; none: there is none. */
  | { event: "thumbnail"; file: SharedFile; picture?: Uint8Array };

export interface SharedFilesOptions {
  readonly send: (message: ClientMessage) => void;
  /** @throws Refusal. @throws ConnectFailure */
  readonly open: (
    purpose: TicketPurpose,
    subject: number,
    options: { signal: AbortSignal },
  ) => Promise<ByteStream>;
  readonly emit: (event: FilesEvent) => void;
  /** Makes the thumbnail of a file here that is shared; `undefined` where it has none. Throws only the signal's reason. */
  readonly depict?: (
    file: { readonly path: string; readonly name: string },
    signal: AbortSignal,
  ) => Promise<Uint8Array | undefined>;
  readonly timers: Timers;
  readonly random: Random;
}

type Offered = ValuesOf<ServerMessages["file.offered"]>;
type WireList = ValuesOf<ServerMessages["files"]>;
type WireFile = ValuesOf<ServerMessages["file"]>;

const FILES = "files of the room";
/** After what passes by itself a transfer is tried again: at first so soon, and later so seldom. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 5_000;
/** A server that does not say in this time whether a file may come is not waited for. */
const PLAN_ANSWER_MS = 1_000;
/**
 * A server of which nothing comes for so long, and that takes nothing, is left; what was under way goes on over another
 * connection. It is longer than the server's own `TRANSFER_SILENT_MS_MAX`: before it answers it may read again what it has of a
 * large file, and at the end its disk may take its time.
 */
export const SERVER_SILENT_MS_MAX = 60_000;
/**
 * A transfer that breaks off, or is not to be had, so often one after the other while the meeting goes on, and begins nowhere
 * further than before, has failed: after 82 s at least.
 */
export const TRIES_IN_VAIN_MAX = 20;
const NOT_CONNECTED = "The connection is lost";
/** Refusals that pass when others are through: however long that takes. */
const WAITING: ReadonlySet<string> = new Set([
  "file-busy",
  "too-many-offers",
  "too-many-transfers",
  "too-many-tickets",
  "too-many-connections",
]);
/** Refusals that pass by themselves. */
const PASSING: ReadonlyMap<string, string> = new Map(Object.entries({
  "not-connected": NOT_CONNECTED,
  "no-answer": "The server does not answer",
  "ticket-bad": "The server was too late",
  "file-busy": "Somebody else is sending it",
  "too-many-offers": "Other files are under way",
  "too-many-transfers": "Other files are under way",
  "too-many-tickets": "Other files are under way",
  "too-many-connections": "Other files are under way",
}));
/** Files that are sent at once, and fetched: a folder of many comes one after the other. */
export const AT_ONCE_MAX = TRANSFERS_PER_PARTICIPANT_MAX / 2;
const NOTHING: Progress = { bytes: 0, size: 0, bytesPerSecond: 0 };

/** A transfer while it is under way. */
class Run {
  readonly stop = new AbortController();
  /** It is its turn, or was. */
  isBegun = false;
  /** What has come of it is not kept. */
  isDiscarded = false;
  /** The furthest byte from which an attempt went on. */
  beganAt = -1;
  /** What the server has begun to take. */
  offer: number | undefined;
  constructor(public transfer: Transfer, readonly source?: FileSource) {}
}

/**
 * The files of the room, and those on their way from here and to here. A transfer outlives lost connections, and goes on
 * where it was; it ends with the program, and a later one of the same file goes on from there.
 */
export class SharedFiles {
  readonly #options: SharedFilesOptions;
  readonly #files = new Map<number, SharedFile>();
  readonly #listed = new Map<number, SharedFile>();
  readonly #runs = new Map<number, Run>();
  readonly #coming: ComingFiles;
  /** What the server was asked and has not answered, by mark. */
  readonly #questions = new Map<string, PromiseWithResolvers<unknown>>();
  /** Of the room's files. */
  readonly thumbnails: Thumbnails;
  readonly #slots = { send: new Slots(AT_ONCE_MAX), fetch: new Slots(AT_ONCE_MAX) };
  /** The same content may be sent, or fetched into one folder, several times: one after the other. */
  readonly #turns = new Map<string, Slots>();
  #connected = Promise.withResolvers<void>();
  /** Aborts when the connection to the meeting is over. */
  #connection = new AbortController();
  /** The list of when one joined is complete. */
  #isListed = false;
  /** The server says what it has taken, and wants to know what was. */
  #isTakenTold = false;
  /** The server can be asked before a file is read. */
  #isPlanned = false;
  /** What the server takes, where it says so. */
  #fileBytesMax: number | undefined;
  #lastTransfer = 0;

  constructor(options: SharedFilesOptions) {
    this.#options = options;
    this.#coming = new ComingFiles({
      timers: options.timers,
      changed: (file) => options.emit({ event: "file.coming", file }),
    });
    this.thumbnails = new Thumbnails(options.send);
  }

  /** In the order they came. */
  get files(): SharedFile[] {
    return [...this.#files.values()];
  }

  /** Those under way. */
  get transfers(): Transfer[] {
    return [...this.#runs.values()].map(({ transfer }) => transfer);
  }

  /**
   * Shares a file, or each file in a folder. @returns their transfers, which are told of by events; done when it is known
   * what is to be sent. @throws Refusal `file-unreadable`
   */
  async share(path: string): Promise<Transfer[]> {
    const paths = await filesAt(path);
    if (paths.length === 0) throw new Refusal("file-unreadable", "There is no file in it");
    return paths.map((each) => this.send(fileOnDisk(each)));
  }

  /** Shares a file of another kind. */
  send(source: FileSource): Transfer {
    const { name } = source;
    return this.#begin({ direction: "send", name }, (run) => this.#send(run, source), source);
  }

  /**
   * Fetches a file into a folder, under its name (or another one) or one like it that is free there.
   *
   * @throws Refusal `no-such-file`
   */
  fetch(
    id: number,
    folder: string,
    { name: wanted, isPreview }: { name?: string; isPreview?: boolean } = {},
  ): Transfer {
    const file = this.#files.get(id);
    if (file === undefined) throw noSuchFile();
    const { name } = file;
    return this.#begin(
      { direction: "fetch", name, file: id, ...(isPreview && { isPreview }) },
      (run) => this.#fetch(run, { ...file, name: wanted ?? name }, folder),
    );
  }

  /** Stops a transfer. @param options.discard Nothing of it is kept for another try, here or on the server. */
  cancel(transfer: number, { discard = false } = {}): void {
    const run = this.#runs.get(transfer);
    if (run === undefined) return;
    run.isDiscarded = discard;
    run.stop.abort();
  }

  /** Takes a file of one's own out of the room. */
  delete(id: number): void {
    this.#options.send({ type: "file.delete", id });
  }

  /** Tells the thumbnail of a file by an event. @throws Refusal `no-such-file` */
  tellThumbnail(id: number): void {
    const file = this.#files.get(id);
    if (file === undefined) throw noSuchFile();
    const came = file.thumbnail === undefined ? undefined : this.thumbnails.get(id);
    void Promise.resolve(came).then((picture) =>
      this.#options.emit({ event: "thumbnail", file, picture })
    );
  }

  /** The meeting is over: nothing goes on. */
  close(): void {
    for (const { stop } of this.#runs.values()) stop.abort();
    this.thumbnails.close();
  }

  // ---- what the server says

  /** @param features Of the server. @param self One's own id. */
  connected(features: readonly string[], self: number): void {
    this.#coming.connected(self);
    this.#isTakenTold = features.includes("transfer-taken");
    this.#isPlanned = features.includes("file-plan");
    this.#listed.clear();
    this.#connection = new AbortController();
    this.#connected.resolve();
    this.thumbnails.connected();
  }

  /** What is under way goes on over the next connection: a server that lost its power never says that this one is over. */
  disconnected(): void {
    this.#coming.disconnected();
    this.#connected = Promise.withResolvers();
    this.thumbnails.disconnected();
    this.#connection.abort();
    for (const question of this.#questions.values()) {
      question.reject(new Refusal("not-connected", NOT_CONNECTED));
    }
    this.#questions.clear();
  }

  /** A part of the whole list. @throws ProtocolError when a room cannot have so many files. */
  list(list: readonly WireFile[], { last, fileBytesMax }: Omit<WireList, "list">): void {
    this.#fileBytesMax = fileBytesMax;
    for (const each of list) this.#listed.set(each.id, sharedFile(each));
    requireAtMost(this.#listed.size, ROOM_FILES_MAX, FILES);
    if (!last) return;
    for (const { id } of this.files) if (!this.#listed.has(id)) this.gone(id);
    for (const file of this.#listed.values()) this.#put(file);
    this.#listed.clear();
    this.#coming.listed();
    this.#isListed = true;
  }

  /** What is on its way from others. */
  coming(list: Parameters<ComingFiles["said"]>[0]): void {
    this.#coming.said(list);
  }

  /** @throws ProtocolError when a room cannot have so many files. */
  came(file: WireFile): void {
    this.#put(sharedFile(file));
  }

  gone(id: number): void {
    this.#coming.ended(id);
    const file = this.#files.get(id);
    if (file === undefined) return;
    this.#files.delete(id);
    this.thumbnails.forget(id);
    // One that is under way hears it from the server.
    for (const { transfer, isBegun, stop } of [...this.#runs.values()]) {
      if (transfer.file === id && !isBegun) stop.abort(noSuchFile());
    }
    this.#options.emit({ event: "file", state: "gone", file, isNew: false });
  }

  offered(offered: Offered): void {
    this.#takeQuestion(offered.mark)?.resolve(offered);
  }

  planned(mark: string): void {
    this.#takeQuestion(mark)?.resolve(undefined);
  }

  /** @returns false when none of these is meant. */
  declined(mark: string, { code, message }: { code: string; message: string }): boolean {
    const question = this.#takeQuestion(mark);
    question?.reject(new Refusal(code, message));
    return question !== undefined;
  }

  #takeQuestion(mark: string): PromiseWithResolvers<unknown> | undefined {
    const question = this.#questions.get(mark);
    this.#questions.delete(mark);
    return question;
  }

  #put(file: SharedFile): void {
    this.#coming.ended(file.id, { isThere: true });
    if (this.#files.has(file.id)) return;
    requireAtMost(this.#files.size + 1, ROOM_FILES_MAX, FILES);
    this.#files.set(file.id, file);
    this.#options.emit({ event: "file", state: "there", file, isNew: this.#isListed });
  }

  // ---- transfers

  #begin(
    what: Pick<Transfer, "direction" | "name" | "file" | "isPreview">,
    work: (run: Run) => Promise<void>,
    source?: FileSource,
  ): Transfer {
    const id = ++this.#lastTransfer;
    const run = new Run({ id, ...what, state: "waiting", progress: NOTHING }, source);
    this.#runs.set(id, run);
    this.#tell(run, {});
    const begin = () => {
      run.isBegun = true;
      return work(run);
    };
    void this.#end(run, this.#slots[what.direction].use(begin, run.stop.signal));
    return run.transfer;
  }

  async #end(run: Run, work: Promise<void>): Promise<void> {
    let end: Partial<Transfer> = { state: "done" };
    try {
      await work;
    } catch (thrown) {
      // That content nobody has any more.
      if (thrown instanceof Refusal && thrown.code === "file-changed") run.isDiscarded = true;
      const { name } = run.transfer;
      const { aborted, reason } = run.stop.signal;
      end = aborted && !(reason instanceof Refusal)
        ? { state: "cancelled" }
        : { state: "failed", message: `${name}: ${messageOf(thrown)}` };
    }
    if (end.state !== "done" && run.isDiscarded && run.offer !== undefined) {
      this.delete(run.offer);
    }
    // What the end of the meeting breaks off may go on in another one.
    if (end.state !== "cancelled" || run.isDiscarded) run.source?.release?.();
    this.#runs.delete(run.transfer.id);
    this.#tell(run, end);
  }

  async #send(run: Run, source: FileSource): Promise<void> {
    const size = await source.size();
    await this.#plan(run, size);
    const { signal } = run.stop;
    const file = await source.take({ progress: this.#hashing(run, size), signal });
    await this.#inTurn(run, file.hash, () => this.#sendTaken(run, { ...file, size }));
  }

  async #sendTaken(
    run: Run,
    { path, hash, size, changedAt }: TakenFile & { size: number },
  ): Promise<void> {
    const { signal } = run.stop;
    const report = this.#reporter(run, new TransferMeter(size), "moving");
    const { name } = run.transfer;
    const thumbnail = await this.#options.depict?.({ path, name }, signal);
    await this.#persist(run, async () => {
      const offering = this.#offer({ name, size, hash, thumbnail });
      // It may be taken when nobody waits for it any more.
      offering.then(({ id, isThere }) => {
        if (!isThere && run.isDiscarded) this.delete(id);
      }, () => undefined);
      const { id, isThere } = await this.#orStopped(offering, signal);
      if (isThere) {
        const file = this.#files.get(id);
        if (file !== undefined) {
          const { name, owner, isOwn } = file;
          this.#tell(run, { known: { name, owner, isOwn } });
        }
        return report.resumed(size);
      }
      run.offer = id;
      await this.#over("file.send", { id, signal }, async (stream) => {
        try {
          await sendFile(stream, { path, size, ...this.#way(report) });
        } catch (thrown) {
          const now = await readable(Deno.stat(path));
          const isChanged = now.size !== size ||
            changedAt !== undefined && now.mtime?.getTime() !== changedAt;
          if (!isChanged || thrown instanceof BrokenOff) throw thrown;
          throw new Refusal("file-changed", "It was changed while it was sent: share it again");
        }
      });
    });
  }

  /**
   * Asks whether a file of that size may come: the server would say the same of its offer, but only once it has been read. What
   * passes by itself, and no answer, keep nobody from reading it. @throws Refusal
   */
  async #plan(run: Run, size: number): Promise<void> {
    const isBig = size >= PLANNED_FILE_BYTES_MIN || size > (this.#fileBytesMax ?? Infinity);
    if (!isBig) return;
    if (!this.#isPlanned) return this.#requireFits(size);
    const planned = this.#ask((mark) => ({ type: "file.plan", mark, size }));
    planned.catch(() => undefined);
    try {
      const { signal } = run.stop;
      await this.#orStopped(Promise.race([planned, this.#pause(PLAN_ANSWER_MS)]), signal);
    } catch (thrown) {
      if (passingReason(thrown) === undefined) throw thrown;
    }
  }

  /** What a server of before says of itself. @throws Refusal `file-too-big` */
  #requireFits(size: number): void {
    const max = this.#fileBytesMax;
    if (max === undefined || size <= max) return;
    const [has, takes] = [size, max].map((bytes) => Number((bytes / 1e6).toPrecision(3)));
    throw new Refusal(
      "file-too-big",
      `The file has ${has} MB; this server takes up to ${takes} MB`,
    );
  }

  #hashing(run: Run, size: number): (bytes: number) => void {
    const report = this.#reporter(run, new TransferMeter(size), "hashing");
    report.resumed(0);
    let read = 0;
    return (bytes) => {
      report.moved(bytes - read);
      read = bytes;
    };
  }

  async #fetch(run: Run, file: SharedFile, folder: string): Promise<void> {
    const name = safeFileName(file.name);
    await readable(Deno.mkdir(folder, { recursive: true }));
    // The hash in its name: what has come of another file of that name is another one.
    const at = join(folder, `.${file.hash.slice(0, 8)}-${name}`);
    await this.#inTurn(run, at, () => this.#fetchPart(run, { ...file, name }, { folder, at }));
  }

  /** Waits until no other one is about the same. */
  async #inTurn(run: Run, what: string, work: () => Promise<void>): Promise<void> {
    const slot = this.#turns.get(what) ?? new Slots(1);
    this.#turns.set(what, slot);
    try {
      await slot.use(work, run.stop.signal);
    } finally {
      if (slot.isIdle) this.#turns.delete(what);
    }
  }

  async #fetchPart(
    run: Run,
    { id, name, size, hash }: SharedFile,
    { folder, at }: { readonly folder: string; readonly at: string },
  ): Promise<void> {
    const { signal } = run.stop;
    const report = this.#reporter(run, new TransferMeter(size), "moving");
    using part = await readable(PartFile.open(at, { size, hash }));
    const fetch = (stream: ByteStream) => fetchFile(stream, part, this.#way(report));
    try {
      await this.#persist(run, () => this.#over("file.fetch", { id, signal }, fetch));
    } catch (thrown) {
      // What nobody has any more would lie there for ever.
      const isGone = thrown instanceof Refusal && thrown.code === "no-such-file";
      if (run.isDiscarded || isGone) await part.discard();
      throw thrown;
    }
    this.#tell(run, { path: await placed(part, folder, name) });
  }

  /** Tries until it is done, refused for good, or stopped. */
  async #persist(run: Run, attempt: () => Promise<void>): Promise<void> {
    const { signal } = run.stop;
    let inVain = 0;
    for (let waitMs = RETRY_MS_MIN;; waitMs = Math.min(RETRY_MS_MAX, 2 * waitMs)) {
      await this.#orStopped(this.#connected.promise, signal);
      const [connection, beganAt] = [this.#connection.signal, run.beganAt];
      try {
        return await attempt();
      } catch (thrown) {
        if (signal.aborted) throw thrown;
        const message = passingReason(thrown);
        if (message === undefined) throw thrown;
        const isExcused = connection.aborted || run.beganAt > beganAt ||
          thrown instanceof Refusal && WAITING.has(thrown.code);
        inVain = isExcused ? 0 : inVain + 1;
        if (inVain === TRIES_IN_VAIN_MAX) throw gaveUp(thrown);
        this.#tell(run, { state: "waiting", message });
        await this.#orStopped(this.#pause(waitMs), signal);
      }
    }
  }

  async #over(
    purpose: TicketPurpose,
    { id, signal }: { id: number; signal: AbortSignal },
    use: (stream: ByteStream) => Promise<void>,
  ): Promise<void> {
    const connection = this.#connection.signal;
    const opening = this.#options.open(purpose, id, { signal });
    // What comes too late is not used.
    opening.then((late) => signal.aborted && late.close(), () => undefined);
    const opened = await this.#orStopped(opening, signal);
    let isSilent = false;
    const stream = closedWhenSilent(opened, {
      ...{ silentMs: SERVER_SILENT_MS_MAX, timers: this.#options.timers, isEitherEnough: true },
      onSilent: () => isSilent = true,
    });
    const close = () => stream.close();
    const ends = [signal, connection];
    for (const end of ends) end.addEventListener("abort", close, { once: true });
    try {
      signal.throwIfAborted();
      if (connection.aborted) throw new BrokenOff("The connection to the meeting is over");
      await use(stream);
    } catch (cause) {
      if (!isSilent) throw cause;
      const state = `Nothing came from the server for ${SERVER_SILENT_MS_MAX / 1000} s`;
      throw new BrokenOff(state, { cause });
    } finally {
      for (const end of ends) end.removeEventListener("abort", close);
      close();
    }
  }

  #offer({ hash, ...rest }: {
    name: string;
    size: number;
    hash: string;
    thumbnail?: Uint8Array;
  }): Promise<Offered> {
    const content = { ...rest, hash: Uint8Array.fromHex(hash) };
    return this.#ask((mark) => ({ type: "file.offer", mark, ...content }));
  }

  /** @returns the server's answer. @throws Refusal */
  #ask<Answer>(question: (mark: string) => ClientMessage): Promise<Answer> {
    const mark = this.#options.random.fill(new Uint8Array(8)).toHex();
    const answer = Promise.withResolvers<unknown>();
    this.#questions.set(mark, answer);
    const cancel = this.#options.timers.after(
      ANSWER_MS_MAX,
      () => this.#takeQuestion(mark)?.reject(noAnswerYet()),
    );
    this.#options.send(question(mark));
    return (answer.promise as Promise<Answer>).finally(cancel);
  }

  #way(report: TransferReport): TransferOptions {
    return { report, timers: this.#options.timers, isTakenTold: this.#isTakenTold };
  }

  #reporter(run: Run, meter: TransferMeter, state: "hashing" | "moving"): TransferReport {
    const { timers } = this.#options;
    const tell = () => this.#tell(run, { state, progress: meter.progress, message: undefined });
    return {
      resumed: (bytes) => {
        if (state === "moving") run.beganAt = Math.max(run.beganAt, bytes);
        meter.resume(bytes, timers.nowMs());
        tell();
      },
      moved: (bytes) => {
        const isDue = meter.moved(bytes, timers.nowMs());
        if (isDue || meter.progress.bytes === meter.progress.size) tell();
      },
    };
  }

  #tell(run: Run, change: Partial<Transfer>): void {
    run.transfer = { ...run.transfer, ...change };
    this.#options.emit({ event: "transfer", transfer: run.transfer });
  }

  async #orStopped<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([waiting, stopped.promise]);
    } finally {
      signal.removeEventListener("abort", stop);
      stopped.promise.catch(() => undefined);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((done) => void this.#options.timers.after(ms, done));
  }
}

const noSuchFile = () => new Refusal("no-such-file", "That file is not there any more");

function gaveUp(cause: unknown): Refusal {
  const state = `Nothing more of it came through in ${TRIES_IN_VAIN_MAX} tries`;
  return new Refusal("in-vain", `${state} (${messageOf(cause)}): try again later`, { cause });
}

/** Why it is worth another try; `undefined` where it is not. */
function passingReason(thrown: unknown): string | undefined {
  if (thrown instanceof Refusal) return PASSING.get(thrown.code);
  const isNetwork = thrown instanceof BrokenOff || thrown instanceof ConnectFailure;
  return isNetwork ? NOT_CONNECTED : undefined;
}

/** The file itself; of a folder all files in it and below. @throws Refusal */
async function filesAt(path: string): Promise<string[]> {
  const { isFile, isDirectory } = await readable(Deno.stat(path));
  if (isFile) return [path];
  // A device, or a pipe: it may have no end.
  if (!isDirectory) throw new Refusal("file-unreadable", "It is neither a file nor a folder");
  const paths: string[] = [];
  for (const { name, isDirectory, isFile } of await readable(listed(path))) {
    const inside = join(path, name);
    if (isDirectory) paths.push(...await filesAt(inside));
    else if (isFile) paths.push(inside);
  }
  return paths;
}

async function listed(folder: string): Promise<Deno.DirEntry[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.toSorted((one, other) => one.name < other.name ? -1 : 1);
}

/** Puts a whole file at a free path. @returns where it is. Nothing is left of one that cannot be put there, but its part. */
async function placed(part: PartFile, folder: string, name: string): Promise<string> {
  let taken: string | undefined;
  try {
    return await part.finish(async () => taken = await freePath(folder, name));
  } catch (thrown) {
    if (taken !== undefined) await Deno.remove(taken).catch(() => undefined);
    throw thrown;
  }
}

/** A path in `folder` that was free and is taken now, by an empty file. */
async function freePath(folder: string, name: string): Promise<string> {
  for (let count = 1;; count++) {
    const path = join(folder, numberedFileName(name, count));
    try {
      (await Deno.open(path, { write: true, createNew: true })).close();
      return path;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.AlreadyExists)) throw thrown;
    }
  }
}

function sharedFile(
  { id, name, size, hash, owner, at, executable, thumbnail, yours: isOwn }: WireFile,
): SharedFile {
  const isExecutable = executable === true || isExecutableName(name);
  return { id, name, size, hash: hash.toHex(), owner, at, isExecutable, thumbnail, isOwn };
}
