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

/** What stands between `deno` and the script: the permissions of the task of that name, and no others. */
export function runFlags(config: DenoConfig, name: ProgramName): string[] {
  const features = config.unstable.map((each) => `--unstable-${each}`);
  return ["run", ...ALONE_FLAGS, ...features, ...permissionFlags(config, name)];
}

/** What the task of that name says of permissions. */
export function permissionFlags({ tasks }: DenoConfig, name: ProgramName): string[] {
  const task = tasks[name];
  const words = (typeof task === "string" ? task : task.command).split(" ");
  return words.filter((word) => /^--(no-prompt|allow-|deny-)/.test(word));
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

# A stick that lets no program run (noexec, or FAT as many desktops mount it): run a copy from the user's own disk.
# What FusionMeet keeps stays where this folder is.
if ! [ -x "$deno" ]; then
  if [ -z "\${XDG_CACHE_HOME:-}" ] && [ -z "\${HOME:-}" ]; then
    say "No program can be run in $here (it is mounted noexec). Copy this folder to your own disk and start it there."
    exit 1
  fi
  copy=\${XDG_CACHE_HOME:-$HOME/.cache}/fusionmeet/${version}-${target.name}
  if ! [ -x "$copy/deno" ] || ! [ -d "$copy/webview" ]; then
    printf '%s\\n' "No program can be run in $here (it is mounted noexec): a copy is put into $copy" >&2
    rm -rf "$copy.new" &&
      mkdir -p "$copy.new" &&
      cp "$deno" "$copy.new/deno" &&
      cp -R "$program/webview" "$copy.new/webview" &&
      chmod 700 "$copy.new/deno" &&
      rm -rf "$copy" &&
      mv "$copy.new" "$copy" || {
      say "No program can be run in $here, and no copy of it could be put into $copy. Copy this folder to your own disk and start it there."
      exit 1
    }
  fi
  deno=$copy/deno
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
