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
