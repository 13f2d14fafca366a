/** Pictures by their first bytes: nothing here decodes one. */
import { THUMBNAIL_BYTES_MAX, THUMBNAIL_SIDE_MAX } from "./limits.ts";

/** Files that are looked at as pictures: all others have no thumbnail and no preview. */
export type PictureFormat = "jpeg" | "png" | "webp" | "gif" | "avif";

/** So much of a file shows which picture it is. */
export const PICTURE_BEGINNING_BYTES = 32;

const JPEG_BEGINNING = [0xff, 0xd8, 0xff];
const PNG_BEGINNING = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Which picture begins so, whatever it is called; `undefined` for one of another kind, and for what is none. */
export function pictureFormat(beginning: Uint8Array): PictureFormat | undefined {
  const begins = (bytes: readonly number[]) => bytes.every((each, at) => beginning[at] === each);
  if (begins(JPEG_BEGINNING)) return "jpeg";
  if (begins(PNG_BEGINNING)) return "png";
  if (/^GIF8[79]a$/.test(letters(beginning, 0, 6))) return "gif";
  if (letters(beginning, 0, 4) === "RIFF" && letters(beginning, 8, 4) === "WEBP") return "webp";
  // ISO base media: HEIC and films begin in the same way, with other brands.
  const isAvif = letters(beginning, 4, 4) === "ftyp" && letters(beginning, 8, 4) === "avif";
  return isAvif ? "avif" : undefined;
}

/** Pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** RIFF header, one chunk's header, frame tag, start code, width and height: up to there a plain WebP is always the same. */
const PLAIN_WEBP_HEADER_BYTES = 30;

/**
 * The size of a WebP picture of the plainest kind: one opaque key frame of VP8, nothing before and nothing behind it. So
 * there is one size in it, and nothing that a receiver reads in another way: no animation, no metadata, no profile.
 *
 * @returns what keeps it from being one, in words.
 *
 * Source: RFC 9649 section 2.5 (simple file format, lossy); RFC 6386 section 9.1 (frame header).
 */
export function plainWebpSize(bytes: Uint8Array): PictureSize | string {
  if (bytes.length < PLAIN_WEBP_HEADER_BYTES) return "it is too short";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isWebp = letters(bytes, 0, 4) === "RIFF" && letters(bytes, 8, 8) === "WEBPVP8 ";
  if (!isWebp) return "it is not a plain WebP";
  const chunkBytes = view.getUint32(16, true);
  // A chunk of odd size has a byte behind it that says nothing.
  const isWhole = view.getUint32(4, true) === bytes.length - 8 &&
    chunkBytes + chunkBytes % 2 === bytes.length - 20;
  if (!isWhole) return "its sizes do not fit";
  const isKeyFrame = (bytes[20] & 1) === 0;
  const hasStartCode = bytes[23] === 0x9d && bytes[24] === 0x01 && bytes[25] === 0x2a;
  if (!isKeyFrame || !hasStartCode) return "it does not begin with a key frame";
  // The two bits above are a scale that nobody applies.
  const [width, height] = [26, 28].map((at) => view.getUint16(at, true) & 0x3fff);
  return width > 0 && height > 0 ? { width, height } : "it has no pixels";
}

/** What keeps these bytes from being a thumbnail, in words; `undefined` where nothing does. */
export function thumbnailFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > THUMBNAIL_BYTES_MAX) {
    return `it has ${bytes.length} bytes, more than ${THUMBNAIL_BYTES_MAX}`;
  }
  const size = plainWebpSize(bytes);
  if (typeof size === "string") return size;
  const { width, height } = size;
  const isLarge = Math.max(width, height) > THUMBNAIL_SIDE_MAX;
  return isLarge ? `it is ${width}x${height}, larger than ${THUMBNAIL_SIDE_MAX}` : undefined;
}

function letters(bytes: Uint8Array, at: number, count: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + count));
}
