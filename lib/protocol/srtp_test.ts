import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, seededRandom } from "@fusionmeet/base";
import type { MasterKey } from "./cryptography.ts";
import { DATAGRAM_BYTES_MAX, RTCP_REPLAY_WINDOW, VIDEO_REPLAY_WINDOW } from "./limits.ts";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import { writeSyncRequest } from "./rtcp.ts";
import { EXTENSION, PAYLOAD_TYPE, writeRtp } from "./rtp.ts";
import { SrtpReceiver, SrtpSender } from "./srtp.ts";
import { toyCryptography } from "./toy_cryptography.ts";

const cryptography = toyCryptography;
const SSRC = 0xdeadbeef;
const MASTER = masterKey(1);
/** Indices around which a step of 1 changes the ROC, its sign, or the size of the number. */
const EDGES = [
  2 ** 15,
  2 ** 16,
  3 * 2 ** 15,
  2 ** 17,
  2 ** 31,
  2 ** 31 + 2 ** 15,
  2 ** 32,
  2 ** 47,
];

function masterKey(seed: number): MasterKey {
  const random = seededRandom(seed);
  return { key: random.fill(new Uint8Array(16)), salt: random.fill(new Uint8Array(12)) };
}

function rtp(sequence: number, { ssrc = SSRC, size = 20 } = {}): Uint8Array {
  return writeRtp({
    payloadType: PAYLOAD_TYPE.h264,
    marker: true,
    sequence: sequence & 0xffff,
    timestamp: 90_000,
    ssrc,
    csrcs: [7],
    extensions: new Map([[EXTENSION.frameMarking, Uint8Array.of(0xa0)]]),
    payload: new Uint8Array(size).fill(0x41),
  });
}

function rtcp(ssrc = SSRC): Uint8Array {
  return writeSyncRequest({ ssrc, sentAtMs: 1, nonce: new Uint8Array(8) });
}

/** A sender whose next packet may have `index`. */
function senderAt(index: number): SrtpSender {
  const sender = new SrtpSender({ cryptography, master: MASTER, epoch: 3 });
  if (index > 0) sender.seed(SSRC, position(index - 1));
  return sender;
}

function receiver(windowPackets = VIDEO_REPLAY_WINDOW): SrtpReceiver {
  const made = new SrtpReceiver({ cryptography, windowPackets });
  made.addKey(3, MASTER);
  return made;
}

function position(index: number) {
  return { roc: Math.floor(index / 0x1_0000), sequence: index % 0x1_0000 };
}

function seedAt(target: SrtpReceiver, index: number): void {
  const { roc, sequence } = position(index);
  target.seed(SSRC, roc, sequence);
}

/** What became of a packet: its index, or the reason it was refused for. */
function opened(target: SrtpReceiver, packet: Uint8Array): number | string {
  const result = target.open(packet);
  return typeof result === "string" ? result : result.index;
}

Deno.test("SrtpSender.protect() leaves the header in clear and adds tag and epoch", () => {
  const packet = rtp(5);
  const sealed = senderAt(0).protect(packet);
  strictEqual(sealed.length, packet.length + 17);
  deepStrictEqual(sealed.slice(0, 24), packet.slice(0, 24));
  notDeepStrictEqual(sealed.slice(24, packet.length), packet.slice(24));
  strictEqual(sealed.at(-1), 3);
});

Deno.test("SrtpReceiver.open() gives the packet back as it was written", () => {
  const target = receiver();
  target.expect(SSRC);
  const sender = senderAt(0);
  for (const size of [0, 1, 1_200]) {
    const packet = rtp(10 + size, { size });
    const sealed = sender.protect(packet);
    const before = sealed.slice();
    deepStrictEqual(target.open(sealed), { rtp: packet, index: 10 + size, newest: true });
    deepStrictEqual(sealed, before);
  }
});

Deno.test("SrtpReceiver.openRtcp() gives the packet back as it was written", () => {
  const target = receiver();
  target.expect(SSRC);
  const sender = senderAt(0);
  for (const index of [1, 2, 3]) {
    const sealed = sender.protectRtcp(rtcp());
    strictEqual(sealed.length, rtcp().length + 21);
    deepStrictEqual(sealed.slice(0, 8), rtcp().slice(0, 8));
    deepStrictEqual([...sealed.slice(-5)], [0x80, 0, 0, index, 3]);
    deepStrictEqual(target.openRtcp(sealed), { rtcp: rtcp(), index, newest: true });
  }
});

