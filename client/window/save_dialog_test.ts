import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { askPlace, savingDialog } from "./save_dialog.ts";

const QUESTION = { title: "Save as", folder: "/home/ada/Downloads", name: "$(rm) \"'é.pdf" };

function dialogOf(
  os: string,
  { programs = [], ...variables }: { programs?: readonly string[] } & Record<string, unknown> = {},
) {
  return savingDialog(os, {
    variable: (name) => ({ PATH: "/bin:/usr/bin", ...variables } as Record<string, string>)[name],
    isFile: (path) => programs.includes(path),
  })?.(QUESTION);
}

Deno.test("savingDialog() of Linux asks with what is there, on a desktop", () => {
  const programs = ["/usr/bin/zenity", "/usr/bin/kdialog"];
  const place = `/home/ada/Downloads/${QUESTION.name}`;
  const zenity = {
    program: "zenity",
    args: ["--file-selection", "--save", "--title=Save as", `--filename=${place}`],
  };
  const kdialog = { program: "kdialog", args: ["--title", "Save as", "--getsavefilename", place] };
  deepStrictEqual(dialogOf("linux", { programs, DISPLAY: ":0" }), zenity);
  const kde = { DISPLAY: ":0", XDG_CURRENT_DESKTOP: "KDE" };
  deepStrictEqual(dialogOf("linux", { programs, ...kde }), kdialog);
  deepStrictEqual(dialogOf("linux", { programs: programs.slice(0, 1), ...kde }), zenity);
  deepStrictEqual(
    dialogOf("linux", { programs: programs.slice(1), WAYLAND_DISPLAY: "w" }),
    kdialog,
  );
  strictEqual(dialogOf("linux", { DISPLAY: ":0" }), undefined);
  strictEqual(dialogOf("linux", { programs }), undefined);
});

Deno.test("savingDialog() of Windows asks by a script in which no name stands", () => {
  const { program, args, environment } = dialogOf("windows")!;
  strictEqual(program, "powershell.exe");
  deepStrictEqual(args.slice(0, -1), [
    ...["-STA", "-NoProfile", "-NonInteractive", "-EncodedCommand"],
  ]);
  const bytes = Uint8Array.fromBase64(args.at(-1)!);
  const script = new TextDecoder("utf-16le").decode(bytes);
  deepStrictEqual(script.split("\n"), [
    "$ErrorActionPreference = 'Stop'",
    "[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false",
    "Add-Type -AssemblyName System.Windows.Forms",
    "$owner = New-Object System.Windows.Forms.Form -Property @{ TopMost = $true; Opacity = 0; ShowInTaskbar = $false }",
    "$owner.Show()",
    "$dialog = New-Object System.Windows.Forms.SaveFileDialog",
    "$dialog.Title = $env:FUSIONMEET_TITLE",
    "$dialog.InitialDirectory = $env:FUSIONMEET_FOLDER",
    "$dialog.FileName = $env:FUSIONMEET_NAME",
    "$dialog.Filter = '*.*|*.*'",
    "$dialog.OverwritePrompt = $false",
    "if ($dialog.ShowDialog($owner) -ne 'OK') { exit 1 }",
    "[Console]::Out.Write($dialog.FileName)",
  ]);
  deepStrictEqual(environment, {
    FUSIONMEET_TITLE: "Save as",
    FUSIONMEET_FOLDER: QUESTION.folder,
    FUSIONMEET_NAME: QUESTION.name,
  });
});

Deno.test("savingDialog() of macOS gives names to the script as arguments", () => {
  deepStrictEqual(dialogOf("darwin"), {
    program: "osascript",
    args: [
      ...["-e", "on run argv", "-e", "activate"],
      "-e",
      "set place to choose file name with prompt (item 1 of argv) " +
      "default location (POSIX file (item 2 of argv)) default name (item 3 of argv)",
      ...["-e", "return POSIX path of place", "-e", "end run"],
      ...["--", "Save as", QUESTION.folder, QUESTION.name],
    ],
  });
});

/** A dialog that prints and ends as the script says. */
const says = (script: string) => ({ program: "sh", args: ["-c", script] });

Deno.test("askPlace() gives the path that is printed, nothing for a no, and a sentence where it cannot be asked", async () => {
  const { signal } = new AbortController();
  strictEqual(await askPlace(says("echo '/home/ada/a b.pdf'"), signal), "/home/ada/a b.pdf");
  strictEqual(await askPlace(says("exit 1"), signal), undefined);
  strictEqual(await askPlace(says("echo 'User canceled. (-128)' >&2; exit 1"), signal), undefined);
  strictEqual(await askPlace(says("echo 'Gtk-Message: unmapped' >&2; exit 1"), signal), undefined);
  await rejects(askPlace(says("echo 'cannot open display: :9' >&2; exit 1"), signal), {
    code: "no-dialog",
    message: "Cannot ask with sh: cannot open display: :9",
  });
  await rejects(askPlace(says("exit 7"), signal), {
    message: "Cannot ask with sh: it ended with 7",
  });
  await rejects(askPlace({ program: "no-such-dialog", args: [] }, signal), {
    message: "Cannot ask with no-such-dialog: it is not there",
  });
});

Deno.test("askPlace() ends the dialog with its signal", async () => {
  const stop = new AbortController();
  const asking = askPlace({ program: "sleep", args: ["600"] }, stop.signal);
  stop.abort(new Error("left"));
  await rejects(asking, { message: "left" });
});
