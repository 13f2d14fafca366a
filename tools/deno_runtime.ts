/** Fetches the Deno of any system from npm, and checks that it is the one that was pinned. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { ROOT } from "./build_page.ts";
import { DENO_VERSION, type Target } from "./targets.ts";

/** What was fetched stays here, so that nothing is fetched twice. */
const CACHE = join(ROOT, "dist", "runtimes");

/** The package that `npx deno` starts; it holds the licence, and its siblings the programs. */
const DENO_PACKAGE = {
  name: "deno",
  integrity:
    "sha512-Jt/AcJiErtUW9krGwlwUDsm1coNtmfthiQ4JtSCF+JNkqohbeiJoRVkCr4FA4WQstyHuSJaON6PHCin0UCtlLg==",
} as const;

/** Path of that system's Deno, checked. @throws Error in words when it cannot be had, or is another one. */
export async function denoRuntime(target: Target): Promise<string> {
  const path = join(CACHE, `deno-${DENO_VERSION}-${target.name}${target.exeSuffix}`);
  if (await isFile(path)) return path;
  const file = `package/deno${target.exeSuffix}`;
  const { denoPackage: name, denoIntegrity: integrity } = target;
  const bytes = await fileOfPackage({ name, integrity, file });
  await writeWhole(path, bytes, 0o755);
  return path;
}

/** The text of Deno's licence. @throws Error in words */
export async function denoLicence(): Promise<string> {
  const path = join(CACHE, `deno-${DENO_VERSION}-LICENSE`);
  if (!await isFile(path)) {
    await writeWhole(
      path,
      await fileOfPackage({ ...DENO_PACKAGE, file: "package/LICENSE" }),
      0o644,
    );
  }
  return await Deno.readTextFile(path);
}

/** @throws Error in words when these bytes are not the ones that were pinned. */
export function checkIntegrity(what: string, bytes: Uint8Array, integrity: string): void {
  const found = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (found === integrity) return;
  throw new Error(`Cannot use ${what}: it is ${found}, and ${integrity} was pinned`);
}

async function fileOfPackage(
  { name, integrity, file }: { name: string; integrity: string; file: string },
): Promise<Uint8Array> {
  const specifier = `${name}@${DENO_VERSION}`;
  const archive = await npmPack(specifier);
  checkIntegrity(specifier, archive, integrity);
  const [entry] = await unpackTar(gunzipSync(archive), { filter: (each) => each.name === file });
  if (entry?.data === undefined) {
    throw new Error(`Cannot use ${specifier}: there is no ${file} in it`);
  }
  return entry.data;
}

/** The archive of a package, from npm's own cache (npx has been there) or the registry it is set to. */
async function npmPack(specifier: string): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir();
  try {
    const npm = Deno.build.os === "windows" ? "npm.cmd" : "npm";
    const { success, stdout, stderr } = await new Deno.Command(npm, {
      args: ["pack", "--silent", "--prefer-offline", "--pack-destination", folder, specifier],
    }).output();
    const words = new TextDecoder().decode(success ? stdout : stderr).trim();
    if (!success) throw new Error(`npm pack failed: ${words}`);
    return await Deno.readFile(join(folder, words.split("\n").at(-1)!));
  } catch (cause) {
    throw new Error(`Cannot fetch ${specifier}: ${(cause as Error).message}`, { cause });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whoever finds a file there finds a whole one. */
async function writeWhole(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  await Deno.mkdir(CACHE, { recursive: true });
  const beside = `${path}.${crypto.randomUUID()}`;
  await Deno.writeFile(beside, bytes, { mode });
  await Deno.rename(beside, path);
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
