import { computed, signal } from "@preact/signals";
import type { ChatEntry } from "@fusionmeet/bridge";

/** Entries the page holds; beyond it the oldest tenth goes, and is asked for again by who scrolls back. */
export const COLUMN_ENTRIES_MAX = 5_000;

/**
 * The chat as the page holds it: the room's lines in the order of their ids, notices where they came, and at the end
 * what is not stored yet.
 */
export class ChatColumn {
  readonly #entries = signal<readonly ChatEntry[]>([]);
  readonly entries = computed(() => this.#entries.value);
  readonly hasOlder = signal(false);
  /** Older entries were asked for and are not here yet. */
  readonly isLoadingOlder = signal(false);
  /** What others wrote and the user has not seen. */
  readonly unseen = signal(0);
  /** The entries that are news and were added last, for whoever reads them out. */
  readonly fresh = signal<readonly ChatEntry[]>([]);
  /** What stands in the field and is not said yet. */
  readonly draft = signal("");

  reset(entries: readonly ChatEntry[], hasOlder: boolean): void {
    this.#entries.value = entries;
    this.hasOlder.value = hasOlder;
    this.isLoadingOlder.value = false;
    this.unseen.value = 0;
    this.fresh.value = [];
  }

  add(entries: readonly ChatEntry[]): void {
    const column = [...this.#entries.value];
    const fresh: ChatEntry[] = [];
    for (const entry of entries) {
      const known = column.findIndex(({ mark }) => mark === entry.mark);
      if (known < 0 && !isPast(entry)) fresh.push(entry);
      if (known >= 0) column.splice(known, 1);
      if (known >= 0 && idOf(entry) === undefined) column.splice(known, 0, entry);
      else column.splice(placeOf(entry, column), 0, entry);
    }
    if (column.length > COLUMN_ENTRIES_MAX) {
      column.splice(0, Math.ceil(COLUMN_ENTRIES_MAX / 10));
      this.hasOlder.value = true;
    }
    this.#entries.value = column;
    this.fresh.value = fresh;
    this.unseen.value += fresh.filter(isFromOthers).length;
  }

  /** The answer to `older()`. */
  addOlder(entries: readonly ChatEntry[], hasOlder: boolean): void {
    const known = new Set(this.#entries.value.map(({ mark }) => mark));
    const older = entries.filter(({ mark }) => !known.has(mark));
    this.#entries.value = [...older, ...this.#entries.value];
    this.hasOlder.value = hasOlder;
    this.isLoadingOlder.value = false;
  }

  remove(mark: string): void {
    this.#entries.value = this.#entries.value.filter((entry) => entry.mark !== mark);
  }

  /** The mark to ask older entries with; `undefined` where there are none or they are under way. */
  older(): string | undefined {
    if (!this.hasOlder.value || this.isLoadingOlder.value) return undefined;
    const [first] = this.#entries.value;
    if (first) this.isLoadingOlder.value = true;
    return first?.mark;
  }

  /** The user sees the end of the column. */
  seen(): void {
    this.unseen.value = 0;
  }
}

/** True for a line that somebody else wrote. */
export function isFromOthers(entry: ChatEntry): boolean {
  return entry.kind === "line" && !entry.own;
}

function isPast(entry: ChatEntry): boolean {
  return entry.kind === "line" && entry.past === true;
}

function idOf(entry: ChatEntry): number | undefined {
  return entry.kind === "line" ? entry.id ?? undefined : undefined;
}

/** Where `entry` goes: a stored line before the first later or unstored one, everything else at the end. */
function placeOf(entry: ChatEntry, column: readonly ChatEntry[]): number {
  const id = idOf(entry);
  let place = column.length;
  if (id === undefined) return place;
  for (let index = column.length - 1; index >= 0; index--) {
    const other = column[index];
    if (other.kind !== "line") continue;
    if (other.id !== null && other.id < id) break;
    place = index;
  }
  return place;
}
