import { run } from "./programs.ts";

/** A disk of a given size that really is full when it is (tmpfs). Needs root and Linux. */
export class SmallDisk implements AsyncDisposable {
  private constructor(
    /** Where it is mounted. */
    readonly path: string,
  ) {}

  /** @param path A folder, made where it is not there. @throws Error with what mount said. */
  static async mount(path: string, bytes: number): Promise<SmallDisk> {
    await Deno.mkdir(path, { recursive: true });
    await run("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  async resize(bytes: number): Promise<void> {
    await run("mount", ["-o", `remount,size=${bytes}`, this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", ["--lazy", this.path]);
  }
}
