import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { systemCryptography } from "@fusionmeet/net";
import {
  decodeFrameMarking,
  depacketizeJpeg,
  EXTENSION,
  PAYLOAD_TYPE,
  type RtpPacket,
} from "@fusionmeet/protocol";
import type { CameraPicture } from "../capture/camera.ts";
import type { EngineCommand } from "./commands.ts";
import { ClientEngine } from "./engine.ts";
import { FakeServer, NO_CODECS, SERVER, testPicture } from "./fake_server_for_test.ts";

function newEngine(): ClientEngine {
  const random = seededRandom(1);
  return new ClientEngine({
    cryptography: systemCryptography,
    random,
    codecs: NO_CODECS,
    nowMs: 0,
  });
}

/** An engine whose camera is on, and the server it is bound to. */
function filming(): { engine: ClientEngine; server: FakeServer } {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  engine.command({ do: "camera", on: true }, 0);
  return { engine, server };
}

function jpeg(size: number): Uint8Array {
  const payload = new Uint8Array(size).fill(5);
  payload.set([0, 0, 0, 0, 1, 255, 320 / 8, 240 / 8, 0, 0, 0, 128]);
  const picture = depacketizeJpeg([payload]);
  ok(typeof picture === "object", `${picture}`);
  return picture.bytes;
}

type Picture = Omit<CameraPicture, "capturedAtMs">;

const H264: Picture = {
  codec: "h264",
  bytes: testPicture(40_000, { keyframe: true }),
  keyframe: true,
};
const JPEG: Picture = { codec: "jpeg", bytes: jpeg(3_000), keyframe: true };

/** Hands in a picture and lets it all go out. */
function film(
  { engine, server }: { engine: ClientEngine; server: FakeServer },
  options: { picture: Picture; nowMs: number; paced?: boolean },
): RtpPacket[] {
  const { picture, nowMs, paced = true } = options;
  const before = server.rtp.length;
  engine.cameraPicture({ ...picture, capturedAtMs: nowMs }, nowMs);
  for (let atMs = nowMs; atMs < nowMs + (paced ? 30 : 1); atMs++) {
    engine.step(atMs);
    server.exchange(engine, atMs);
  }
  return server.rtp.slice(before).map(({ packet }) => packet);
}

Deno.test("ClientEngine sends the other codec on the same ssrc, sequence and line of timestamps", () => {
  const meeting = filming();
  const before = film(meeting, { picture: H264, nowMs: 100 });
  meeting.engine.command({ do: "camera.codec", codec: "jpeg" }, 150);
  const after = film(meeting, { picture: JPEG, nowMs: 200 });
  strictEqual(after.length, 3);
  for (const { payloadType, ssrc, extensions } of after) {
    deepStrictEqual([payloadType, ssrc], [PAYLOAD_TYPE.jpeg, before[0].ssrc]);
    ok(decodeFrameMarking(extensions.get(EXTENSION.frameMarking)!)?.independent);
  }
  strictEqual(after[0].sequence, (before.at(-1)!.sequence + 1) & 0xffff);
  strictEqual((after[0].timestamp - before[0].timestamp) >>> 0, 100 * 90);
});

Deno.test("ClientEngine sends nothing of the codec before, neither what waits nor what still comes", () => {
  const meeting = filming();
  const { engine } = meeting;
  const begun = film(meeting, { picture: H264, nowMs: 100, paced: false });
  ok(begun.length > 0 && !begun.at(-1)!.marker, "part of a picture is out");
  engine.command({ do: "camera.codec", codec: "jpeg" }, 101);
  deepStrictEqual(film(meeting, { picture: H264, nowMs: 140 }), []);
  strictEqual(engine.counters.get("camera-other-codec"), 1);
  strictEqual(film(meeting, { picture: JPEG, nowMs: 180 }).length, 3);
  engine.command({ do: "camera.codec", codec: "h264" }, 220);
  const unfit = { ...H264, keyframe: false, bytes: testPicture(100, { keyframe: false }) };
  deepStrictEqual(film(meeting, { picture: unfit, nowMs: 240 }), [], "a keyframe comes first");
});

Deno.test("ClientEngine sends no JPEG that RTP cannot carry, and counts it", () => {
  const meeting = filming();
  meeting.engine.command({ do: "camera.codec", codec: "jpeg" }, 0);
  const progressive = JPEG.bytes.slice();
  progressive[progressive.indexOf(0xc0)] = 0xc2;
  meeting.engine.cameraPicture(
    { codec: "jpeg", bytes: progressive, keyframe: true, capturedAtMs: 9 },
    10,
  );
  strictEqual(meeting.engine.counters.get("camera-jpeg-unsupported"), 1);
  deepStrictEqual(meeting.engine.takeDatagrams(), []);
});

Deno.test("ClientEngine takes one codec only of a stream, and no stream of a codec it does not know", () => {
  const sender = filming();
  film(sender, { picture: H264, nowMs: 100 });
  sender.engine.command({ do: "camera.codec", codec: "jpeg" }, 150);
  film(sender, { picture: JPEG, nowMs: 200 });
  const { ssrcs, pictureKey: key } = sender.server.connect;
  const viewer = newEngine();
  new FakeServer(2).join(viewer, 0);
  const stream: Omit<Extract<EngineCommand, { do: "stream.open" }>, "codec"> = {
    do: "stream.open",
    participant: 1,
    kind: "camera",
    layer: "high",
    ssrc: ssrcs.camera,
    epoch: 0,
    key,
    roc: 0,
    sequence: sender.server.rtp[0].packet.sequence,
  };
  viewer.command({ ...stream, codec: "vp8" }, 0);
  strictEqual(viewer.counters.get("codec-unknown"), 1);
  viewer.command({ ...stream, codec: "jpeg" }, 0);
  for (const { bytes, nowMs } of sender.server.rtp) {
    viewer.receive({ address: SERVER, bytes }, nowMs);
  }
  const pictures = viewer.takeEvents().filter((event) => event.event === "picture");
  deepStrictEqual(pictures.map(({ codec, bytes }) => [codec, bytes]), [["jpeg", JPEG.bytes]]);
  strictEqual(viewer.counters.get("picture-payload-type"), sender.server.rtp.length - 3);
});
