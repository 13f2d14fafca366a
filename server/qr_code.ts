import { renderUnicodeCompact } from "uqr";

/** White modules around the code: what ISO/IEC 18004 asks for. */
const QUIET_MODULES = 4;
const WHITE_ON_BLACK = "\x1b[97;40m";
const RESET = "\x1b[0m";

/**
 * A QR code as lines for a terminal, two rows of modules a line. White modules are drawn.
 *
 * @param options.colors Says both colours, so that it is right on a light background, too; else the background has to be dark.
 */
export function qrLines(text: string, { colors }: { colors: boolean }): string[] {
  const lines = renderUnicodeCompact(text, { ecc: "M", border: QUIET_MODULES }).split("\n");
  return colors ? lines.map((line) => `${WHITE_ON_BLACK}${line}${RESET}`) : lines;
}
