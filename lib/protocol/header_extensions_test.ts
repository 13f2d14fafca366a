import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, seededRandom } from "@fusionmeet/base";
import {
  decodeAudioLevel,
  decodeCaptureTime,
  decodeFrameMarking,
  decodeMixLevels,
  encodeAudioLevel,
  encodeCaptureTime,
  encodeFrameMarking,
  encodeMixLevels,
} from "./header_extensions.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

Deno.test("encodeAudioLevel() writes RFC 6464's byte and clamps", () => {
  deepStrictEqual(encodeAudioLevel({ voice: true, level: -20 }), hex("94"));
  deepStrictEqual(encodeAudioLevel({ voice: false, level: -127 }), hex("7f"));
  deepStrictEqual(encodeAudioLevel({ voice: false, level: -Infinity }), hex("7f"));
  deepStrictEqual(encodeAudioLevel({ voice: true, level: 3 }), hex("80"));
  deepStrictEqual(encodeAudioLevel({ voice: false, level: -20.4 }), hex("14"));
});

Deno.test("decodeAudioLevel() reads every byte, and nothing of another size", () => {
  for (let byte = 0; byte < 256; byte++) {
    const level = decodeAudioLevel(Uint8Array.of(byte));
    ok(level && level.level <= 0 && level.level >= -127);
    deepStrictEqual(encodeAudioLevel(level), Uint8Array.of(byte));
  }
  strictEqual(decodeAudioLevel(hex("")), undefined);
  strictEqual(decodeAudioLevel(hex("1414")), undefined);
});

Deno.test("encodeFrameMarking() writes RFC 9626's short form", () => {
  const none = { start: false, end: false, independent: false, discardable: false };
  deepStrictEqual(encodeFrameMarking(none), hex("00"));
  deepStrictEqual(encodeFrameMarking({ ...none, start: true }), hex("80"));
  deepStrictEqual(encodeFrameMarking({ ...none, end: true }), hex("40"));
  deepStrictEqual(encodeFrameMarking({ ...none, independent: true }), hex("20"));
  deepStrictEqual(encodeFrameMarking({ ...none, discardable: true }), hex("10"));
});

Deno.test("decodeFrameMarking() reads the flags of the short and the long forms", () => {
  const marking = { start: true, end: false, independent: true, discardable: false };
  for (const text of ["a0", "a8", "a8 01", "a8 01 07"]) {
    deepStrictEqual(decodeFrameMarking(hex(text)), marking);
  }
  strictEqual(decodeFrameMarking(hex("")), undefined);
  strictEqual(decodeFrameMarking(hex("a0000000")), undefined);
});

Deno.test("encodeMixLevels() and decodeMixLevels() keep RFC 6465's order", () => {
  deepStrictEqual(encodeMixLevels([-20, 0, -127]), hex("14007f"));
  deepStrictEqual(decodeMixLevels(hex("14 80 7f")), [-20, 0, -127], "the first bit is reserved");
  deepStrictEqual(decodeMixLevels(hex("")), []);
  throws(() => encodeMixLevels([]), AssertionFailure);
  throws(() => encodeMixLevels(Array(16).fill(0)), AssertionFailure);
  strictEqual(encodeMixLevels(Array(15).fill(0)).length, 15);
});

Deno.test("encodeCaptureTime() writes seconds as UQ32.32", () => {
  deepStrictEqual(encodeCaptureTime(0), hex("0000000000000000"));
  deepStrictEqual(encodeCaptureTime(1_500), hex("0000000180000000"));
  deepStrictEqual(encodeCaptureTime(-3), hex("0000000000000000"));
  deepStrictEqual(encodeCaptureTime(999.999_999_999_9), hex("0000000100000000"), "carries");
  throws(() => encodeCaptureTime(NaN), AssertionFailure);
});

Deno.test("decodeCaptureTime() gives the time back within a microsecond over a month", () => {
  const random = seededRandom(3264);
  for (let round = 0; round < 1_000; round++) {
    const ms = random.fraction() * 30 * 86_400_000;
    const back = decodeCaptureTime(encodeCaptureTime(ms));
    ok(back !== undefined && Math.abs(back - ms) < 0.001, `${ms} became ${back}`);
  }
  strictEqual(decodeCaptureTime(hex("0000000180000000 0000000000000000")), 1_500);
  for (const size of [0, 7, 9, 15, 17]) {
    strictEqual(decodeCaptureTime(new Uint8Array(size)), undefined);
  }
});

Deno.test("the extension decoders take 10 000 random values of any size without throwing", () => {
  const random = seededRandom(8285);
  for (let round = 0; round < 10_000; round++) {
    const bytes = random.fill(new Uint8Array(random.u32() % 20));
    const marking = decodeFrameMarking(bytes);
    strictEqual(marking === undefined, bytes.length < 1 || bytes.length > 3);
    strictEqual(decodeAudioLevel(bytes) === undefined, bytes.length !== 1);
    strictEqual(decodeMixLevels(bytes).length, bytes.length);
    const ms = decodeCaptureTime(bytes);
    ok(ms === undefined || (ms >= 0 && ms <= 2 ** 32 * 1_000));
  }
});
