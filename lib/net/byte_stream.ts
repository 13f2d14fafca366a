/** A connection as bytes, both ways; `Deno.Conn` is one. */
export interface ByteStream {
  /** Waits for bytes and says how many were put at the start of `into`; `null` at the peer's end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes` and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends both ways at once; pending reads and writes end or throw. */
  close(): void;
}
