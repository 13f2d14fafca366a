import {
  type GreyPicture,
  pictureMaker,
  type PictureNumber,
  readNumber,
  ssim,
  type TestVideo,
} from "./picture.ts";
import { run } from "./programs.ts";

/** Writes `frames` pictures of `video` for a client's `--camera FILE`: H.264 without loss, in Matroska. */
export async function writeTestVideo(
  path: string,
  video: TestVideo,
  options: { frames: number; fps: number },
): Promise<void> {
  const { frames, fps } = options;
  const draw = pictureMaker(video);
  const ffmpeg = new Deno.Command("ffmpeg", {
    args: [
      ..."-v error -y -f rawvideo -pix_fmt yuv420p".split(" "),
      ...["-s", `${video.width}x${video.height}`, "-r", String(fps), "-i", "pipe:0"],
      ..."-c:v libx264 -preset ultrafast -qp 0".split(" "),
      ...["-f", "matroska", path],
    ],
    stdin: "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const writer = ffmpeg.stdin.getWriter();
  for (let frame = 0; frame < frames; frame++) await writer.write(draw(frame));
  await writer.close();
  const { success, code } = await ffmpeg.status;
  if (!success) throw new Error(`Cannot write ${path}: ffmpeg ended with ${code}`);
}

/** Every picture of a recorded file, as it decodes, in grey (its luma plane). */
export async function readPictures(path: string): Promise<GreyPicture[]> {
  const y4m = await run("ffmpeg", [
    ...["-v", "error", ...rawInput(path), "-fps_mode", "passthrough"],
    ..."-pix_fmt yuv420p -f yuv4mpegpipe pipe:1".split(" "),
  ]);
  return parseY4m(y4m);
}

/** How ffmpeg is told of a file of pictures: those of recordings have no container. */
export function rawInput(path: string): string[] {
  const format = /\.(h264|mjpeg)$/.exec(path)?.[1];
  return [...format ? ["-f", format] : [], "-i", path];
}

function parseY4m(bytes: Uint8Array): GreyPicture[] {
  const pictures: GreyPicture[] = [];
  let at = bytes.indexOf(10) + 1;
  const header = new TextDecoder().decode(bytes.subarray(0, at));
  const width = Number(/ W(\d+)/.exec(header)?.[1] ?? 0);
  const height = Number(/ H(\d+)/.exec(header)?.[1] ?? 0);
  const size = width * height + 2 * Math.ceil(width / 2) * Math.ceil(height / 2);
  while (at > 0 && at < bytes.length) {
    const start = bytes.indexOf(10, at) + 1;
    if (start === 0 || start + size > bytes.length) break;
    pictures.push({ width, height, grey: bytes.slice(start, start + width * height) });
    at = start + size;
  }
  return pictures;
}

/** What a recording of a `TestVideo` shows. */
export interface PictureReport {
  /** The burnt-in numbers in the order they decode; `undefined` where one could not be read. */
  readonly numbers: (PictureNumber | undefined)[];
  /** Readable numbers that are not above the one before. */
  readonly outOfOrder: number;
  /** Mean and worst SSIM against the pictures that were sent. */
  readonly ssimMean: number;
  readonly ssimWorst: number;
}

/** Reads a recording and compares each picture with the one its number names. `every`: SSIM of each n-th only. */
export async function examinePictures(
  path: string,
  video: TestVideo,
  options: { every?: number } = {},
): Promise<PictureReport> {
  const pictures = await readPictures(path);
  const draw = pictureMaker(video);
  const numbers = pictures.map(readNumber);
  let outOfOrder = 0;
  let last = -1;
  const similarities: number[] = [];
  pictures.forEach((picture, index) => {
    const number = numbers[index];
    if (!number) return;
    if (number.frame <= last) outOfOrder++;
    last = number.frame;
    if (index % (options.every ?? 5) !== 0) return;
    const { width, height } = video;
    const sent = { width, height, grey: draw(number.frame).subarray(0, width * height) };
    similarities.push(ssim(sent, picture));
  });
  const mean = similarities.reduce((sum, each) => sum + each, 0) / similarities.length;
  return { numbers, outOfOrder, ssimMean: mean, ssimWorst: Math.min(...similarities) };
}
