import { join } from "node:path";
import { messageOf, Refusal } from "@fusionmeet/base";
import {
  EXECUTABLE_BEGINNING_BYTES,
  isExecutableContent,
  OFFER_IDLE_MS,
  OFFER_KEPT_MS,
  OFFERS_PER_PERSON_MAX,
  ROOM_FILES_MAX,
} from "@fusionmeet/protocol";
import {
  type FileIndex,
  isDiskFull,
  type MeetingStore,
  type OfferedFile,
  PART_SUFFIX,
  PartFile,
  type StoredFile,
  type StoredRoom,
} from "@fusionmeet/store";
import type { ServerLog } from "../log.ts";

/** What the operator allows: bytes, and files one person may send and fetch at once. */
export interface ShelfLimits {
  readonly fileBytesMax: number;
  readonly roomBytesMax: number;
  readonly uploadsBytesMax: number;
  readonly transfersMax: number;
}

export interface ShelfOptions {
  readonly store: Pick<MeetingStore, "findRoom" | "keepRoom" | "together"> & {
    readonly files: FileIndex;
  };
  /** `uploads`: each room has a folder in it. */
  readonly folder: string;
  readonly limits: ShelfLimits;
  readonly epochMs: () => number;
  readonly log: ServerLog;
}

/** Refusals that an offer of which nothing comes any more may be in the way of. */
const GIVES_WAY = new Set([
  "room-files-full",
  "uploads-full",
  "room-files-many",
  "too-many-offers",
]);

/** An offer that may be given up, and its room's folder. */
type IdleOffer = StoredFile & { readonly slug: string };

/** What somebody wants to share. */
export type Offer = Omit<OfferedFile, "at">;

/**
 * The files of all rooms: what is offered and what is there, on the disk and in the index. Only whole files with the right
 * hash are listed; what came of others waits beside them as `.part`.
 */
export class Shelf {
  readonly #options: ShelfOptions;
  /** What comes of files now, by their ids; and what came, until it is looked at. */
  readonly #parts = new Map<number, PartFile>();

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** The whole files of a room. */
  list(room: string): StoredFile[] {
    const id = this.#roomId(room);
    return id === undefined ? [] : this.#files.list(id);
  }

  byId(room: string, file: number): StoredFile | undefined {
    const id = this.#roomId(room);
    return id === undefined ? undefined : this.#files.byId(id, file);
  }

  /** The small picture of a file; `undefined` where it has none, or is not there. */
  thumbnail(room: string, file: number): Uint8Array | undefined {
    const id = this.#roomId(room);
    return id === undefined ? undefined : this.#files.thumbnail(id, file);
  }

  /** The largest file it takes, bytes. */
  get fileBytesMax(): number {
    return this.#options.limits.fileBytesMax;
  }

  /** Files one person may send and fetch at once. */
  get transfersMax(): number {
    return this.#options.limits.transfersMax;
  }

  /**
   * Takes an offer: the file with that content if the room has it or has begun to get it, else a new one.
   *
   * @throws Refusal `file-too-big`, `room-files-full`, `uploads-full`, `room-files-many`, `file-name-bad`, `too-many-offers`
   */
  offer(room: string, offer: Offer): StoredFile {
    const at = this.#options.epochMs();
    const kept = this.#options.store.keepRoom(room, at);
    const { id } = kept;
    const known = this.#files.byHash(id, offer.hash);
    if (known !== undefined) return this.#depicted(this.#sameAs(known, offer), offer);
    this.#makeRoom(kept, offer);
    return this.#files.offer(id, { ...offer, at });
  }

