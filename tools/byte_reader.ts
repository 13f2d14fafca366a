/** A file is not what its format says; the message says what is wrong, without a subject. */
export class FormatError extends Error {
  override readonly name = "FormatError";
}

/** Reads little-endian fields one after the other. Never past the end: that is a `FormatError`. Owns nothing. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** Index of what is read next. */
  get at(): number {
    return this.#at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Up to 2^53-1; a file has no more bytes than that. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new FormatError("it has an absurd number");
    return Number(value);
  }

  /** A part of what is read, not a copy. */
  bytes(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#bytes.subarray(at, at + size);
  }

  text(size: number): string {
    return new TextDecoder().decode(this.bytes(size));
  }

  /** Text that fills a field of a fixed size up with NULs. */
  name(size: number): string {
    return this.text(size).split("\0")[0];
  }

  skip(size: number): void {
    this.#take(size);
  }

  /** Goes on at the next multiple of `size`, or at the end. */
  align(size: number): void {
    this.#at = Math.min(Math.ceil(this.#at / size) * size, this.#bytes.length);
  }

  #take(size: number): number {
    const at = this.#at;
    if (at < 0 || size > this.#bytes.length - at) throw new FormatError("it ends early");
    this.#at += size;
    return at;
  }
}
