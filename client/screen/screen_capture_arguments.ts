import type { VideoEncoder } from "../capture/ffmpeg_arguments.ts";
import { SCREEN_KEYFRAME_MS } from "@fusionmeet/protocol";
import { sensorSize } from "./motion_sensor.ts";

/** What an ffmpeg captures: the beginning of its command line. */
export interface CaptureInput {
  /** General options and the input, up to and including `-i`. */
  readonly input: readonly string[];
  /** Makes `bgr0` pictures of `width` x `height` of it. */
  readonly filter: string;
  /** Variables it needs besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Before 5.1. */
  readonly isOldFfmpeg: boolean;
  readonly width: number;
  readonly height: number;
  /** It is smaller than it is on the screen. */
  readonly scaled: boolean;
  /** What is shared, for people. */
  readonly title: string;
}

/** Raw frames a second: the whole picture of `bgr0` goes through a pipe for each. */
export const RAW_FRAMES_PER_SECOND = 10;
/** A frame may come a little early and is still taken. */
const RAW_EARLY_SECONDS = 0.02;
/** More keyframes than `SCREEN_KEYFRAME_MS` asks for never come. */
const GOP_PICTURES_MAX = 600;

/** With more threads it gives each frame with the next one. */
const RAW_ENCODER = ["-c:v", "rawvideo", "-threads", "1"];

/** The upper bound of the bit rate, kbit/s: 6 000 at 1920x1080, 9 200 at 2560x1440. */
export function screenBitRateMaxKbps({ width, height }: { width: number; height: number }): number {
  return 2_000 + Math.round(width * height * 0.00195);
}

/**
 * The command line of the one ffmpeg that captures and encodes a screen. It has three outputs: raw `bgr0` frames to its
 * stdout, `RAW_FRAMES_PER_SECOND` of them; H.264 in FLV to `pictures`; and the motion sensor's grey pictures, one for each
 * picture of H.264, to `motion`. A picture that is as the one before is in neither of the last two.
 */
export function screenCaptureArguments(
  { input, filter, isOldFfmpeg, width, height }: CaptureInput,
  { encoder, pictures, motion }: { encoder: VideoEncoder; pictures: string; motion: string },
): string[] {
  const sensor = sensorSize({ width, height });
  const every = 1 / RAW_FRAMES_PER_SECOND - RAW_EARLY_SECONDS;
  const graph = [
    `[0:v:0]${filter},split=2[pixels][moves]`,
    `[pixels]select='isnan(prev_selected_t)+gte(t-prev_selected_t\\,${every})'[raw]`,
    "[moves]pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv," +
    "format=yuv420p,mpdecimate=hi=1:lo=1:frac=0,split=2[pictures][motion]",
    `[pictures]setparams=colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1:range=tv${encoder.upload}[coded]`,
    `[motion]scale=${sensor.width}:${sensor.height}:flags=area,format=gray[sensed]`,
  ];
  const asTheyCome = [isOldFfmpeg ? "-vsync" : "-fps_mode", "passthrough"];
  const rate = `${screenBitRateMaxKbps({ width, height })}k`;
  const average = encoder.name === "libx264" ? [] : ["-b:v", rate];
  return [
    ...encoder.device,
    ...input,
    ...["-filter_complex", graph.join(";")],
    ...["-map", "[raw]", ...asTheyCome, ...RAW_ENCODER, "-f", "rawvideo", "pipe:1"],
    ...["-map", "[coded]", ...asTheyCome, "-c:v", encoder.name, ...encoder.options, ...average],
    ...["-maxrate", rate, "-bufsize", rate, "-g", String(GOP_PICTURES_MAX)],
    ...["-force_key_frames", keyframeExpression(), "-enc_time_base", "1/1000"],
    ...["-f", "flv", "-flvflags", "no_duration_filesize+no_metadata+no_sequence_end"],
    ...["-flush_packets", "1", pictures],
    ...["-map", "[sensed]", ...asTheyCome, ...RAW_ENCODER, "-f", "rawvideo"],
    ...["-flush_packets", "1", motion],
  ];
}

/** With the first picture, and with the first one that is so much later than the last. */
function keyframeExpression(): string {
  return `expr:isnan(prev_forced_t)+gte(t,prev_forced_t+${SCREEN_KEYFRAME_MS / 1000})`;
}
