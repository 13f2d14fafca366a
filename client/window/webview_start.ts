/** How the window's process is started on each system. The functions here only compute. */
import type { ChildCommand } from "../child_command.ts";
import type { WindowStep } from "./webview_lines.ts";

/** The running program, as far as starting it again goes. */
export interface RunningProgram {
  /** `Deno.execPath()`. */
  readonly executable: string;
  /** It is the executable itself (`deno compile`), not something Deno runs. */
  readonly isStandalone: boolean;
  /** It is the bundle, which has all it needs beside it. */
  readonly isBundled: boolean;
  /** `contentFolder()`: everything it reads of itself is in there. */
  readonly folder: string;
  /** Path of its main module. */
  readonly mainModule: string;
}

/** The flag that makes the program a window's process. Not for people: it is not in `--help`. */
export const WEBVIEW_FLAG = "--webview";

/** A bundle asks nobody: whatever deno.json or package is found around it is not its own. */
export const ALONE_FLAGS = ["--no-config", "--no-lock", "--no-remote", "--no-npm"];

/** The same program again, as the process of a window. A compiled program has its permissions built in. */
export function webviewCommand(
  { executable, isStandalone, isBundled, folder, mainModule }: RunningProgram,
  environment: Readonly<Record<string, string>>,
): ChildCommand {
  // A comma would part two folders.
  const readable = folder.replaceAll(",", ",,");
  const permissions = ["--no-prompt", "--allow-ffi", `--allow-read=${readable}`];
  const alone = isBundled ? ALONE_FLAGS : [];
  const args = isStandalone
    ? [WEBVIEW_FLAG]
    : ["run", "--quiet", ...alone, ...permissions, mainModule, WEBVIEW_FLAG];
  return { program: executable, args, environment };
}

/** What WebKitGTK needs where there is no graphics card: else its pictures take a way that only a card makes fast. */
export function webviewEnvironment(
  { os, hasGraphicsCard }: { os: string; hasGraphicsCard: boolean },
): Record<string, string> {
  return os === "linux" && !hasGraphicsCard ? { WEBKIT_DISABLE_DMABUF_RENDERER: "1" } : {};
}

/** Why there is no use in trying; `undefined` where there is. */
export function displayFault(
  os: string,
  variable: (name: string) => string | undefined,
): string | undefined {
  if (os !== "linux" || variable("DISPLAY") || variable("WAYLAND_DISPLAY")) return undefined;
  return sentence("this session has no display (DISPLAY and WAYLAND_DISPLAY are not set)");
}

/** What kept a window from opening, and what to do. */
export interface WindowFault {
  readonly step: WindowStep | "find" | "unpack" | "timeout";
  /** In the words of the system. */
  readonly detail: string;
  readonly os: string;
  readonly arch: string;
  /** Text of `/etc/os-release`, "" where there is none. */
  readonly release: string;
}

/** The sentence for the user. */
export function windowSentence({ step, detail, os, arch, release }: WindowFault): string {
  switch (step) {
    case "find":
      return sentence(
        `libwebview for ${os} on ${arch} is not beside the program`,
        "Unpack the program again, with all of its folders",
      );
    case "unpack":
      return sentence(
        `what it is made of could not be put where the system can load it (${detail})`,
      );
    case "library":
      return sentence(`the system's webview could not be loaded (${detail})`, install(os, release));
    case "window":
      return os === "windows"
        ? sentence(`${detail}, probably for want of WebView2`, install(os, release))
        : sentence(`${detail}; the display did not let this program in`);
    case "page":
      return sentence(`its page could not be loaded (${detail})`);
    case "timeout":
      return sentence(`it did not come up in time${detail && ` (${detail})`}`);
    case "process":
      return sentence(`its process ended${detail && `: ${detail}`}`);
  }
}

function sentence(state: string, advice?: string): string {
  return `Cannot open a window: ${state}${advice ? `. ${advice}` : ""}`;
}

const LINUX_PACKAGES: readonly (readonly [family: RegExp, command: string])[] = [
  [/debian|ubuntu/, "sudo apt-get install libwebkitgtk-6.0-4"],
  [/fedora|rhel|centos/, "sudo dnf install webkitgtk6.0"],
  [/suse/, "sudo zypper install libwebkitgtk-6_0-4"],
  [/arch/, "sudo pacman -S webkitgtk-6.0"],
];

function install(os: string, release: string): string {
  if (os === "windows") {
    return "Install it: winget install Microsoft.EdgeWebView2Runtime Microsoft.VCRedist.2015+.x64";
  }
  if (os === "darwin") return "Unpack the program again, with all of its folders";
  const families = [...release.matchAll(/^(?:ID|ID_LIKE)=(.*)$/gm)].map(([, value]) => value);
  const known = LINUX_PACKAGES.find(([family]) => families.some((each) => family.test(each)));
  return `Install it: ${known ? known[1] : "WebKitGTK 6.0, with your package manager"}`;
}

/** Lines of the toolkit that are there in every window and say nothing. */
const CHATTER = /Gtk-WARNING|a11y bus|session bus|dconf|JSC_SIGNAL_FOR_GC|MESA|libEGL|^\s*$/;

/** The line of the process's stderr that says why it ended; "" when none does. */
export function lastWindowWords(lines: readonly string[]): string {
  return lines.findLast((line) => !CHATTER.test(line))?.trim() ?? "";
}
