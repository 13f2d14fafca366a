import { concatBytes } from "@fusionmeet/base";
import { type ByteStream, writeAll } from "@fusionmeet/net";

/** Writes messages to a stream in their order, several in one piece where they wait. The first error ends it, and is for the reader to notice. */
export class MessageWriter {
  readonly #stream: ByteStream;
  #waiting: Uint8Array[] = [];
  #isWriting = false;
  #isBroken = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  send(bytes: Uint8Array): void {
    if (this.#isBroken) return;
    this.#waiting.push(bytes);
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting.length > 0) {
        const all = this.#waiting.length === 1 ? this.#waiting[0] : concatBytes(...this.#waiting);
        this.#waiting = [];
        await writeAll(this.#stream, all);
      }
    } catch {
      this.#isBroken = true;
      this.#stream.close();
    } finally {
      this.#isWriting = false;
    }
  }
}

const READ_BYTES = 64 << 10;

/** What comes over a stream, in pieces that are good until the next; ends where the connection does, however it does. */
export async function* piecesOf(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(READ_BYTES);
  for (;;) {
    const size = await stream.read(buffer).catch(() => null);
    if (size === null) return;
    yield buffer.subarray(0, size);
  }
}
