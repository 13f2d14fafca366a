import { basename } from "node:path";
import { run } from "./programs.ts";
import { TemporaryDirectory, until } from "./wait.ts";

/** Room for a bundle and what is kept beside it. */
const SIZE_BYTES = 400 << 20;

/**
 * A USB stick with exFAT: its files are all one user's, anybody may read them, each may be run, and links there are none.
 * It can be pulled.
 */
export class Stick implements AsyncDisposable {
  readonly #image: TemporaryDirectory;
  readonly #device: string;
  /** Where it is mounted. */
  readonly path: string;

  private constructor(image: TemporaryDirectory, device: string) {
    this.#image = image;
    this.#device = device;
    this.path = image.file("USB STICK");
  }

  /** @throws Error in words where there are no loop devices, no FUSE, or no rights to them. */
  static async plugIn(user: number): Promise<Stick> {
    const image = new TemporaryDirectory();
    Deno.chmodSync(image.path, 0o755);
    const file = image.file("image");
    await Deno.writeFile(file, new Uint8Array());
    await Deno.truncate(file, SIZE_BYTES);
    await run("/usr/sbin/mkfs.exfat", [file]);
    const device = await run("/usr/sbin/losetup", ["--find", "--show", file]);
    const stick = new Stick(image, new TextDecoder().decode(device).trim());
    try {
      await stick.#mount(user);
      return stick;
    } catch (thrown) {
      await stick[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** It is gone while programs have files open on it. */
  async pull(): Promise<void> {
    const pid = this.#driver();
    if (pid === undefined) throw new Error("Cannot pull the stick: nothing drives it");
    Deno.kill(pid, "SIGKILL");
    await until("the stick to be gone", () => !isThere(this.path));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", ["--lazy", this.path]).catch(() => undefined);
    await until("the end of its driver", () => this.#driver() === undefined);
    await run("/usr/sbin/losetup", ["--detach", this.#device]);
    await this.#image[Symbol.asyncDispose]();
  }

  async #mount(user: number): Promise<void> {
    await Deno.mkdir(this.path);
    const options = `uid=${user},gid=${user},umask=022,allow_other`;
    await run("/usr/sbin/mount.exfat-fuse", [this.#device, this.path, "-o", options]);
  }

  /** The process that serves it. */
  #driver(): number | undefined {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const [program, device] = words(`/proc/${name}/cmdline`);
      if (basename(program) === "mount.exfat-fuse" && device === this.#device) return Number(name);
    }
  }
}

function words(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\0");
  } catch {
    return [""];
  }
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
