import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { MEDIA_PACKETS_BURST, REPAIRS_BURST } from "@fusionmeet/protocol";
import { Meeting, type Person, printOf, printsOf } from "./meeting_fixture.ts";

/** A meeting of a sender whose camera is on, and viewers who do not watch yet. */
function cinema(viewerCount: number): { meeting: Meeting; sender: Person; viewers: Person[] } {
  const meeting = new Meeting();
  const sender = meeting.join();
  sender.turn("camera", true);
  const viewers = Array.from({ length: viewerCount }, () => meeting.join());
  return { meeting, sender, viewers };
}

function send(sender: Person, packets: readonly Uint8Array[]): string[] {
  for (const packet of packets) sender.send(packet);
  return packets.map((packet) => printOf(packet));
}

Deno.test("MediaPlane relays a picture byte by byte to those who asked, and to nobody else", () => {
  const { meeting, sender, viewers: [watching, ended, never] } = cinema(3);
  watching.subscribe(sender.ssrcs.camera);
  ended.subscribe(sender.ssrcs.camera);
  ended.unsubscribe(sender.ssrcs.camera);
  const sent = send(sender, sender.picture(5, true));
  deepStrictEqual(printsOf(watching.takePictures()), sent);
  deepStrictEqual([
    ended.takePictures(),
    never.takePictures(),
    sender.takePictures(),
    meeting.astray,
  ], [[], [], [], []]);
});

Deno.test("MediaPlane relays no picture while the camera is off, nor before its first bind", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  sender.turn("camera", false);
  send(sender, sender.picture(2, true));
  strictEqual(meeting.count("camera.camera-off"), 2);
  const unbound = meeting.add();
  unbound.turn("camera", true);
  viewer.subscribe(unbound.ssrcs.camera);
  send(unbound, unbound.picture(2, true));
  strictEqual(meeting.count("camera.other-address"), 2);
  deepStrictEqual(viewer.takePictures(), []);
});

Deno.test("MediaPlane relays each packet once and drops what was altered", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  const [good, bad] = sender.picture(2, true);
  send(sender, [good, good, bad.with(40, bad[40] ^ 1)]);
  deepStrictEqual(printsOf(viewer.takePictures()), [printOf(good)]);
  strictEqual(meeting.count("camera.replay"), 1);
  strictEqual(meeting.count("camera.srtp-forged"), 1);
});

Deno.test("MediaPlane drops packets of unknown ssrcs and rubbish before any crypto", () => {
  const { meeting, sender } = cinema(0);
  const [packet] = sender.picture(1, true);
  send(sender, [packet.with(8, 0xff), new Uint8Array(), new Uint8Array(3), new Uint8Array(1_500)]);
  strictEqual(meeting.count("rtp.unknown-ssrc"), 4);
});

Deno.test("MediaPlane sends a late joiner the GOP from its keyframe, spread over time, then what is live", () => {
  const { meeting, sender, viewers: [viewer, witness] } = cinema(2);
  witness.subscribe(sender.ssrcs.camera);
  send(sender, sender.picture(3, true));
  send(sender, sender.picture(2, false));
  const gop = send(sender, sender.picture(60, true));
  gop.push(...send(sender, sender.picture(40, false)));
  viewer.subscribe(sender.ssrcs.camera);
  meeting.advance(5);
  const early = viewer.inbox.length;
  ok(early > 0 && early < gop.length, `${early} of ${gop.length} packets in the first 5 ms`);
  gop.push(...send(sender, sender.picture(3, false)));
  meeting.advance(300);
  gop.push(...send(sender, sender.picture(3, false)));
  const took = viewer.takePictures();
  deepStrictEqual(printsOf(took), gop);
  ok(took.at(-1)!.atMs - took[0].atMs <= 305);
  deepStrictEqual(printsOf(witness.takePictures()).slice(5), gop);
});

Deno.test("MediaPlane starts the GOP of a viewer who was not bound when the answer came", () => {
  const { meeting, sender } = cinema(0);
  const gop = send(sender, sender.picture(3, true));
  const viewer = meeting.add();
  viewer.subscribe(sender.ssrcs.camera);
  viewer.bind();
  meeting.advance(50);
  deepStrictEqual(printsOf(viewer.takePictures()), gop);
});

