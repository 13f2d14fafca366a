import { findFfmpeg, runFfmpeg } from "../capture/ffmpeg_process.ts";
import { captureSentence, lastWordsOf } from "../capture/last_words.ts";
import { Refusal } from "@fusionmeet/base";
import { thumbnailArguments } from "./screen_arguments.ts";
import { findScreen } from "./screen_input.ts";
import { describeScreen, parseScreenSource, type ScreenSource } from "./screen_source.ts";
import { watchScreen } from "./screen_watch.ts";
import type { XConnection } from "./x11_connection.ts";
import { isXwayland, readWindows, type XWindow } from "./x11_screens.ts";
import { openDisplay, screenAreas } from "./x11_target.ts";

/** Something that can be shown, for people to pick. */
export interface ScreenChoice {
  /** As for `--screen`. */
  readonly id: string;
  readonly kind: "screen" | "monitor" | "window";
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** A window of FusionMeet: shown to others, it shows itself in itself. */
  readonly isOwn: boolean;
}

export interface ListScreensOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: the one that is found. */
  readonly ffmpeg?: string;
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
  { environment = Deno.env.toObject() }: ListScreensOptions = {},
): Promise<ScreenChoice[]> {
  const connection = await openDisplay(environment);
  try {
    const monitors = await connection.monitors();
    const windows = await windowChoices(connection);
    // Xwayland shows the windows of X programs and never the screen.
    if (await isXwayland(connection, monitors)) return windows;
    const areas = await screenAreas(connection, monitors);
    const { width, height } = areas.whole;
    const whole = { width, height, id: "display", kind: "screen", isOwn: false } as const;
    const each = areas.monitors.map((area, index) => ({
      id: `display:${index + 1}`,
      kind: "monitor" as const,
      title: `${describeScreen({ kind: "display", index: index + 1 })} (${area.name})`,
      width: area.width,
      height: area.height,
      isOwn: false,
    }));
    const title = describeScreen({ kind: "display" })!;
    return [{ ...whole, title }, ...each.length > 1 ? each : [], ...windows];
  } finally {
    connection.close();
  }
}

/** A small JPEG of it as it is now. @throws Refusal as `screenInput` does. */
export async function screenThumbnail(
  choice: ScreenChoice,
  { environment = Deno.env.toObject(), ffmpeg }: ListScreensOptions = {},
): Promise<Uint8Array> {
  const program = ffmpeg ?? await findFfmpeg();
  const source = parseScreenSource(choice.id) as Exclude<ScreenSource, { kind: "off" }>;
  const stopWatching = await watchScreen(source, () => {}, { environment });
  try {
    const found = await findScreen(source, { environment, ffmpeg: program });
    const args = thumbnailArguments(found.target, thumbnailSize(found));
    const { stdout, stderr } = await runFfmpeg(program, args);
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
    const id = `window:0x${window.id.toString(16)}`;
    const isOwn = await isOurs(window);
    return [{ id, kind: "window", title: window.title, width, height, isOwn }];
  }));
  return choices.flat().reverse();
}

/** The page in a window of its own, or in a browser, which adds its own name. */
const OWN_TITLE = /(^|- )FusionMeet( [-–—] .*(Chromium|Chrome|Edge|Firefox|Safari|Epiphany).*)?$/;

/** Of this process or a child of it, or a page of it. */
async function isOurs({ pid, title }: XWindow): Promise<boolean> {
  if (OWN_TITLE.test(title) || pid === Deno.pid) return true;
  if (pid === undefined) return false;
  const status = await Deno.readTextFile(`/proc/${pid}/status`).catch(() => "");
  return Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]) === Deno.pid;
}
