import { basename, join } from "node:path";
import { isUpToDate, ROOT } from "../../tools/build_page.ts";
import { buildBundle } from "../../tools/bundle.ts";
import { hostTarget } from "../../tools/targets.ts";
import { PROGRAM_VERSION } from "@fusionmeet/protocol";
import { Program, run } from "./programs.ts";
import { TemporaryDirectory } from "./wait.ts";

/** Where the tests' own bundle is made: nobody uses that one. */
const OUTPUT = join(ROOT, "dist", "for-tests");
const SOURCES = ["client", "lib", "server", "tools", "deno.json", "deno.lock", "LICENSE"];
/** What the start files need of the system, and what reads cameras; there is no deno and no node. */
const PROGRAMS = [
  "sh",
  "readlink",
  "stat",
  "dirname",
  "uname",
  "cp",
  "mkdir",
  "mv",
  "rm",
  "chmod",
  "ffmpeg",
];
/** Nobody in particular. */
export const ORDINARY_USER = 65_534;

/** The archive of this machine's bundle, made anew when a source is newer. */
export async function bundleArchive(): Promise<string> {
  const target = hostTarget();
  const name = `FusionMeet-${PROGRAM_VERSION}-${target.name}${target.archiveSuffix}`;
  const archive = join(OUTPUT, name);
  await Deno.mkdir(OUTPUT, { recursive: true });
  // Two files of tests may want it at once.
  using lock = await Deno.open(join(OUTPUT, "lock"), { create: true, write: true });
  await lock.lock(true);
  if (!isUpToDate(archive, SOURCES)) await buildBundle({ target, output: OUTPUT });
  return archive;
}

/** How a program of the bundle is started. */
export interface StartOptions {
  /** What failures call it: the start file unless said. */
  readonly what?: string;
  /** In front of it: `["ip", "netns", "exec", NAME]`, a shell that mounts something first. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** By `sh FILE`, as where the file itself cannot be run. */
  readonly byShell?: boolean;
  /** Its folder, where it was moved or copied to. */
  readonly folder?: string;
  /** In a terminal; the process is the terminal's. */
  readonly inTerminal?: boolean;
}

/**
 * The bundle as people have it: unpacked into a folder whose name has spaces and umlauts, started by an ordinary user
 * with an empty home, on a computer without deno and node.
 */
export class UnpackedBundle implements AsyncDisposable {
  readonly #top: TemporaryDirectory;
  /** With the start files. */
  readonly folder: string;
  /** Its user's. */
  readonly home: string;
  readonly #path: string;

  private constructor(top: TemporaryDirectory, name: string) {
    this.#top = top;
    this.folder = top.file(`Bücher & Töne, neu/${name}`);
    this.home = top.file("home");
    this.#path = top.file("programs");
  }

  /** @throws Error when it cannot be made or unpacked. */
  static async unpack(): Promise<UnpackedBundle> {
    const archive = await bundleArchive();
    const top = new TemporaryDirectory();
    const name = basename(archive, hostTarget().archiveSuffix);
    const bundle = new UnpackedBundle(top, name);
    try {
      await bundle.#make(archive);
    } catch (thrown) {
      await top[Symbol.asyncDispose]();
      throw thrown;
    }
    return bundle;
  }

  /** Starts one of its programs. */
  start(
    file: "FusionMeet" | "FusionMeet-Server",
    args: readonly string[],
    { what = file, before = [], env = {}, folder = this.folder, ...how }: StartOptions = {},
  ): Program {
    const path = join(folder, file);
    const run = [
      ...before,
      ...asOrdinaryUser(),
      ...(how.byShell ? ["/bin/sh"] : []),
      path,
      ...args,
    ];
    const [command, ...rest] = how.inTerminal ? inTerminal(run) : run;
    return new Program(what, {
      ...{ command, args: rest, clearEnv: true, cwd: "/" },
      env: { HOME: this.home, PATH: this.#path, LANG: "C.UTF-8", ...env },
    });
  }

  /** The names in the home that something left there. */
  homeNames(): string[] {
    return [...Deno.readDirSync(this.home)].map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#top[Symbol.asyncDispose]();
  }

  async #make(archive: string): Promise<void> {
    const folder = join(this.folder, "..");
    for (const path of [folder, this.home, this.#path]) Deno.mkdirSync(path);
    Deno.chmodSync(this.#top.path, 0o755);
    const found = await run("which", PROGRAMS);
    for (const path of new TextDecoder().decode(found).trim().split("\n")) {
      Deno.symlinkSync(path, join(this.#path, basename(path)));
    }
    await giveAway(folder);
    await giveAway(this.home);
    // By its user, who may not be able to read where the archive is.
    const [command, ...args] = [...asOrdinaryUser(), "tar", "xz", "-C", folder];
    await run(command, args, await Deno.readFile(archive));
  }
}

/** Makes it the ordinary user's. */
export async function giveAway(path: string): Promise<void> {
  if (isRoot()) await Deno.chown(path, ORDINARY_USER, ORDINARY_USER);
}

/** What a command line begins with that is not to be root's. */
export function asOrdinaryUser(): string[] {
  const user = String(ORDINARY_USER);
  const ids = ["--reuid", user, "--regid", user, "--clear-groups", "--inh-caps=-all"];
  return isRoot() ? ["/usr/bin/setpriv", ...ids, "--"] : [];
}

/** In a terminal that ends when it is killed; what it shows is its output. */
function inTerminal(command: readonly string[]): string[] {
  const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return ["/usr/bin/script", "--quiet", "--command", `exec ${line}`, "/dev/null"];
}

function isRoot(): boolean {
  return Deno.uid() === 0;
}
