/** What is in an executable of FusionMeet, and what it may do. */
import { homedir } from "node:os";
import { assert } from "@fusionmeet/base";
import { ROOT } from "./build_page.ts";
import { requiredFiles } from "./bundle_check.ts";
import { npmFolder, scriptsOfProgram } from "./bundle_programs.ts";
import { type DenoConfig, permissionFlags, type ProgramName } from "./bundle_start_files.ts";
import type { Expected } from "./check_executable.ts";
import { clientFiles, type Contents } from "./program_files.ts";
import { sharpFiles } from "./sharp_files.ts";
import type { Target } from "./targets.ts";

/** What a program is made of and for. */
export interface Making {
  readonly target: Target;
  readonly contents: Contents;
}

/** What such an executable should be. @throws Error in words when something it needs was not built. */
export function expectedOf(program: ProgramName, { target, contents }: Making): Expected {
  const [entry] = scriptsOfProgram(program);
  const isClient = program === "client";
  return {
    target,
    entry,
    files: filesOf(program, { target, contents }),
    libraries: isClient ? [`webview/${target.webviewLibrary}`, ...sharpFiles(target).keys()] : [],
    permissions: permissionsOf(program, contents.config),
    features: contents.config.unstable,
    hasConsole: !isClient,
    foreignIcons: [],
    buildFolders: [ROOT, homedir(), npmFolder()].filter((folder) => folder.length > 1),
  };
}

/**
 * What the program may do, without limits: what its task says; the client besides foreign functions, because the
 * process of its window is the same executable.
 */
export function permissionsOf(program: ProgramName, config: DenoConfig): string[] {
  const flags = permissionFlags(config, program).filter((flag) => flag !== "--no-prompt");
  const names = flags.map((flag) => {
    const [, name] = /^--allow-([a-z]+)$/.exec(flag) ?? [];
    assert(name, `permissions of executables have no limits, but ${flag} has`);
    return name;
  });
  return program === "client" ? [...names, "ffi"] : names;
}

function filesOf(program: ProgramName, { target, contents }: Making): Map<string, Uint8Array> {
  const encoder = new TextEncoder();
  const files = new Map<string, Uint8Array>();
  for (const name of scriptsOfProgram(program)) {
    files.set(name, encoder.encode(contents.scripts.get(name)));
  }
  if (program === "client") {
    for (const [path, from] of clientFiles(target)) files.set(path, Deno.readFileSync(from));
  }
  const missing = neededBy(program, target).filter((path) => !files.get(path)?.length);
  if (missing.length === 0) return files;
  throw new Error(`Cannot make fusionmeet-${program}: there is no ${missing.join(", no ")}`);
}

/** What a bundle for that target needs, less what is not this program's. */
function neededBy(program: ProgramName, target: Target): string[] {
  const scripts = scriptsOfProgram(program);
  return requiredFiles(target)
    .filter((path) => path.startsWith("program/") && path !== `program/deno${target.exeSuffix}`)
    .map((path) => path.slice("program/".length))
    .filter((path) => scripts.includes(path) || (program === "client" && path.includes("/")));
}
