import { Refusal } from "@fusionmeet/base";
import {
  isScreenSize,
  SCREEN_FRAMES_PER_SECOND,
  SCREEN_PIXELS_MAX,
  SCREEN_SIDE_MAX,
} from "@fusionmeet/protocol";
import { basename } from "node:path";
import type { Quality } from "../capture/sources.ts";

/** What is shown: `--screen testsrc[:WxH@FPS] | FILE | display[:N] | window:NAME | off`. */
export type ScreenSource =
  | { kind: "off" }
  | { kind: "testsrc"; quality: Quality }
  | { kind: "file"; path: string }
  /** `index` counts from 1, as people count monitors; without it the whole screen, all monitors. */
  | { kind: "display"; index?: number }
  /** `id` is the system's own name of it (a hexadecimal number) and beats `name`. */
  | { kind: "window"; name: string; id?: string };

/** What `testsrc` alone shows. */
export const SCREEN_TEST_QUALITY: Quality = {
  width: 1280,
  height: 720,
  framesPerSecond: SCREEN_FRAMES_PER_SECOND,
};
const TEST_SIDE_MIN = 32;
const MONITORS_MAX = 99;

/** Reads `--screen` and `{"do":"screen","source":…}`. @throws Refusal "usage" with a sentence for the user. */
export function parseScreenSource(text: string): ScreenSource {
  if (text === "off") return { kind: "off" };
  if (text === "testsrc") return { kind: "testsrc", quality: SCREEN_TEST_QUALITY };
  if (text === "display") return { kind: "display" };
  const [, word, value] = /^(testsrc|display|window):(.*)$/s.exec(text) ?? [];
  switch (word) {
    case "testsrc":
      return { kind: "testsrc", quality: parseTestQuality(value) };
    case "display":
      return { kind: "display", index: parseMonitor(value) };
    case "window":
      return parseWindow(value);
  }
  if (text === "window") throw usage("window: needs the window's name: window:Editor");
  if (text === "" || text.includes("\0")) throw usage("a file needs a name");
  return { kind: "file", path: text };
}

/** The source in words: "Screen 1", `Window "Editor"`, a file's name; null when there is nothing to show. */
export function describeScreen(source: ScreenSource): string | null {
  switch (source.kind) {
    case "off":
      return null;
    case "testsrc":
      return `Test picture ${source.quality.width}x${source.quality.height}`;
    case "file":
      return basename(source.path);
    case "display":
      return source.index === undefined ? "Whole screen" : `Screen ${source.index}`;
    case "window":
      return `Window "${source.name}"`;
  }
}

/** The size in which a screen is sent. */
export interface FittedSize {
  readonly width: number;
  readonly height: number;
  /** Smaller than the screen is. */
  readonly scaled: boolean;
}

/** The size itself where it may be sent, else the biggest of its shape that may be: then in even numbers. */
export function fittedSize({ width, height }: { width: number; height: number }): FittedSize {
  if (isScreenSize(width, height)) return { width, height, scaled: false };
  const factor = Math.min(
    SCREEN_SIDE_MAX / Math.max(width, height),
    Math.sqrt(SCREEN_PIXELS_MAX / (width * height)),
  );
  const fit = (side: number) => Math.max(2, 2 * Math.floor(side * factor / 2));
  return { width: fit(width), height: fit(height), scaled: true };
}

function parseTestQuality(text: string): Quality {
  const match = /^(\d+)x(\d+)@(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw usage(`${JSON.stringify(text)} is not WIDTHxHEIGHT@FPS, like 1920x1080@30`);
  const [width, height, framesPerSecond] = match.slice(1).map(Number);
  if (Math.min(width, height) < TEST_SIDE_MIN || !isScreenSize(width, height)) {
    throw usage(
      `${width}x${height}: sides are ${TEST_SIDE_MIN} to ${SCREEN_SIDE_MAX}, ` +
        `and both together at most ${SCREEN_PIXELS_MAX} pixels (2560x1440)`,
    );
  }
  if (framesPerSecond < 1 || framesPerSecond > SCREEN_FRAMES_PER_SECOND) {
    throw usage(`@${framesPerSecond}: the rate is 1 to ${SCREEN_FRAMES_PER_SECOND} a second`);
  }
  return { width, height, framesPerSecond };
}

function parseMonitor(text: string): number {
  const index = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (index >= 1) return index;
  throw usage(
    `display:${text}: monitors have numbers from 1 to ${MONITORS_MAX}; display alone is all of them`,
  );
}

function parseWindow(text: string): ScreenSource {
  if (text.trim() === "" || text.includes("\0")) {
    throw usage("window: needs the window's name after the colon");
  }
  return /^0x[0-9a-f]{1,16}$/i.test(text)
    ? { kind: "window", name: text, id: text.toLowerCase() }
    : { kind: "window", name: text };
}

function usage(message: string): Refusal {
  return new Refusal("usage", message);
}
