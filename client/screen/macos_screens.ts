/** Screens of macOS, as AVFoundation lists them. */
import { Refusal } from "@fusionmeet/base";
import { deviceListArguments } from "../capture/ffmpeg_arguments.ts";
import { runFfmpeg } from "../capture/ffmpeg_process.ts";
import { noScreen } from "./desktop_windows.ts";
import type { ScreenTarget } from "./screen_arguments.ts";
import type { ScreenSource } from "./screen_source.ts";

/** Numbers of the devices "Capture screen 0", "Capture screen 1" and so on, in that order. @param output of ffmpeg's list */
export function parseMacosScreens(output: string): string[] {
  const screens = [...output.matchAll(/\] \[(\d+)\] Capture screen (\d+)\s*$/gm)];
  return screens.toSorted((a, b) => Number(a[2]) - Number(b[2])).map(([, device]) => device);
}

/** @throws Refusal "ffmpeg-missing" */
export async function lookAtMacos(ffmpeg: string): Promise<string[]> {
  return parseMacosScreens(
    (await runFfmpeg(ffmpeg, deviceListArguments("darwin", "camera"))).stderr,
  );
}

/** @param screens from `lookAtMacos()`; the main one is first. @throws Refusal "no-screen", "no-window" */
export function macosTarget(
  source: Extract<ScreenSource, { kind: "display" | "window" }>,
  screens: readonly string[],
): ScreenTarget {
  if (source.kind === "window") {
    throw new Refusal(
      "no-window",
      "On macOS a whole screen can be shared, and no single window: use display:1",
    );
  }
  const index = source.index ?? 1;
  const device = screens[index - 1];
  if (device === undefined) throw noScreen(index, screens.length);
  return { kind: "avfoundation", device };
}

/** What macOS wants where it gives nothing, or black, to a program that may not look. */
export function permissionRefusal(): Refusal {
  return new Refusal(
    "screen-permission",
    "macOS does not let this program see the screen: allow it to FusionMeet, or to the terminal it was started " +
      "from, in System Settings > Privacy & Security > Screen & System Audio Recording, then start FusionMeet again",
  );
}