  /**
   * Says what `offer` would say of a file of which only the size is known. Where the room has one of that size it says nothing:
   * the same content needs no more room.
   *
   * @throws Refusal `file-too-big`, `room-files-full`, `uploads-full`, `room-files-many`, `too-many-offers`
   */
  plan(room: string, { size, owner }: Pick<Offer, "size" | "owner">): void {
    const kept = this.#options.store.keepRoom(room, this.#options.epochMs());
    if (!this.#files.hasSize(kept.id, size)) this.#makeRoom(kept, { size, owner });
  }

  /** A file that was offered, to be written on where it broke off. @throws Refusal `disk` */
  async openPart(room: string, file: StoredFile): Promise<PartFile> {
    try {
      const folder = this.#folderOf(room);
      await Deno.mkdir(folder, { recursive: true });
      const part = await PartFile.open(join(folder, file.stored), file);
      this.#parts.set(file.id, part);
      return part;
    } catch (thrown) {
      throw this.diskRefusal(thrown);
    }
  }

  /** The file has come whole. @returns as it is listed from now on. @throws Refusal `disk`, `no-such-file` (it was taken back meanwhile). @throws WrongContent */
  async finish(file: StoredFile, part: PartFile): Promise<StoredFile> {
    const isExecutable = isExecutableContent(await part.beginning(EXECUTABLE_BEGINNING_BYTES));
    const path = await part.finish();
    const at = this.#options.epochMs();
    if (!this.#files.finish(file.id, at, { isExecutable })) {
      await Deno.remove(path);
      throw noSuchFile();
    }
    return { ...file, at, isWhole: true, isExecutable };
  }

  /** A whole file, to be read. A file that somebody took from the folder is listed no longer. @throws Refusal `no-such-file`, `disk` */
  async openWhole(room: string, file: StoredFile): Promise<Deno.FsFile> {
    try {
      const whole = await Deno.open(this.#pathOf(room, file));
      const { size } = await whole.stat();
      if (size === file.size) return whole;
      whole.close();
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw this.diskRefusal(thrown);
    }
    this.#files.remove(file.id);
    const path = this.#pathOf(room, file);
    this.#options.log.event("file-gone", { path, state: "It is not there, or was changed" });
    throw new Refusal("no-such-file", `The server has lost ${file.name}: share it again`);
  }

  /** Takes a file or an offer away for good. */
  async remove(room: string, file: StoredFile): Promise<void> {
    this.#files.remove(file.id);
    const path = this.#pathOf(room, file);
    for (const each of [path, path + PART_SUFFIX]) {
      await Deno.remove(each).catch((thrown) => {
        if (thrown instanceof Deno.errors.NotFound) return;
        this.#options.log.event("file-not-removed", { path: each, state: messageOf(thrown) });
      });
    }
  }

  /** Takes away what came of files that were offered long ago and never came whole. */
  async tidy(): Promise<void> {
    const { folder, epochMs } = this.#options;
    for (const { id, slug, stored } of this.#files.offersBefore(epochMs() - OFFER_KEPT_MS)) {
      this.#files.remove(id);
      await Deno.remove(join(folder, slug, stored + PART_SUFFIX)).catch(() => undefined);
    }
  }

  /** What the disk said, for the log, and for whoever has to do with it. */
  diskRefusal(thrown: unknown): Refusal {
    const state = messageOf(thrown);
    this.#options.log.event("disk", { state, advice: "Make room on the server's disk" });
    const why = isDiskFull(thrown)
      ? "is full: ask whoever runs the server to make room"
      : `says no: ${state}`;
    return new Refusal("disk", `The server's disk ${why}`, { cause: thrown });
  }

  get #files(): FileIndex {
    return this.#options.store.files;
  }

  #roomId(room: string): number | undefined {
    return this.#options.store.findRoom(room)?.id;
  }

  #folderOf(room: string): string {
    const { slug } = this.#options.store.keepRoom(room, this.#options.epochMs());
    return join(this.#options.folder, slug);
  }

  #pathOf(room: string, file: StoredFile): string {
    return join(this.#folderOf(room), file.stored);
  }

