/** Pictures of one icon as Windows wants them. */
import { concatBytes } from "@fusionmeet/base";

/** A square PNG. */
export interface IconPicture {
  /** Width and height, 1..256. */
  readonly size: number;
  readonly png: Uint8Array;
}

/** An .ico file of these pictures. Source: Microsoft, "The format of icon resources"; PNG since Windows Vista. */
export function iconFile(pictures: readonly IconPicture[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(6 + 16 * pictures.length));
  header.setUint16(2, 1, true);
  header.setUint16(4, pictures.length, true);
  let at = header.byteLength;
  pictures.forEach(({ size, png }, index) => {
    const entry = 6 + 16 * index;
    // 256 is written as 0.
    header.setUint8(entry, size & 0xff);
    header.setUint8(entry + 1, size & 0xff);
    header.setUint16(entry + 4, 1, true);
    header.setUint16(entry + 6, 32, true);
    header.setUint32(entry + 8, png.length, true);
    header.setUint32(entry + 12, at, true);
    at += png.length;
  });
  return concatBytes(new Uint8Array(header.buffer), ...pictures.map(({ png }) => png));
}
