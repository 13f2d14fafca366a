import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { CAMERA_CODEC_KEPT_MS, FEATURES, featuresOf, SEAT_KEPT_MS } from "@fusionmeet/protocol";
import { enter, openRoom as open, type Person, settle, ssrcsOf } from "./test_support.ts";

const ALL = FEATURES;
const JPEG_ONLY = featuresOf(["jpeg"]);
const H264_ONLY = featuresOf(["h264"]);
const JPEG = { codec: "jpeg", width: 320, height: 240, fps: 30 } as const;

/** What this person was told of their camera since the last call. */
const codecs = ({ link }: Person) => link.take("source.codec").map(({ codec }) => codec);

Deno.test("Room: cameras send JPEG from when somebody cannot show H.264 until a while after they left", () => {
  const { room, timers } = open();
  const ann = enter(room, "Ann", { features: ALL });
  strictEqual(ann.link.takeOne("welcome").cameraCodec, undefined);
  const bob = enter(room, "Bob", { features: JPEG_ONLY });
  deepStrictEqual(codecs(ann), ["jpeg"]);
  const messages = bob.link.takeAll();
  deepStrictEqual(messages.map((each) => each.type === "welcome" && each.cameraCodec)[0], "jpeg");
  strictEqual(messages.some(({ type }) => type === "source.codec"), false);
  const cid = enter(room, "Cid", { features: ALL });
  strictEqual(cid.link.takeOne("welcome").cameraCodec, "jpeg");
  room.leave(bob.seat, bob.link);
  timers.advance(CAMERA_CODEC_KEPT_MS - 1);
  deepStrictEqual([codecs(ann), codecs(cid)], [[], []]);
  timers.advance(1);
  deepStrictEqual([codecs(ann), codecs(cid)], [["h264"], ["h264"]]);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room: cameras keep sending JPEG while its last viewer is away or starts anew", () => {
  const { room, timers } = open();
  const ann = enter(room, "Ann", { features: ALL });
  const bob = enter(room, "Bob", { features: JPEG_ONLY });
  deepStrictEqual(codecs(ann), ["jpeg"]);
  const { resume } = bob.link.takeOne("welcome");
  room.lose(bob.seat, bob.link);
  timers.advance(SEAT_KEPT_MS - 1);
  const back = enter(room, "Bob", { resume, features: JPEG_ONLY });
  timers.advance(SEAT_KEPT_MS);
  room.leave(back.seat, back.link);
  timers.advance(CAMERA_CODEC_KEPT_MS - 1);
  const again = enter(room, "Bob", { features: JPEG_ONLY });
  timers.advance(CAMERA_CODEC_KEPT_MS);
  deepStrictEqual(codecs(ann), []);
  room.lose(again.seat, again.link);
  timers.advance(SEAT_KEPT_MS);
  timers.advance(CAMERA_CODEC_KEPT_MS);
  deepStrictEqual(codecs(ann), ["h264"]);
});

Deno.test("Room: comings and goings of others do not prolong the way back to H.264", () => {
  const { room, timers } = open();
  const ann = enter(room, "Ann", { features: ALL });
  const bob = enter(room, "Bob", { features: JPEG_ONLY });
  room.leave(bob.seat, bob.link);
  timers.advance(CAMERA_CODEC_KEPT_MS - 1);
  const cid = enter(room, "Cid", { features: ALL });
  room.leave(cid.seat, cid.link);
  timers.advance(1);
  deepStrictEqual(codecs(ann), ["jpeg", "h264"]);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room: somebody who comes back able to show H.264 needs no JPEG any more", () => {
  const { room, timers } = open();
  const ann = enter(room, "Ann", { features: ALL });
  const bob = enter(room, "Bob", { features: JPEG_ONLY });
  const { resume } = bob.link.takeOne("welcome");
  room.lose(bob.seat, bob.link);
  enter(room, "Bob", { resume, features: ALL });
  timers.advance(CAMERA_CODEC_KEPT_MS);
  deepStrictEqual(codecs(ann), ["jpeg", "h264"]);
});

Deno.test("Room: who shows no pictures or knows no JPEG asks nobody for it, and is not asked", () => {
  const { room } = open();
  const people = [
    enter(room, "Bot", { features: [] }),
    enter(room, "Old"),
    enter(room, "Ann", { features: H264_ONLY }),
  ];
  for (const person of people) {
    strictEqual(person.link.takeOne("welcome").cameraCodec, undefined);
  }
  enter(room, "Bob", { features: JPEG_ONLY });
  for (const person of people) deepStrictEqual(codecs(person), []);
});

Deno.test("Room: an emptied room waits for nothing", () => {
  const { room, timers } = open();
  const ann = enter(room, "Ann", { features: ALL });
  const bob = enter(room, "Bob", { features: JPEG_ONLY });
  room.leave(bob.seat, bob.link);
  strictEqual(timers.waitingCount, 1);
  room.leave(ann.seat, ann.link);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room: a camera's new codec ends its stream and begins it again, on the same ssrc", async () => {
  const { room, plane } = open();
  const ann = enter(room, "Ann", { features: ALL });
  const bob = enter(room, "Bob", { features: ALL });
  room.setSource(ann.seat, { kind: "camera", on: { ...JPEG, codec: "h264" } });
  room.watch(bob.seat, 1, true);
  await settle();
  room.acknowledgeStream(bob.seat, ssrcsOf(ann).camera);
  bob.link.takeAll();
  plane.commands.length = 0;
  room.setSource(ann.seat, { kind: "camera", on: JPEG });
  await settle();
  const messages = bob.link.takeAll();
  deepStrictEqual(messages.map(({ type }) => type), [
    "stream.ended",
    "participant",
    "stream.ready",
  ]);
  const ready = messages.at(-1)!;
  deepStrictEqual(ready.type === "stream.ready" && [ready.ssrc, ready.codec], [
    ssrcsOf(ann).camera,
    "jpeg",
  ]);
  const turns = plane.commands.map((command) => command.do === "source" ? command.on : command.do);
  deepStrictEqual(turns, ["unsubscribe", false, true]);
});
