import { join } from "node:path";
import { type Theme, THEMES } from "@fusionmeet/bridge";
import { contentPath } from "@fusionmeet/places";
import type { LastMeeting } from "./options.ts";

/** Where the built page of the window is. */
export function pageFolder(): string {
  return contentPath({ checkout: "dist/page", bundle: "page" });
}

/** Where the keys of known servers are kept. */
export function pinsPathIn(folder: string): string {
  return join(folder, "pins.json");
}

/** True where a file is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
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
