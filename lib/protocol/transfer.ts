/**
 * What travels on the connection of a file, behind `ticket.accepted`.
 *
 * `file.send`: the server answers with a start (below); the client sends the content from that offset on; the server
 * answers with `TRANSFER_GOES_ON` alone when the file is stored. `file.fetch`: the client sends an offset, 8 bytes; the
 * server answers with a start of that offset and the content behind it. In place of any answer the server may refuse.
 *
 * Where both sides have the feature `transfer-taken`, whoever takes content says so while it comes (`TRANSFER_TAKEN`), and
 * whoever sends it keeps back by that what would make a voice wait.
 */
import { concatBytes, readU32, Refusal, writeU32 } from "@fusionmeet/base";

/** First byte of an answer: it goes on, or is refused with a reason, up to the end of the connection. */
export const TRANSFER_GOES_ON = 0;
export const TRANSFER_REFUSED = 1;
/** First byte of what was taken: the bytes of content in this connection, and the taker's clock in µs, 8 bytes each. */
export const TRANSFER_TAKEN = 2;
export const TRANSFER_TAKEN_BYTES = 17;
export const TRANSFER_OFFSET_BYTES = 8;
/** A refusal: code, line feed, sentence. */
export const TRANSFER_REFUSAL_BYTES_MAX = 2_048;

/** 8 bytes, big-endian. @param offset 0..2^53-1 */
export function encodeTransferOffset(offset: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TRANSFER_OFFSET_BYTES);
  writeU32(bytes, 0, Math.floor(offset / 2 ** 32));
  writeU32(bytes, 4, offset % 2 ** 32);
  return bytes;
}

/** @returns the offset; Infinity for one that is too large to be one. */
export function decodeTransferOffset(bytes: Uint8Array): number {
  const offset = readU32(bytes, 0) * 2 ** 32 + readU32(bytes, 4);
  return Number.isSafeInteger(offset) ? offset : Infinity;
}

/** The answer that the content goes on from there. */
export function encodeTransferStart(offset: number): Uint8Array<ArrayBuffer> {
  return concatBytes(Uint8Array.of(TRANSFER_GOES_ON), encodeTransferOffset(offset));
}

/** The answer that it does not; the connection ends behind it. */
export function encodeTransferRefusal({ code, message }: Refusal): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(`${code}\n${message}`);
  return concatBytes(
    Uint8Array.of(TRANSFER_REFUSED),
    text.subarray(0, TRANSFER_REFUSAL_BYTES_MAX),
  );
}

/** @param bytes Behind the first one of the answer. */
export function decodeTransferRefusal(bytes: Uint8Array): Refusal {
  const text = new TextDecoder().decode(bytes.subarray(0, TRANSFER_REFUSAL_BYTES_MAX));
  const [, code, message] = /^([!-~]{1,32})\n(.+)$/s.exec(text) ??
    ["", "refused", "The server gave no reason"];
  return new Refusal(code, message);
}

/** How much of the content was taken, and when. */
export interface TransferTaken {
  /** Bytes that came on this connection. */
  readonly total: number;
  /** When the last of them was taken, on a clock of the taker's own that never jumps. */
  readonly takenMs: number;
}

export function encodeTransferTaken({ total, takenMs }: TransferTaken): Uint8Array<ArrayBuffer> {
  return concatBytes(
    Uint8Array.of(TRANSFER_TAKEN),
    encodeTransferOffset(total),
    encodeTransferOffset(Math.round(takenMs * 1_000)),
  );
}

/** @param bytes Behind the first one. @returns Infinity for numbers that are too large to be ones. */
export function decodeTransferTaken(bytes: Uint8Array): TransferTaken {
  const [total, takenUs] = [0, TRANSFER_OFFSET_BYTES].map((at) =>
    decodeTransferOffset(bytes.subarray(at))
  );
  return { total, takenMs: takenUs / 1_000 };
}
