import type { ComingEntry, FileEntry, PlaceEntry, PreviewEntry, TransferEntry } from "./files.ts";
import type {
  ChatEntry,
  PictureQuality,
  ScreenChoiceState,
  Theme,
  WindowState,
  WindowStatistics,
} from "./state.ts";

/** One JSON message on the state socket, page to program, in UTF-16 code units: a chat line at its longest, all of it escaped. */
export const PAGE_MESSAGE_LENGTH_MAX = 64 * 1024;
/** From opening either socket to its first message. */
export const PAGE_HELLO_TIMEOUT_MS = 5_000;
/** State goes to the page at most so often; the first change goes at once. */
export const STATE_INTERVAL_MS = 100;
/** Entries of the chat in one message. */
export const CHAT_PAGE_ENTRIES = 100;
/** Files, and transfers, in one message. */
export const FILES_PAGE_ENTRIES = 500;
/** Files of the page that may wait to be sent; more are refused. */
export const PAGE_FILES_MAX = 1_000;
/** Files in one `files.add`. */
export const FILES_ADDED_AT_ONCE = 20;
/** Paths of the two sockets on the loopback server. */
export const STATE_SOCKET_PATH = "/state";
export const MEDIA_SOCKET_PATH = "/media";
/** A file that was asked for is posted to this path with its mark behind it, and the key in this header. */
export const FILE_PATH = "/file/";
export const KEY_HEADER = "x-fusionmeet-key";

/** What the page can show: `jpeg` always; `h264` only where a test picture came out right. */
export interface PageDecoders {
  readonly h264: boolean;
}

/** From the page to the program, JSON on the state socket. */
export type PageMessage =
  /** The first: `token` from the link (once), or `key` of an earlier `ready` (after a reload). */
  | {
    readonly do: "hello";
    readonly token?: string;
    readonly key?: string;
    readonly decoders: PageDecoders;
  }
  /** Asks a server about its rooms; the answer is in `join.lobby`. */
  | {
    readonly do: "lobby";
    readonly server: string;
    readonly pin: string;
    /** The fingerprint of the server of this network that was picked. */
    readonly picked?: string;
    /** The fingerprint that a link names. */
    readonly expected?: string;
  }
  /** Searches this computer's networks for servers address by address, or stops that. */
  | { readonly do: "search"; readonly on: boolean }
  | {
    readonly do: "join";
    readonly server: string;
    readonly name: string;
    readonly room: string;
    readonly pin: string;
    /** Empty: one does not claim to lead the room. */
    readonly ownerPin: string;
    readonly microphone: boolean;
    readonly camera: boolean;
    /** The fingerprint of `introduction`, when it was accepted. */
    readonly trust?: string;
    readonly picked?: string;
    readonly expected?: string;
  }
  /** Stops a join that is under way, or says no to an introduction. */
  | { readonly do: "join.cancel" }
  /** Leaves. `sure`: also when something would be broken off. */
  | { readonly do: "leave"; readonly sure: boolean }
  /** No to `leaveQuestion`. */
  | { readonly do: "stay" }
  /** From the screen "left" to the join screen. */
  | { readonly do: "again" }
  | { readonly do: "source"; readonly kind: "microphone" | "camera"; readonly on: boolean }
  | { readonly do: "quality"; readonly quality: PictureQuality }
  /** Whose tiles can be seen, oneself included; nobody else's pictures are asked for. */
  | { readonly do: "watch"; readonly participants: readonly number[] }
  | { readonly do: "chat.post"; readonly text: string }
  | { readonly do: "chat.retry" | "chat.discard"; readonly mark: string }
  /** Asks for entries before the one with `mark`. */
  | { readonly do: "chat.older"; readonly mark: string }
  /** Files of the page that are to be shared, `FILES_ADDED_AT_ONCE` at most; each is asked for by its mark when it is its turn. */
  | {
    readonly do: "files.add";
    readonly files: readonly {
      readonly mark: string;
      readonly name: string;
      readonly size: number;
    }[];
  }
  /** A file that was asked for is not there, or cannot be read. */
  | { readonly do: "file.lost"; readonly mark: string }
  /** Saves a file of the room: in the user's folder for downloads, or where `place` says, a folder or a path. */
  | { readonly do: "file.save"; readonly file: number; readonly place?: string }
  /** Saves a file where the system's own dialog says, if there is one (`PlaceEntry.browses`). */
  | { readonly do: "file.browse"; readonly file: number }
  /** Asks what is at a place that is being typed; empty: what to begin with. */
  | { readonly do: "place"; readonly file: number; readonly place: string }
  /** Asks for the small picture of a file; answered by `file.thumbnail`. */
  | { readonly do: "file.thumbnail"; readonly file: number }
  /** Looks at a file, and at no other any more; answered by `file.preview`, several times. */
  | { readonly do: "file.preview"; readonly file: number }
  /** Looks at none any more. */
  | { readonly do: "file.preview.stop" }
  /** Takes a file out of the room, for everybody. */
  | { readonly do: "file.delete"; readonly file: number }
  /** Breaks a transfer off. */
  | { readonly do: "transfer.cancel"; readonly transfer: number }
  /** Forgets one that is over. */
  | { readonly do: "transfer.forget"; readonly transfer: number }
  /** Shows the folder with what was fetched. */
  | { readonly do: "transfer.folder"; readonly transfer: number }
  /** As the host: switches off everybody else's microphone, or one. */
  | { readonly do: "host.mute"; readonly participant: number | null }
  /** As the host: takes somebody out; makes somebody else the host. */
  | { readonly do: "host.remove" | "host.give"; readonly participant: number }
  /** As the host: ends the share there is. */
  | { readonly do: "host.unshare" }
  /** As the host: nobody new comes in, or everybody does. */
  | { readonly do: "host.lock"; readonly on: boolean }
  /** As the host: lets somebody who was removed come in again. */
  | { readonly do: "host.readmit"; readonly name: string }
  /** Lists what can be shown, with pictures of it, as long as it is on; the answers are `screens`. */
  | { readonly do: "screens.list"; readonly on: boolean }
  /** Shows this; `source` is the id of a choice. */
  | { readonly do: "present"; readonly source: string }
  /** Ends one's own turn. */
  | { readonly do: "present.stop" }
  /** Asks the presenter to hand over. */
  | { readonly do: "present.ask" }
  /** As the presenter: says yes or no to somebody who asked; makes somebody else the presenter. */
  | { readonly do: "present.answer"; readonly participant: number; readonly accept: boolean }
  | { readonly do: "present.give"; readonly participant: number }
  /** One's own share is to be shown to oneself, or not any more. That of others always is. */
  | { readonly do: "screen.view"; readonly on: boolean }
  /** To be kept for the next window. */
  | { readonly do: "theme"; readonly theme: Theme }
  /** Chat lines the user has not seen: for the title. */
  | { readonly do: "unread"; readonly count: number }
  /** What does not work in the page, for the terminal: a whole sentence. */
  | { readonly do: "problem"; readonly message: string };

