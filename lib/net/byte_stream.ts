/** A connection as bytes, both ways; a `Deno.Conn` is one. */
export interface ByteStream {
  /** Waits for bytes and says how many were put at the start of `into`; `null` at the peer's end. One call at a time. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and says how many. One call at a time. */
  write(bytes: Uint8Array): Promise<number>;
  /** Tells the peer that nothing more comes, behind everything written. */
  closeWrite(): Promise<void>;
  /** Ends both ways at once; pending reads and writes end or throw. */
  close(): void;
}

/** The same connection, of which `bytes` were read before. */
export function startingWith(bytes: Uint8Array, stream: ByteStream): ByteStream {
  let rest = bytes;
  return {
    read: (into) => {
      if (rest.length === 0) return stream.read(into);
      const size = Math.min(rest.length, into.length);
      into.set(rest.subarray(0, size));
      rest = rest.subarray(size);
      return Promise.resolve(size);
    },
    write: (piece) => stream.write(piece),
    closeWrite: () => stream.closeWrite(),
    close: () => stream.close(),
  };
}

/** Writes all of `bytes`. */
export async function writeAll(
  stream: Pick<ByteStream, "write">,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

/** Reads until `into` is full or the peer has ended. @returns how many bytes came. */
export async function readFull(
  stream: Pick<ByteStream, "read">,
  into: Uint8Array,
): Promise<number> {
  let size = 0;
  while (size < into.length) {
    const more = await stream.read(into.subarray(size));
    if (more === null) break;
    size += more;
  }
  return size;
}
