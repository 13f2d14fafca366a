import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import {
  encodeCaptureTime,
  encodeFrameMarking,
  EXTENSION,
  GIVE_UP_MS,
  joinAnnexB,
  NACK_GAP_PACKETS_MAX,
  packetizeH264,
  PAYLOAD_TYPE,
  PICTURE_BUFFER_PACKETS_MAX,
  REORDER_MS,
  type RtpPacket,
} from "@fusionmeet/protocol";
import { GopCache } from "./gop_cache.ts";
import { PictureReceiver } from "./picture_receiver.ts";
import type { AccessUnit } from "./types.ts";

const SPS = Uint8Array.fromHex("6742c00dda0507ec0440000003004000000f03c50aa8");
const PPS = Uint8Array.fromHex("68ce0fc8");
const PICTURE_MS = 40;

interface SentPacket {
  packet: RtpPacket;
  index: number;
  atMs: number;
  /** Number of the picture it belongs to. */
  picture: number;
}

/** Annex B of picture `number`, which is written into it. */
function pictureBytes(number: number, keyframe: boolean, bytes: number): Uint8Array {
  const slice = new Uint8Array(bytes).fill(0xaa);
  slice.set([keyframe ? 0x65 : 0x41, 2 + (number >> 7), 2 + (number & 0x7f)]);
  return joinAnnexB(keyframe ? [SPS, PPS, slice] : [slice]);
}

/** The packets of `pictures` pictures 40 ms apart, a keyframe every `gop`. */
function stream(
  pictures: number,
  { gop = 10, firstIndex = 0x1fff0, bytes = 3_000, from = 0 } = {},
): SentPacket[] {
  const packets: SentPacket[] = [];
  for (let picture = from; picture < from + pictures; picture++) {
    const keyframe = picture % gop === 0;
    for (const { payload, start, end } of packetizeH264(pictureBytes(picture, keyframe, bytes))) {
      const marking = encodeFrameMarking({ start, end, independent: keyframe, discardable: false });
      const extensions = new Map<number, Uint8Array>([[EXTENSION.frameMarking, marking]]);
      const atMs = 1_000 + picture * PICTURE_MS;
      if (start) extensions.set(EXTENSION.captureTime, encodeCaptureTime(atMs - 5));
      const index = firstIndex + packets.length;
      const packet: RtpPacket = {
        payloadType: PAYLOAD_TYPE.h264,
        marker: end,
        sequence: index % 0x10000,
        timestamp: (0xffff_f000 + picture * PICTURE_MS * 90) >>> 0,
        ssrc: 7,
        csrcs: [],
        extensions,
        payload,
      };
      packets.push({ packet, index, atMs, picture });
    }
  }
  return packets;
}

function numbers(units: readonly AccessUnit[]): number[] {
  return units.map(({ bytes }) => {
    const slice = bytes.subarray(bytes.length - 3_000);
    return (slice[1] - 2) * 128 + slice[2] - 2;
  });
}

