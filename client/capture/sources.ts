import { Refusal } from "@fusionmeet/base";
import type { CameraCodec } from "@fusionmeet/protocol";

/** Where the voice comes from: `--mic FILE | tone:HZ[@DBFS] | silence | off | device[:ID]`. */
export type MicrophoneSource =
  | { kind: "file"; path: string }
  /** `dbfs` is the peak of the sine: 0 reaches full scale. */
  | { kind: "tone"; hertz: number; dbfs: number }
  | { kind: "silence" }
  | { kind: "off" }
  | { kind: "device"; id?: string };

/** Where the pictures come from: `--camera FILE | testsrc[:WxH@FPS] | off | device[:ID]`. */
export type CameraSource =
  | { kind: "file"; path: string }
  | { kind: "testsrc"; quality?: Quality }
  | { kind: "off" }
  | { kind: "device"; id?: string };

/** Size and rate of the pictures that are sent. Width and height are even. */
export interface Quality {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
}

export const QUALITY_DEFAULT: Quality = { width: 320, height: 240, framesPerSecond: 30 };
export const TONE_DBFS_DEFAULT = -20;

const WIDTH_MAX = 1_920;
const HEIGHT_MAX = 1_080;
const SIZE_MIN = 32;
const FRAMES_PER_SECOND_MAX = 60;
const TONE_HERTZ_MAX = 20_000;
const TONE_DBFS_MIN = -100;

/** @throws Refusal "usage" with a sentence for the user. */
export function parseMicrophoneSource(text: string): MicrophoneSource {
  if (text === "silence" || text === "off") return { kind: text };
  if (text === "tone" || text.startsWith("tone:")) return parseTone(text);
  return parseDevice(text) ?? parseFile(text);
}

/** @throws Refusal "usage" with a sentence for the user. */
export function parseCameraSource(text: string): CameraSource {
  if (text === "off") return { kind: "off" };
  if (text === "testsrc") return { kind: "testsrc" };
  const quality = /^testsrc:(.*)$/s.exec(text)?.[1];
  if (quality !== undefined) return { kind: "testsrc", quality: parseQuality(quality) };
  return parseDevice(text) ?? parseFile(text);
}

/** `WxH@FPS`. @throws Refusal "usage" with a sentence for the user. */
export function parseQuality(text: string): Quality {
  const match = /^(\d+)x(\d+)@(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw usage(`${JSON.stringify(text)} is not WIDTHxHEIGHT@FPS, like 640x360@30`);
  const [width, height, framesPerSecond] = match.slice(1).map(Number);
  const quality = { width, height, framesPerSecond };
  checkQuality(quality);
  return quality;
}

/** @throws Refusal "usage" with a sentence for the user, when a camera cannot send that. */
export function checkQuality({ width, height, framesPerSecond }: Quality): void {
  if (![width, height].every((size) => Number.isInteger(size) && size % 2 === 0)) {
    throw usage(`${width}x${height}: width and height must be even`);
  }
  if (width < SIZE_MIN || width > WIDTH_MAX || height < SIZE_MIN || height > HEIGHT_MAX) {
    throw usage(
      `${width}x${height}: pictures are from ${SIZE_MIN}x${SIZE_MIN} to ${WIDTH_MAX}x${HEIGHT_MAX}`,
    );
  }
  if (!(framesPerSecond >= 1 && framesPerSecond <= FRAMES_PER_SECOND_MAX)) {
    throw usage(`@${framesPerSecond}: the rate is 1 to ${FRAMES_PER_SECOND_MAX} pictures a second`);
  }
}

export function sameQuality(one: Quality, other: Quality): boolean {
  return one.width === other.width && one.height === other.height &&
    one.framesPerSecond === other.framesPerSecond;
}

/** What of `quality` pictures of that codec have: sides of a JPEG in RTP are multiples of 8 (RFC 2435). */
export function codedQuality(quality: Quality, codec: CameraCodec): Quality {
  if (codec === "h264") return quality;
  const { width, height } = quality;
  return { ...quality, width: width - width % 8, height: height - height % 8 };
}

/** What to send: the quality that was asked for, else the one written at `testsrc:`, else the default. */
export function qualityOf(source: CameraSource, asked?: Quality): Quality {
  return asked ?? (source.kind === "testsrc" ? source.quality : undefined) ?? QUALITY_DEFAULT;
}

function parseTone(text: string): MicrophoneSource {
  const match = /^tone:(\d+(?:\.\d+)?)(?:@(-?\d+(?:\.\d+)?))?$/.exec(text);
  if (!match) throw usage(`${JSON.stringify(text)} is not tone:HZ[@DBFS], like tone:440@-12`);
  const hertz = Number(match[1]);
  const dbfs = Number(match[2] ?? TONE_DBFS_DEFAULT);
  if (hertz < 1 || hertz > TONE_HERTZ_MAX) {
    throw usage(`${text}: the frequency is 1 to ${TONE_HERTZ_MAX} Hz`);
  }
  if (dbfs < TONE_DBFS_MIN || dbfs > 0) {
    throw usage(`${text}: the level is ${TONE_DBFS_MIN} to 0 dBFS`);
  }
  return { kind: "tone", hertz, dbfs };
}

function parseDevice(text: string): { kind: "device"; id?: string } | undefined {
  if (text === "device") return { kind: "device" };
  const id = /^device:(.*)$/s.exec(text)?.[1];
  if (id === "") throw usage("device: needs the device's name after the colon");
  return id === undefined ? undefined : { kind: "device", id };
}

function parseFile(text: string): { kind: "file"; path: string } {
  if (text === "" || text.includes("\0")) throw usage("a file needs a name");
  return { kind: "file", path: text };
}

function usage(message: string): Refusal {
  return new Refusal("usage", message);
}
