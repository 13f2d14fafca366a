import { computed, signal } from "@preact/signals";
import type {
  ComingEntry,
  FileEntry,
  PlaceEntry,
  PreviewEntry,
  ProgramMessage,
  TransferEntry,
} from "@fusionmeet/bridge";

type Reset = Extract<ProgramMessage, { type: "files.reset" }>;
type Change = Extract<ProgramMessage, { type: "files" }>;

/** The room's files as the page holds them, and those on their way. */
export class FileShelf {
  readonly #files = signal<ReadonlyMap<number, FileEntry>>(new Map());
  readonly #transfers = signal<ReadonlyMap<number, TransferEntry>>(new Map());
  /** The newest first. */
  readonly files = computed(() =>
    [...this.#files.value.values()].sort((one, other) => other.at - one.at || other.id - one.id)
  );
  readonly transfers = computed(() => [...this.#transfers.value.values()]);
  /** What is on its way from others. */
  readonly coming = signal<readonly ComingEntry[]>([]);
  /** Files of others that came and the user has not seen listed. */
  readonly unseen = signal(0);
  /** Transfers that came to their end just now, for whoever reads them out. */
  readonly ended = signal<readonly TransferEntry[]>([]);

  reset({ files, transfers }: Reset): void {
    this.#files.value = byId(files);
    this.#transfers.value = byId(transfers);
    this.coming.value = [];
    this.unseen.value = 0;
    this.ended.value = [];
    this.thumbnails.value = new Map();
    this.looked.value = null;
    this.preview.value = null;
  }

  change({ files, filesGone, transfers, transfersGone }: Change): void {
    const before = this.#transfers.value;
    if (files.length + filesGone.length > 0) {
      this.#files.value = changed(this.#files.value, files, filesGone);
      for (const id of filesGone) this.#forget(id);
      this.unseen.value += files.filter(({ fresh, own }) => fresh && !own).length;
    }
    if (transfers.length + transfersGone.length === 0) return;
    this.#transfers.value = changed(before, transfers, transfersGone);
    const ended = transfers.filter((each) => isOver(each) && !isOver(before.get(each.id)));
    if (ended.length > 0) this.ended.value = ended;
  }

  /** `undefined` where it is not there any more. */
  byId(id: number): FileEntry | undefined {
    return this.#files.value.get(id);
  }

  /** The latest transfer of that file to here. */
  fetchOf(file: number): TransferEntry | undefined {
    return this.transfers.value.findLast((each) => each.file === file);
  }

  /** What the program said last about a place that is being typed. */
  readonly place = signal<PlaceEntry | null>(null);

  /** Small pictures that came, by file: `data:image/webp;…`; null where there is none. */
  readonly thumbnails = signal<ReadonlyMap<number, string | null>>(new Map());
  /** The file that is looked at; null while none is. */
  readonly looked = signal<number | null>(null);
  /** What the program said last about one that is looked at. */
  readonly preview = signal<PreviewEntry | null>(null);

  thumbnailCame(file: number, picture: string | null): void {
    this.thumbnails.value = new Map(this.thumbnails.value).set(file, picture);
  }

  #forget(file: number): void {
    if (!this.thumbnails.value.has(file)) return;
    const left = new Map(this.thumbnails.value);
    left.delete(file);
    this.thumbnails.value = left;
  }

  /** The user looks at a file, or at none any more. */
  look(file: number | null): void {
    this.looked.value = file;
  }

  /** The user sees the list. */
  seen(): void {
    this.unseen.value = 0;
  }
}

/** Nothing goes on with it. */
export function isOver(transfer: TransferEntry | undefined): boolean {
  return transfer?.state === "done" || transfer?.state === "failed";
}

function byId<Entry extends { readonly id: number }>(entries: readonly Entry[]) {
  return new Map(entries.map((entry) => [entry.id, entry]));
}

function changed<Entry extends { readonly id: number }>(
  known: ReadonlyMap<number, Entry>,
  entries: readonly Entry[],
  gone: readonly number[],
): ReadonlyMap<number, Entry> {
  const now = new Map(known);
  for (const id of gone) now.delete(id);
  for (const entry of entries) now.set(entry.id, entry);
  return now;
}
