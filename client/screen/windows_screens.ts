/** Monitors and windows of Windows, by a script of its PowerShell. */
import { Refusal } from "@fusionmeet/base";
import { startQuietly } from "../capture/quiet_process.ts";
import {
  closedWindow,
  type DesktopWindow,
  findWindow,
  hiddenWindow,
  noScreen,
  windowId,
} from "./desktop_windows.ts";
import type { ScreenArea, ScreenTarget } from "./screen_arguments.ts";
import { describeScreen, type ScreenSource } from "./screen_source.ts";

/** Where monitors lie in pixels, whatever the scaling of Windows is; the main one's corner is 0,0. */
export interface WindowsMonitor extends ScreenArea {
  readonly name: string;
}

export interface WindowsWindow extends DesktopWindow {
  /** Of its inside, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly isMinimised: boolean;
}

export interface WindowsScreens {
  readonly monitors: readonly WindowsMonitor[];
  /** The one in front last. */
  readonly windows: readonly WindowsWindow[];
}

const LOOK_MS_MAX = 15_000;

/** Windows' own PowerShell; that of the store may be missing. */
export const POWERSHELL = "powershell.exe";

/** C# 5, which Windows' PowerShell compiles. 14 is DWMWA_CLOAKED: windows of other desktops, and those that wait. */
const LOOKER = String.raw`
using System; using System.Collections.Generic; using System.Runtime.InteropServices; using System.Text;
public static class Looker {
  [StructLayout(LayoutKind.Sequential)] public struct Rect { public int L, T, R, B; }
  [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)] public struct Info {
    public int Size; public Rect Area; public Rect Work; public int Flags;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 32)] public string Name; }
  delegate bool OfWindow(IntPtr w, IntPtr x);
  delegate bool OfMonitor(IntPtr m, IntPtr dc, ref Rect r, IntPtr x);
  [DllImport("user32")] static extern bool EnumWindows(OfWindow f, IntPtr x);
  [DllImport("user32")] static extern bool EnumDisplayMonitors(IntPtr dc, IntPtr r, OfMonitor f, IntPtr x);
  [DllImport("user32", CharSet = CharSet.Unicode)] static extern bool GetMonitorInfo(IntPtr m, ref Info i);
  [DllImport("user32")] static extern bool IsWindowVisible(IntPtr w);
  [DllImport("user32")] static extern bool IsIconic(IntPtr w);
  [DllImport("user32")] static extern bool GetClientRect(IntPtr w, out Rect r);
  [DllImport("user32")] static extern int GetWindowLong(IntPtr w, int n);
  [DllImport("user32")] static extern int GetWindowThreadProcessId(IntPtr w, out int pid);
  [DllImport("user32", CharSet = CharSet.Unicode)] static extern int GetWindowText(IntPtr w, StringBuilder t, int n);
  [DllImport("dwmapi")] static extern int DwmGetWindowAttribute(IntPtr w, int a, out int v, int n);
  [DllImport("user32")] static extern bool SetProcessDpiAwarenessContext(IntPtr c);
  [DllImport("user32")] static extern bool SetProcessDPIAware();
  public static void SeePixels() {
    try { if (SetProcessDpiAwarenessContext(new IntPtr(-4))) return; } catch (EntryPointNotFoundException) {}
    SetProcessDPIAware(); }
  public static List<object[]> Monitors() {
    var all = new List<object[]>();
    EnumDisplayMonitors(IntPtr.Zero, IntPtr.Zero, delegate(IntPtr m, IntPtr dc, ref Rect r, IntPtr x) {
      var i = new Info(); i.Size = Marshal.SizeOf(typeof(Info));
      if (GetMonitorInfo(m, ref i)) all.Add(new object[] { i.Name, i.Area.L, i.Area.T, i.Area.R - i.Area.L, i.Area.B - i.Area.T });
      return true; }, IntPtr.Zero);
    return all; }
  public static List<object[]> Windows() {
    var all = new List<object[]>();
    EnumWindows(delegate(IntPtr w, IntPtr x) {
      int cloaked = 0, pid; Rect r; var title = new StringBuilder(512);
      DwmGetWindowAttribute(w, 14, out cloaked, 4);
      if (!IsWindowVisible(w) || cloaked != 0 || (GetWindowLong(w, -20) & 0x80) != 0) return true;
      if (GetWindowText(w, title, 512) == 0) return true;
      GetClientRect(w, out r); GetWindowThreadProcessId(w, out pid);
      all.Add(new object[] { w.ToInt64(), title.ToString(), pid, r.R, r.B, IsIconic(w) });
      return true; }, IntPtr.Zero);
    return all; }
}`;

/** Prints a line of JSON: monitors and windows as they are. With `watch` a further one whenever that changes. */
export function windowsScript(watch: boolean): string {
  const look = `
function Look {
  $m = @([Looker]::Monitors() | % { @{ name = $_[0]; x = $_[1]; y = $_[2]; width = $_[3]; height = $_[4] } })
  $w = @([Looker]::Windows() | % { @{ id = $_[0]; title = $_[1]; pid = $_[2]; width = $_[3]; height = $_[4]; minimised = $_[5] } })
  ConvertTo-Json -Compress -Depth 4 @{ monitors = $m; windows = $w }
}`;
  const loop =
    "while ($true) { $now = Look; if ($now -ne $last) { [Console]::Out.WriteLine($now); " +
    "$last = $now }; Start-Sleep -Milliseconds 500 }";
  return [
    "$ErrorActionPreference = 'Stop'",
    "try { [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false } catch {}",
    `Add-Type -TypeDefinition @'${LOOKER}\n'@`,
    "[Looker]::SeePixels()",
    look.trim(),
    watch ? loop : "[Console]::Out.WriteLine((Look))",
  ].join("\n");
}

