import { messageOf, Refusal } from "@fusionmeet/base";
import { hashFile, WrongContent } from "@fusionmeet/store";
import { basename } from "node:path";

/** A file as it is sent. */
export interface TakenFile {
  readonly path: string;
  /** SHA-256, hex. */
  readonly hash: string;
  /** When it was last changed before it was read, epoch ms; absent where nobody else changes it. */
  readonly changedAt?: number;
}

/** Where a file that is sent comes from. */
export interface FileSource {
  readonly name: string;
  /** Bytes. @throws Refusal */
  size(): Promise<number>;
  /**
   * Makes it a file of which the content is known. Called once, when it is its turn.
   *
   * @param how.progress is told the bytes so far. @throws Refusal, or the signal's reason
   */
  take(how: {
    readonly progress: (bytes: number) => void;
    readonly signal: AbortSignal;
  }): Promise<TakenFile>;
  /** It is not needed any more: it is sent, or will not be. */
  release?(): void;
}

/** A file on the disk, which stays where it is. */
export function fileOnDisk(path: string): FileSource {
  let size: number | undefined;
  return {
    name: basename(path),
    size: async () => size = (await readable(Deno.stat(path))).size,
    take: async ({ progress, signal }) => {
      const { mtime, size: sizeNow } = await readable(Deno.stat(path));
      size ??= sizeNow;
      let read = 0;
      const counted = (bytes: number) => {
        // One that grows all the time has no end.
        if (bytes > size!) throw changedWhileRead();
        progress(read = bytes);
      };
      const hash = await readable(hashFile(path, { progress: counted, signal }));
      if (read < size) throw changedWhileRead();
      return { path, hash, changedAt: mtime?.getTime() };
    },
  };
}

function changedWhileRead(): Refusal {
  return new Refusal("file-changed", "It was changed while it was read: share it again");
}

/** @throws Refusal with what the file system says */
export async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof Refusal || thrown instanceof WrongContent) throw thrown;
    if ((thrown as Error)?.name === "AbortError") throw thrown;
    throw new Refusal("file-unreadable", `Cannot use it: ${messageOf(thrown)}`, { cause: thrown });
  }
}