Deno.test("MediaPlane stops a replay that nobody wants any more", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  send(sender, sender.picture(100, true));
  viewer.subscribe(sender.ssrcs.camera);
  meeting.advance(1);
  const before = viewer.takePictures().length;
  viewer.unsubscribe(sender.ssrcs.camera);
  meeting.advance(200);
  ok(before > 0);
  deepStrictEqual(viewer.takePictures(), []);
  strictEqual(meeting.plane.nextDueMs() > meeting.nowMs, true);
});

Deno.test("MediaPlane says where a camera is: ROC and sequence after two wraps", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  sender.pictures.seed(sender.ssrcs.camera, { roc: 0, sequence: 32_000 });
  sender.pictureSequence = 32_001;
  for (let index = 32_001; index <= 2 * 65_536 + 10; index += 20_000) {
    sender.pictureSequence = index;
    send(sender, sender.picture(1, true));
  }
  const last = sender.pictures.position(sender.ssrcs.camera)!;
  deepStrictEqual(last, { roc: 1, sequence: (32_001 + 4 * 20_000) % 65_536 });
  sender.pictureSequence = 2 * 65_536 + 5;
  send(sender, sender.picture(1, true));
  meeting.command({ do: "stream.query", request: 7, ssrc: sender.ssrcs.camera });
  deepStrictEqual(meeting.events.at(-1), {
    event: "stream.state",
    request: 7,
    ssrc: sender.ssrcs.camera,
    epoch: 0,
    roc: 2,
    sequence: 5,
  });
  viewer.subscribe(sender.ssrcs.camera);
  const gop = send(sender, sender.picture(2, true));
  meeting.advance(50);
  deepStrictEqual(printsOf(viewer.takePictures()).slice(-2), gop);
});

Deno.test("MediaPlane says that it does not know an ssrc", () => {
  const { meeting } = cinema(0);
  meeting.command({ do: "stream.query", request: 8, ssrc: 5 });
  deepStrictEqual(meeting.events.at(-1), { event: "stream.unknown", request: 8, ssrc: 5 });
});

Deno.test("MediaPlane answers a NACK with the same bytes, to viewers only", () => {
  const { meeting, sender, viewers: [viewer, other] } = cinema(2);
  viewer.subscribe(sender.ssrcs.camera);
  const first = sender.pictureSequence;
  const sent = send(sender, sender.picture(6, true));
  viewer.takePictures();
  const asked = [first + 1, first + 4, first + 9].map((sequence) => sequence & 0xffff);
  viewer.send(viewer.nack(sender.ssrcs.camera, asked));
  meeting.advance(20);
  deepStrictEqual(printsOf(viewer.takePictures()), [sent[1], sent[4]]);
  strictEqual(meeting.count("nack.notKept"), 1);
  other.send(other.nack(sender.ssrcs.camera, asked));
  meeting.advance(20);
  deepStrictEqual(other.takePictures(), []);
  strictEqual(meeting.count("nack.notSubscribed"), 1);
});

Deno.test("MediaPlane answers no NACK from a foreign address and none without end", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  const first = sender.pictureSequence;
  send(sender, sender.picture(64, true));
  viewer.takePictures();
  const asked = Array.from({ length: 64 }, (_, index) => (first + index) & 0xffff);
  viewer.send(viewer.nack(sender.ssrcs.camera, asked), { hostname: "10.6.6.6", port: 1 });
  strictEqual(meeting.count("rtcp.nack-foreign"), 1);
  for (let time = 0; time < 10; time++) viewer.send(viewer.nack(sender.ssrcs.camera, asked));
  strictEqual(meeting.count("nack.tooMany"), 640 - REPAIRS_BURST);
  meeting.advance(1_000);
  strictEqual(viewer.takePictures().length, REPAIRS_BURST);
  deepStrictEqual(meeting.astray, []);
});

