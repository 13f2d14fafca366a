/** The system's own dialog that asks where a file is to be saved, by a program that each system has for it. */
import { messageOf, Refusal } from "@fusionmeet/base";
import { join } from "node:path";
import { startQuietly } from "../capture/quiet_process.ts";
import { POWERSHELL, powershellArguments } from "../screen/windows_screens.ts";

/** What is asked. */
export interface SaveQuestion {
  readonly title: string;
  /** Where it begins, and the name that it suggests. */
  readonly folder: string;
  readonly name: string;
}

/** A program that asks, and prints the path. */
export interface SaveDialog {
  readonly program: string;
  readonly args: readonly string[];
  /** Names go this way where they must not become part of a script. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Makes the dialog of a system for a question. */
export type AskPlace = (question: SaveQuestion) => SaveDialog;

/** The code with which all of these end when the user says no. */
const SAID_NO = 1;

const zenity: AskPlace = ({ title, folder, name }) => ({
  program: "zenity",
  args: ["--file-selection", "--save", `--title=${title}`, `--filename=${join(folder, name)}`],
});

const kdialog: AskPlace = ({ title, folder, name }) => ({
  program: "kdialog",
  args: ["--title", title, "--getsavefilename", join(folder, name)],
});

/**
 * A window that is in front owns it, or it would open behind ours; that one is shown first, unseen, because a program that is
 * started without its console has the first window it shows hidden. It replaces nothing, so it does not ask about that.
 */
const WINDOWS_SCRIPT = `$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
Add-Type -AssemblyName System.Windows.Forms
$owner = New-Object System.Windows.Forms.Form -Property @{ TopMost = $true; Opacity = 0; ShowInTaskbar = $false }
$owner.Show()
$dialog = New-Object System.Windows.Forms.SaveFileDialog
$dialog.Title = $env:FUSIONMEET_TITLE
$dialog.InitialDirectory = $env:FUSIONMEET_FOLDER
$dialog.FileName = $env:FUSIONMEET_NAME
$dialog.Filter = '*.*|*.*'
$dialog.OverwritePrompt = $false
if ($dialog.ShowDialog($owner) -ne 'OK') { exit ${SAID_NO} }
[Console]::Out.Write($dialog.FileName)`;

const windows: AskPlace = ({ title, folder, name }) => ({
  program: POWERSHELL,
  args: ["-STA", ...powershellArguments(WINDOWS_SCRIPT)],
  environment: { FUSIONMEET_TITLE: title, FUSIONMEET_FOLDER: folder, FUSIONMEET_NAME: name },
});

const MACOS_SCRIPT = [
  "on run argv",
  "activate",
  "set place to choose file name with prompt (item 1 of argv) " +
  "default location (POSIX file (item 2 of argv)) default name (item 3 of argv)",
  "return POSIX path of place",
  "end run",
];

const macos: AskPlace = ({ title, folder, name }) => ({
  program: "osascript",
  args: [...MACOS_SCRIPT.flatMap((line) => ["-e", line]), "--", title, folder, name],
});

/** What of this a computer has; `undefined`: nothing that asks. */
export function savingDialog(
  os: string,
  { variable, isFile }: {
    readonly variable: (name: string) => string | undefined;
    readonly isFile: (path: string) => boolean;
  },
): AskPlace | undefined {
  if (os === "windows") return windows;
  if (os === "darwin") return macos;
  if (!variable("DISPLAY") && !variable("WAYLAND_DISPLAY")) return undefined;
  const folders = (variable("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const has = (program: string) => folders.some((folder) => isFile(join(folder, program)));
  const own = /KDE/i.test(variable("XDG_CURRENT_DESKTOP") ?? "")
    ? [["kdialog", kdialog], ["zenity", zenity]] as const
    : [["zenity", zenity], ["kdialog", kdialog]] as const;
  return own.find(([program]) => has(program))?.[1];
}

/** Asks the user. @returns the path; `undefined` for a no. @throws Refusal `no-dialog` when it cannot be asked, the signal's reason. */
export async function askPlace(
  { program, args, environment }: SaveDialog,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  try {
    // Hidden is the console alone; the dialog is a window of its own.
    const dialog = startQuietly(program, args, { environment });
    signal.addEventListener("abort", dialog.kill, { once: true });
    const [printed, faults, { code }] = await Promise.all([
      new Response(dialog.stdout).text(),
      new Response(dialog.stderr).text(),
      dialog.status,
    ]);
    signal.removeEventListener("abort", dialog.kill);
    signal.throwIfAborted();
    const path = printed.replace(/^\uFEFF/, "").replace(/\r?\n$/, "");
    if (code === 0 && path !== "") return path;
    if (code === 0 || code === SAID_NO && isQuiet(faults)) return undefined;
    throw new Error(faults.trim().split("\n").at(-1) || `it ended with ${code}`);
  } catch (thrown) {
    signal.throwIfAborted();
    const state = thrown instanceof Deno.errors.NotFound ? "it is not there" : messageOf(thrown);
    throw new Refusal("no-dialog", `Cannot ask with ${program}: ${state}`, { cause: thrown });
  }
}

/** What GTK and Qt grumble about is no fault, nor is the user's no, which is an error (-128) to AppleScript. */
function isQuiet(faults: string): boolean {
  const isFault =
    /cannot open display|could not connect to display|execution error|FullyQualifiedErrorId/i;
  return /\(-128\)/.test(faults) || !isFault.test(faults);
}
