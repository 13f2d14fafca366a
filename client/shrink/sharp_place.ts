import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, contentFolder, isBundled } from "@fusionmeet/places";
import { unpackFolder } from "../window/webview_unpack.ts";
import { SHARP_FOLDER, type SharpPlace } from "./shrink_job.ts";

/**
 * Where this program's sharp is: beside a bundle, unpacked out of an executable (the system loads libraries itself, and
 * cannot look into one), or among Deno's packages.
 *
 * @throws Error in words where it cannot be had.
 */
export function sharpPlace(): SharpPlace {
  if (Deno.build.standalone) return packedPlace(unpacked());
  if (!isBundled()) {
    // `…/npm/<registry>/sharp/<version>/dist/index.mjs`
    const module = fileURLToPath(import.meta.resolve("sharp"));
    return { folder: dirname(dirname(dirname(dirname(module)))) };
  }
  // Beside the executable first: on a stick that lets no program run, that is where a start file has put both.
  const folders = [dirname(Deno.execPath()), contentFolder()].map((each) =>
    join(each, SHARP_FOLDER)
  );
  return packedPlace(folders.find(isFolder) ?? folders[1]);
}

/** The folder of sharp's packages for this system. @throws Error in words */
export function packedPlace(folder: string): SharpPlace {
  const platform = Deno.build.os === "windows" ? "win32" : Deno.build.os;
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const inside = join(folder, `sharp-${platform}-${arch}`, "lib");
  const name = isFolder(inside)
    ? [...Deno.readDirSync(inside)].find(({ name }) => name.endsWith(".node"))?.name
    : undefined;
  if (name === undefined) throw new Error(`there is none for this system in ${folder}`);
  return { folder, native: join(inside, name) };
}

function unpacked(): string {
  const cache = cacheFolder(Deno.build.os, (variable) => Deno.env.get(variable));
  return unpackFolder(join(contentFolder(), SHARP_FOLDER), cache, "sharp");
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

/** Never called: makes the package part of the program, so that Deno fetches it. A packed program has it beside. */
export const sharpPackage = () => import("./sharp_module.ts");
