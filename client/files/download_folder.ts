import { join } from "node:path";

/** What is asked of the computer. */
export interface FolderSources {
  readonly os: typeof Deno.build.os;
  readonly variable: (name: string) => string | undefined;
  /** The text of a file; `undefined` where there is none. */
  readonly text: (path: string) => string | undefined;
}

/**
 * The user's folder for downloads; it may not be there yet.
 *
 * Source: https://www.freedesktop.org/wiki/Software/xdg-user-dirs/ (`user-dirs.dirs`) on Linux.
 */
export function downloadFolder({ os, variable, text }: FolderSources): string {
  const home = variable("HOME") || variable("USERPROFILE") || ".";
  const configured = os === "linux" && xdgFolder(
    text(join(variable("XDG_CONFIG_HOME") || join(home, ".config"), "user-dirs.dirs")) ?? "",
    home,
  );
  return configured || join(home, "Downloads");
}

/** `XDG_DOWNLOAD_DIR="$HOME/…"` or `"/…"`; the home folder itself means that there is none. */
function xdgFolder(text: string, home: string): string | undefined {
  const [, value] = /^\s*XDG_DOWNLOAD_DIR="(.*)"\s*$/m.exec(text) ?? [];
  const path = value?.replace(/\\(.)/g, "$1").replace(/^\$HOME(?=\/|$)/, home).replace(/\/+$/, "");
  return path?.startsWith("/") && path !== home ? path : undefined;
}
