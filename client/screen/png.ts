import { crc32, deflateSync } from "node:zlib";
import { concatBytes, writeU32 } from "@fusionmeet/base";

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOUR_RGB = 2;

/** A picture as a PNG file, without loss (ISO/IEC 15948). @param rgba R, G, B and a byte that is left out, row by row. */
export function encodePng(
  { width, height, rgba }: { width: number; height: number; rgba: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  writeU32(header, 0, width);
  writeU32(header, 4, height);
  header.set([8, COLOUR_RGB, 0, 0, 0], 8);
  const lines = new Uint8Array((3 * width + 1) * height);
  let to = 0;
  for (let from = 0, row = 0; row < height; row++) {
    lines[to++] = 0;
    for (const end = from + 4 * width; from < end; from += 4) {
      lines[to++] = rgba[from];
      lines[to++] = rgba[from + 1];
      lines[to++] = rgba[from + 2];
    }
  }
  const data = deflateSync(lines, { level: 1 });
  return concatBytes(
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array()),
  );
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const named = concatBytes(new TextEncoder().encode(type), data);
  const frame = new Uint8Array(named.length + 8);
  writeU32(frame, 0, data.length);
  frame.set(named, 4);
  writeU32(frame, 4 + named.length, crc32(named));
  return frame;
}