Deno.test("SrtpReceiver.open() follows a stream over every edge of its index", () => {
  for (const edge of EDGES) {
    const sender = senderAt(edge - 3);
    const target = receiver();
    seedAt(target, edge - 4);
    for (let index = edge - 3; index < edge + 3; index++) {
      strictEqual(opened(target, sender.protect(rtp(index))), index);
      deepStrictEqual(sender.position(SSRC), position(index));
      deepStrictEqual(target.position(SSRC), position(index));
    }
  }
});

Deno.test("SrtpReceiver.open() takes packets across an edge in any order", () => {
  for (const edge of EDGES) {
    const sender = senderAt(edge - 3);
    const packets = Array.from({ length: 6 }, (_, step) => sender.protect(rtp(edge - 3 + step)));
    const target = receiver();
    seedAt(target, edge - 4);
    for (const step of [5, 0, 4, 1, 3, 2]) {
      strictEqual(opened(target, packets[step]), edge - 3 + step);
      strictEqual(opened(target, packets[step]), "replay");
    }
  }
});

Deno.test("a late joiner seeded after a wrap opens what was sent before it, and the other way round", () => {
  for (const edge of EDGES) {
    const sender = senderAt(edge - 2_000);
    const packets = new Map<number, Uint8Array>();
    for (const far of [2_000, 1_000, 300, 2, 1, 0, -1, -2, -300, -1_000, -1_999]) {
      packets.set(edge - far, sender.protect(rtp(edge - far)));
    }
    for (const seeded of [edge - 1_999, edge - 1, edge, edge + 1, edge + 1_999]) {
      const target = receiver();
      seedAt(target, seeded);
      deepStrictEqual(target.position(SSRC), position(seeded));
      for (const [index, packet] of packets) strictEqual(opened(target, packet), index);
      for (const packet of packets.values()) strictEqual(opened(target, packet), "replay");
    }
  }
});

Deno.test("a receiver with the wrong ROC opens nothing, and the right seed cures it", () => {
  const sender = senderAt(5 * 0x1_0000);
  const target = receiver();
  target.expect(SSRC);
  strictEqual(opened(target, sender.protect(rtp(0))), "srtp-forged");
  strictEqual(target.position(SSRC), undefined);
  target.seed(SSRC, 5, 0);
  strictEqual(opened(target, sender.protect(rtp(1))), 5 * 0x1_0000 + 1);
});

Deno.test("SrtpReceiver.seed() carries a paused viewer over more than 32 768 packets", () => {
  const sender = senderAt(0);
  const target = receiver();
  target.expect(SSRC);
  strictEqual(opened(target, sender.protect(rtp(9))), 9);
  sender.seed(SSRC, position(200_000));
  strictEqual(opened(target, sender.protect(rtp(200_001))), "srtp-forged");
  seedAt(target, 200_001);
  strictEqual(opened(target, sender.protect(rtp(200_002))), 200_002);
});

Deno.test("SrtpReceiver.seed() never moves a known stream back; forget() lets it start over", () => {
  const packet = senderAt(900).protect(rtp(900));
  const target = receiver();
  seedAt(target, 1_000);
  strictEqual(opened(target, packet), 900);
  seedAt(target, 10);
  target.expect(SSRC);
  deepStrictEqual(target.position(SSRC), position(1_000));
  strictEqual(opened(target, packet), "replay");
  target.forget(SSRC);
  strictEqual(opened(target, packet), "srtp-unknown-ssrc");
  seedAt(target, 1_000);
  strictEqual(opened(target, packet), 900);
});

Deno.test("a new stream may start anywhere with ROC 0, also when its first packets are lost", () => {
  for (const first of [0, 1, 32_767, 32_768, 32_769, 65_535]) {
    for (const announce of ["expect", "seed"] as const) {
      const target = receiver();
      if (announce === "expect") target.expect(SSRC);
      else target.seed(SSRC, 0, 0);
      strictEqual(opened(target, senderAt(first).protect(rtp(first))), first);
    }
  }
});

Deno.test("SrtpReceiver.open() refuses a replay inside the window and anything behind it", () => {
  for (const windowPackets of [256, VIDEO_REPLAY_WINDOW]) {
    const sender = senderAt(0);
    const packets = Array.from(
      { length: windowPackets + 2 },
      (_, index) => sender.protect(rtp(index)),
    );
    const target = receiver(windowPackets);
    target.expect(SSRC);
    const last = windowPackets + 1;
    strictEqual(opened(target, packets[0]), 0);
    strictEqual(opened(target, packets[last]), last);
    strictEqual(opened(target, packets[0]), "old");
    strictEqual(opened(target, packets[1]), "old", "one under the window");
    strictEqual(opened(target, packets[2]), 2, "the last one inside");
    strictEqual(opened(target, packets[2]), "replay");
    strictEqual(opened(target, packets[last]), "replay");
  }
});

