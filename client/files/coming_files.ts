import type { Timers } from "@fusionmeet/net";
import {
  COMING_FILES_MAX,
  type ComingState,
  type ServerMessages,
  type ValuesOf,
} from "@fusionmeet/protocol";
import { requireAtMost } from "../kept.ts";
import { type Progress, TransferMeter } from "./transfer_meter.ts";

/** A file on its way to the room, sent by somebody else: nothing that can be fetched yet. */
export interface ComingFile {
  /** That the file will have. */
  readonly id: number;
  readonly name: string;
  /** Who sends it. */
  readonly from: string;
  /** `stopped`: it does not come, or not now. */
  readonly state: ComingState;
  readonly progress: Progress;
}

/** Files on their way that are known here: those of before a connection was lost, and those of now. */
export const COMING_KNOWN_MAX = 2 * COMING_FILES_MAX;

export interface ComingFilesOptions {
  readonly timers: Timers;
  readonly changed: (file: ComingFile) => void;
}

type WireComing = ValuesOf<ServerMessages["files.coming"]>["list"][number];

interface Coming {
  file: ComingFile;
  readonly meter: TransferMeter;
}

/** The files on their way to the room as the server tells of them, but for one's own, with how fast they come. */
export class ComingFiles {
  readonly #options: ComingFilesOptions;
  readonly #coming = new Map<number, Coming>();
  /** Those of before the connection was lost, of which the server has not told again. */
  readonly #old = new Set<number>();
  #self: number | undefined;

  constructor(options: ComingFilesOptions) {
    this.#options = options;
  }

  /** @param self One's own id from now on. */
  connected(self: number): void {
    this.#self = self;
    // Nobody will tell of them: the last connection did not either.
    this.listed();
    for (const id of this.#coming.keys()) this.#old.add(id);
  }

  /** Nothing comes while the server is away, as far as anybody knows here. */
  disconnected(): void {
    for (const { file } of this.#coming.values()) this.#becomes(file.id, "paused");
  }

  /** The server tells what is new. @throws ProtocolError when they are more than `COMING_KNOWN_MAX` */
  said(list: readonly WireComing[]): void {
    for (const each of list) {
      this.#old.delete(each.id);
      if (each.state === "stopped" || each.participant === this.#self) this.ended(each.id);
      else this.#goesOn(each);
    }
  }

  /** The server has told of all there are. */
  listed(): void {
    for (const id of this.#old) this.ended(id);
    this.#old.clear();
  }

  /** It is there (and then it is told of as such), or does not come. */
  ended(id: number, { isThere = false } = {}): void {
    if (!isThere) this.#becomes(id, "stopped");
    this.#coming.delete(id);
  }

  #goesOn({ id, name, from, size, bytes, state }: WireComing): void {
    const nowMs = this.#options.timers.nowMs();
    const known = this.#coming.get(id);
    if (known === undefined) {
      requireAtMost(this.#coming.size + 1, COMING_KNOWN_MAX, "files on their way");
    }
    const meter = known?.meter ?? new TransferMeter(size);
    const { progress } = meter;
    // What came while it was paused, or before one was here, did not come at that rate.
    if (known?.file.state === "moving" && bytes >= progress.bytes) {
      meter.moved(bytes - progress.bytes, nowMs);
    } else meter.resume(bytes, nowMs);
    const coming: Coming = { meter, file: known?.file ?? { id, name, from, state, progress } };
    this.#coming.set(id, coming);
    coming.file = { ...coming.file, from };
    this.#becomes(id, state);
  }

  #becomes(id: number, state: ComingState): void {
    const coming = this.#coming.get(id);
    if (coming === undefined) return;
    coming.file = { ...coming.file, state, progress: coming.meter.progress };
    this.#options.changed(coming.file);
  }
}