/** From the program to the page, JSON on the state socket. */
export type ProgramMessage =
  /** Answer to `hello`: `key` opens the media socket, and the state socket again after a reload. */
  | { readonly type: "ready"; readonly key: string; readonly state: WindowState }
  /** `hello` was declined; the socket closes. */
  | { readonly type: "refused"; readonly message: string }
  /** The sections of the state that changed, each whole. */
  | { readonly type: "state"; readonly state: Partial<WindowState> }
  /** A meeting begins: the chat column starts anew with these. */
  | {
    readonly type: "chat.reset";
    readonly entries: readonly ChatEntry[];
    readonly hasOlder: boolean;
  }
  /** New entries at the end; one whose mark is known replaces it where its id puts it. */
  | { readonly type: "chat"; readonly entries: readonly ChatEntry[] }
  /** An unsent line was thrown away. */
  | { readonly type: "chat.gone"; readonly mark: string }
  /** Answer to `chat.older`, oldest first. */
  | {
    readonly type: "chat.older";
    readonly entries: readonly ChatEntry[];
    readonly hasOlder: boolean;
  }
  /** A meeting begins, or a page that knows nothing: the files of the room, in the order they came, and what is on its way. */
  | {
    readonly type: "files.reset";
    readonly files: readonly FileEntry[];
    readonly transfers: readonly TransferEntry[];
  }
  /** What changed, each entry whole; the ids of what is no longer there. */
  | {
    readonly type: "files";
    readonly files: readonly FileEntry[];
    readonly filesGone: readonly number[];
    readonly transfers: readonly TransferEntry[];
    readonly transfersGone: readonly number[];
  }
  /** What is on its way from others, all of it; after `files.reset` there is nothing. */
  | { readonly type: "files.coming"; readonly coming: readonly ComingEntry[] }
  /** Answer to the page's: `data:image/webp;…`; null where there is none. */
  | { readonly type: "file.thumbnail"; readonly file: number; readonly picture: string | null }
  /** What is looked at, at every change. */
  | ({ readonly type: "file.preview" } & PreviewEntry)
  /** Answer to `place`. */
  | ({ readonly type: "place" } & PlaceEntry)
  /** The page is to post the file with that mark now. */
  | { readonly type: "file.wanted"; readonly mark: string }
  /** The page is to forget it, and not to post it, or not any further. */
  | { readonly type: "file.unwanted"; readonly mark: string }
  /** Five times a second while in a meeting: levels, -127..0 dBov; `people` only those who are heard now. */
  | {
    readonly type: "levels";
    readonly own: number;
    readonly people: readonly { readonly id: number; readonly level: number }[];
  }
  | { readonly type: "statistics"; readonly statistics: WindowStatistics }
  /** What can be shown, about once a second while `screens.list` is on. */
  | {
    readonly type: "screens";
    readonly list: readonly ScreenChoiceState[];
    /** Why it cannot be shown, or not all of it: a whole sentence. */
    readonly problem: string | null;
  }
  /** Something happened that the state does not show. */
  | {
    readonly type: "toast";
    readonly kind: "info" | "warning" | "problem";
    readonly code: string;
    /** What happened and what to do: sentences. */
    readonly message: string;
  };