Deno.test("SrtpReceiver.open() says which packets are newer than all before", () => {
  const sender = senderAt(0);
  const [first, second, third] = [1, 2, 3].map((index) => sender.protect(rtp(index)));
  const target = receiver();
  target.expect(SSRC);
  const newest = [second, first, third].map((packet) => {
    const result = target.open(packet);
    return typeof result === "string" ? result : result.newest;
  });
  deepStrictEqual(newest, [true, false, true]);
});

Deno.test("a flip of any bit is refused, and the packet itself still opens", () => {
  const packet = senderAt(77).protect(rtp(77));
  const control = senderAt(0).protectRtcp(rtcp());
  const target = receiver();
  target.addKey(2, masterKey(2));
  target.expect(SSRC);
  for (const sealed of [packet, control]) {
    const open = (bytes: Uint8Array) =>
      sealed === packet ? target.open(bytes) : target.openRtcp(bytes);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = sealed.slice();
      flipped[bit >>> 3] ^= 1 << (bit & 7);
      strictEqual(typeof open(flipped), "string", `bit ${bit}`);
    }
    if (sealed === packet) strictEqual(target.position(SSRC), undefined);
    strictEqual(typeof open(sealed), "object");
  }
});

Deno.test("SrtpReceiver refuses every prefix and 10 000 mutations and stays as it was", () => {
  const sender = senderAt(77);
  const packet = sender.protect(rtp(77));
  const control = sender.protectRtcp(rtcp());
  const target = receiver();
  target.expect(SSRC);
  for (const golden of [packet, control]) {
    for (const prefix of prefixesOf(golden)) {
      strictEqual(typeof target.open(prefix), "string");
      strictEqual(typeof target.openRtcp(prefix), "string");
    }
  }
  const same = new Set([packet.toHex(), control.toHex()]);
  for (const bytes of mutationsOf([packet, control], { seed: 7714, count: 10_000 })) {
    if (same.has(bytes.toHex())) continue;
    strictEqual(typeof target.open(bytes), "string", bytes.toHex());
    strictEqual(typeof target.openRtcp(bytes), "string", bytes.toHex());
  }
  strictEqual(target.position(SSRC), undefined);
  strictEqual(opened(target, packet), 77);
  strictEqual(typeof target.openRtcp(control), "object");
});

Deno.test("SrtpReceiver names a wrong key, an unknown epoch, an unknown SSRC and a long packet", () => {
  const packet = senderAt(1).protect(rtp(1));
  const target = receiver();
  target.expect(SSRC);
  target.addKey(3, masterKey(99));
  strictEqual(target.open(packet), "srtp-forged");
  target.removeKey(3);
  strictEqual(target.open(packet), "srtp-unknown-key");
  target.forget(SSRC);
  strictEqual(target.open(packet), "srtp-unknown-ssrc");
  strictEqual(target.open(new Uint8Array(DATAGRAM_BYTES_MAX + 1)), "srtp-long");
  strictEqual(target.openRtcp(new Uint8Array(DATAGRAM_BYTES_MAX + 1)), "srtp-long");
  strictEqual(target.open(new Uint8Array(28)), "rtp-short", "no room for a tag");
  strictEqual(target.open(new Uint8Array(29)), "rtp-version");
  strictEqual(target.openRtcp(new Uint8Array(28)), "srtcp-header");
  strictEqual(target.openRtcp(new Uint8Array(29)), "srtcp-header");
});

Deno.test("SRTP opens the largest datagram and refuses one byte more", () => {
  const size = DATAGRAM_BYTES_MAX - 17 - 24;
  const sender = senderAt(0);
  const target = receiver();
  target.expect(SSRC);
  strictEqual(opened(target, sender.protect(rtp(0, { size }))), 0);
  strictEqual(opened(target, sender.protect(rtp(1, { size: size + 1 }))), "srtp-long");
});

Deno.test("a new epoch goes on with the indices, and the old one opens until it is removed", () => {
  const sender = senderAt(0x1_0000 - 2);
  const target = receiver();
  seedAt(target, 0x1_0000 - 3);
  const second = masterKey(2);
  const packets = [sender.protect(rtp(-2))];
  const controls = [sender.protectRtcp(rtcp())];
  sender.addKey(4, second);
  target.addKey(4, second);
  strictEqual(sender.epoch, 3);
  sender.use(4);
  strictEqual(sender.epoch, 4);
  packets.push(sender.protect(rtp(-1)), sender.protect(rtp(0)));
  controls.push(sender.protectRtcp(rtcp()));
  deepStrictEqual(packets.map((packet) => packet.at(-1)), [3, 4, 4]);
  deepStrictEqual(controls.map((packet) => [...packet.slice(-2)]), [[1, 3], [2, 4]]);
  strictEqual(opened(target, packets[2]), 0x1_0000);
  strictEqual(opened(target, packets[0]), 0xfffe);
  target.removeKey(3);
  strictEqual(opened(target, packets[0]), "srtp-unknown-key");
  strictEqual(opened(target, packets[1]), 0xffff);
  strictEqual(opened(target, packets[1]), "replay");
  strictEqual(target.openRtcp(controls[0]), "srtp-unknown-key");
  strictEqual(typeof target.openRtcp(controls[1]), "object");
});

