import { TRANSFER_CHUNK_BYTES_MAX } from "@fusionmeet/protocol";
import type { ByteStream } from "./byte_stream.ts";

/**
 * The next `size` bytes of a file, in pieces: while one is sent, the next one is read. Each is good until the next one is
 * asked for. Ends early where the file does.
 */
export async function* contentOf(
  file: Pick<Deno.FsFile, "read">,
  size: number,
): AsyncGenerator<Uint8Array, void, void> {
  const pieceBytes = Math.min(TRANSFER_CHUNK_BYTES_MAX, size);
  const pieces = [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)];
  let left = size;
  const next = (turn: number) => {
    const reading = file.read(pieces[turn].subarray(0, Math.min(pieceBytes, left)));
    // It is waited for when the piece before is sent.
    reading.catch(() => undefined);
    return reading;
  };
  let reading = next(0);
  for (let turn = 0; left > 0; turn = 1 - turn) {
    const read = await reading;
    if (read === null) return;
    left -= read;
    if (left > 0) reading = next(1 - turn);
    yield pieces[turn].subarray(0, read);
  }
}

/** Where content goes. */
export interface ContentSink {
  /** Bytes that have not been written. */
  readonly missing: number;
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Takes what is missing of a file from a connection: while a piece is being written, the next one is read. What was read
 * before the connection ended or broke is written, too.
 *
 * @param options.took is told of bytes as they come.
 * @returns false when the connection ended before. @throws what reading or writing throws.
 */
export async function receiveContent(
  stream: Pick<ByteStream, "read">,
  sink: ContentSink,
  { took }: { readonly took: (bytes: number) => void },
): Promise<boolean> {
  const pieceBytes = Math.min(TRANSFER_CHUNK_BYTES_MAX, sink.missing);
  const pieces = [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)];
  let writing: Promise<void> | undefined;
  let left = sink.missing;
  for (let turn = 0; left > 0; turn = 1 - turn) {
    const piece = pieces[turn].subarray(0, Math.min(pieceBytes, left));
    const { size, broken } = await fill(piece, stream, took);
    await writing;
    writing = sink.write(piece.subarray(0, size));
    // It is waited for when the next piece is there.
    writing.catch(() => undefined);
    left -= size;
    if (size === piece.length) continue;
    await writing;
    if (broken !== undefined) throw broken.by;
    return false;
  }
  await writing;
  return true;
}

/** @returns how much came before `piece` was full, or the connection ended or broke. */
async function fill(
  piece: Uint8Array,
  stream: Pick<ByteStream, "read">,
  took: (bytes: number) => void,
): Promise<{ size: number; broken?: { by: unknown } }> {
  let size = 0;
  try {
    while (size < piece.length) {
      const more = await stream.read(piece.subarray(size));
      if (more === null) break;
      size += more;
      took(more);
    }
    return { size };
  } catch (by) {
    return { size, broken: { by } };
  }
}
