/**
 * Somebody who cannot show H.264 comes and goes: everybody's cameras send JPEG meanwhile, and H.264 again.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Counters } from "@fusionmeet/base";
import type { AccessUnit } from "@fusionmeet/media";
import { systemCryptography as cryptography } from "@fusionmeet/net";
import {
  CAMERA_CODEC_KEPT_MS,
  featuresOf,
  isRtcp,
  masterKeyFromBytes,
  packetizeJpeg,
  rtpSsrc,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { CameraReceiver } from "../client/media/camera_receiver.ts";
import {
  assertContiguous,
  assertRate,
  cameraLine,
  FILM_PICTURES,
  goodFrames,
  nextCameraCodec,
} from "./support/cameras.ts";
import { Peer } from "./support/peer.ts";
import { writeTestVideo } from "./support/picture_files.ts";
import { startClient, startServer } from "./support/programs.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

/** From somebody's coming to the first picture they can show, with the start of an ffmpeg on a busy machine. */
const SWITCHED_MS_MAX = 4_000;
const WATCHED_MS = 2_500;
const PICTURES_MIN = 50;

type Ready = Extract<ServerMessage, { type: "stream.ready" }>;

/** What a peer can show of a stream it was told of, out of the datagrams that came to it. */
function pictures({ datagrams }: Peer, ready: Ready): { shown: AccessUnit[]; lost: number } {
  const { participant, layer, ssrc, roc, sequence, epoch } = ready;
  strictEqual(ready.codec, "jpeg");
  const camera = new CameraReceiver({
    ...{ cryptography, participant, layer, ssrc, codec: "jpeg", roc, sequence },
    keys: new Map([[epoch, masterKeyFromBytes(ready.key)]]),
    counters: new Counters(),
  });
  const shown = datagrams.flatMap((bytes, index) => {
    if (isRtcp(bytes) || rtpSsrc(bytes) !== ssrc) return [];
    camera.receive(bytes, index);
    return camera.take(index);
  });
  return { shown, lost: camera.statistics().lost };
}

Deno.test("A window that cannot show H.264 comes: cameras send JPEG; it leaves: H.264 again", async () => {
  await using folder = new TemporaryDirectory();
  const video = { width: 320, height: 240, source: 31, seed: testSeed("pictures_jpeg") };
  await writeTestVideo(folder.file("sam.mkv"), video, { frames: FILM_PICTURES, fps: 30 });
  await using server = await startServer({ data: folder.file("server") });
  await using vera = await startClient({ name: "Vera", server, record: folder.file("vera") });
  await using _sam = await startClient({ name: "Sam", server, camera: folder.file("sam.mkv") });
  strictEqual(await nextCameraCodec(vera, 0), "h264");
  await passRealTime(1_000);

  let after = vera.events.length;
  const cameMs = performance.now();
  const pia = await Peer.join({ server }, { name: "Pia", features: featuresOf(["jpeg"]) });
  try {
    await pia.bind();
    const { list } = await pia.next("participants");
    const sam = list.find(({ name }) => name === "Sam")!;
    pia.send({ type: "watch", participant: sam.id, layer: "auto" });
    strictEqual(pia.welcome.cameraCodec, "jpeg");
    const ready = await pia.stream(({ kind, codec }) => kind === "camera" && codec === "jpeg");
    strictEqual(await nextCameraCodec(vera, after), "jpeg");
    const switchedMs = performance.now() - cameMs;
    ok(switchedMs < SWITCHED_MS_MAX, `a picture after ${switchedMs} ms`);
    await until("pictures", () => pictures(pia, ready).shown.length > 0, { everyMs: 100 });
    const fromMs = performance.now();
    const before = pictures(pia, ready).shown.length;
    await passRealTime(WATCHED_MS);
    const { shown, lost } = pictures(pia, ready);
    assertRate(shown.length - before, performance.now() - fromMs, "what Pia saw");
    strictEqual(lost, 0);
    for (const { bytes } of shown) strictEqual(typeof packetizeJpeg(bytes), "object");
  } finally {
    after = vera.events.length;
    await pia[Symbol.asyncDispose]();
  }
  const leftMs = performance.now();
  strictEqual(await nextCameraCodec(vera, after), "h264");
  const switchedMs = performance.now() - leftMs;
  ok(switchedMs > CAMERA_CODEC_KEPT_MS - 100, `back after ${switchedMs} ms already`);
  ok(switchedMs < CAMERA_CODEC_KEPT_MS + SWITCHED_MS_MAX, `back after ${switchedMs} ms`);
  await passRealTime(1_000);
  await vera.stop();

  const jpeg = await goodFrames(folder.file("vera/Sam.camera.mjpeg"), video, { every: 4 });
  assertContiguous(jpeg, "JPEG");
  ok(jpeg.length > PICTURES_MIN, `${jpeg.length} pictures as JPEG`);
  // The film starts anew with each start of the camera.
  const frames = await goodFrames(folder.file("vera/Sam.camera.h264"), video, { every: 8 });
  const again = frames.findIndex((frame, at) => at > 0 && frame < frames[at - 1]);
  ok(again > 20 && frames.length - again > 20, `${again} of ${frames.length} pictures before`);
  assertContiguous(frames.slice(0, again), "before");
  assertContiguous(frames.slice(again), "after");
  const { codec, lost, width, height } = cameraLine(folder.file("vera"), "Sam");
  deepStrictEqual([codec, lost, width, height], ["h264", 0, 320, 240]);
});