Deno.test("SrtpSender.use() forgets the key it leaves and refuses one it never had", () => {
  const sender = senderAt(0);
  throws(() => sender.use(4), AssertionFailure);
  sender.addKey(4, masterKey(2));
  ok(sender.hasKey(3) && sender.hasKey(4));
  sender.use(3);
  ok(sender.hasKey(3));
  sender.use(4);
  ok(!sender.hasKey(3));
  throws(() => sender.use(3), AssertionFailure);
  for (const epoch of [-1, 256, 1.5]) {
    throws(() => sender.addKey(epoch, MASTER), AssertionFailure);
    throws(() => receiver().addKey(epoch, MASTER), AssertionFailure);
  }
});

Deno.test("SrtpSender.protect() refuses an index twice, under any epoch, and a step back", () => {
  const sender = senderAt(0x1_0005);
  sender.protect(rtp(0x1_0005));
  throws(() => sender.protect(rtp(0x1_0005)), AssertionFailure);
  throws(() => sender.protect(rtp(0x1_0004)), AssertionFailure);
  throws(() => sender.protect(rtp(0xfff0)), AssertionFailure);
  sender.addKey(4, masterKey(2));
  sender.use(4);
  throws(() => sender.protect(rtp(0x1_0005)), AssertionFailure);
  throws(() => sender.seed(SSRC, position(0x1_0005)), AssertionFailure);
  sender.protect(rtp(0x1_0006));
  sender.protect(rtp(0x1_0006, { ssrc: 5 }));
  deepStrictEqual(sender.position(5), { roc: 0, sequence: 6 });
  strictEqual(sender.position(6), undefined);
});

Deno.test("SrtpSender.protect() refuses what is no RTP, and protectRtcp() what names no sender", () => {
  throws(() => senderAt(0).protect(new Uint8Array(11)), AssertionFailure);
  throws(() => senderAt(0).protect(new Uint8Array(40)), AssertionFailure);
  throws(() => senderAt(0).protectRtcp(new Uint8Array(7)), AssertionFailure);
});

Deno.test("SRTP ends at index 2^48 and SRTCP at 2^31, instead of using one again", () => {
  const sender = senderAt(2 ** 48 - 1);
  sender.seedRtcp(SSRC, 2 ** 31 - 2);
  const target = receiver();
  seedAt(target, 2 ** 48 - 2);
  strictEqual(opened(target, sender.protect(rtp(-1))), 2 ** 48 - 1);
  throws(() => sender.protect(rtp(0)), AssertionFailure);
  strictEqual(opened(target, senderAt(0).protect(rtp(0))), "srtp-exhausted");
  const control = target.openRtcp(sender.protectRtcp(rtcp()));
  ok(typeof control === "object");
  strictEqual(control.index, 2 ** 31 - 1);
  throws(() => sender.protectRtcp(rtcp()), AssertionFailure);
});

Deno.test("SrtpReceiver.openRtcp() refuses a replay, an old index and unencrypted SRTCP", () => {
  const sender = senderAt(0);
  const packets = Array.from(
    { length: RTCP_REPLAY_WINDOW + 1 },
    () => sender.protectRtcp(rtcp()),
  );
  const target = receiver();
  target.expect(SSRC);
  const results = [packets[0], packets.at(-1)!, packets[0], packets[1], packets[1]].map(
    (packet) => {
      const result = target.openRtcp(packet);
      return typeof result === "string" ? result : result.newest;
    },
  );
  deepStrictEqual(results, [true, true, "old", false, "replay"]);
  const clear = sender.protectRtcp(rtcp());
  clear[clear.length - 5] &= 0x7f;
  strictEqual(target.openRtcp(clear), "srtcp-clear");
});

Deno.test("RTP and SRTCP of one SSRC do not get in each other's way", () => {
  const sender = senderAt(0);
  const target = receiver();
  target.expect(SSRC);
  strictEqual(opened(target, sender.protect(rtp(1))), 1);
  strictEqual(typeof target.openRtcp(sender.protectRtcp(rtcp())), "object");
  strictEqual(opened(target, sender.protect(rtp(2))), 2);
});
