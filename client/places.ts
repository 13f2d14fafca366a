import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "@fusionmeet/base";
import { type Theme, THEMES } from "@fusionmeet/bridge";
import type { LastMeeting } from "./options.ts";

/** The folder the program is in: of the executable, of the bundle, or the top of a checkout. */
export function programFolder(): string {
  if (Deno.build.standalone) return dirname(Deno.execPath());
  const folder = dirname(fileURLToPath(import.meta.url));
  return import.meta.url.endsWith("/client/places.ts") ? dirname(folder) : folder;
}

/** Where a user's programs keep their files, by operating system. */
export function userFolder(
  os: typeof Deno.build.os,
  variable: (name: string) => string | undefined,
): string {
  const home = variable("HOME") ?? variable("USERPROFILE") ?? ".";
  if (os === "windows") {
    return join(variable("APPDATA") ?? join(home, "AppData", "Roaming"), "FusionMeet");
  }
  if (os === "darwin") return join(home, "Library", "Application Support", "FusionMeet");
  return join(variable("XDG_DATA_HOME") || join(home, ".local", "share"), "fusionmeet");
}

/**
 * The folder for known servers and settings, made where it is missing: the one asked for; else beside the program, so
 * that a USB stick carries it along; else (it is read-only) the user's.
 *
 * @throws Error in words when there is none we can write to.
 */
export function dataFolder(asked: string | undefined): string {
  if (asked !== undefined) return writable(asked);
  try {
    return writable(programFolder());
  } catch {
    return writable(userFolder(Deno.build.os, (name) => Deno.env.get(name)));
  }
}

function writable(folder: string): string {
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder }));
  } catch (thrown) {
    throw new Error(`Cannot write to the folder ${folder}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  return folder;
}

/** Where the built page of the window is: beside the program, or where a checkout builds it. */
export function pageFolder(): string {
  const folder = programFolder();
  return import.meta.url.endsWith("/client/places.ts")
    ? join(folder, "dist", "page")
    : join(folder, "page");
}

/** Where the keys of known servers are kept. */
export function pinsPathIn(folder: string): string {
  return join(folder, "pins.json");
}

/** The text of a file, or `undefined` where there is none. */
export function readTextFileIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** Servers remembered for the join screen. */
export const RECENT_SERVERS_MAX = 5;

/** What was joined with last, and the servers of before; what was never kept is absent. */
export interface Remembered {
  readonly server?: string;
  readonly name?: string;
  readonly room?: string;
  readonly microphone?: boolean;
  readonly camera?: boolean;
  /** The latest first. */
  readonly servers: readonly string[];
  readonly theme: Theme;
}

/** What `rememberMeeting` kept in that data folder. A damaged file is as good as none: nothing depends on it. */
export function remembered(folder: string): Remembered {
  let kept: Record<string, unknown> = {};
  try {
    kept = JSON.parse(readTextFileIfThere(join(folder, SETTINGS)) ?? "{}") ?? {};
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  const text = (name: string) => typeof kept[name] === "string" ? kept[name] : undefined;
  const flag = (name: string) => typeof kept[name] === "boolean" ? kept[name] : undefined;
  const servers = Array.isArray(kept.servers) ? kept.servers : [];
  return {
    ...{ server: text("server"), name: text("name"), room: text("room") },
    ...{ microphone: flag("microphone"), camera: flag("camera") },
    servers: servers.filter((each) => typeof each === "string").slice(0, RECENT_SERVERS_MAX),
    theme: THEMES.find((theme) => theme === kept.theme) ?? "system",
  };
}

/** The last meeting, where all three of it are known. */
export function lastMeeting(folder: string): LastMeeting | undefined {
  const { server, name, room } = remembered(folder);
  return server === undefined || name === undefined || room === undefined
    ? undefined
    : { server, name, room };
}

/** Keeps what a meeting was joined with, for the next time. */
export function rememberMeeting(
  folder: string,
  meeting: LastMeeting & { microphone?: boolean; camera?: boolean },
): void {
  const before = remembered(folder);
  const servers = [meeting.server, ...before.servers.filter((each) => each !== meeting.server)]
    .slice(0, RECENT_SERVERS_MAX);
  write(folder, { ...before, ...meeting, servers });
}

/** Keeps how the window looks. */
export function rememberTheme(folder: string, theme: Theme): void {
  write(folder, { ...remembered(folder), theme });
}

function write(folder: string, kept: Remembered): void {
  Deno.writeTextFileSync(join(folder, SETTINGS), JSON.stringify(kept, null, 2) + "\n");
}

const SETTINGS = "settings.json";
