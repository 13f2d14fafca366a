import type { ByteStream } from "./byte_stream.ts";

/** A stream whose first byte can be looked at before somebody decides who reads it. */
export class PeekableStream implements ByteStream {
  readonly #stream: ByteStream;
  /** Looked at and not read yet. */
  #held: Uint8Array = new Uint8Array(0);
  #isPeeked = false;
  #isClosed = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Waits for the first byte and leaves it where it is; `null` where none comes any more. Before any `read`. */
  async peek(): Promise<number | null> {
    if (!this.#isPeeked) {
      const byte = new Uint8Array(1);
      const size = await this.#stream.read(byte);
      this.#isPeeked = true;
      if (size !== null) this.#held = byte;
    }
    return this.#held[0] ?? null;
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#held.length === 0 || into.length === 0) return await this.#stream.read(into);
    into[0] = this.#held[0];
    this.#held = this.#held.subarray(1);
    return 1;
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
