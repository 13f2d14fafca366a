import { strictEqual } from "node:assert/strict";
import { downloadFolder } from "./download_folder.ts";

function on(os: typeof Deno.build.os, home: Record<string, string>, dirs?: string): string {
  return downloadFolder({
    os,
    variable: (name) => home[name],
    text: (path) => path === "/home/ada/.config/user-dirs.dirs" ? dirs : undefined,
  });
}

Deno.test("downloadFolder() is the one that the desktop has set, else Downloads", () => {
  const ada = { HOME: "/home/ada" };
  const set = (value: string) => on("linux", ada, `# comment\nXDG_DOWNLOAD_DIR="${value}"\n`);
  strictEqual(on("linux", ada), "/home/ada/Downloads");
  strictEqual(set('$HOME/Gelöschtes \\"neu\\"'), '/home/ada/Gelöschtes "neu"');
  strictEqual(set("/mnt/big/"), "/mnt/big");
  // Nothing set, and what is none.
  for (const none of ["$HOME/", "$HOME", "relative", ""]) {
    strictEqual(set(none), "/home/ada/Downloads");
  }
  strictEqual(on("darwin", { HOME: "/home/ada" }, 'XDG_DOWNLOAD_DIR="/x"'), "/home/ada/Downloads");
  strictEqual(on("windows", { USERPROFILE: "/u/ada" }), "/u/ada/Downloads");
});
