import { ProtocolError } from "@fusionmeet/base";
import { ACCESS_UNIT_BYTES_MAX } from "@fusionmeet/protocol";
import { ChunkBuffer } from "./chunk_buffer.ts";

/** What stands before a picture, at most. */
const PART_HEADER_BYTES_MAX = 128;
const PART_HEADER_END = "\r\n\r\n";
const PART_HEADER =
  /^(?:\r\n)?--ffmpeg\r\nContent-type: image\/jpeg\r\nContent-length: (\d{1,8})\r\n\r\n$/;
/** Every part starts so: with the line end after the picture before it, or not. */
const PART_STARTS = ["--ffmpeg\r\n", "\r\n--ffmpeg\r\n"];

/**
 * Takes JPEG pictures out of ffmpeg's `-f mpjpeg pipe:1`, which comes in chunks of any size: a multipart body whose
 * parts tell their length, so that a picture is there with its last byte. Holds at most one picture
 * (`ACCESS_UNIT_BYTES_MAX`) and one chunk.
 *
 * Source: libavformat/mpjpeg.c; RFC 2046 section 5.1.
 */
export class MpjpegDemuxer {
  readonly #held = new ChunkBuffer();

  /**
   * @param chunk is copied.
   * @returns new arrays.
   * @throws ProtocolError "malformed" when this is not such a body; the demuxer is of no use after.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    this.#held.push(chunk);
    const held = this.#held.bytes;
    const pictures: Uint8Array[] = [];
    let at = 0;
    for (;;) {
      const part = readPartHeader(held.subarray(at, at + PART_HEADER_BYTES_MAX));
      if (part === undefined) break;
      const end = at + part.headerBytes + part.pictureBytes;
      if (end > held.length) break;
      pictures.push(held.slice(at + part.headerBytes, end));
      at = end;
    }
    this.#held.drop(at);
    return pictures;
  }
}

/** The sizes of a part; `undefined` while its header has not come whole. */
function readPartHeader(
  bytes: Uint8Array,
): { headerBytes: number; pictureBytes: number } | undefined {
  const text = String.fromCharCode(...bytes);
  const isStart = PART_STARTS.some((start) => start.startsWith(text.slice(0, start.length)));
  if (!isStart) fail("something that is no multipart body");
  const end = text.indexOf(PART_HEADER_END);
  if (end < 0) {
    if (bytes.length === PART_HEADER_BYTES_MAX) fail("a part whose header does not end");
    return;
  }
  const headerBytes = end + PART_HEADER_END.length;
  const pictureBytes = Number(PART_HEADER.exec(text.slice(0, headerBytes))?.[1] ?? 0);
  if (pictureBytes === 0) fail("a part without the length of its picture");
  if (pictureBytes > ACCESS_UNIT_BYTES_MAX) fail(`a picture of ${pictureBytes} bytes`);
  return { headerBytes, pictureBytes };
}

function fail(what: string): never {
  throw new ProtocolError("malformed", `Cannot read the encoder's output: ${what}`);
}
