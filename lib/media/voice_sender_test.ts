import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { decodeL16 } from "./l16.ts";
import { plainCodecs, tone } from "./voice_network_for_test.ts";
import type { VoiceEncoder } from "./types.ts";
import { VoiceSender } from "./voice_sender.ts";

const SOUND = tone(450, 8_000);
const FRAME = Int16Array.from({ length: 960 }, (_, at) => SOUND(at));
const SILENCE = new Int16Array(960);

function newSender(voice: "opus" | "l16", encoder?: Partial<VoiceEncoder>): VoiceSender {
  const made = { ...plainCodecs.takeEncoder()!, ...encoder };
  const codecs = { ...plainCodecs, takeEncoder: () => made };
  return new VoiceSender({ codecs, voice, sequence: 65_534, timestamp: 2 ** 32 - 960 });
}

Deno.test("VoiceSender.frame() numbers packets over the wraps of sequence and timestamp", () => {
  const sender = newSender("opus");
  const packets = [0, 20, 40].flatMap((atMs) => sender.frame(FRAME, 500 + atMs));
  deepStrictEqual(packets.map(({ sequence }) => sequence), [65_534, 65_535, 0]);
  deepStrictEqual(packets.map(({ timestamp }) => timestamp), [2 ** 32 - 960, 0, 960]);
  deepStrictEqual(packets.map(({ marker }) => marker), [true, false, false]);
  deepStrictEqual(packets.map(({ capturedAtMs }) => capturedAtMs), [500, 520, 540]);
  deepStrictEqual([packets[0].level, packets[0].voice], [-15, true]);
  deepStrictEqual([sender.sequence, sender.timestamp], [1, 1_920]);
});

Deno.test("VoiceSender.frame() sends L16 as two packets of 480 samples", () => {
  const packets = newSender("l16").frame(FRAME, 100);
  strictEqual(packets.length, 2);
  deepStrictEqual(packets.map(({ timestamp }) => timestamp), [2 ** 32 - 960, 2 ** 32 - 480]);
  deepStrictEqual(packets.map(({ capturedAtMs }) => capturedAtMs), [100, 110]);
  deepStrictEqual(packets.map(({ marker }) => marker), [true, false]);
  deepStrictEqual(packets.flatMap(({ payload }) => [...decodeL16(payload)]), [...FRAME]);
});

Deno.test("VoiceSender.muted: nothing leaves after the next frame, which fades; time goes on", () => {
  const sender = newSender("l16");
  sender.frame(FRAME);
  sender.muted = true;
  const [, faded] = sender.frame(FRAME);
  ok(Math.abs(decodeL16(faded.payload)[479]) < 10);
  for (let nth = 0; nth < 100; nth++) deepStrictEqual(sender.frame(FRAME), []);
  deepStrictEqual([sender.level, sender.voice], [-127, false]);
  sender.muted = false;
  const [first] = sender.frame(FRAME);
  strictEqual(first.sequence, (faded.sequence + 1) & 0xffff);
  strictEqual(first.timestamp, 101 * 960);
  ok(first.marker && first.stamped);
  ok(Math.abs(decodeL16(first.payload)[1]) < 10);
});

Deno.test("VoiceSender.skip() moves the timestamp, not the sequence", () => {
  const sender = newSender("opus");
  sender.frame(FRAME);
  sender.skip(50);
  const [packet] = sender.frame(FRAME);
  deepStrictEqual([packet.sequence, packet.timestamp, packet.marker], [65_535, 50 * 960, true]);
});

Deno.test("VoiceSender.frame() leaves out what no receiver decodes, but for one packet in 400 ms", () => {
  const hum = FRAME.map((sample) => sample / 400);
  const sender = newSender("opus");
  const sent = Array.from({ length: 200 }, (_, nth) => sender.frame(nth === 20 ? FRAME : hum)[0]);
  const paused = sent.findIndex((packet) => !packet);
  // 300 ms of voice hangover and the receivers' 500 ms come first.
  ok(paused > 20 + 15 + 25 && paused < 70, `${paused}`);
  const kept = sent.slice(paused).filter((packet) => packet);
  ok(kept.length >= 6 && kept.length <= 7, `${kept.length}`);
  ok(kept.every(({ payload, marker }) => marker && payload.every((byte) => byte === 0)));
  ok(kept.every(({ level }) => level < -60 && level > -80), "the level is still the true one");
  const sequences = sent.flatMap((packet) => packet ? [packet.sequence] : []);
  ok(sequences.every((sequence, nth) => sequence === (65_534 + nth & 0xffff)));
  strictEqual(sender.frame(FRAME)[0].timestamp, 199 * 960);
});

Deno.test("VoiceSender.frame() sends one frame in 20 of a digital silence", () => {
  for (const [voice, perFrame] of [["l16", 2], ["opus", 1]] as const) {
    const sender = newSender(voice);
    let packets = 0;
    for (let nth = 0; nth < 110; nth++) packets += sender.frame(SILENCE).length;
    strictEqual(packets, perFrame * (10 + 5));
  }
});

Deno.test("VoiceSender.frame() without an encoder counts and tries again", () => {
  let empty = true;
  const codecs = {
    ...plainCodecs,
    takeEncoder: () => empty ? undefined : plainCodecs.takeEncoder(),
  };
  const sender = new VoiceSender({ codecs, voice: "opus", sequence: 5, timestamp: 0 });
  deepStrictEqual(sender.frame(FRAME), []);
  empty = false;
  const [packet] = sender.frame(FRAME);
  deepStrictEqual([packet.sequence, packet.timestamp, sender.encoderMisses], [5, 960, 1]);
});

Deno.test("VoiceSender.frame() stamps the first packet of a talkspurt and every tenth", () => {
  const sender = newSender("opus");
  const stamps = Array.from({ length: 25 }, () => sender.frame(FRAME)[0].stamped);
  deepStrictEqual(stamps.flatMap((stamped, nth) => stamped ? [nth] : []), [0, 10, 20]);
});

Deno.test("VoiceSender.expectLoss() turns redundancy on from 1 % and off again", () => {
  const turned: boolean[] = [];
  const sender = newSender("opus", { useFec: (on) => void turned.push(on) });
  sender.expectLoss(3);
  sender.frame(FRAME);
  sender.expectLoss(0.5);
  deepStrictEqual(turned, [true, false]);
});