/** Pushes packets at their own times and gives the numbers of the pictures that came out. */
function play(receiver: PictureReceiver, packets: readonly SentPacket[]): number[] {
  return packets.flatMap(({ packet, index, atMs }) => {
    receiver.push(packet, { index, nowMs: atMs });
    return numbers(receiver.take(atMs));
  });
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

Deno.test("PictureReceiver.take() gives whole pictures in order, the moment they are complete", () => {
  const receiver = new PictureReceiver();
  const packets = stream(30);
  const last = packets.pop()!;
  deepStrictEqual(play(receiver, packets), range(0, 29));
  receiver.push(last.packet, { index: last.index, nowMs: last.atMs });
  const [picture] = receiver.take(last.atMs);
  deepStrictEqual({ ...picture, capturedAtMs: Math.round(picture.capturedAtMs!) }, {
    bytes: pictureBytes(29, false, 3_000),
    keyframe: false,
    timestamp: last.packet.timestamp,
    capturedAtMs: last.atMs - 5,
  });
  strictEqual(receiver.nextDueMs, undefined);
  strictEqual(receiver.codec, "avc1.42C00D");
  const statistics = receiver.statistics();
  strictEqual(Math.round(statistics.fps), 25);
  deepStrictEqual({ ...statistics, fps: 25 }, {
    packets: packets.length + 1,
    bytes: [...packets, last].reduce((sum, { packet }) => sum + packet.payload.length, 0),
    lost: 0,
    late: 0,
    repaired: 0,
    duplicates: 0,
    pictures: 30,
    droppedPictures: 0,
    fps: 25,
    width: 320,
    height: 240,
    jitterMs: 0,
    freezes: 0,
    longestFreezeMs: 0,
  });
});

Deno.test("PictureReceiver.take() starts with a keyframe, wherever the stream is joined", () => {
  for (let skipped = 1; skipped < 30; skipped++) {
    const receiver = new PictureReceiver();
    const packets = stream(20).slice(skipped);
    const expected = packets.findIndex(({ packet }) => packet.payload[0] === SPS[0]);
    const first = packets[expected]?.picture ?? 20;
    deepStrictEqual(play(receiver, packets), range(first, 20));
  }
});

Deno.test("PictureReceiver.nacks() asks for the start of a keyframe that was lost on joining", () => {
  const packets = stream(10);
  const receiver = new PictureReceiver();
  deepStrictEqual(play(receiver, packets.slice(2)), []);
  let nowMs = packets.at(-1)!.atMs;
  for (const index of [1, 0]) {
    const sequence = packets[index].packet.sequence;
    receiver.take(nowMs);
    deepStrictEqual(receiver.nacks(nowMs += REORDER_MS, 20), [sequence]);
    receiver.push(packets[index].packet, { index: packets[index].index, nowMs });
  }
  deepStrictEqual(numbers(receiver.take(nowMs)), range(0, 10));
  deepStrictEqual(receiver.nacks(nowMs + 100, 20), []);
});

Deno.test("PictureReceiver.take() reorders and drops duplicates", () => {
  const receiver = new PictureReceiver();
  const packets = stream(30);
  const shuffled = packets.map((packet, at) => ({ packet, key: at + (at * 7 % 4) }))
    .sort((a, b) => a.key - b.key).flatMap(({ packet }) => [packet, packet]);
  deepStrictEqual(play(receiver, shuffled), range(0, 30));
  const { duplicates, lost, late, repaired } = receiver.statistics();
  deepStrictEqual({ duplicates, lost, late, repaired }, {
    duplicates: packets.length,
    lost: 0,
    late: 0,
    repaired: 0,
  });
});

Deno.test("PictureReceiver waits for a repair, then goes on without losing a picture", () => {
  const packets = stream(20);
  const hole = packets.findIndex(({ picture }) => picture === 4) + 1;
  const [missing] = packets.splice(hole, 1);
  const receiver = new PictureReceiver();
  const upTo = packets.findIndex(({ picture }) => picture === 8);
  deepStrictEqual(play(receiver, packets.slice(0, upTo)), range(0, 4));
  const nowMs = packets[upTo].atMs;
  deepStrictEqual(receiver.nacks(nowMs, 20), [missing.packet.sequence]);
  receiver.push(missing.packet, { index: missing.index, nowMs });
  deepStrictEqual(numbers(receiver.take(nowMs)), range(4, 8));
  deepStrictEqual(play(receiver, packets.slice(upTo)), range(8, 20));
  strictEqual(receiver.statistics().repaired, 1);
  strictEqual(receiver.statistics().lost, 0);
});

Deno.test("PictureReceiver gives a picture up after GIVE_UP_MS and goes on at a keyframe", () => {
  const packets = stream(40, { gop: 15 });
  const hole = packets.findIndex(({ picture }) => picture === 4) + 1;
  const [missing] = packets.splice(hole, 1);
  const receiver = new PictureReceiver();
  const delivered = play(receiver, packets);
  deepStrictEqual(delivered, [...range(0, 4), ...range(15, 40)]);
  const late = { index: missing.index, nowMs: 5_000 };
  receiver.push(missing.packet, late);
  receiver.push(missing.packet, late);
  const statistics = receiver.statistics();
  strictEqual(statistics.lost, 0);
  strictEqual(statistics.late, 1);
  strictEqual(statistics.duplicates, 1);
  strictEqual(statistics.droppedPictures, 11);
  strictEqual(statistics.freezes, 1);
  strictEqual(statistics.longestFreezeMs, 12 * PICTURE_MS);
});

Deno.test("PictureReceiver gives up by the clock alone and never asks again", () => {
  const packets = stream(3);
  const [missing] = packets.splice(packets.findIndex(({ picture }) => picture === 1), 1);
  const receiver = new PictureReceiver();
  deepStrictEqual(play(receiver, packets), [0]);
  let nowMs = 0;
  const asked = new Set<number>();
  while (receiver.nextDueMs !== undefined) {
    nowMs = receiver.nextDueMs;
    deepStrictEqual(receiver.take(nowMs), []);
    for (const sequence of receiver.nacks(nowMs, 20)) asked.add(sequence);
  }
  deepStrictEqual([...asked], [missing.packet.sequence]);
  strictEqual(nowMs, missing.atMs + GIVE_UP_MS);
  strictEqual(receiver.statistics().lost, 1);
});

Deno.test("PictureReceiver never hands on a broken picture or one that lies about being a keyframe", () => {
  const packets = stream(30).map((sent) => {
    const lies = sent.picture === 0 && sent.packet.payload[0] === SPS[0];
    const broken = sent.picture === 13 && sent.packet.extensions.has(EXTENSION.captureTime);
    const payload = lies || broken ? Uint8Array.of(0x7f, 1, 2) : sent.packet.payload;
    return { ...sent, packet: { ...sent.packet, payload } };
  });
  const receiver = new PictureReceiver();
  deepStrictEqual(play(receiver, packets), [...range(10, 13), ...range(20, 30)]);
});

Deno.test("PictureReceiver takes streams without marker bits and with empty payloads", () => {
  const packets = stream(10);
  const unmarked = packets.map((sent) => ({ ...sent, packet: { ...sent.packet, marker: false } }));
  deepStrictEqual(play(new PictureReceiver(), unmarked), range(0, 9));
  const padded = packets.flatMap((sent, at) => [
    { ...sent, index: at * 2 },
    {
      ...sent,
      index: at * 2 + 1,
      packet: { ...sent.packet, payload: new Uint8Array(), extensions: new Map() },
    },
  ]).filter(({ packet }) => packet.payload.length > 0 || !packet.marker);
  const line = padded.map((sent, index) => ({ ...sent, index }));
  deepStrictEqual(play(new PictureReceiver(), line), range(0, 10));
});

Deno.test("PictureReceiver takes a gap too large to mend as loss, and goes on at a keyframe", () => {
  const receiver = new PictureReceiver();
  play(receiver, stream(4));
  const after = stream(20, { from: 5, firstIndex: 0x1fff0 + 5_000 });
  const gap = after[0].index - 0x1fff0 - stream(4).length;
  strictEqual(gap > NACK_GAP_PACKETS_MAX, true);
  deepStrictEqual(play(receiver, after), range(10, 25));
  deepStrictEqual(receiver.nacks(9_999, 20), []);
  strictEqual(receiver.statistics().lost, gap);
});

Deno.test("PictureReceiver.restart() is neither loss nor freeze", () => {
  const receiver = new PictureReceiver();
  play(receiver, stream(14).slice(0, -1));
  receiver.restart();
  const after = stream(30, { from: 300, firstIndex: 9 });
  deepStrictEqual(play(receiver, after), range(300, 330));
  const { lost, freezes, late, pictures, jitterMs } = receiver.statistics();
  deepStrictEqual({ lost, freezes, late, pictures }, {
    lost: 0,
    freezes: 0,
    late: 0,
    pictures: 43,
  });
  strictEqual(jitterMs < 1, true);
});

Deno.test("PictureReceiver holds no more than its limits while no keyframe comes", () => {
  const receiver = new PictureReceiver();
  const [{ packet }] = stream(1, { from: 1 });
  const small = { ...packet, extensions: new Map<number, Uint8Array>(), marker: true };
  for (let index = 0; index < PICTURE_BUFFER_PACKETS_MAX + 1; index++) {
    receiver.push(small, { index, nowMs: 0 });
  }
  strictEqual(receiver.statistics().droppedPictures, PICTURE_BUFFER_PACKETS_MAX);
  const after = stream(5, { firstIndex: PICTURE_BUFFER_PACKETS_MAX + 1 });
  deepStrictEqual(play(receiver, after), range(0, 5));
});

/** One viewer behind a link that loses, delays, doubles; repairs come out of the relay's cache. */
function simulate(random: Random, options: { loss: number; rttMs: number; pictures: number }) {
  const { loss, rttMs, pictures } = options;
  const receiver = new PictureReceiver();
  const cache = new GopCache();
  const indexOf = new Map<Uint8Array, SentPacket>();
  const link: { atMs: number; sent: SentPacket }[] = [];
  const send = (sent: SentPacket, nowMs: number) => {
    for (let copies = random.fraction() < 0.02 ? 2 : 1; copies > 0; copies--) {
      if (random.fraction() < loss) continue;
      link.push({ atMs: nowMs + rttMs / 2 + random.fraction() * 8, sent });
    }
  };
  const packets = stream(pictures, { gop: 25 });
  const delivered: number[] = [];
  const came = new Set<number>();
  let next = 0;
  for (let nowMs = 1_000; nowMs < 2_000 + pictures * PICTURE_MS; nowMs++) {
    for (; packets[next]?.atMs <= nowMs; next++) {
      const sent = packets[next];
      const marking = sent.packet.extensions.get(EXTENSION.frameMarking)!;
      const bytes = Uint8Array.of(marking[0]);
      indexOf.set(bytes, sent);
      cache.push(bytes, { index: sent.index, keyframeStart: (marking[0] & 0xa0) === 0xa0, nowMs });
      send(sent, nowMs);
    }
    link.sort((a, b) => a.atMs - b.atMs);
    while (link[0]?.atMs <= nowMs) {
      const { sent } = link.shift()!;
      receiver.push(sent.packet, { index: sent.index, nowMs });
      came.add(sent.index);
    }
    delivered.push(...numbers(receiver.take(nowMs)));
    for (const sequence of receiver.nacks(nowMs, rttMs)) {
      const bytes = cache.find(sequence);
      if (bytes && random.fraction() >= loss) send(indexOf.get(bytes)!, nowMs + rttMs / 2);
    }
  }
  return { delivered, receiver, came };
}

Deno.test("PictureReceiver and GopCache mend 5 % loss without losing a picture (seeded)", () => {
  for (const seed of range(1, 6)) {
    const { delivered, receiver } = simulate(seededRandom(seed), {
      loss: 0.05,
      rttMs: 30,
      pictures: 250,
    });
    deepStrictEqual(delivered, range(0, 250), `seed ${seed}`);
    strictEqual(receiver.statistics().lost, 0, `seed ${seed}`);
  }
});

Deno.test("PictureReceiver under 40 % loss: pictures stay whole and in order, the sums agree (seeded)", () => {
  for (const seed of range(1, 6)) {
    const { delivered, receiver, came } = simulate(seededRandom(seed), {
      loss: 0.4,
      rttMs: 150,
      pictures: 250,
    });
    strictEqual(delivered.length > 0, true, `seed ${seed}`);
    delivered.reduce((before, number) => {
      strictEqual(number === before + 1 || (number > before && number % 25 === 0), true);
      return number;
    }, -1);
    receiver.take(99_999);
    const { packets, duplicates, lost } = receiver.statistics();
    strictEqual(packets - duplicates, came.size, `seed ${seed}`);
    const between = Math.max(...came) - Math.min(...came) + 1;
    // One more where the first packet of all was the second of a keyframe, and the first never came.
    strictEqual([between, between + 1].includes(came.size + lost), true, `seed ${seed}`);
  }
});

Deno.test("PictureReceiver survives 10 000 mutated packets", () => {
  const random = seededRandom(96);
  const receiver = new PictureReceiver();
  const packets = stream(60);
  for (let round = 0; round < 10_000; round++) {
    const { packet } = packets[random.u32() % packets.length];
    const payload = packet.payload.slice(0, random.u32() % 5 ? undefined : random.u32() % 40);
    if (payload.length > 0) payload[random.u32() % Math.min(4, payload.length)] = random.u32();
    const extensions = random.u32() % 3
      ? packet.extensions
      : new Map([[EXTENSION.frameMarking, random.fill(new Uint8Array(random.u32() % 3))]]);
    const index = round + random.u32() % 50 +
      (random.u32() % 500 === 0 ? random.u32() % 70_000 : 0);
    receiver.push({ ...packet, payload, extensions, marker: random.u32() % 2 === 0 }, {
      index,
      nowMs: round,
    });
    receiver.take(round);
    strictEqual(receiver.nacks(round, 20).length <= 64, true);
  }
});
