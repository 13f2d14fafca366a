import { messageOf } from "@fusionmeet/base";

type Write = { readonly bytes: Uint8Array } | { readonly zeros: number };

/** What may wait for a slow disk, for each file. */
export const RECORD_PENDING_BYTES_MAX = 8 << 20;

/**
 * A growing file of a recording. Appending never waits: what is appended is written at the next `flush`. When too much
 * waits, `append` declines; after an error of the disk nothing more is written, and `failed` is called once.
 */
export class RecordFile {
  readonly #path: string;
  readonly #failed: (sentence: string) => void;
  #pending: Write[] = [];
  #pendingBytes = 0;
  #file: Deno.FsFile | undefined;
  #flushing: Promise<void> = Promise.resolve();
  /** It was opened once: what is in it stays. */
  #isBegun = false;
  #isBroken = false;

  constructor(path: string, options: { failed: (sentence: string) => void }) {
    this.#path = path;
    this.#failed = options.failed;
  }

  /** Puts `bytes` (kept, not copied) at the end and says true; or false when too much waits already. */
  append(bytes: Uint8Array): boolean {
    if (this.#isBroken) return true;
    if (this.#pendingBytes + bytes.length > RECORD_PENDING_BYTES_MAX) return false;
    this.#pending.push({ bytes });
    this.#pendingBytes += bytes.length;
    return true;
  }

  /** Puts `count` zero bytes at the end; they take no memory, nor room on most disks. */
  appendZeros(count: number): void {
    if (!this.#isBroken && count > 0) this.#pending.push({ zeros: count });
  }

  /** Writes what waits; then `header` (if given) over the start. Flushes follow each other. */
  flush(header?: Uint8Array): Promise<void> {
    const flushed = this.#flushing.then(() => this.#write(header));
    return this.#flushing = flushed;
  }

  /** Flushes, and holds no file handle until more is written. */
  rest(): Promise<void> {
    const rested = this.#flushing.then(() => this.#write(undefined)).then(() => this.#release());
    return this.#flushing = rested;
  }

  /** Flushes and closes. */
  async close(header?: Uint8Array): Promise<void> {
    await this.flush(header);
    this.#release();
    this.#isBroken = true;
  }

  #release(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  async #open(): Promise<Deno.FsFile> {
    const options = { write: true, create: true, truncate: !this.#isBegun };
    const file = await Deno.open(this.#path, options);
    this.#isBegun = true;
    await file.seek(0, Deno.SeekMode.End);
    return file;
  }

  async #write(header: Uint8Array | undefined): Promise<void> {
    if (this.#isBroken || (this.#pending.length === 0 && header === undefined)) return;
    const pending = this.#pending;
    this.#pending = [];
    try {
      this.#file ??= await this.#open();
      for (const write of pending) {
        if ("zeros" in write) await extend(this.#file, write.zeros);
        else await writeAll(this.#file, write.bytes);
      }
      if (header !== undefined) {
        await this.#file.seek(0, Deno.SeekMode.Start);
        await writeAll(this.#file, header);
        await this.#file.seek(0, Deno.SeekMode.End);
      }
    } catch (thrown) {
      this.#isBroken = true;
      this.#failed(`Cannot write ${this.#path}: ${messageOf(thrown)}; it is not recorded any more`);
    } finally {
      for (const write of pending) if ("bytes" in write) this.#pendingBytes -= write.bytes.length;
    }
  }
}

async function extend(file: Deno.FsFile, count: number): Promise<void> {
  const end = await file.seek(0, Deno.SeekMode.End);
  await file.truncate(end + count);
  await file.seek(0, Deno.SeekMode.End);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
