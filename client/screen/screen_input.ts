import { Refusal } from "@fusionmeet/base";
import { type CaptureSystem, captureSystem } from "../capture/ffmpeg_arguments.ts";
import { findFfmpeg, runFfmpeg } from "../capture/ffmpeg_process.ts";
import { captureSentence, lastWordsOf } from "../capture/last_words.ts";
import { requireFile } from "../capture/source_check.ts";
import { lookAtMacos, macosTarget, permissionRefusal } from "./macos_screens.ts";
import {
  inputArguments,
  inputEnvironment,
  isOldFfmpeg,
  parseSize,
  screenFilter,
  type ScreenTarget,
  sizeArguments,
} from "./screen_arguments.ts";
import { describeScreen, fittedSize, type ScreenSource } from "./screen_source.ts";
import { lookAtWindows, windowsCandidates } from "./windows_screens.ts";
import { x11Target } from "./x11_target.ts";

/** A source that shows something. */
export type OpenScreenSource = Exclude<ScreenSource, { kind: "off" }>;

/** What ffmpeg needs to show a source as it is now. */
export interface ScreenInput {
  /** Its arguments up to and with the input. */
  readonly input: readonly string[];
  /** What makes pictures of it: bgr0, `width` x `height`, as they come. Give it `-fps_mode passthrough`. */
  readonly filter: string;
  /** Variables it needs besides those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** It is called `-vsync passthrough`. */
  readonly isOldFfmpeg: boolean;
  readonly width: number;
  readonly height: number;
  /** The pictures are smaller than what they show, which is bigger than may be sent. */
  readonly scaled: boolean;
  /** What is shown, in words. */
  readonly title: string;
  /** The same source, surely: a window by its id. Ask with this the next time, or another one of that name may come. */
  readonly source: OpenScreenSource;
}

export interface ScreenInputOptions {
  readonly framesPerSecond: number;
  /** Default: yes. */
  readonly showPointer?: boolean;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Default: the one that is found. */
  readonly ffmpeg?: string;
  /** Of that one, where it is known already. */
  readonly isOldFfmpeg?: boolean;
  readonly system?: CaptureSystem;
}

/** A source that was looked at. */
export interface FoundScreen {
  readonly target: ScreenTarget;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly source: OpenScreenSource;
}

/**
 * Looks at the source as it is now.
 *
 * A window is captured whole only while `watchScreen` watches it: else what is covered of it is missing.
 *
 * @throws Refusal in words that say what to do: "no-screen" "no-window" "window-hidden" "no-file" "wayland" "x11-missing"
 * "screen-permission" "screen-failed" "ffmpeg-missing"
 */
export async function screenInput(
  source: OpenScreenSource,
  options: ScreenInputOptions,
): Promise<ScreenInput> {
  const ffmpeg = options.ffmpeg ?? await findFfmpeg();
  const found = await findScreen(source, { ...options, ffmpeg });
  const size = fittedSize(found);
  const framesPerSecond = source.kind === "testsrc"
    ? Math.min(options.framesPerSecond, source.quality.framesPerSecond)
    : options.framesPerSecond;
  return {
    input: inputArguments(found.target, {
      framesPerSecond,
      showPointer: options.showPointer ?? true,
    }),
    filter: screenFilter(found.target, { size, framesPerSecond }),
    environment: inputEnvironment(found.target),
    isOldFfmpeg: options.isOldFfmpeg ?? await askIsOld(ffmpeg),
    ...size,
    title: found.title,
    source: found.source,
  };
}

/** Is it from before 5.1? */
export async function askIsOld(ffmpeg: string): Promise<boolean> {
  const { stdout } = await runFfmpeg(ffmpeg, ["-version"]);
  return isOldFfmpeg(new TextDecoder().decode(stdout));
}

/** What a source is now. @throws Refusal as `screenInput` does. */
export async function findScreen(
  source: OpenScreenSource,
  options: Omit<ScreenInputOptions, "framesPerSecond"> & { ffmpeg: string },
): Promise<FoundScreen> {
  const title = describeScreen(source)!;
  switch (source.kind) {
    case "testsrc": {
      const { width, height } = source.quality;
      return { target: { kind: "testsrc", width, height }, width, height, title, source };
    }
    case "file": {
      await requireFile("screen", source.path);
      const target = { kind: "file", path: source.path } as const;
      const { width, height } = await measure([target], options.ffmpeg);
      return { target, width, height, title, source };
    }
    case "display":
    case "window":
      return await findDesktop(source, options);
  }
}

async function findDesktop(
  source: Extract<OpenScreenSource, { kind: "display" | "window" }>,
  { system = captureSystem(), environment, ffmpeg }:
    & Omit<ScreenInputOptions, "framesPerSecond">
    & { ffmpeg: string },
): Promise<FoundScreen> {
  switch (system) {
    case "linux":
      return await x11Target(source, environment ?? Deno.env.toObject());
    case "windows": {
      const { targets, ...found } = windowsCandidates(source, await lookAtWindows());
      const { target, width, height } = await measure(targets, ffmpeg);
      return { ...found, target, width, height };
    }
    case "darwin": {
      const asked = macosTarget(source, await lookAtMacos(ffmpeg));
      const { target, width, height, isBlack } = await measure([asked], ffmpeg);
      if (isBlack) throw permissionRefusal();
      return { target, width, height, title: describeScreen(source)!, source };
    }
  }
}

/** The first of these that gives a picture, and what that is like. @throws Refusal "screen-failed", "screen-permission" */
async function measure(targets: readonly ScreenTarget[], ffmpeg: string) {
  let words = "";
  for (const target of targets) {
    const environment = inputEnvironment(target);
    const { stdout, stderr } = await runFfmpeg(ffmpeg, sizeArguments(target), { environment });
    const size = parseSize(new TextDecoder().decode(stdout));
    if (size) return { target, ...size };
    words = lastWordsOf(stderr.split("\n"));
    if (target.kind === "avfoundation" && NOT_ALLOWED.test(stderr)) throw permissionRefusal();
  }
  throw new Refusal("screen-failed", captureSentence("screen", words));
}

const NOT_ALLOWED = /not (authori[sz]ed|permitted|allowed)|denied|permission/i;
