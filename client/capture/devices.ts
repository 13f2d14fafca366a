import type { CaptureSystem } from "./ffmpeg_arguments.ts";

/** A camera or microphone as ffmpeg names it. `id` goes behind `device:`. */
export interface CaptureDevice {
  readonly kind: "camera" | "microphone";
  readonly id: string;
  readonly label: string;
}

/**
 * Reads what ffmpeg printed for `deviceListArguments()`. Monitors of outputs are no microphones and are left out.
 *
 * @param kind what was asked for; only Linux lists one kind at a time.
 */
export function parseDeviceList(
  output: string,
  { system, kind }: { system: CaptureSystem; kind: "camera" | "microphone" },
): CaptureDevice[] {
  const lines = output.split(/\r?\n/);
  const devices = system === "linux"
    ? readSources(lines, kind)
    : system === "windows"
    ? readDirectShow(lines)
    : readAvFoundation(lines);
  return devices.filter((device) => device.kind === kind);
}

/** `* id [label] (media types)`; the star is the default, which comes first. */
function readSources(lines: string[], kind: CaptureDevice["kind"]): CaptureDevice[] {
  const matches = lines.map((line) => /^(\*| ) (\S+) \[(.*)\](?: \(.*\))?$/.exec(line))
    .filter((match) => match !== null && !match[2].endsWith(".monitor"));
  return matches
    .toSorted((a, b) => Number(b![1] === "*") - Number(a![1] === "*"))
    .map((match) => ({ kind, id: match![2], label: match![3] }));
}

/** Since ffmpeg 5 each line ends with its kind; before, the kinds came under headings. */
function readDirectShow(lines: string[]): CaptureDevice[] {
  const devices: CaptureDevice[] = [];
  let heading: CaptureDevice["kind"] | undefined;
  for (const line of lines) {
    if (/DirectShow (video|audio) devices/.test(line)) {
      heading = line.includes("video") ? "camera" : "microphone";
    }
    const [, id, kinds] = /\]\s+"([^"]+)"(?: \((.*)\))?$/.exec(line) ?? [];
    if (id === undefined || line.includes("Alternative name")) continue;
    const ofLine = kinds === undefined
      ? heading
      : kinds.includes("video")
      ? "camera"
      : kinds.includes("audio")
      ? "microphone"
      : undefined;
    if (ofLine) devices.push({ kind: ofLine, id, label: id });
  }
  return devices;
}

/** `[AVFoundation … @ 0x…] [0] FaceTime HD Camera` under one heading per kind. */
function readAvFoundation(lines: string[]): CaptureDevice[] {
  const devices: CaptureDevice[] = [];
  let kind: CaptureDevice["kind"] = "camera";
  for (const line of lines) {
    if (line.includes("AVFoundation audio devices")) kind = "microphone";
    const [, id, label] = /\] \[(\d+)\] (.+)$/.exec(line) ?? [];
    const isScreen = label?.startsWith("Capture screen");
    if (id !== undefined && !isScreen) devices.push({ kind, id, label });
  }
  return devices;
}
