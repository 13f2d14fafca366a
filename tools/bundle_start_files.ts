/** The files that people start a bundle with, as text. The functions here only compute. */
import { ALONE_FLAGS } from "../client/window/webview_start.ts";
import type { Target } from "./targets.ts";

/** A file of the bundle that is made of text. */
export interface TextFile {
  /** In the bundle's folder. */
  readonly path: string;
  readonly text: string;
  readonly isExecutable: boolean;
}

/** The part of deno.json that says how the programs are run. */
export interface DenoConfig {
  readonly unstable: readonly string[];
  readonly tasks: Readonly<Record<string, string | { readonly command: string }>>;
}

/** One of the two programs. */
export type ProgramName = "server" | "client";

/** What stands between `deno` and the script: the permissions of the task of that name, no others, and its engine's flags. */
export function runFlags(config: DenoConfig, name: ProgramName): string[] {
  const features = config.unstable.map((each) => `--unstable-${each}`);
  return [
    ...["run", ...ALONE_FLAGS, ...features],
    ...engineFlags(config, name),
    ...permissionFlags(config, name),
  ];
}

/** What the task of that name says to V8. */
export function engineFlags(config: DenoConfig, name: ProgramName): string[] {
  return wordsOf(config, name).filter((word) => word.startsWith("--v8-flags="));
}

/** What the task of that name says of permissions. */
export function permissionFlags(config: DenoConfig, name: ProgramName): string[] {
  return wordsOf(config, name).filter((word) => /^--(no-prompt|allow-|deny-)/.test(word));
}

function wordsOf({ tasks }: DenoConfig, name: ProgramName): string[] {
  const task = tasks[name];
  return (typeof task === "string" ? task : task.command).split(" ");
}

/** The start files of both programs for a target. */
export function startFiles(
  target: Target,
  { config, version }: { config: DenoConfig; version: string },
): TextFile[] {
  const flags = (name: ProgramName) => runFlags(config, name).join(" ");
  const both: readonly [ProgramName, string][] = [
    ["client", "FusionMeet"],
    ["server", "FusionMeet-Server"],
  ];
  if (target.os === "windows") {
    const consoles = both.map(([name, path]): TextFile =>
      lines(`${name === "client" ? `${path}-Console` : path}.cmd`, cmd(name, flags(name)))
    );
    return [lines("FusionMeet.vbs", vbs(flags("client"))), ...consoles];
  }
  const suffix = target.os === "darwin" ? ".command" : "";
  return both.map(([name, path]) => ({
    path: path + suffix,
    text: shell({ name, flags: flags(name), target, version }),
    isExecutable: true,
  }));
}

/** Windows reads its scripts with its own ends of lines. */
function lines(path: string, text: string): TextFile {
  return { path, text: text.replaceAll("\n", "\r\n"), isExecutable: false };
}

