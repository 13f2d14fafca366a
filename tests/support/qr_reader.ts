import jsqr from "jsqr";

/** Pixels of one module. */
const SCALE = 4;

/** What a QR code of these modules (true is black) says, by a reader that is not ours; `undefined` if it reads none. */
export function readQrModules(modules: readonly (readonly boolean[])[]): string | undefined {
  const width = modules[0].length * SCALE;
  const height = modules.length * SCALE;
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!modules[Math.floor(y / SCALE)][Math.floor(x / SCALE)]) continue;
      pixels.fill(0, 4 * (y * width + x), 4 * (y * width + x) + 3);
    }
  }
  // As it stands, not inverted: a reader that takes both would hide swapped colours.
  return jsqr.default(pixels, width, height, { inversionAttempts: "dontInvert" })?.data;
}

/** The same of a code as a dark terminal shows it: blocks are white, two rows a line. */
export function readQrLines(lines: readonly string[]): string | undefined {
  return readQrModules(lines.flatMap((line) => [
    [...line].map((sign) => !"█▀".includes(sign)),
    [...line].map((sign) => !"█▄".includes(sign)),
  ]));
}
