import { type CaptureSystem, captureSystem } from "./ffmpeg_arguments.ts";

const CAUSE =
  /error|no such|busy|denied|cannot|can't|could not|couldn't|invalid|not found|unable|fail|refused|unknown|unsupported|not supported|unrecognized|timed? ?out|matches no/i;
/** What ffmpeg says after the line that tells why. */
const EPILOGUE =
  /^(Conversion failed!|To ignore this, .*|Exiting normally.*|Error opening input files?:.*|Error opening output files?:.*|Error while .* output stream.*)$/;

/** The line of ffmpeg's stderr that says why it ended, without the address of the part that wrote it; "" when none. */
export function lastWordsOf(lines: readonly string[]): string {
  const clean = lines.map((line) => line.replace(/^(\[[^\]]* @ (0x)?[0-9a-f]+\]\s*)+/i, "").trim())
    .filter((line) => line !== "");
  return clean.findLast((line) => CAUSE.test(line) && !EPILOGUE.test(line)) ?? clean.at(-1) ?? "";
}

/** What an ffmpeg says that was built without something. */
const LACKS =
  /unknown (input|output) format|unknown (en|de)coder|(en|de)coder not found|no such filter|unrecognized option|protocol not found/i;

/** How to get an ffmpeg that has all we need, by system. */
export function ffmpegAdvice(system: CaptureSystem): string {
  return {
    linux:
      "Install it: sudo apt-get install ffmpeg (Debian, Ubuntu), sudo pacman -S ffmpeg (Arch), " +
      "or ffmpeg of RPM Fusion (Fedora: its own ffmpeg-free has no libx264)",
    windows:
      "Install it: winget install ffmpeg (or put ffmpeg.exe of a full build beside this program)",
    darwin: "Install it: brew install ffmpeg (or put ffmpeg of a full build beside this program)",
  }[system];
}

/** The same where there is one that lacks something. */
export function ffmpegLackAdvice(system: CaptureSystem): string {
  return `This ffmpeg was built without it. ${
    ffmpegAdvice(system)
  }, and take away one beside this program that lacks it`;
}

/** What a source failed at, and what to do: one sentence for the user. */
export function captureSentence(
  kind: "camera" | "microphone" | "screen",
  lastWords: string,
  system: CaptureSystem = captureSystem(),
): string {
  const words = lastWords === "" ? "ffmpeg ended without a word" : lastWords;
  if (LACKS.test(lastWords)) {
    return `Cannot read the ${kind}: ${words}. ${ffmpegLackAdvice(system)}`;
  }
  return `Cannot read the ${kind}: ${words}${hint(kind, lastWords)}`;
}

function hint(kind: "camera" | "microphone" | "screen", lastWords: string): string {
  if (kind === "screen") return "";
  if (/busy|in use|already opened|Could not run graph/i.test(lastWords)) {
    return "; another program uses it: close that one";
  }
  if (/denied|not permitted|not authori[sz]ed/i.test(lastWords)) {
    return `; allow this program to use the ${kind} in the system's privacy settings` +
      " (on Linux: join the group video or audio)";
  }
  if (/refused|external library/i.test(lastWords)) return "; is the sound server running?";
  if (/no such|not found|could not find|input\/output error/i.test(lastWords)) {
    return "; plug it in, or choose another one";
  }
  return "";
}
