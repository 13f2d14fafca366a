/** What tests of pictures share: senders' test videos, what viewers recorded, what the proxy saw of a camera. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isRtcp, parseRtp, type RtpPacket, rtpSsrc } from "@fusionmeet/protocol";
import type { GreyPicture, TestVideo } from "./picture.ts";
import { examinePictures, type PictureReport, rawInput, readPictures } from "./picture_files.ts";
import { type ClientProgram, run } from "./programs.ts";
import type { Proxy } from "./proxy.ts";
import { TemporaryDirectory } from "./wait.ts";

export const FPS = 30;
/** Pictures of a test film: 30 s. */
export const FILM_PICTURES = 900;
/** Pictures from one keyframe of our cameras to the next. */
export const GOP_PICTURES = 30;
export const SSIM_MIN = 0.9;

/** A line of stats.json's `streams`. */
export interface StreamLine {
  readonly participant: string;
  readonly kind: string;
  readonly codec: string;
  readonly lost: number;
  readonly repaired: number;
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  readonly freezes: number;
  readonly longestFreezeMs: number;
}

/** What the recording in `folder` says of the camera of `participant`. */
export function cameraLine(folder: string, participant: string): StreamLine {
  const { streams } = JSON.parse(Deno.readTextFileSync(`${folder}/stats.json`));
  const line = streams.find((each: StreamLine) =>
    each.kind === "camera" && each.participant === participant
  );
  ok(line, `stats.json of ${folder} has no camera of ${participant}`);
  return line;
}

/**
 * The frame numbers of a recording every picture of which decodes without complaint, is readable and like the one sent.
 * At the end of a film its last picture stays: it is in the list once.
 */
export async function goodFrames(
  path: string,
  video: TestVideo,
  options: { every?: number } = {},
): Promise<number[]> {
  const decode = ["-v", "error", "-xerror", "-err_detect", "explode", ...rawInput(path)];
  await run("ffmpeg", [...decode, "-f", "null", "-"]);
  const report: PictureReport = await examinePictures(path, video, options);
  const { numbers, ssimWorst } = report;
  ok(numbers.length > 0, `${path} has pictures`);
  deepStrictEqual(
    numbers.flatMap((number, index) => number?.source === video.source ? [] : [index]),
    [],
    `${path} has pictures without their number`,
  );
  ok(ssimWorst >= SSIM_MIN, `${path}: a picture of SSIM ${ssimWorst}`);
  const frames = numbers.map((number) => number!.frame);
  const end = frames.indexOf(FILM_PICTURES - 1);
  return end < 0 ? frames : frames.slice(0, end + 1);
}

/** The first `count` pictures of an ffmpeg test source. */
export async function sourcePictures(source: string, count: number): Promise<GreyPicture[]> {
  await using folder = new TemporaryDirectory();
  const path = folder.file("source.mkv");
  const frames = ["-frames:v", String(count), "-pix_fmt", "yuv420p", "-c:v", "ffv1"];
  await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", source, ...frames, path]);
  return await readPictures(path);
}

/** Says where numbers do not go up by one. */
export function assertContiguous(frames: readonly number[], what: string): void {
  const breaks = frames.flatMap((frame, index) =>
    index > 0 && frame !== frames[index - 1] + 1 ? [`${frames[index - 1]} to ${frame}`] : []
  );
  deepStrictEqual(breaks, [], `${what}: numbers jump`);
}

/** Pictures per second of the real clock. */
export function assertRate(pictures: number, overMs: number, what: string): void {
  const fps = pictures / overMs * 1000;
  ok(Math.abs(fps - FPS) <= 1, `${what}: ${fps.toFixed(2)} pictures a second`);
}

/** An RTP packet of a camera on its way through the proxy. */
export type PassingPacket = RtpPacket & { readonly atMs: number };

/** The packets of one ssrc that the proxy captured: `up` from clients, `down` to them. */
export function passing(proxy: Proxy, direction: "up" | "down", ssrc: number): PassingPacket[] {
  return proxy.captured.flatMap(({ atMs, from, to, bytes }) => {
    const near = direction === "up" ? to : from;
    if (near.hostname !== proxy.hostname || isRtcp(bytes) || rtpSsrc(bytes) !== ssrc) return [];
    const packet = parseRtp(bytes);
    if (typeof packet === "string") throw new Error(`the proxy saw bad RTP: ${packet}`);
    return [{ ...packet, atMs }];
  });
}

/** That each packet's sequence number follows the one before. */
export function assertNoRestart(packets: readonly PassingPacket[], what: string): void {
  packets.slice(1).forEach(({ sequence }, index) => {
    strictEqual(sequence, packets[index].sequence + 1 & 0xffff, `${what}: packet ${index + 1}`);
  });
}

/** The codec of the next camera that opens for this client, when its first picture is there. @param after events. */
export async function nextCameraCodec(client: ClientProgram, after: number): Promise<unknown> {
  const open = await client.waitFor(
    ({ event, state, kind }) => event === "stream" && state === "open" && kind === "camera",
    { after, what: "a stream" },
  );
  await client.waitFor(({ event }) => event === "picture", {
    after: client.events.indexOf(open),
    what: "its first picture",
  });
  return open.codec;
}