  /** The same content under one hash can only have one size. */
  #sameAs(known: StoredFile, { size }: Offer): StoredFile {
    if (known.size === size) return known;
    throw new Refusal("file-name-bad", "A file with that hash has another size: offer it again");
  }

  /** Whoever goes on with their own offer may have found a picture of it meanwhile. */
  #depicted(known: StoredFile, { owner, thumbnail }: Offer): StoredFile {
    const isMissing = !known.isWhole && known.thumbnailBytes === 0 && known.owner === owner;
    if (!isMissing || thumbnail === undefined) return known;
    this.#files.depict(known.id, thumbnail);
    return { ...known, thumbnailBytes: thumbnail.length };
  }

  /**
   * Offers of which nothing comes any more keep no place that is needed: whoever makes many and sends nothing would have all
   * of it. The oldest go first, and only where that helps. @throws Refusal
   */
  #makeRoom(room: StoredRoom, offer: Pick<Offer, "size" | "owner">): void {
    const given: IdleOffer[] = [];
    const fits = (): Refusal | undefined => {
      try {
        this.#checkLimits(room.id, offer);
      } catch (thrown) {
        if (thrown instanceof Refusal && GIVES_WAY.has(thrown.code)) return thrown;
        throw thrown;
      }
    };
    if (fits() === undefined) return;
    this.#options.store.together(() => {
      const idle = this.#idleOffers();
      for (let refusal; (refusal = fits()) !== undefined;) {
        const { code } = refusal;
        const at = idle.findIndex(({ slug, owner }) =>
          code === "uploads-full" ||
          slug === room.slug && (code !== "too-many-offers" || owner === offer.owner)
        );
        if (at < 0) throw refusal;
        given.push(...idle.splice(at, 1));
        this.#files.remove(given.at(-1)!.id);
      }
    });
    for (const { slug, stored } of given) removeIfThere(this.#partPath(slug, stored));
    this.#options.log.event("offers-given-up", { count: given.length, room: room.name });
  }

  /** Those of which nothing came for `OFFER_IDLE_MS`, the oldest first. */
  #idleOffers(): IdleOffer[] {
    const sinceMs = this.#options.epochMs() - OFFER_IDLE_MS;
    return this.#files.offersBefore(sinceMs).filter(({ id, slug, stored }) => {
      const isOpen = this.#parts.get(id)?.isOpen === true;
      if (!isOpen) this.#parts.delete(id);
      return !isOpen && (changedAtMs(this.#partPath(slug, stored)) ?? 0) < sinceMs;
    }).toSorted((one, other) => one.at - other.at);
  }

  #partPath(slug: string, stored: string): string {
    return join(this.#options.folder, slug, stored + PART_SUFFIX);
  }

  #checkLimits(room: number, { size, owner }: Pick<Offer, "size" | "owner">): void {
    const { fileBytesMax, roomBytesMax, uploadsBytesMax } = this.#options.limits;
    const has = `The file has ${megabytes(size)} MB`;
    if (size > fileBytesMax) {
      throw new Refusal(
        "file-too-big",
        `${has}; this server takes up to ${megabytes(fileBytesMax)} MB`,
      );
    }
    const left = roomBytesMax - this.#files.bytes(room);
    if (size > left) {
      throw new Refusal(
        "room-files-full",
        `${has}; this room may have ${megabytes(roomBytesMax)} MB of files and has ${
          megabytesLeft(left)
        } MB left: delete some`,
      );
    }
    const leftInAll = uploadsBytesMax - this.#files.bytes();
    if (size > leftInAll) {
      throw new Refusal(
        "uploads-full",
        `${has}; this server keeps ${megabytes(uploadsBytesMax)} MB of files and has ${
          megabytesLeft(leftInAll)
        } MB left: ask whoever runs it`,
      );
    }
    if (this.#files.count(room) >= ROOM_FILES_MAX) {
      throw new Refusal(
        "room-files-many",
        `This room has ${ROOM_FILES_MAX} files, the limit: delete some`,
      );
    }
    if (this.#files.offerCount(room, owner) >= OFFERS_PER_PERSON_MAX) {
      throw new Refusal(
        "too-many-offers",
        `You have offered ${OFFERS_PER_PERSON_MAX} files that have not come yet, the limit`,
      );
    }
  }
}

/** To who means a file that is not there any more. */
export function noSuchFile(): Refusal {
  return new Refusal("no-such-file", "That file is not there any more");
}

/** Absent where there is no such file. */
function changedAtMs(path: string): number | undefined {
  try {
    return Deno.statSync(path).mtime?.getTime();
  } catch {
    return undefined;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Nothing of it ever came, or the disk says no: an offer of that name writes over it.
  }
}

/** Never less than there are: whole ones, from 10 on, else tenths. */
function megabytes(bytes: number): string {
  return inTenths(bytes, Math.ceil);
}

/** Never more than there are. */
function megabytesLeft(bytes: number): string {
  return inTenths(Math.max(0, bytes), Math.floor);
}

function inTenths(bytes: number, round: (value: number) => number): string {
  const value = bytes / 1e6;
  return value >= 10 ? String(round(value)) : String(round(value * 10) / 10);
}
