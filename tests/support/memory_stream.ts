import { concatBytes } from "@fusionmeet/base";
import type { ByteStream } from "@fusionmeet/net";

/** Two `ByteStream`s, each the other's peer, without a network: for tests. */
export function memoryStreams(): [MemoryStream, MemoryStream] {
  const there = new Pipe();
  const back = new Pipe();
  return [new MemoryStream(back, there), new MemoryStream(there, back)];
}

/** One end of a connection in memory. */
export class MemoryStream implements ByteStream {
  /** While true, `write` waits: a peer that does not read. */
  isStuck = false;
  #isClosed = false;

  constructor(private readonly incoming: Pipe, private readonly outgoing: Pipe) {}

  async read(into: Uint8Array): Promise<number | null> {
    return await this.incoming.take(into);
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.isStuck) await this.outgoing.ended;
    if (this.#isClosed) throw new Error("closed");
    this.outgoing.put(bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.outgoing.end();
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    this.outgoing.end();
    this.incoming.end();
  }
}

class Pipe {
  #bytes: Uint8Array = new Uint8Array(0);
  #isEnded = false;
  #wake = Promise.withResolvers<void>();
  readonly #end = Promise.withResolvers<void>();

  get ended(): Promise<void> {
    return this.#end.promise;
  }

  put(bytes: Uint8Array): void {
    this.#bytes = concatBytes(this.#bytes, bytes);
    this.#wake.resolve();
  }

  end(): void {
    this.#isEnded = true;
    this.#end.resolve();
    this.#wake.resolve();
  }

  async take(into: Uint8Array): Promise<number | null> {
    while (this.#bytes.length === 0) {
      if (this.#isEnded) return null;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
    const size = Math.min(into.length, this.#bytes.length);
    into.set(this.#bytes.subarray(0, size));
    this.#bytes = this.#bytes.subarray(size);
    return size;
  }
}
