import { parseSize, type WindowSize } from "./webview_lines.ts";
import { readTextFileIfThere } from "../places.ts";

/** A window that was never opened before. */
export const WINDOW_SIZE_DEFAULT: WindowSize = { width: 1_120, height: 720 };

/** The size of the last time; the default where none is known. A damaged file is as good as none. */
export function rememberedSize(path: string): WindowSize {
  try {
    const kept: unknown = JSON.parse(readTextFileIfThere(path) ?? "null");
    const size = typeof kept === "object" && kept !== null ? parseSize({ ...kept }) : undefined;
    return size ?? WINDOW_SIZE_DEFAULT;
  } catch {
    return WINDOW_SIZE_DEFAULT;
  }
}

/** Keeps a size for the next time; where that cannot be done, the next window has the default one. */
export function rememberSize(path: string, { width, height }: WindowSize): void {
  try {
    Deno.writeTextFileSync(path, JSON.stringify({ width, height }) + "\n");
  } catch {
    // A read-only folder: nothing else depends on it.
  }
}
