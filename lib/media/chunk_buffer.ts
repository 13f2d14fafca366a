/** Bytes that came in chunks and wait until a whole unit of them is there. Grows with what it holds. */
export class ChunkBuffer {
  #held: Uint8Array = new Uint8Array(64 * 1024);
  #size = 0;

  /** What is held; a view that is void after `push` or `drop`. */
  get bytes(): Uint8Array {
    return this.#held.subarray(0, this.#size);
  }

  /** @param chunk is copied. */
  push(chunk: Uint8Array): void {
    const size = this.#size + chunk.length;
    if (size > this.#held.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(size)));
      larger.set(this.bytes);
      this.#held = larger;
    }
    this.#held.set(chunk, this.#size);
    this.#size = size;
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    this.#held.copyWithin(0, count, this.#size);
    this.#size -= count;
  }
}
