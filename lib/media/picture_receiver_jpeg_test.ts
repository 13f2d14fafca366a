import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import {
  depacketizeJpeg,
  encodeFrameMarking,
  EXTENSION,
  GIVE_UP_MS,
  packetizeH264,
  PAYLOAD_TYPE,
  type RtpPacket,
} from "@fusionmeet/protocol";
import { GopCache } from "./gop_cache.ts";
import { PICTURE_PAYLOADS } from "./picture_payload.ts";
import { PictureReceiver } from "./picture_receiver.ts";

const PICTURE_MS = 40;
const SCAN_BYTES = 3_000;
const FIRST_INDEX = 0x1fff0;

interface SentPacket {
  packet: RtpPacket;
  index: number;
  atMs: number;
}

/** A JPEG of 320x240 whose number is in it; nobody decodes it here. */
function jpeg(number: number): Uint8Array {
  const payload = new Uint8Array(140 + SCAN_BYTES).fill(1 + number % 200);
  payload.set([0, 0, 0, 0, 1, 255, 320 / 8, 240 / 8, 0, 0, 0, 128]);
  const unit = depacketizeJpeg([payload]);
  ok(typeof unit !== "string");
  return unit.bytes;
}

/** Pictures 40 ms apart, three packets each. */
function stream(pictures: number): SentPacket[] {
  return Array.from({ length: pictures }, (_, number) => {
    const fragments = PICTURE_PAYLOADS.jpeg.packetize(jpeg(number));
    ok(typeof fragments !== "string" && fragments.length === 3);
    return fragments.map(({ payload, start, end }, place) => {
      const index = FIRST_INDEX + 3 * number + place;
      const marking = encodeFrameMarking({ start, end, independent: true, discardable: false });
      const packet: RtpPacket = {
        payloadType: PAYLOAD_TYPE.jpeg,
        marker: end,
        sequence: index % 0x10000,
        timestamp: (0xffff_f000 + number * PICTURE_MS * 90) >>> 0,
        ssrc: 7,
        csrcs: [],
        extensions: new Map([[EXTENSION.frameMarking, marking]]),
        payload,
      };
      return { packet, index, atMs: number * PICTURE_MS };
    });
  }).flat();
}

/** Pushes packets at their own times; the numbers of the pictures that come out, each byte for byte. */
function play(receiver: PictureReceiver, packets: readonly SentPacket[]): number[] {
  return packets.flatMap(({ packet, index, atMs }) => {
    receiver.push(packet, { index, nowMs: atMs });
    return receiver.take(atMs).map(({ bytes, keyframe, timestamp }) => {
      const number = ((timestamp - 0xffff_f000) >>> 0) / 90 / PICTURE_MS;
      deepStrictEqual([bytes, keyframe], [jpeg(number), true]);
      return number;
    });
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

Deno.test("PictureReceiver of JPEG gives every picture, and knows its size", () => {
  const receiver = new PictureReceiver("jpeg");
  deepStrictEqual(play(receiver, stream(20)), range(0, 20));
  const { width, height, lost, droppedPictures } = receiver.statistics();
  deepStrictEqual([width, height, lost, droppedPictures], [320, 240, 0, 0]);
  strictEqual(receiver.codec, "jpeg");
});

Deno.test("PictureReceiver of JPEG starts with the next whole picture, wherever it is joined", () => {
  for (let skipped = 0; skipped < 9; skipped++) {
    const receiver = new PictureReceiver("jpeg");
    deepStrictEqual(play(receiver, stream(8).slice(skipped)), range(Math.ceil(skipped / 3), 8));
  }
});

Deno.test("PictureReceiver of JPEG asks again, and goes on with the next picture when nothing comes", () => {
  const repaired = new PictureReceiver("jpeg");
  const packets = stream(20);
  const [missing] = packets.splice(3 * 5 + 1, 1);
  const late = { ...missing, atMs: missing.atMs + 60 };
  const [before, after] = [packets.slice(0, 3 * 6 + 2), packets.slice(3 * 6 + 2)];
  const seen = play(repaired, before);
  deepStrictEqual(repaired.nacks(late.atMs, 20), [missing.packet.sequence]);
  seen.push(...play(repaired, [late, ...after.map((each) => ({ ...each, atMs: each.atMs + 60 }))]));
  deepStrictEqual(seen, range(0, 20));
  strictEqual(repaired.statistics().repaired, 1);

  const lossy = new PictureReceiver("jpeg");
  const gaveUp = Math.ceil(GIVE_UP_MS / PICTURE_MS) + 1;
  deepStrictEqual(play(lossy, packets), [...range(0, 5), ...range(6, 20)]);
  const { lost, droppedPictures } = lossy.statistics();
  deepStrictEqual([lost, droppedPictures], [1, 1]);
  ok(gaveUp < 20 - 5, "it was given up before the end");
});

Deno.test("GopCache of JPEG replays the newest picture alone, and answers for those before it", () => {
  const cache = new GopCache();
  const packets = stream(30);
  for (const { index, atMs } of packets) {
    const keyframeStart = (index - FIRST_INDEX) % 3 === 0;
    cache.push(Uint8Array.of(index & 255), { index, keyframeStart, nowMs: atMs });
  }
  deepStrictEqual(
    cache.replay().map(([low]) => low),
    packets.slice(-3).map(({ index }) => index & 255),
  );
  ok(cache.find(packets.at(-20)!.packet.sequence) !== undefined);
  strictEqual(cache.overflowCount, 0);
});

Deno.test("PictureReceiver of JPEG survives 10 000 damaged packets, and drops H.264", () => {
  const random = seededRandom(26);
  const receiver = new PictureReceiver("jpeg");
  const packets = stream(3_400);
  for (const { packet, index, atMs } of packets) {
    const payload = packet.payload.slice(0, random.u32() % 4 ? undefined : random.u32() % 1_000);
    if (payload.length > 0) payload[random.u32() % Math.min(payload.length, 16)] = random.u32();
    receiver.push({ ...packet, payload }, { index, nowMs: atMs });
    for (const { bytes } of receiver.take(atMs)) strictEqual(bytes[0], 0xff);
  }
  const [{ payload }] = packetizeH264(Uint8Array.of(0, 0, 0, 1, 0x65, 1, 2, 3));
  const confused = new PictureReceiver("jpeg");
  confused.push({ ...packets[2].packet, payload }, { index: 1, nowMs: 0 });
  deepStrictEqual(confused.take(0), []);
});
