import {
  type ComingEntry,
  type FileEntry,
  FILES_PAGE_ENTRIES,
  type ProgramMessage,
  type TransferEntry,
} from "@fusionmeet/bridge";
import type { Timers } from "@fusionmeet/net";

/** Changes of the files go to the page at most so often; the first one goes at once. */
export const FILES_INTERVAL_MS = 250;
/** Transfers that are over and still shown; the oldest are forgotten. */
export const TRANSFERS_OVER_MAX = 100;

/** The files of one meeting as its page has them: what is there, what is on its way, from others too, and what of it the page does not know yet. */
export class FileFeed {
  readonly #timers: Timers;
  readonly #send: (message: ProgramMessage) => void;
  readonly #files = new Map<number, FileEntry>();
  readonly #transfers = new Map<number, TransferEntry>();
  readonly #coming = new Map<number, ComingEntry>();
  #isComingUnsent = false;
  readonly #unsent = {
    files: new Map<number, FileEntry>(),
    filesGone: new Set<number>(),
    transfers: new Map<number, TransferEntry>(),
    transfersGone: new Set<number>(),
  };
  #isWaiting = false;

  constructor({ timers, send }: { timers: Timers; send: (message: ProgramMessage) => void }) {
    this.#timers = timers;
    this.#send = send;
  }

  /** For a page that knows nothing: the first message starts anew. */
  reset(): ProgramMessage[] {
    for (const unsent of Object.values(this.#unsent)) unsent.clear();
    this.#isComingUnsent = false;
    const [first, ...rest] = this.#pages([...this.#files.values()], [...this.#transfers.values()]);
    return [
      { type: "files.reset", ...first },
      ...rest.map((page) =>
        ({ type: "files", ...page, filesGone: [], transfersGone: [] }) as const
      ),
      ...(this.#coming.size > 0 ? [this.#comingMessage()] : []),
    ];
  }

  /** Those under way, and those that are over and still shown. */
  get transfers(): TransferEntry[] {
    return [...this.#transfers.values()];
  }

  /** `undefined` where it is not there. */
  file(id: number): FileEntry | undefined {
    return this.#files.get(id);
  }

  /** What a file is called; `undefined` where it is not there. */
  name(file: number): string | undefined {
    return this.file(file)?.name;
  }

  /** A file is there. @param file.fresh The page counts it as new, once. */
  put(file: FileEntry): void {
    this.notComing(file.id);
    this.#files.set(file.id, { ...file, fresh: false });
    this.#unsent.files.set(file.id, file);
    this.#unsent.filesGone.delete(file.id);
    this.#changed();
  }

  gone(id: number): void {
    if (!this.#files.delete(id)) return;
    this.#unsent.files.delete(id);
    this.#unsent.filesGone.add(id);
    this.#changed();
  }

  /** A file of somebody else is on its way. */
  coming(file: ComingEntry): void {
    this.#coming.set(file.id, file);
    this.#isComingUnsent = true;
    this.#changed();
  }

  /** It is there, or does not come. */
  notComing(id: number): void {
    if (!this.#coming.delete(id)) return;
    this.#isComingUnsent = true;
    this.#changed();
  }

  transfer(transfer: TransferEntry): void {
    this.#transfers.set(transfer.id, transfer);
    this.#unsent.transfers.set(transfer.id, transfer);
    this.#forgetOldest();
    this.#changed();
  }

  forget(id: number): void {
    if (!this.#transfers.delete(id)) return;
    this.#unsent.transfers.delete(id);
    this.#unsent.transfersGone.add(id);
    this.#changed();
  }

  #forgetOldest(): void {
    const over = [...this.#transfers.values()].filter(isOver);
    for (const { id } of over.slice(0, Math.max(0, over.length - TRANSFERS_OVER_MAX))) {
      this.forget(id);
    }
  }

  #changed(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    // What happens in one turn goes together.
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const { files, filesGone, transfers, transfersGone } = this.#unsent;
    const count = files.size + filesGone.size + transfers.size + transfersGone.size;
    if (count === 0 && !this.#isComingUnsent) {
      this.#isWaiting = false;
      return;
    }
    if (this.#isComingUnsent) this.#send(this.#comingMessage());
    this.#isComingUnsent = false;
    if (count > 0) this.#sendUnsent();
    this.#timers.after(FILES_INTERVAL_MS, () => this.#flush());
  }

  #comingMessage(): ProgramMessage {
    return { type: "files.coming", coming: [...this.#coming.values()] };
  }

  #sendUnsent(): void {
    const { files, filesGone, transfers, transfersGone } = this.#unsent;
    const gone = { filesGone: [...filesGone], transfersGone: [...transfersGone] };
    const pages = this.#pages([...files.values()], [...transfers.values()]);
    for (const unsent of Object.values(this.#unsent)) unsent.clear();
    pages.forEach((page, index) =>
      this.#send({
        type: "files",
        ...page,
        ...(index === 0 ? gone : { filesGone: [], transfersGone: [] }),
      })
    );
  }

  /** At least one. */
  #pages(files: readonly FileEntry[], transfers: readonly TransferEntry[]) {
    const count = Math.ceil(Math.max(1, files.length, transfers.length) / FILES_PAGE_ENTRIES);
    return Array.from({ length: count }, (_, page) => {
      const [from, to] = [page * FILES_PAGE_ENTRIES, (page + 1) * FILES_PAGE_ENTRIES];
      return { files: files.slice(from, to), transfers: transfers.slice(from, to) };
    });
  }
}

/** Nothing goes on with it. */
export function isOver({ state }: TransferEntry): boolean {
  return state === "done" || state === "failed";
}
