/**
 * `deno task setup [--tests] [--quiet]`: finds what the programs (or also the tests) need from the system, and as
 * root on Debian or Ubuntu installs what is missing; else it says what to type. Quick where all is there.
 */

/** A program of the system, and the Debian package it comes in. */
interface Need {
  readonly program: string;
  readonly package: string;
  /** What it is for. */
  readonly why: string;
}

/** For the programs and the demo. */
const RUN: readonly Need[] = [
  { program: "ffmpeg", package: "ffmpeg", why: "camera, microphone, pictures" },
  { program: "espeak-ng", package: "espeak-ng", why: "voices of the demo" },
];

/** For `deno task test`, on top. */
const TESTS: readonly Need[] = [
  { program: "opusenc", package: "opus-tools", why: "the voice tests' reference" },
  { program: "tshark", package: "tshark", why: "checks our packets" },
  { program: "gst-launch-1.0", package: "gstreamer1.0-tools", why: "opens and plays our media" },
  { program: "pulseaudio", package: "pulseaudio", why: "a sound server with a fake microphone" },
  { program: "pactl", package: "pulseaudio-utils", why: "talks to it" },
  { program: "Xvfb", package: "xvfb", why: "a screen without a monitor" },
  { program: "ip", package: "iproute2", why: "networks of their own" },
  { program: "gcc", package: "gcc", why: "the C reference of the benches" },
];

/** Packages without a program of their own; there when dpkg says so. */
const TEST_PACKAGES = [
  "gstreamer1.0-plugins-base",
  "gstreamer1.0-plugins-good",
  "gstreamer1.0-plugins-bad",
  "gstreamer1.0-libav",
  "libc6-dev",
];

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

async function missingPackages(tests: boolean): Promise<string[]> {
  const needs = tests ? [...RUN, ...TESTS] : RUN;
  const missing = needs.filter(({ program }) => !isInstalled(program)).map((need) => need.package);
  if (!tests || !isInstalled("dpkg-query")) return missing;
  const { stdout } = await new Deno.Command("dpkg-query", {
    args: ["-W", "-f", "${Package} ${db:Status-Status}\n", ...TEST_PACKAGES],
    stdout: "piped",
    stderr: "null",
  }).output();
  const installed = new TextDecoder().decode(stdout).split("\n");
  return [...missing, ...TEST_PACKAGES.filter((name) => !installed.includes(`${name} installed`))];
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

async function install(packages: string[]): Promise<boolean> {
  const args = ["install", "--no-install-recommends", ...packages];
  return await aptGet(...args) || await aptGet("update") && await aptGet(...args);
}

async function main(args: string[]): Promise<number> {
  const tests = args.includes("--tests");
  const say = args.includes("--quiet") ? () => {} : console.log;
  const unknown = args.find((arg) => !["--tests", "--quiet"].includes(arg));
  if (unknown) {
    console.error(`Cannot set up: unknown option ${unknown}`);
    return 2;
  }
  const missing = await missingPackages(tests);
  if (missing.length === 0) {
    say("Everything is there");
    return 0;
  }
  const why = [...RUN, ...TESTS].filter((need) => missing.includes(need.package))
    .map((need) => `  ${need.package}: ${need.why}`).join("\n");
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  const byHand = Deno.build.os === "linux"
    ? `sudo ${command}`
    : `install ${missing.join(", ")} with your package manager, or put them on the PATH`;
  if (Deno.build.os !== "linux" || Deno.uid() !== 0 || !isInstalled("apt-get")) {
    console.error(`Missing:\n${why}\nPlease run:\n  ${byHand}`);
    return 1;
  }
  console.error(`Installing ${missing.join(" ")}`);
  if (await install(missing) && (await missingPackages(tests)).length === 0) return 0;
  console.error(`Cannot install what is missing:\n${why}\nPlease run:\n  ${byHand}`);
  return 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
