/** The systems FusionMeet is packed for. All of them are packed on any of them; how each is packed is in this table. */
import { libraryFileName } from "../client/window/webview_library.ts";

/** The Deno that is packed along: the one everything is tested with. */
export const DENO_VERSION = "2.9.5";

/** One system that FusionMeet runs on. */
export interface Target {
  /** As in `--target` and in the names of what is built. */
  readonly name: string;
  /** As `Deno.build.os` says it. */
  readonly os: "linux" | "windows" | "darwin";
  /** As `Deno.build.arch` says it. */
  readonly arch: "x86_64" | "aarch64";
  /** As `deno compile --target` takes it. */
  readonly denoTriple: string;
  /** The npm package that holds this system's Deno, in `DENO_VERSION`. */
  readonly denoPackage: string;
  /** What npm's registry says of that package's archive: its SHA-512, as in a lock file. */
  readonly denoIntegrity: string;
  /** Of programs, the dot included. */
  readonly exeSuffix: "" | ".exe";
  /** The file of npm `webview-bun` that is this system's libwebview. */
  readonly webviewLibrary: string;
  /** What people of that system unpack without a further program; tar keeps executable bits. */
  readonly archiveSuffix: ".tar.gz" | ".zip";
}

/** All of them; the one most people have first. */
export const TARGETS: readonly Target[] = [
  target("windows-x64", {
    denoTriple: "x86_64-pc-windows-msvc",
    denoPackage: "@deno/win32-x64",
    denoIntegrity:
      "sha512-LkcERsH0olOgevg9L9eootSr1U8ydyfnX1bS3mFqU+lGBeTYtlec5b/QF473WUOGVgPlWECrkxi4As5kEaFOzg==",
  }),
  target("linux-x64", {
    denoTriple: "x86_64-unknown-linux-gnu",
    denoPackage: "@deno/linux-x64-glibc",
    denoIntegrity:
      "sha512-TDqcnoLe3jlgqYEQm7H7MK6q0JOth+o8iSZzknRODnVkJfPiNnjVn1M1Zc6vnp+ipkyb6Av1/CUlHgHtlq59Gw==",
  }),
  target("linux-arm64", {
    denoTriple: "aarch64-unknown-linux-gnu",
    denoPackage: "@deno/linux-arm64-glibc",
    denoIntegrity:
      "sha512-IuYjsz9PGl7CJcNXMuN27KNDB8Q40brK3SG3l+TXMDVW61ZKwcn0fQHBHnXFiiygEwI8by/fKnASEluhZB1atw==",
  }),
  target("macos-x64", {
    denoTriple: "x86_64-apple-darwin",
    denoPackage: "@deno/darwin-x64",
    denoIntegrity:
      "sha512-gbdlxWZuAZFiJiZtTT00Mv/aC7f/31+pyqJGQKlZr5X33WeTo5B0GG+efcX3P1UZceRKHuPEAQ1B/M2oRt8r9Q==",
  }),
  target("macos-arm64", {
    denoTriple: "aarch64-apple-darwin",
    denoPackage: "@deno/darwin-arm64",
    denoIntegrity:
      "sha512-SX98qSdBT1lw9x6NwGwx2xIayl1kRimdRnFohYlJ6nt3mLKzTKHHKQwQs5D2pEY7mbUGGbYe9brM2kfN75pPkg==",
  }),
];

function target(
  name: string,
  deno: Pick<Target, "denoTriple" | "denoPackage" | "denoIntegrity">,
): Target {
  const [system, processor] = name.split("-");
  const os = system === "macos" ? "darwin" : system as "linux" | "windows";
  const arch = processor === "x64" ? "x86_64" : "aarch64";
  const webviewLibrary = libraryFileName(os, arch);
  if (webviewLibrary === undefined) throw new Error(`There is no libwebview for ${name}`);
  const isWindows = os === "windows";
  return {
    ...{ name, os, arch, ...deno, webviewLibrary },
    exeSuffix: isWindows ? ".exe" : "",
    archiveSuffix: isWindows ? ".zip" : ".tar.gz",
  };
}

/** The target of that name. @throws Error that lists those there are. */
export function targetNamed(name: string): Target {
  const found = TARGETS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = TARGETS.map((each) => each.name).join(", ");
  throw new Error(`There is no target ${name}: it is one of ${names}`);
}

/** The target that this machine is. @throws Error where FusionMeet is not packed for it. */
export function hostTarget(): Target {
  const { os, arch } = Deno.build;
  const found = TARGETS.find((each) => each.os === os && each.arch === arch);
  if (found === undefined) throw new Error(`FusionMeet is not packed for ${os} on ${arch}`);
  return found;
}

/**
 * The targets that `--target NAME` (may be repeated) and `--all` ask for; the host's when none does.
 *
 * @throws Error in words for an unknown name.
 */
export function chosenTargets(options: { target?: readonly string[]; all?: boolean }): Target[] {
  if (options.all) return [...TARGETS];
  const names = options.target ?? [];
  return names.length === 0 ? [hostTarget()] : [...new Set(names)].map(targetNamed);
}
