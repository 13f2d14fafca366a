/**
 * `deno task setup [--window] [--tests] [--quiet]`: finds what the programs need from the system (with `--window` also
 * what a window wants, with `--tests` all that the tests need), and as root on Debian or Ubuntu installs what is
 * missing; else it says what to type. Quick where all is there.
 */

/** Something of the system, and the Debian package it comes in. */
export interface Need {
  readonly package: string;
  /** The package's program, where it is there for one: found without Debian's help. */
  readonly program?: string;
  /** What it is for. */
  readonly why: string;
}

/** For the programs and the demo. */
export const RUN: readonly Need[] = [
  { program: "ffmpeg", package: "ffmpeg", why: "camera, microphone, pictures" },
  { program: "espeak-ng", package: "espeak-ng", why: "voices of the demo" },
];

/** For a window on Linux. Without them the page opens in the default browser. */
export const WINDOW: readonly Need[] = [
  { package: "libwebkitgtk-6.0-4", why: "the window: GTK 4 and the system's webview" },
  { package: "gstreamer1.0-plugins-base", why: "sound in the window" },
  { package: "gstreamer1.0-plugins-good", why: "sound and pictures in the window" },
  { package: "gstreamer1.0-plugins-bad", why: "pictures in the window" },
  { package: "gstreamer1.0-libav", why: "H.264 in the window" },
  { package: "gstreamer1.0-gl", why: "pictures in the window by the graphics card" },
  { package: "gstreamer1.0-pulseaudio", why: "sound from the window to the sound server" },
];

/** For `deno task test`, on top. */
export const TESTS: readonly Need[] = [
  { program: "opusenc", package: "opus-tools", why: "the voice tests' reference" },
  { program: "tshark", package: "tshark", why: "checks our packets" },
  { program: "gst-launch-1.0", package: "gstreamer1.0-tools", why: "opens and plays our media" },
  { program: "pulseaudio", package: "pulseaudio", why: "a sound server with a fake microphone" },
  { program: "pactl", package: "pulseaudio-utils", why: "talks to it" },
  { program: "Xvfb", package: "xvfb", why: "a screen without a monitor" },
  { program: "xdotool", package: "xdotool", why: "a hand for that screen" },
  { program: "zenity", package: "zenity", why: "asks on that screen where a file goes" },
  { program: "xterm", package: "xterm", why: "text on that screen" },
  { program: "xwd", package: "x11-apps", why: "what is on that screen, exactly" },
  { program: "chromium", package: "chromium", why: "the page in another browser" },
  { package: "fonts-inter", why: "letters of the page" },
  { package: "fonts-dejavu-core", why: "letters of fixed width" },
  { package: "fonts-noto-core", why: "Arabic, Hebrew and other letters of the page" },
  { package: "fonts-noto-color-emoji", why: "emoji of the page" },
  { program: "ip", package: "iproute2", why: "networks of their own" },
  { program: "ping", package: "iputils-ping", why: "who reaches whom there" },
  { program: "nft", package: "nftables", why: "counts what crosses those networks" },
  { program: "mkfs.exfat", package: "exfatprogs", why: "a USB stick as it is sold" },
  { program: "mount.exfat-fuse", package: "exfat-fuse", why: "that stick, in use and pulled" },
  { program: "avahi-daemon", package: "avahi-daemon", why: "somebody else's mDNS" },
  { program: "avahi-browse", package: "avahi-utils", why: "asks and publishes with it" },
  { program: "dbus-daemon", package: "dbus", why: "they talk over it" },
];

/** For `deno task bench`, on top: what we are measured against. */
export const BENCHES: readonly Need[] = [
  { program: "x11vnc", package: "x11vnc", why: "a screen shared by others" },
  { program: "xtigervncviewer", package: "tigervnc-viewer", why: "looks at it" },
  { program: "nginx", package: "nginx-light", why: "a file served by others" },
  { program: "rsync", package: "rsync", why: "a file transfer of others that goes on after a cut" },
];

/** What is there. */
export interface Machine {
  hasProgram(name: string): boolean;
  /** `undefined` where packages are not Debian's: then nothing can be said. */
  readonly packages: ReadonlySet<string> | undefined;
}

/** What is not there of what is needed. */
export function missingOf(needs: readonly Need[], { hasProgram, packages }: Machine): Need[] {
  return needs.filter((need) =>
    need.program !== undefined
      ? !hasProgram(need.program)
      : packages !== undefined && !packages.has(need.package)
  );
}

/** What to type to install it. */
export function installCommand(missing: readonly Need[], os: string): string {
  const names = missing.map((need) => need.package);
  return os === "linux"
    ? `sudo apt-get install -y --no-install-recommends ${names.join(" ")}`
    : `install ${names.join(", ")} with your package manager, or put them on the PATH`;
}

/** True when `program` is on the PATH (or in sbin, where a plain user's PATH does not look). */
export function isInstalled(program: string): boolean {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

async function lookAround(): Promise<Machine> {
  const machine = { hasProgram: isInstalled, packages: undefined };
  if (!isInstalled("dpkg-query")) return machine;
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n"],
    stdout: "piped",
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").map((line) => line.split(" "));
  const installed = lines.filter(([, status]) => status === "installed").map(([name]) => name);
  return { ...machine, packages: new Set(installed) };
}

async function aptGet(...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command("apt-get", {
    args: ["-y", "-q", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
  }).spawn().status;
  return success;
}

async function install(missing: readonly Need[]): Promise<boolean> {
  const args = ["install", "--no-install-recommends", ...missing.map((need) => need.package)];
  return await aptGet(...args) || await aptGet("update") && await aptGet(...args);
}

/** Installs what is missing, or says how. @returns whether all is there now. */
async function provide(needs: readonly Need[], what: string): Promise<boolean> {
  const missing = missingOf(needs, await lookAround());
  if (missing.length === 0) return true;
  const why = missing.map((need) => `  ${need.package}: ${need.why}`).join("\n");
  const { os } = Deno.build;
  const byHand = installCommand(missing, os);
  if (os !== "linux" || Deno.uid() !== 0 || !isInstalled("apt-get")) {
    console.error(`${what}:\n${why}\nPlease run:\n  ${byHand}`);
    return false;
  }
  console.error(`Installing ${missing.map((need) => need.package).join(" ")}`);
  if (await install(missing) && missingOf(needs, await lookAround()).length === 0) return true;
  console.error(`Cannot install what is missing:\n${why}\nPlease run:\n  ${byHand}`);
  return false;
}

async function main(args: string[]): Promise<number> {
  const known = ["--window", "--tests", "--benches", "--quiet"];
  const unknown = args.find((arg) => !known.includes(arg));
  if (unknown) {
    console.error(`Cannot set up: unknown option ${unknown}`);
    return 2;
  }
  const [tests, window] = [args.includes("--tests"), args.includes("--window")];
  const needs = [
    ...RUN,
    ...tests ? [...WINDOW, ...TESTS] : [],
    ...args.includes("--benches") ? BENCHES : [],
  ];
  if (!await provide(needs, "Missing")) return 1;
  const hasDisplay = Deno.env.get("DISPLAY") || Deno.env.get("WAYLAND_DISPLAY");
  if (window && Deno.build.os === "linux" && hasDisplay) {
    await provide(WINDOW, "Missing for a window (the page opens in the browser without)");
  }
  if (!args.includes("--quiet")) console.log("Everything that is needed is there");
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
