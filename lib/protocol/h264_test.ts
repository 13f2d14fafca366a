import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, concatBytes, seededRandom } from "@fusionmeet/base";
import {
  depacketizeH264,
  isH264Keyframe,
  joinAnnexB,
  nalType,
  packetizeH264,
  splitAnnexB,
} from "./h264.ts";
import { readSps } from "./h264_sps.ts";
import { ACCESS_UNIT_BYTES_MAX, ACCESS_UNIT_NALS_MAX, RTP_PAYLOAD_BYTES_MAX } from "./limits.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
/** Made by x264 for 320x240, baseline, level 1.3. */
const SPS_320 = hex("67 42c00d da0507ec0440000003004000000f03c50aa8");
/** Made by x264 for 1918x1078: cropped. */
const SPS_1918 = hex("67 42c028 da01e0089ea6c04400000300040000030 0f03c60ca80");
/** Made by x264: High 4:4:4 Predictive, interlaced, 720x576. */
const SPS_INTERLACED = hex("67 f4001f 919b2816849b01100000030010000003 03c1f162d960");
/** Made by x264: High with scaling matrices, 1920x1080. */
const SPS_SCALING = hex("67 640028 acd9407802 27e5c0440000030004000003 00f03c60c658");
const PPS = hex("68 ce0fc8");

/** A NAL unit of `bytes` bytes in which no start code can be found. */
function nal(header: number, bytes: number): Uint8Array {
  const unit = new Uint8Array(bytes).map((_, index) => 2 + (index * 7) % 250);
  unit[0] = header;
  return unit;
}

function unit(...nals: Uint8Array[]) {
  return { bytes: joinAnnexB(nals), payloads: packetizeH264(joinAnnexB(nals)) };
}

Deno.test("splitAnnexB() finds units after 3- and 4-byte start codes and drops empty ones", () => {
  const bytes = hex("00000001 6742 000001 68ce 00000001 000001 65888400 00000001");
  deepStrictEqual(splitAnnexB(bytes), [hex("6742"), hex("68ce"), hex("658884")]);
  deepStrictEqual(splitAnnexB(hex("ffff 000001 4101")), [hex("4101")]);
  deepStrictEqual(splitAnnexB(hex("4101")), []);
  deepStrictEqual(splitAnnexB(new Uint8Array()), []);
});

Deno.test("packetizeH264() sends small units whole and marks the first and the last payload", () => {
  const idr = nal(0x65, 100);
  const { payloads } = unit(hex("09f0"), SPS_320, PPS, idr);
  deepStrictEqual(payloads, [
    { payload: SPS_320, start: true, end: false },
    { payload: PPS, start: false, end: false },
    { payload: idr, start: false, end: true },
  ]);
  deepStrictEqual(packetizeH264(new Uint8Array()), []);
  deepStrictEqual(unit(hex("7c8588"), hex("09f0")).payloads, []);
});

Deno.test("packetizeH264() writes FU-A as RFC 6184 section 5.8 draws it", () => {
  const payloads = packetizeH264(joinAnnexB([hex("65 11 22 33 44 55 66 77")]), 5);
  deepStrictEqual(payloads.map(({ payload }) => payload), [
    hex("7c 85 11 22"),
    hex("7c 05 33 44"),
    hex("7c 45 55 66 77"),
  ]);
});

for (const extra of [-1, 0, 1]) {
  Deno.test(`packetizeH264() at the payload limit ${extra}`, () => {
    const { bytes, payloads } = unit(nal(0x41, RTP_PAYLOAD_BYTES_MAX + extra));
    strictEqual(payloads.length, extra > 0 ? 2 : 1);
    const assembled = depacketizeH264(payloads.map(({ payload }) => payload));
    deepStrictEqual(assembled, { bytes, keyframe: false });
  });
}

Deno.test("packetizeH264() balances fragments and depacketizeH264() puts them together", () => {
  for (const bytes of [1201, 2396, 2397, 2398, 5_000, 65_536, 300_001]) {
    const whole = unit(SPS_320, PPS, nal(0x65, bytes));
    const sizes = whole.payloads.slice(2).map(({ payload }) => payload.length);
    strictEqual(sizes.length, Math.ceil((bytes - 1) / (RTP_PAYLOAD_BYTES_MAX - 2)));
    strictEqual(Math.max(...sizes) <= RTP_PAYLOAD_BYTES_MAX, true);
    strictEqual(Math.max(...sizes) - Math.min(...sizes) <= 1, true);
    deepStrictEqual(depacketizeH264(whole.payloads.map(({ payload }) => payload)), {
      bytes: whole.bytes,
      keyframe: true,
    });
  }
});

Deno.test("packetizeH264() holds that an access unit is within its limit", () => {
  const largest = joinAnnexB([nal(0x41, ACCESS_UNIT_BYTES_MAX - 4)]);
  const payloads = packetizeH264(largest).map(({ payload }) => payload);
  deepStrictEqual(depacketizeH264(payloads), { bytes: largest, keyframe: false });
  strictEqual(depacketizeH264([...payloads, hex("41")]), "too-large");
  throws(() => packetizeH264(concatBytes(largest, hex("02"))), AssertionFailure);
});

