/** The native part of sharp for any system: npm has a package of it for each, and deno.lock their hashes. */
import { join } from "node:path";
import { SHARP_FOLDER } from "../client/shrink/shrink_job.ts";
import { ROOT } from "./build_page.ts";
import { npmFolder } from "./bundle_programs.ts";
import { isLicenceFile, type Licence, textsIn } from "./licences.ts";
import type { Target } from "./targets.ts";

/** As deno.lock has them; another sharp has others. */
const SHARP_VERSION = "0.35.5";
const LIBVIPS_PACKAGE_VERSION = "1.3.4";
const LIBVIPS_VERSION = "8.18.7";

/** A package with a native part of sharp. */
interface NativePackage {
  /** Without `@img/`. */
  readonly name: string;
  readonly version: string;
  /** In `lib/` of it. */
  readonly files: readonly string[];
}

/** npm's words for a system. */
function platformOf({ os, arch }: Pick<Target, "os" | "arch">): { os: string; cpu: string } {
  return { os: os === "windows" ? "win32" : os, cpu: arch === "x86_64" ? "x64" : "arm64" };
}

function packagesOf(target: Pick<Target, "os" | "arch">): NativePackage[] {
  const { os, cpu } = platformOf(target);
  const platform = `${os}-${cpu}`;
  const own = { name: `sharp-${platform}`, version: SHARP_VERSION };
  const node = `sharp-${platform}-${SHARP_VERSION}.node`;
  if (os === "win32") {
    return [{ ...own, files: ["libvips-42.dll", `libvips-cpp-${LIBVIPS_VERSION}.dll`, node] }];
  }
  const library = os === "darwin"
    ? `libvips-cpp.${LIBVIPS_VERSION}.dylib`
    : `libvips-cpp.so.${LIBVIPS_VERSION}`;
  const libvips = { name: `sharp-libvips-${platform}`, version: LIBVIPS_PACKAGE_VERSION };
  return [{ ...own, files: [node] }, { ...libvips, files: [library] }];
}

/** Where each of its files is now, by the path that it gets in a packed program. */
export function sharpFiles(target: Pick<Target, "os" | "arch">): Map<string, string> {
  return new Map(
    packagesOf(target).flatMap((each) =>
      each.files.map((file): [string, string] => [
        `${SHARP_FOLDER}/${each.name}/lib/${file}`,
        join(folderOf(each), "lib", file),
      ])
    ),
  );
}

/** Fetches them where they are not in Deno's cache. @throws Error in words */
export async function fetchSharp(target: Pick<Target, "os" | "arch">): Promise<void> {
  const isThere = [...sharpFiles(target).values()].every((path) => isFile(path));
  if (isThere) return;
  const { os, cpu } = platformOf(target);
  const args = ["install", "--quiet", "--frozen", "--os", os, "--arch", cpu];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  if (success) return;
  throw new Error(
    `Cannot fetch sharp for ${os} ${cpu}: ${new TextDecoder().decode(stderr).trim()}`,
  );
}

/** What comes along with them: sharp's licence, which libraries are in libvips, and the licence of most of these. */
export async function sharpLicences(target: Pick<Target, "os" | "arch">): Promise<Licence[]> {
  const natives = packagesOf(target).map(async (each) => ({
    what: `npm @img/${each.name} ${each.version}`,
    text: await textsIn(folderOf(each), (name) => isLicenceFile(name) || name === "README.md"),
  }));
  const texts = ["LGPL-3.0", "GPL-3.0"].map(async (name) => ({
    what: `${name}, for the libraries above`,
    text: await Deno.readTextFile(join(ROOT, "tools", "licences", `${name}.txt`)),
  }));
  return await Promise.all([...natives, ...texts]);
}

function folderOf({ name, version }: NativePackage): string {
  return join(npmFolder(), "@img", name, version);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
