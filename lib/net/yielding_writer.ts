import {
  decodeTransferTaken,
  encodeTransferTaken,
  TRANSFER_TAKEN_BYTES,
} from "@fusionmeet/protocol";
import { type ByteStream, readFull, writeAll } from "./byte_stream.ts";
import { Ledbat, type LedbatOptions, WINDOW_BYTES_MIN } from "./ledbat.ts";
import type { Timers } from "./timers.ts";

/** Pieces are an eighth of the window: so late, at most, the delay of a byte is known. */
const PIECES_PER_WINDOW = 8;
const PIECE_BYTES_MAX = 256 * 1024;
/** Bytes that were taken are acknowledged no more often than this. */
export const ACKNOWLEDGE_EVERY_MS = 2;

/**
 * Writes to a connection no faster than its path takes without making others wait (`Ledbat`). The peer says what it has
 * taken (`Acknowledger`); whoever reads that calls `acknowledged`, and `end` when nothing more comes.
 */
export class YieldingWriter {
  readonly #stream: Pick<ByteStream, "write">;
  readonly #timers: Timers;
  readonly #ledbat: Ledbat;
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(
    stream: Pick<ByteStream, "write">,
    { timers, ...options }: LedbatOptions & { readonly timers: Timers },
  ) {
    this.#stream = stream;
    this.#timers = timers;
    this.#ledbat = new Ledbat(options);
  }

  /** How much goes through of late; 0 before anything is known. */
  get bytesPerSecond(): number {
    return this.#ledbat.bytesPerSecond();
  }

  /** Bytes that wait nowhere but on the way: they can no longer be taken back. */
  get inFlightBytes(): number {
    return this.#ledbat.inFlightBytes;
  }

  /** Writes all of `bytes`, each piece when it is its time. One call at a time. @throws what the stream throws; Error after `end`. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const size = await this.#turn(bytes.length - at);
      this.#ledbat.sent(size, this.#timers.nowMs());
      await writeAll(this.#stream, bytes.subarray(at, at + size));
      at += size;
    }
  }

  /** The peer has taken so many bytes in all; at that time by its own clock. @returns false when that cannot be. */
  acknowledged({ total, takenMs }: { total: number; takenMs: number }): boolean {
    const isPossible = this.#ledbat.acknowledged(total, { takenMs, nowMs: this.#timers.nowMs() });
    this.#wake();
    return isPossible;
  }

  /** Nothing is acknowledged any more. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** Waits for the time of the next piece. @returns its size. */
  async #turn(left: number): Promise<number> {
    for (;;) {
      if (this.#isEnded) throw new Error("The peer has stopped to take bytes");
      const nowMs = this.#timers.nowMs();
      const share = Math.floor(this.#ledbat.windowBytes(nowMs) / PIECES_PER_WINDOW);
      const size = Math.min(left, Math.max(WINDOW_BYTES_MIN, Math.min(PIECE_BYTES_MAX, share)));
      if (this.#ledbat.allowance(nowMs) >= size) return size;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** Tells whoever sends with a `YieldingWriter` what was taken. */
export class Acknowledger {
  readonly #stream: Pick<ByteStream, "write">;
  readonly #timers: Timers;
  #total = 0;
  #takenMs = 0;
  #toldTotal = 0;
  #toldMs = -Infinity;
  #telling: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(stream: Pick<ByteStream, "write">, { timers }: { readonly timers: Timers }) {
    this.#stream = stream;
    this.#timers = timers;
  }

  /** So many more bytes were taken just now. */
  took(bytes: number): void {
    this.#total += bytes;
    this.#takenMs = this.#timers.nowMs();
    this.#tellInTime();
  }

  /** Says nothing more; ends when nothing of it is being written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#telling;
  }

  #tellInTime(): void {
    if (this.#isStopped || this.#telling || this.#cancel || this.#toldTotal === this.#total) return;
    const waitMs = this.#toldMs + ACKNOWLEDGE_EVERY_MS - this.#timers.nowMs();
    if (waitMs > 0) {
      this.#cancel = this.#timers.after(waitMs, () => {
        this.#cancel = undefined;
        this.#tell();
      });
    } else this.#tell();
  }

  #tell(): void {
    this.#toldMs = this.#timers.nowMs();
    this.#toldTotal = this.#total;
    const taken = encodeTransferTaken({ total: this.#total, takenMs: this.#takenMs });
    // A connection that broke is noticed by who reads from it.
    this.#telling = writeAll(this.#stream, taken).catch(() => this.#isStopped = true).then(() => {
      this.#telling = undefined;
      this.#tellInTime();
    });
  }
}

/** Reads what an `Acknowledger` told, behind its first byte. @returns `null` at the end of the connection. */
export async function readTaken(
  stream: Pick<ByteStream, "read">,
): Promise<{ total: number; takenMs: number } | null> {
  const bytes = new Uint8Array(TRANSFER_TAKEN_BYTES - 1);
  return await readFull(stream, bytes) < bytes.length ? null : decodeTransferTaken(bytes);
}