Deno.test("depacketizeH264() takes STAP-A apart", () => {
  const aggregate = hex("78 0002 6742 0003 68ce0f 0001 65");
  deepStrictEqual(depacketizeH264([aggregate, hex("4101")]), {
    bytes: joinAnnexB([hex("6742"), hex("68ce0f"), hex("65"), hex("4101")]),
    keyframe: true,
  });
});

Deno.test("depacketizeH264() names what is wrong", () => {
  const start = hex("7c8511");
  const middle = hex("7c0522");
  const end = hex("7c4533");
  const cases: [string, Uint8Array[]][] = [
    ["empty", []],
    ["short", [hex("")]],
    ["short", [start, middle]],
    ["short", [start, hex("7c45")]],
    ["short", [hex("78")]],
    ["short", [hex("78 0005 6742")]],
    ["short", [hex("78 0001 67 00")]],
    ["malformed", [hex("78 0000 67")]],
    ["malformed", [middle, end]],
    ["malformed", [start, start]],
    ["malformed", [start, hex("4101")]],
    ["malformed", [start, hex("7c4133")]],
    ["malformed", [hex("7cc511")]],
    ["unsupported", [hex("7c9c11")]],
    ["unsupported", [hex("7900")]],
    ["unsupported", [hex("00")]],
    ["unsupported", [hex("78 0002 7c85")]],
  ];
  for (const [fault, payloads] of cases) strictEqual(depacketizeH264(payloads), fault);
});

Deno.test("depacketizeH264() stops at ACCESS_UNIT_NALS_MAX", () => {
  const units = (count: number) => depacketizeH264(Array(count).fill(hex("4101")));
  strictEqual(typeof units(ACCESS_UNIT_NALS_MAX), "object");
  strictEqual(units(ACCESS_UNIT_NALS_MAX + 1), "too-large");
});

Deno.test("isH264Keyframe() needs SPS, PPS and IDR", () => {
  strictEqual(isH264Keyframe(joinAnnexB([SPS_320, PPS, nal(0x65, 9)])), true);
  strictEqual(isH264Keyframe(joinAnnexB([nal(0x65, 9)])), false);
  strictEqual(isH264Keyframe(joinAnnexB([SPS_320, PPS, nal(0x41, 9)])), false);
});

Deno.test("readSps() reads codec and size", () => {
  deepStrictEqual(readSps(SPS_320), { codec: "avc1.42C00D", width: 320, height: 240 });
  deepStrictEqual(readSps(SPS_1918), { codec: "avc1.42C028", width: 1918, height: 1078 });
  deepStrictEqual(readSps(SPS_INTERLACED), { codec: "avc1.F4001F", width: 720, height: 576 });
  deepStrictEqual(readSps(SPS_SCALING), { codec: "avc1.640028", width: 1920, height: 1080 });
  deepStrictEqual(readSps(joinAnnexB([PPS, SPS_320])), readSps(SPS_320));
  strictEqual(readSps(new Uint8Array()), "empty");
  strictEqual(readSps(joinAnnexB([PPS])), "empty");
});

Deno.test("readSps() names every prefix that is too short", () => {
  for (let bytes = 1; bytes < 8; bytes++) {
    strictEqual(readSps(SPS_320.subarray(0, bytes)), "short");
  }
});

Deno.test("readSps() refuses sizes nobody can mean", () => {
  // ue(v) of 33 zero bits; then 2^31 columns; then a crop larger than the picture.
  strictEqual(readSps(hex("67 42c00d 00000000 00ffffff")), "malformed");
  strictEqual(readSps(hex("67 42c00d f8 0000 0001 ffff ffff ff")), "malformed");
});

Deno.test("the H.264 decoders survive every prefix and 10 000 mutations", () => {
  const random = seededRandom(6184);
  const golden = unit(SPS_1918, PPS, nal(0x65, 3_000)).payloads.map(({ payload }) => payload);
  golden.push(hex("78 0002 6742 0003 68ce0f 0001 65"));
  for (const payload of golden) {
    for (let bytes = 0; bytes < payload.length; bytes++) depacketizeH264([payload.slice(0, bytes)]);
  }
  for (let round = 0; round < 10_000; round++) {
    const payloads = golden.map((payload) => mutate(payload, random));
    const unit = depacketizeH264(payloads);
    if (typeof unit === "object") strictEqual(nalType(splitAnnexB(unit.bytes)[0]) > 0, true);
    const sps = readSps(mutate(round % 2 ? SPS_1918 : SPS_320, random));
    if (typeof sps === "object") {
      strictEqual(sps.width > 0 && sps.width <= 16_384, true);
      strictEqual(sps.height > 0 && sps.height <= 16_384, true);
    }
  }
});

/** Changes about every other time one or a few bytes, or cuts the end off. */
function mutate(bytes: Uint8Array, random: ReturnType<typeof seededRandom>): Uint8Array {
  const changed = bytes.slice(0, random.u32() % 8 === 0 ? random.u32() % bytes.length : undefined);
  if (changed.length === 0) return changed;
  for (let count = random.u32() % 4; count > 0; count--) {
    changed[random.u32() % Math.min(changed.length, 64)] = random.u32();
  }
  return changed;
}
