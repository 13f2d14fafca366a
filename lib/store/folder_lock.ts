import { join } from "node:path";

/** Keeps a folder for one process; the system lets go of it when the process ends, however it ends. */
export class FolderLock implements Disposable {
  readonly #file: Deno.FsFile;

  private constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  /** @throws Error in words when another process holds the folder. */
  static async take(folder: string): Promise<FolderLock> {
    const file = await Deno.open(join(folder, "in-use.lock"), { create: true, write: true });
    if (await file.tryLock(true)) return new FolderLock(file);
    file.close();
    throw new Error(`Cannot use the folder ${folder}: another server uses it`);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
