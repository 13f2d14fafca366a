/** A file that everybody in the room can save. */
export interface FileEntry {
  readonly id: number;
  /** As its owner calls it; nothing invisible is in it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly owner: string;
  readonly own: boolean;
  /** Since when; epoch ms at the server. */
  readonly at: number;
  /** It may run something when it is opened, by its name or its content. */
  readonly executable: boolean;
  /** There is a small picture of it: see `file.thumbnail`. */
  readonly thumbnail: boolean;
  /** It came just now, and the page is told for the first time. */
  readonly fresh: boolean;
}

/** A file on its way from here or to here, or one that arrived. */
export interface TransferEntry {
  /** Counts from 1 in a meeting. */
  readonly id: number;
  readonly direction: "send" | "fetch";
  /** Of the file that is fetched; null while a file is sent. */
  readonly file: number | null;
  readonly name: string;
  /** `waiting`: for its turn, or for what `message` says. */
  readonly state: "hashing" | "waiting" | "moving" | "done" | "failed";
  /** Bytes that are through, and of all. */
  readonly bytes: number;
  readonly size: number;
  /** Of late; 0 while it is not known. */
  readonly bytesPerSecond: number;
  readonly leftMs: number | null;
  /** Why it waits or failed: a sentence without full stop. */
  readonly message: string | null;
  /** Fetched and whole: the folder it is in, for people. */
  readonly folder: string | null;
}

/** A file of somebody else on its way to the room: nothing that can be saved yet. */
export interface ComingEntry {
  /** That the file will have. */
  readonly id: number;
  readonly name: string;
  /** Who sends it. */
  readonly from: string;
  /** `paused`: its connection is lost and may come back. */
  readonly state: "moving" | "paused";
  /** Bytes that are at the server, and of all. */
  readonly bytes: number;
  readonly size: number;
  /** Of late; 0 while it is not known. */
  readonly bytesPerSecond: number;
  readonly leftMs: number | null;
}

/** A place for a file, as far as it is typed. */
export interface PlaceEntry {
  readonly file: number;
  /** As it was asked for. */
  readonly asked: string;
  /** As it is written in full. */
  readonly place: string;
  /** Folders that it may mean, in full, with a separator at the end. */
  readonly folders: readonly string[];
  /** Why nothing can be saved there: a sentence without full stop. */
  readonly problem: string | null;
  /** The system's own dialog can be asked instead. */
  readonly browses: boolean;
}

/** The file that is looked at, as far as it is known. */
export interface PreviewEntry {
  readonly file: number;
  /** `none`: it cannot be shown. */
  readonly state: "coming" | "there" | "none";
  /** `coming`: how much of it is here, 0 to 1. */
  readonly part: number;
  /** `there`: `data:image/webp;…`, made by the program. */
  readonly picture: string | null;
  /** `none`: why, a sentence without full stop. */
  readonly problem: string | null;
}
