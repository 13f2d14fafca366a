import { Refusal } from "@fusionmeet/base";
import { printable } from "../printable.ts";
import type { Shrinker } from "./shrinker.ts";
import { THUMBNAIL_JOB } from "./shrink_job.ts";

/** Refusals that are not told: most files are no pictures, and that sharp is not there was said before. */
const SILENT = ["not-a-picture", "picture-too-big", "still-no-sharp"];

/**
 * The thumbnail of a file that is shared from here; `undefined` where it has none, with the reason for the log where that
 * is not what everybody expects. @throws the signal's reason
 */
export async function thumbnailOf(
  { path, name }: { readonly path: string; readonly name: string },
  { shrinker, signal, note }: {
    readonly shrinker: Pick<Shrinker, "shrink">;
    readonly signal: AbortSignal;
    readonly note: (text: string) => void;
  },
): Promise<Uint8Array | undefined> {
  try {
    return await shrinker.shrink(path, THUMBNAIL_JOB, signal);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { code, message } = thrown;
    if (code === "no-sharp") note(`No thumbnails of pictures: sharp cannot be used (${message})`);
    else if (!SILENT.includes(code)) note(printable(`No thumbnail of ${name}: ${message}`));
    return undefined;
  }
}
