import type { ByteStream } from "@fusionmeet/net";

/** A connection that gives `bytes`, and then nothing until it is closed; it takes whatever is written. For tests. */
export class SilentStream implements ByteStream {
  readonly #closed = Promise.withResolvers<null>();
  #rest: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#rest = bytes;
  }

  read(into: Uint8Array): Promise<number | null> {
    const size = Math.min(into.length, this.#rest.length);
    if (size === 0) return this.#closed.promise;
    into.set(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
    return Promise.resolve(size);
  }

  write = (bytes: Uint8Array) => Promise.resolve(bytes.length);
  closeWrite = () => Promise.resolve();
  close = () => this.#closed.resolve(null);
}
