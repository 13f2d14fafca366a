import { fileInput, GENERAL, LIVE } from "../capture/ffmpeg_arguments.ts";
import type { FittedSize } from "./screen_source.ts";

/** A part of a desktop, in pixels; on Windows its corner may lie left of or above the main monitor. */
export interface ScreenArea {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What ffmpeg reads from. */
export type ScreenTarget =
  | { kind: "testsrc"; width: number; height: number }
  | { kind: "file"; path: string }
  /** Of the screen of an X server. */
  | { kind: "x11"; display: string; area: ScreenArea }
  /** One window of it. The server must draw it aside (Composite), or what is covered of it is not in the picture. */
  | { kind: "x11-window"; display: string; window: number }
  /** Windows' desktop by GDI; without `area` all monitors. */
  | { kind: "gdigrab"; area?: ScreenArea }
  /** `input`: `hwnd=…` (newer ffmpegs) or `title=…` */
  | { kind: "gdigrab-window"; input: string }
  /** The only monitor, by Desktop Duplication. */
  | { kind: "ddagrab" }
  /** A window by Windows.Graphics.Capture (ffmpeg 8.1): only what changes comes. */
  | { kind: "gfxcapture"; window: number }
  /** A screen of macOS by the number of its device. */
  | { kind: "avfoundation"; device: string };

export interface ScreenInputArguments {
  readonly framesPerSecond: number;
  readonly showPointer: boolean;
}

const ONE_PICTURE: ScreenInputArguments = { framesPerSecond: 30, showPointer: false };
/** Its pictures are BMP, of which ffmpeg must read one to know their size. */
const GDIGRAB = ["-f", "gdigrab", "-fflags", "nobuffer"];
const SQUARE_PIXELS = "scale=trunc(iw*sar):ih,setsar=1";

/**
 * Variables the ffmpeg of a target needs. Without it Windows tells an ffmpeg, which has no manifest, other places and
 * sizes than the pixels' where it scales what people see.
 */
export function inputEnvironment({ kind }: ScreenTarget): Record<string, string> {
  return kind.startsWith("gdigrab") ? { __COMPAT_LAYER: "HighDpiAware" } : {};
}

/** ffmpeg's arguments up to and with its input. */
export function inputArguments(target: ScreenTarget, options: ScreenInputArguments): string[] {
  return [...GENERAL, ...sourceArguments(target, options)];
}

/** The filter that makes pictures of `size` of it, bgr0, at the pace of the clock. */
export function screenFilter(
  target: ScreenTarget,
  { size, framesPerSecond }: { size: FittedSize; framesPerSecond: number },
): string {
  const scale = `scale=${size.width}:${size.height}:flags=area`;
  switch (target.kind) {
    case "testsrc":
      return "format=bgr0,realtime";
    case "file":
      return `fps=${framesPerSecond},${scale},setsar=1,format=bgr0,` +
        "tpad=stop=-1:stop_mode=clone,realtime";
    default:
      return size.scaled ? `${scale},format=bgr0` : "format=bgr0";
  }
}

/** One picture of it as JPEG to stdout, in `size`. */
export function thumbnailArguments(
  target: ScreenTarget,
  size: { width: number; height: number },
): string[] {
  const filter = `scale=${size.width}:${size.height}:flags=area,format=yuvj420p`;
  return [
    ...inputArguments(target, ONE_PICTURE),
    ...["-map", "0:v:0", "-frames:v", "1", "-vf", filter],
    ...["-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "pipe:1"],
  ];
}

/** Reads one picture and prints its size and checksum to stdout. */
export function sizeArguments(target: ScreenTarget): string[] {
  return [
    ...inputArguments(target, ONE_PICTURE),
    ...["-map", "0:v:0", "-vf", `${SQUARE_PIXELS},format=rgb24`, "-frames:v", "1"],
    ...["-f", "framecrc", "pipe:1"],
  ];
}

/** What `sizeArguments` printed; `undefined` when there was no picture. */
export function parseSize(
  output: string,
): { width: number; height: number; isBlack: boolean } | undefined {
  const [, width, height] = /^#dimensions 0: (\d+)x(\d+)\r?$/m.exec(output) ?? [];
  // Its checksum, Adler-32 from 0, is that only of zeros.
  const [, checksum] = /^0,.*(0x[0-9a-f]{8})\r?$/m.exec(output) ?? [];
  if (width === undefined || checksum === undefined) return undefined;
  return { width: Number(width), height: Number(height), isBlack: checksum === "0x00000000" };
}

/** `-fps_mode` came with 5.1, and `-vsync` went with 9. @param output of `ffmpeg -version` */
export function isOldFfmpeg(output: string): boolean {
  return /^ffmpeg version n?(?:[0-4]|5\.0)(?:\.|-|\s)/.test(output);
}

function sourceArguments(
  target: ScreenTarget,
  { framesPerSecond, showPointer }: ScreenInputArguments,
): string[] {
  const rate = ["-framerate", String(framesPerSecond)];
  const pointer = ["-draw_mouse", showPointer ? "1" : "0"];
  switch (target.kind) {
    case "testsrc": {
      const picture = `testsrc2=size=${target.width}x${target.height}:rate=${framesPerSecond}`;
      return ["-f", "lavfi", "-i", picture];
    }
    case "file":
      return fileInput(target.path);
    case "x11": {
      const { x, y } = target.area;
      return [
        ...["-f", "x11grab", ...LIVE, ...pointer, ...rate],
        ...["-grab_x", String(x), "-grab_y", String(y), "-video_size", size(target.area)],
        ...["-i", target.display],
      ];
    }
    case "x11-window":
      return [
        ...["-f", "x11grab", ...LIVE, ...pointer, ...rate],
        ...["-window_id", `0x${target.window.toString(16)}`, "-i", target.display],
      ];
    case "gdigrab": {
      const { area } = target;
      const place = area
        ? ["-offset_x", `${area.x}`, "-offset_y", `${area.y}`, "-video_size", size(area)]
        : [];
      return [...GDIGRAB, ...pointer, ...rate, ...place, "-i", "desktop"];
    }
    case "gdigrab-window":
      return [...GDIGRAB, ...pointer, ...rate, "-i", target.input];
    case "ddagrab": {
      const options = `output_idx=0:framerate=${framesPerSecond}:draw_mouse=${pointer[1]}`;
      return ["-f", "lavfi", "-i", `ddagrab=${options},hwdownload,format=bgra`];
    }
    case "gfxcapture": {
      const options = `max_framerate=${framesPerSecond}:capture_cursor=${pointer[1]}`;
      const grab = `gfxcapture=hwnd=${target.window}:${options}`;
      return ["-f", "lavfi", "-i", `${grab},hwdownload,format=bgra`];
    }
    case "avfoundation":
      return [
        ...["-f", "avfoundation", "-fflags", "nobuffer", "-capture_cursor", pointer[1], ...rate],
        // Its own choice, uyvy422, has half the colours.
        ...["-pixel_format", "bgr0", "-i", `${target.device}:none`],
      ];
  }
}

function size({ width, height }: { width: number; height: number }): string {
  return `${width}x${height}`;
}
