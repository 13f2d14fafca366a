/**
 * Pictures as JPEG between the client's media engine and the server's media plane, both real, on a virtual clock and
 * network.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Meeting, type MeetingOptions, Person } from "./support/engine_meeting.ts";

const PICTURE_MS = 33;

async function film(
  options: MeetingOptions = {},
): Promise<{ meeting: Meeting; filmer: Person; viewer: Person }> {
  const meeting = await Meeting.open(options);
  const [filmer, viewer] = [3_000, -1_000].map((aheadMs) => new Person(meeting, { aheadMs }));
  for (const person of [filmer, viewer]) person.connect();
  await meeting.run(500);
  filmer.camera(true);
  viewer.watch(filmer);
  return { meeting, filmer, viewer };
}

Deno.test("JPEG pictures arrive byte for byte; a late joiner starts with the newest one alone", async () => {
  const { meeting, filmer, viewer } = await film();
  filmer.sendCodec("jpeg");
  await meeting.run(1_500);
  const late = new Person(meeting, { aheadMs: 0 });
  late.connect();
  const filmedBefore = filmer.filmed.length;
  late.watch(filmer);
  await meeting.run(300);
  ok(late.pictures.length >= 8, `${late.pictures.length} pictures within 300 ms of joining`);
  filmer.camera(false);
  await meeting.run(200);
  deepStrictEqual(viewer.pictures.map(({ bytes }) => bytes), filmer.filmed);
  const seen = late.pictures.map(({ bytes }) => bytes);
  deepStrictEqual(seen, filmer.filmed.slice(-seen.length));
  const replayed = filmedBefore - (filmer.filmed.length - seen.length);
  ok(replayed <= 1, `${replayed} pictures from before joining`);
  await meeting.run(1_000);
  const line = viewer.statistics!.streams.find(({ kind }) => kind === "camera")!;
  deepStrictEqual([line.codec, line.width, line.height, line.lost], ["jpeg", 320, 240, 0]);
  meeting.close();
});

Deno.test("a camera changes its codec and back: same ssrc, one line of timestamps, nothing broken", async () => {
  const { meeting, filmer, viewer } = await film();
  for (const codec of ["jpeg", "h264"] as const) {
    await meeting.run(1_000);
    filmer.sendCodec(codec);
  }
  await meeting.run(1_500);
  filmer.camera(false);
  await meeting.run(1_500);
  const codecs = viewer.pictures.map(({ codec }) => codec);
  deepStrictEqual(codecs.filter((codec, at) => codec !== codecs[at - 1]), ["h264", "jpeg", "h264"]);
  const sent = filmer.filmed.map((bytes) => bytes.toHex());
  const places = viewer.pictures.map(({ bytes }) => sent.indexOf(bytes.toHex()));
  ok(places.every((place, at) => at === 0 || place > places[at - 1]), "in order, each as sent");
  const startsWhole = viewer.pictures.every(({ codec, keyframe }, at) =>
    codec === codecs[at - 1] || keyframe
  );
  ok(startsWhole, "each codec begins with a keyframe");
  // The test camera makes no keyframe for the change back: that one waits for its next.
  ok(sent.length - places.length < 30, `${sent.length - places.length} pictures were dropped`);
  viewer.pictures.slice(1).forEach(({ timestamp }, at) => {
    const apartMs = ((timestamp - viewer.pictures[at].timestamp) >>> 0) / 90;
    strictEqual(Math.round(apartMs / PICTURE_MS), places[at + 1] - places[at]);
  });
  const line = viewer.statistics!.streams.find(({ kind }) => kind === "camera")!;
  deepStrictEqual([line.codec, line.lost], ["h264", 0]);
  meeting.close();
});

Deno.test("5 % loss: JPEG pictures are repaired, never broken, and never out of order", async () => {
  const { meeting, filmer, viewer } = await film({
    impairment: { delayMs: 5, jitterMs: 3, loss: 0.05, duplicate: 0.01, reorder: 0.01 },
  });
  filmer.sendCodec("jpeg");
  await meeting.run(4_000);
  filmer.camera(false);
  await meeting.run(1_500);
  const sent = filmer.filmed.map((bytes) => bytes.toHex());
  const places = viewer.pictures.map(({ bytes }) => sent.indexOf(bytes.toHex()));
  ok(places.every((place, at) => place > (places[at - 1] ?? -1)), "in order, each as sent");
  ok(places.length > 0.97 * sent.length, `${places.length} of ${sent.length}`);
  const line = viewer.statistics!.streams.find(({ kind }) => kind === "camera")!;
  ok(line.repaired > 20, `${line.repaired} packets were repaired`);
  meeting.close();
});
