import type { PageFile } from "./file_sender.ts";

/** As much of a file system entry as is used. */
interface Entry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
}

interface FileEntryOfDrop extends Entry {
  file(done: (file: File) => void, failed: () => void): void;
}

interface FolderEntryOfDrop extends Entry {
  createReader(): {
    readEntries(done: (entries: Entry[]) => void, failed: () => void): void;
  };
}

/** True where something that is dragged holds files. */
export function hasFiles(transfer: DataTransfer | null): boolean {
  return transfer?.types.includes("Files") ?? false;
}

/**
 * The files that were dropped, those in folders and below too, each under its own name. To be called while the event is
 * handled.
 *
 * @param filesMax No folder is read further when there are so many.
 */
export function droppedFiles(transfer: DataTransfer, filesMax: number): Promise<PageFile[]> {
  const entries = [...transfer.items].map((item) =>
    item.kind === "file" ? item.webkitGetAsEntry?.() ?? null : null
  );
  const plain = [...transfer.files];
  const hasFolder = entries.some((entry) => entry?.isDirectory);
  return hasFolder
    ? filesOf(entries.filter((each) => each !== null), filesMax)
    : Promise.resolve(plain);
}

async function filesOf(entries: readonly Entry[], filesMax: number): Promise<PageFile[]> {
  const files: PageFile[] = [];
  const waiting = [...entries];
  for (let entry; files.length <= filesMax && (entry = waiting.shift());) {
    if (entry.isFile) {
      const { promise, resolve } = Promise.withResolvers<File | undefined>();
      (entry as FileEntryOfDrop).file(resolve, () => resolve(undefined));
      const file = await promise;
      if (file !== undefined) files.push(file);
    } else if (entry.isDirectory) {
      waiting.unshift(...await listed(entry as FolderEntryOfDrop));
    }
  }
  return files;
}

/** A folder gives its entries in portions, until an empty one. */
async function listed(folder: FolderEntryOfDrop): Promise<Entry[]> {
  const reader = folder.createReader();
  const entries: Entry[] = [];
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<Entry[]>();
    reader.readEntries(resolve, () => resolve([]));
    const portion = await promise;
    if (portion.length === 0) return entries;
    entries.push(...portion);
  }
}

/**
 * The files of a clipboard; a picture that is none yet is named by its time. What is text as well (cells of a table,
 * which come with their picture) is no file.
 *
 * @param name of a picture without one, without its ending.
 */
export function pastedFiles(clipboard: DataTransfer | null, name: string): PageFile[] {
  if (clipboard === null || clipboard.types.some((type) => type.startsWith("text/plain"))) {
    return [];
  }
  return [...clipboard.files].map((file) => {
    const [, ending] = /^image\/([a-z]+)/.exec(file.type) ?? [];
    const isUnnamed = ending !== undefined && /^(image\.\w+)?$/.test(file.name);
    return isUnnamed ? new File([file], `${name}.${ending}`, { type: file.type }) : file;
  });
}

/** `2026-11-28 19.15`: a time as it may stand in a file's name, by this computer's clock. */
export function fileTime(at: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join("-");
  return `${date} ${two(at.getHours())}.${two(at.getMinutes())}`;
}
