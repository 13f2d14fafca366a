/** What the programs consist of besides Deno: the same for the bundle, which has it beside, and the executables. */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPage, PAGE_FOLDER, ROOT } from "./build_page.ts";
import { filesIn } from "./bundle_check.ts";
import { bundlePrograms, npmFolder } from "./bundle_programs.ts";
import type { DenoConfig } from "./bundle_start_files.ts";
import { denoLicence } from "./deno_runtime.ts";
import { type Licence, packageLicences, packagesIn } from "./licences.ts";
import { sharpFiles } from "./sharp_files.ts";
import { DENO_VERSION, type Target } from "./targets.ts";

/** What is the same for all targets. */
export interface Contents {
  /** By name, each a file. */
  readonly scripts: ReadonlyMap<string, string>;
  readonly licences: readonly Licence[];
  readonly config: DenoConfig;
}

/** The folder of the window's icons, in the sizes that desktops want. */
export const ICONS_FOLDER = join(ROOT, "client", "window", "icons");

/** Builds the page and bundles the scripts. @throws Error in words */
export async function gatherContents(): Promise<Contents> {
  await buildPage();
  const scripts = await bundlePrograms();
  const maps = filesIn(PAGE_FOLDER).filter(({ path }) => path.endsWith(".map"))
    .map(({ path }) => Deno.readTextFileSync(join(PAGE_FOLDER, path)));
  const packages = packagesIn([...scripts.values(), ...maps]);
  return {
    scripts,
    licences: [
      { what: "FusionMeet", text: await Deno.readTextFile(join(ROOT, "LICENSE")) },
      { what: `Deno ${DENO_VERSION}`, text: await denoLicence() },
      ...await packageLicences([...packages, webviewPackage()], npmFolder()),
    ],
    config: JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json"))),
  };
}

/** What the client needs beside its scripts: where each file is now, by the path it gets. */
export function clientFiles(target: Target): Map<string, string> {
  const page = filesIn(PAGE_FOLDER).filter(({ path }) => !path.endsWith(".map"));
  const library = join(npmFolder(), webviewPackage(), "build", target.webviewLibrary);
  return new Map([
    ...page.map(({ path }): [string, string] => [`page/${path}`, join(PAGE_FOLDER, path)]),
    [`webview/${target.webviewLibrary}`, library],
    ...sharpFiles(target),
    ...filesIn(ICONS_FOLDER).map(({ path }): [string, string] => [
      `webview/icons/${path}`,
      join(ICONS_FOLDER, path),
    ]),
  ]);
}

/** The package with libwebview, as `name/version`. */
function webviewPackage(): string {
  const file = fileURLToPath(import.meta.resolve("webview-bun/package.json"));
  return `webview-bun/${basename(dirname(file))}`;
}
