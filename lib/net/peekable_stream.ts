import { type ByteStream, readFull } from "./byte_stream.ts";

/** A stream whose first bytes can be looked at before somebody decides who reads it. */
export class PeekableStream implements ByteStream {
  readonly #stream: ByteStream;
  /** Looked at and not read yet. */
  #held: Uint8Array = new Uint8Array(0);
  #isAtEnd = false;
  #isClosed = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Waits for the first byte and leaves it where it is; `null` where none comes any more. Before any `read`. */
  async peek(): Promise<number | null> {
    return (await this.lookAt(1))[0] ?? null;
  }

  /** Waits for so many bytes and leaves them where they are; fewer where no more come. Before any `read`. */
  async lookAt(size: number): Promise<Uint8Array> {
    const missing = size - this.#held.length;
    if (missing > 0 && !this.#isAtEnd) {
      const grown = new Uint8Array(size);
      grown.set(this.#held);
      const held = this.#held.length;
      const more = await readFull(this.#stream, grown.subarray(held));
      this.#isAtEnd = more < missing;
      this.#held = grown.subarray(0, held + more);
    }
    return this.#held.subarray(0, size);
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#held.length === 0 || into.length === 0) return await this.#stream.read(into);
    const size = Math.min(into.length, this.#held.length);
    into.set(this.#held.subarray(0, size));
    this.#held = this.#held.subarray(size);
    return size;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#stream.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#stream.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.close();
  }
}