Deno.test("MediaPlane asks the sender for what is missing and relays the repair", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  const packets = sender.picture(6, true);
  const lost = (sender.pictureSequence - 3) & 0xffff;
  send(sender, packets.filter((_, index) => index !== 3));
  viewer.takePictures();
  meeting.advance(60);
  const [nack] = sender.takeFeedback();
  ok(nack.kind === "nack");
  deepStrictEqual([nack.sender, nack.media, nack.sequences], [
    sender.ssrcs.serverFeedback,
    sender.ssrcs.camera,
    [lost],
  ]);
  send(sender, [packets[3]]);
  deepStrictEqual(printsOf(viewer.takePictures()), [printOf(packets[3])]);
  sender.takePictures();
  meeting.advance(1_000);
  deepStrictEqual(sender.takeFeedback(), []);
});

Deno.test("MediaPlane forgets a camera that goes off: no GOP, no repair, no viewer", () => {
  const { meeting, sender, viewers: [viewer, late] } = cinema(2);
  viewer.subscribe(sender.ssrcs.camera);
  send(sender, sender.picture(3, true));
  viewer.takePictures();
  sender.turn("camera", false);
  sender.turn("camera", true);
  late.subscribe(sender.ssrcs.camera);
  meeting.advance(50);
  deepStrictEqual([viewer.takePictures(), late.takePictures()], [[], []]);
  const sent = send(sender, sender.picture(3, true));
  deepStrictEqual([printsOf(viewer.takePictures()), printsOf(late.takePictures())], [[], sent]);
});

Deno.test("MediaPlane takes at most so many packets from one seat", () => {
  const { meeting, sender } = cinema(0);
  meeting.advance(1_000);
  const [packet] = sender.picture(1, true);
  const { address } = sender;
  const batch = Array.from({ length: MEDIA_PACKETS_BURST + 5 }, () => ({ address, bytes: packet }));
  meeting.arrive(...batch);
  strictEqual(meeting.count("camera.too-fast"), 5);
});

Deno.test("MediaPlane relays both epochs while a room changes its keys, and the old one only for a while", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  const epoch = 1;
  const key = meeting.key();
  const rekey = { room: 1, epoch, mixKey: meeting.key() };
  const pictureKeys = [{ participant: sender.participant, key }];
  meeting.command({ do: "room.rekey", ...rekey, pictureKeys });
  const sent = send(sender, sender.picture(2, true));
  meeting.command({ do: "room.rekey.use", room: 1, epoch });
  sent.push(...send(sender, sender.picture(2, false)));
  const [held] = sender.picture(1, false);
  sender.pictures.addKey(epoch, key);
  sender.pictures.use(epoch);
  sent.push(...send(sender, sender.picture(2, false)));
  const late = meeting.join();
  late.subscribe(sender.ssrcs.camera);
  meeting.advance(50);
  deepStrictEqual([viewer, late].map((each) => printsOf(each.takePictures())), [sent, sent]);
  meeting.advance(10_000);
  send(sender, [held]);
  strictEqual(meeting.count("camera.srtp-unknown-key"), 1);
  const tooLate = meeting.join();
  tooLate.subscribe(sender.ssrcs.camera);
  meeting.advance(50);
  deepStrictEqual(tooLate.takePictures(), []);
  const fresh = send(sender, sender.picture(2, true));
  const later = meeting.join();
  later.subscribe(sender.ssrcs.camera);
  meeting.advance(50);
  deepStrictEqual(printsOf(later.takePictures()), fresh);
});

Deno.test("MediaPlane forgets who leaves", () => {
  const { meeting, sender, viewers: [viewer] } = cinema(1);
  viewer.subscribe(sender.ssrcs.camera);
  send(sender, sender.picture(2, true));
  viewer.takePictures();
  meeting.command({ do: "participant.remove", participant: sender.participant });
  send(sender, sender.picture(2, true));
  sender.send(sender.request());
  deepStrictEqual([viewer.takePictures(), sender.takePictures()], [[], []]);
  strictEqual(meeting.count("rtp.unknown-ssrc"), 2);
  meeting.command({ do: "participant.remove", participant: viewer.participant });
  meeting.command({ do: "subscribe", viewer: viewer.participant, ssrc: sender.ssrcs.camera });
  strictEqual(meeting.count("command.gone"), 1);
  meeting.advance(100);
  strictEqual(meeting.plane.nextDueMs(), Infinity);
  meeting.command({ do: "room.close", room: 1 });
});
