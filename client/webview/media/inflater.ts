/** Inflates what is deflated (RFC 1951), one after the other, and never more than it has room for. */
export class Inflater {
  readonly #room: Uint8Array;

  /** @param bytesMax What comes out at most. */
  constructor(bytesMax: number) {
    this.#room = new Uint8Array(bytesMax);
  }

  /**
   * Call it again only when it has answered.
   *
   * @returns what came out, good until the next call.
   * @throws RangeError when it is more than `bytesMax`. @throws TypeError when it is not deflated.
   */
  async inflate(deflated: Uint8Array, bytesMax: number): Promise<Uint8Array> {
    const stream = new DecompressionStream("deflate-raw");
    const writer = stream.writable.getWriter();
    // What is wrong with it the reader is told, too.
    writer.write(deflated as Uint8Array<ArrayBuffer>).catch(() => {});
    writer.close().catch(() => {});
    const reader = stream.readable.getReader();
    const room = this.#room.subarray(0, bytesMax);
    let filled = 0;
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return room.subarray(0, filled);
      if (filled + value.length > room.length) {
        reader.cancel().catch(() => {});
        throw new RangeError("More is deflated than there may be");
      }
      room.set(value, filled);
      filled += value.length;
    }
  }
}