function shell(
  { name, flags, target, version }: {
    name: ProgramName;
    flags: string;
    target: Target;
    version: string;
  },
): string {
  return `#!/bin/sh
# Starts FusionMeet's ${name}. Options are passed on: --help lists them.

# To the terminal; where there is none, in a box.
say() {
  printf '%s\\n' "$1" >&2
  if ! [ -t 2 ] && [ -n "\${DISPLAY:-}\${WAYLAND_DISPLAY:-}" ]; then
    zenity --error --no-markup --text="$1" 2>/dev/null ||
      kdialog --error "$1" 2>/dev/null ||
      xmessage "$1" 2>/dev/null
  fi
}

self=$(readlink -f -- "$0" 2>/dev/null) || self=$0
here=$(CDPATH='' cd -- "$(dirname -- "$self")" && pwd) || exit 1
program=$here/program
deno=$program/deno
if ! [ -f "$deno" ] || ! [ -f "$program/${name}.js" ]; then
  say "FusionMeet is not whole: $program is missing or incomplete. Unpack it again, with all of its folders."
  exit 1
fi
export DENO_NO_UPDATE_CHECK=1

# A copy on the user's own disk is run where this folder lets no program run (noexec, FAT as many desktops mount it), and
# where it is on a stick: a pulled stick would end the program, and with it the meeting. All that is kept stays here.
why=
if ! [ -x "$deno" ]; then
  why="no program can be run in $here"
else
  case $(stat -f -c %T -- "$here" 2>/dev/null) in
    msdos | vfat | exfat | fuseblk | ntfs | ntfs3) why="$here is on a stick, which may be pulled" ;;
  esac
fi
if [ -n "$why" ] && [ -n "\${XDG_CACHE_HOME:-}\${HOME:-}" ]; then
  copies=\${XDG_CACHE_HOME:-$HOME/.cache}/fusionmeet
  copy=$copies/run-${version}-${target.name}
  if ! [ -x "$copy/deno" ] || ! [ -d "$copy/webview" ] || ! [ -d "$copy/sharp" ]; then
    printf 'A copy of the program is put into %s: %s\\n' "$copy" "$why" >&2
    new=$copy.$$
    if mkdir -p "$new" && cp "$deno" "$new/deno" && cp -R "$program/webview" "$new/webview" &&
      cp -R "$program/sharp" "$new/sharp" && chmod 700 "$new/deno"; then
      rm -rf "$copies"/run-*-${target.name}
      mv "$new" "$copy" 2>/dev/null
    fi
    rm -rf "$new"
  fi
  if [ -x "$copy/deno" ]; then
    deno=$copy/deno
  fi
fi
if ! [ -x "$deno" ]; then
  say "FusionMeet cannot run: $why, and no copy could be put on your own disk. Copy this folder there and start it there."
  exit 1
fi

if ! fault=$("$deno" --version 2>&1 >/dev/null); then
  say "This computer ($(uname -sm)) cannot run FusionMeet for ${target.name}: $fault"
  exit 1
fi
exec "$deno" ${flags} \\
  "$program/${name}.js" "$@"
`;
}

function cmd(name: ProgramName, flags: string): string {
  return `@echo off
rem Starts FusionMeet's ${name} with its console. Options are passed on: --help lists them.
setlocal
title FusionMeet ${name}
if not exist "%~dp0program\\deno.exe" (
  echo FusionMeet is not whole: "%~dp0program" is missing or incomplete. Unpack it again, with all of its folders.
  pause
  exit /b 1
)
set DENO_NO_UPDATE_CHECK=1
"%~dp0program\\deno.exe" ${flags} "%~dp0program\\${name}.js" %*
set code=%errorlevel%
rem A console that a double click opened closes at once: let what went wrong be read first.
if not %code%==0 pause
exit /b %code%
`;
}

function vbs(flags: string): string {
  return `' Starts FusionMeet without a console window. Options are passed on.
Option Explicit
Dim shell, files, folder, command, argument, code
Set shell = CreateObject("WScript.Shell")
Set files = CreateObject("Scripting.FileSystemObject")
folder = files.GetParentFolderName(WScript.ScriptFullName) & "\\program\\"
If Not files.FileExists(folder & "deno.exe") Then
  MsgBox "FusionMeet is not whole: " & folder & " is missing or incomplete. Unpack it again, with all of its folders.", vbCritical, "FusionMeet"
  WScript.Quit 1
End If
shell.Environment("PROCESS")("DENO_NO_UPDATE_CHECK") = "1"
command = """" & folder & "deno.exe"" ${flags} """ & folder & "client.js"""
For Each argument In WScript.Arguments
  command = command & " """ & argument & """"
Next
code = shell.Run(command, 0, True)
If code <> 0 Then
  MsgBox "FusionMeet ended with code " & code & ". Why is in fusionmeet-client.log, in this folder or in %APPDATA%\\FusionMeet; README.txt lists the codes.", vbExclamation, "FusionMeet"
End If
WScript.Quit code
`;
}