/** How PowerShell is given a script, whatever characters it has: in UTF-16. */
export function powershellArguments(script: string): string[] {
  const bytes = new Uint8Array(script.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < script.length; at++) view.setUint16(at * 2, script.charCodeAt(at), true);
  return ["-NoProfile", "-NonInteractive", "-EncodedCommand", bytes.toBase64()];
}

/** Reads one line of the script's; `undefined` when it is none. */
export function parseWindowsScreens(line: string): WindowsScreens | undefined {
  try {
    const { monitors, windows } = JSON.parse(line.replace(/^\uFEFF/, ""));
    if (!Array.isArray(monitors) || !Array.isArray(windows)) return undefined;
    return {
      monitors: monitors.map(({ name, x, y, width, height }) => ({ name, x, y, width, height }))
        .toSorted((a, b) => monitorNumber(a.name) - monitorNumber(b.name)),
      // The script has the one in front first.
      windows: windows.toReversed().map(({ id, title, pid, width, height, minimised }) => ({
        ...{ id, title, program: "", pid, width, height },
        isMinimised: minimised === true || width === 0 || height === 0,
      })),
    };
  } catch {
    return undefined;
  }
}

/** `\\.\DISPLAY2` is 2: the number that the settings of Windows show. */
function monitorNumber(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0);
}

/** Monitors and windows now. @throws Refusal "screen-failed" */
export async function lookAtWindows(): Promise<WindowsScreens> {
  try {
    const child = startQuietly(POWERSHELL, powershellArguments(windowsScript(false)));
    const timer = setTimeout(child.kill, LOOK_MS_MAX);
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    clearTimeout(timer);
    const screens = parseWindowsScreens(stdout.trim());
    if (screens) return screens;
    throw new Error(stderr.trim().split("\n")[0] || "it printed nothing");
  } catch (thrown) {
    throw new Refusal(
      "screen-failed",
      `Cannot see which screens and windows there are: ${POWERSHELL}: ${(thrown as Error).message}`,
      { cause: thrown },
    );
  }
}

/** Calls `seen` with monitors and windows as they are, then whenever they change. @returns ends that. */
export function watchWindows(seen: (screens: WindowsScreens) => void): () => void {
  const child = startQuietly(POWERSHELL, powershellArguments(windowsScript(true)));
  void readAll(child.stderr, () => {});
  void readAll(child.stdout, (line) => {
    const screens = parseWindowsScreens(line);
    if (screens) seen(screens);
  });
  return () => child.kill();
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let open = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (open + text).split("\n");
    open = lines.pop()!;
    for (const line of lines) take(line.trim());
  }
}

export interface WindowsCandidates {
  /** What to try in turn. */
  readonly targets: readonly ScreenTarget[];
  readonly title: string;
  readonly source: Extract<ScreenSource, { kind: "display" | "window" }>;
}

/**
 * What to try in turn to capture a source: by Desktop Duplication (ddagrab), which counts screens its own way, only
 * where there is one; a window by Windows.Graphics.Capture (gfxcapture, ffmpeg 8.1), because GDI sees most of what the
 * graphics card draws as black.
 *
 * @throws Refusal "no-screen", "no-window", "window-hidden"
 */
export function windowsCandidates(
  source: Extract<ScreenSource, { kind: "display" | "window" }>,
  { monitors, windows }: WindowsScreens,
): WindowsCandidates {
  if (source.kind === "window") return windowCandidates(source, windows);
  const title = describeScreen(source)!;
  const index = source.index ?? (monitors.length === 1 ? 1 : undefined);
  if (index === undefined) return { targets: [{ kind: "gdigrab" }], title, source };
  const monitor = monitors[index - 1];
  if (monitor === undefined) throw noScreen(index, monitors.length);
  const { x, y, width, height } = monitor;
  const gdigrab = { kind: "gdigrab", area: { x, y, width, height } } as const;
  const targets = monitors.length === 1 ? [{ kind: "ddagrab" } as const, gdigrab] : [gdigrab];
  return { targets, title, source };
}

function windowCandidates(
  source: Extract<ScreenSource, { kind: "window" }>,
  windows: readonly WindowsWindow[],
): WindowsCandidates {
  const found = findWindow(source, windows) as WindowsWindow;
  if (found.isMinimised) throw hiddenWindow(found.title);
  const { id: window, title: name } = found;
  const known = { kind: "window", name, id: windowId(found) } as const;
  return {
    targets: [
      { kind: "gfxcapture", window },
      { kind: "gdigrab-window", input: `hwnd=${windowId(found)}` },
      { kind: "gdigrab-window", input: `title=${name}` },
    ],
    title: describeScreen(known)!,
    source: known,
  };
}

/** All that decides what is captured of a source, as text. */
export function windowsState(
  source: Extract<ScreenSource, { kind: "display" | "window" }>,
  screens: WindowsScreens,
): string {
  try {
    if (source.kind === "display") return JSON.stringify(screens.monitors);
    const { width, height, isMinimised } = findWindow(source, screens.windows) as WindowsWindow;
    return `${width}x${height} ${isMinimised}`;
  } catch {
    return closedWindow("").code;
  }
}
