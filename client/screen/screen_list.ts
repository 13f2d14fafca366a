import { type CaptureSystem, captureSystem } from "../capture/ffmpeg_arguments.ts";
import { findFfmpeg, runFfmpeg } from "../capture/ffmpeg_process.ts";
import { captureSentence, lastWordsOf } from "../capture/last_words.ts";
import { Refusal } from "@fusionmeet/base";
import { type DesktopWindow, windowId } from "./desktop_windows.ts";
import { lookAtMacos } from "./macos_screens.ts";
import { inputEnvironment, type ScreenArea, thumbnailArguments } from "./screen_arguments.ts";
import { findScreen } from "./screen_input.ts";
import { describeScreen, parseScreenSource, type ScreenSource } from "./screen_source.ts";
import { watchScreen } from "./screen_watch.ts";
import type { XConnection } from "./x11_connection.ts";
import { lookAtWindows, type WindowsScreens } from "./windows_screens.ts";
import { isXwayland, readWindows } from "./x11_screens.ts";
import { openDisplay } from "./x11_target.ts";

/** Something that can be shown, for people to pick. */
export interface ScreenChoice {
  /** As for `--screen`. */
  readonly id: string;
  readonly kind: "screen" | "monitor" | "window";
  readonly title: string;
  /** 0 where it is not known before it is captured (macOS). */
  readonly width: number;
  readonly height: number;
  /** A window of FusionMeet: shown to others, it shows itself in itself. */
  readonly isOwn: boolean;
}

export interface ListScreensOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: the one that is found. */
  readonly ffmpeg?: string;
  readonly system?: CaptureSystem;
}

/** The sides of a thumbnail at most. */
export const THUMBNAIL_WIDTH_MAX = 320;
export const THUMBNAIL_HEIGHT_MAX = 200;

/**
 * What can be shown now: the screen, its monitors where there are several, the windows that are to be seen, the one in
 * front first.
 *
 * @throws Refusal "x11-missing", "wayland"
 */
export async function listScreens(
  { environment = Deno.env.toObject(), ffmpeg, system = captureSystem() }: ListScreensOptions = {},
): Promise<ScreenChoice[]> {
  switch (system) {
    case "linux":
      return await listX11(environment);
    case "windows":
      return windowsChoices(await lookAtWindows());
    case "darwin":
      return macosChoices(await lookAtMacos(ffmpeg ?? await findFfmpeg()));
  }
}

async function listX11(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ScreenChoice[]> {
  const connection = await openDisplay(environment);
  try {
    const monitors = await connection.monitors();
    const windows = await windowChoices(connection);
    // Xwayland shows the windows of X programs and never the screen.
    if (await isXwayland(connection, monitors)) return windows;
    return [...screenChoices(await connection.rootArea(), monitors), ...windows];
  } finally {
    connection.close();
  }
}

/** The whole screen, and its monitors where there are several. */
function screenChoices(
  whole: { width: number; height: number },
  monitors: readonly { name: string; width: number; height: number }[],
): ScreenChoice[] {
  const title = describeScreen({ kind: "display" })!;
  const { width, height } = whole;
  const all = { id: "display", kind: "screen", title, width, height, isOwn: false } as const;
  if (monitors.length < 2) return [all];
  return [
    all,
    ...monitors.map(({ name, width, height }, at): ScreenChoice => ({
      id: `display:${at + 1}`,
      kind: "monitor",
      title: `${describeScreen({ kind: "display", index: at + 1 })} (${name})`,
      ...{ width, height, isOwn: false },
    })),
  ];
}

/** What the window shows of Windows' own list. */
export function windowsChoices({ monitors, windows }: WindowsScreens): ScreenChoice[] {
  const edge = (end: (area: ScreenArea) => number) => Math.max(0, ...monitors.map(end));
  const start = (begin: (area: ScreenArea) => number) => Math.min(0, ...monitors.map(begin));
  const whole = {
    width: edge(({ x, width }) => x + width) - start(({ x }) => x),
    height: edge(({ y, height }) => y + height) - start(({ y }) => y),
  };
  const named = monitors.map((each) => ({ ...each, name: each.name.replace(/^.*\\/, "") }));
  const shown = windows.filter(({ isMinimised }) => !isMinimised).toReversed();
  return [
    ...screenChoices(whole, named),
    ...shown.map(({ id, title, pid, width, height }): ScreenChoice => ({
      id: `window:${windowId({ id })}`,
      kind: "window",
      ...{ title, width, height, isOwn: OWN_TITLE.test(title) || pid === Deno.pid },
    })),
  ];
}

/** macOS tells no sizes before it is asked for pictures, and gives no windows. */
export function macosChoices(screens: readonly string[]): ScreenChoice[] {
  return screens.map((_, at) => ({
    id: `display:${at + 1}`,
    kind: "monitor",
    title: describeScreen({ kind: "display", index: at + 1 })!,
    ...{ width: 0, height: 0, isOwn: false },
  }));
}

/** A small JPEG of it as it is now. @throws Refusal as `screenInput` does. */
export async function screenThumbnail(
  choice: ScreenChoice,
  options: ListScreensOptions = {},
): Promise<Uint8Array> {
  const program = options.ffmpeg ?? await findFfmpeg();
  const source = parseScreenSource(choice.id) as Exclude<ScreenSource, { kind: "off" }>;
  const stopWatching = await watchScreen(source, () => {}, options);
  try {
    const found = await findScreen(source, { ...options, ffmpeg: program });
    const args = thumbnailArguments(found.target, thumbnailSize(found));
    const environment = inputEnvironment(found.target);
    const { stdout, stderr } = await runFfmpeg(program, args, { environment });
    if (stdout.length > 0) return stdout;
    const words = lastWordsOf(stderr.split("\n"));
    throw new Refusal("screen-failed", captureSentence("screen", words));
  } finally {
    stopWatching();
  }
}

/** In the shape of the screen; never bigger than it is. */
export function thumbnailSize({ width, height }: { width: number; height: number }) {
  const factor = Math.min(1, THUMBNAIL_WIDTH_MAX / width, THUMBNAIL_HEIGHT_MAX / height);
  const fit = (side: number) => Math.max(1, Math.round(side * factor));
  return { width: fit(width), height: fit(height) };
}

async function windowChoices(connection: XConnection): Promise<ScreenChoice[]> {
  const windows = await readWindows(connection);
  const choices = await Promise.all(windows.map(async (window): Promise<ScreenChoice[]> => {
    const state = await connection.window(window.id);
    if (!state?.isShown) return [];
    const { width, height } = state;
    const id = `window:${windowId(window)}`;
    const isOwn = await isOurs(window);
    return [{ id, kind: "window", title: window.title, width, height, isOwn }];
  }));
  return choices.flat().reverse();
}

/** The page in a window of its own, or in a browser, which adds its own name. */
const OWN_TITLE = /(^|- )FusionMeet( [-–—] .*(Chromium|Chrome|Edge|Firefox|Safari|Epiphany).*)?$/;

/** Of this process or a child of it, or a page of it. */
async function isOurs({ pid, title }: DesktopWindow): Promise<boolean> {
  if (OWN_TITLE.test(title) || pid === Deno.pid) return true;
  if (pid === undefined) return false;
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]) === Deno.pid;
}
