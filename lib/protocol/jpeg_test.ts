import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, concatBytes } from "@fusionmeet/base";
import { depacketizeJpeg, type JpegFault, packetizeJpeg } from "./jpeg.ts";
import { ACCESS_UNIT_BYTES_MAX, JPEG_SIDE_MAX, RTP_PAYLOAD_BYTES_MAX } from "./limits.ts";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import type { PictureFragment } from "./picture_fragment.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
/** Made by ffmpeg for 24x16: `-c:v mjpeg -huffman default -force_duplicated_matrix 1 -pix_fmt yuvj420p`. */
const GOLDEN = Uint8Array.fromBase64(
  "/9j/4AAQSkZJRgABAgAAAQABAAD//gAQTGF2YzU5LjM3LjEwMAD/2wCEAAgoKC8oLzc3Nzc3N0E8QUNDQ0FBQUFDQ0NI" +
    "SEhVVVVISEhDQ0hIUFBVVVxfXFdXVVdfX2RkZHh4c3OMjJGsrM8BCCgoLygvNzc3Nzc3QTxBQ0NDQUFBQUNDQ0hISFVV" +
    "VUhISENDSEhQUFVVXF9cV1dVV19fZGRkeHhzc4yMkaysz//EAaIAAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKCwEA" +
    "AwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoLEAACAQMDAgQDBQUEBAAAAX0BAgMABBEFEiExQQYTUWEHInEUMoGRoQgj" +
    "QrHBFVLR8CQzYnKCCQoWFxgZGiUmJygpKjQ1Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoOEhYaH" +
    "iImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4eLj5OXm5+jp6vHy8/T19vf4+foR" +
    "AAIBAgQEAwQHBQQEAAECdwABAgMRBAUhMQYSQVEHYXETIjKBCBRCkaGxwQkjM1LwFWJy0QoWJDThJfEXGBkaJicoKSo1" +
    "Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoKDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2" +
    "t7i5usLDxMXGx8jJytLT1NXW19jZ2uLj5OXm5+jp6vLz9PX29/j5+v/AABEIABAAGAMBIgACEQADEQD/2gAMAwEAAhED" +
    "EQA/APLvnLEL9e3H4mtedppSobnAJ/hAxxznpipE/wCWg6k7Tj1x1rZYjy9mOeuzPON2cZ9cfjXHOvKVSMrbN28uZau+" +
    "mn3H0UoatX2v+exhCWWPvjOD0U5qx9ol/vfoP8KRuBGB8pBJwf4cnIzWrmT/AJ6x/mP8K7faSev6v/gnyNWEZTbau9Nb" +
    "J9F3P//Z",
);
/** Where in it what begins. */
const AT = { comment: 20, tables: 38, huffman: 172, frame: 592, scan: 611, entropy: 625 };
const EOI = hex("ffd9");

/** The golden picture without its comment, with a scan of `bytes` bytes in which no marker can be found. */
function jpeg(bytes: number): Uint8Array {
  const scan = new Uint8Array(bytes).map((_, index) => (index * 7) % 250);
  return concatBytes(
    GOLDEN.subarray(0, AT.comment),
    GOLDEN.subarray(AT.tables, AT.entropy),
    scan,
    EOI,
  );
}

/** The golden picture with `bytes` written over it. */
function changed(at: number, bytes: string): Uint8Array {
  const copy = GOLDEN.slice();
  copy.set(hex(bytes), at);
  return copy;
}

function payloadsOf(picture: Uint8Array, payloadBytesMax?: number): Uint8Array[] {
  const fragments = packetizeJpeg(picture, payloadBytesMax);
  ok(typeof fragments !== "string", `${fragments}`);
  return fragments.map(({ payload }) => payload);
}

/** The fault, or "none". */
function faultOf(result: unknown): string {
  return typeof result === "string" ? result : "none";
}

function picture(payloads: readonly Uint8Array[]) {
  const unit = depacketizeJpeg(payloads);
  ok(typeof unit !== "string", `${unit}`);
  return unit;
}

Deno.test("packetizeJpeg() writes what RFC 2435 section 3.1 draws", () => {
  const fragments = packetizeJpeg(GOLDEN) as PictureFragment[];
  strictEqual(fragments.length, 1);
  const [{ payload, start, end }] = fragments;
  deepStrictEqual([start, end], [true, true]);
  deepStrictEqual(payload.subarray(0, 8), hex("00 000000 01 ff 03 02"));
  deepStrictEqual(payload.subarray(8, 12), hex("00 00 0080"));
  deepStrictEqual(payload.subarray(12, 76), GOLDEN.subarray(AT.tables + 5, AT.tables + 69));
  deepStrictEqual(payload.subarray(76, 140), GOLDEN.subarray(AT.tables + 70, AT.tables + 134));
  deepStrictEqual(payload.subarray(140), GOLDEN.subarray(AT.entropy, -2));
});

Deno.test("depacketizeJpeg() gives the file again, without its comment", () => {
  const unit = picture(payloadsOf(GOLDEN));
  const twoTables = changed(AT.frame + 15, "01 0311 01");
  const plain = concatBytes(GOLDEN.subarray(0, AT.comment), twoTables.subarray(AT.tables));
  deepStrictEqual(unit, { bytes: plain, keyframe: true, width: 24, height: 16 });
  deepStrictEqual(picture(payloadsOf(unit.bytes)), unit);
});

Deno.test("packetizeJpeg() balances fragments and counts their offsets without the tables", () => {
  for (const bytes of [1_060, 1_061, 2_252, 2_253, 20_000, 300_001]) {
    const payloads = payloadsOf(jpeg(bytes));
    const sizes = payloads.map(({ length }) => length);
    strictEqual(sizes.length, Math.ceil((bytes + 132) / (RTP_PAYLOAD_BYTES_MAX - 8)));
    ok(Math.max(...sizes) <= RTP_PAYLOAD_BYTES_MAX);
    ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    let offset = 0;
    payloads.forEach((payload, index) => {
      strictEqual((payload[1] << 16) | (payload[2] << 8) | payload[3], offset);
      offset += payload.length - 8 - (index === 0 ? 132 : 0);
    });
    strictEqual(offset, bytes);
    deepStrictEqual(picture(payloads).bytes.subarray(-bytes - 2), jpeg(bytes).subarray(-bytes - 2));
  }
  const marks = packetizeJpeg(jpeg(3_000)) as PictureFragment[];
  deepStrictEqual(marks.map(({ start, end }) => [start, end]), [
    [true, false],
    [false, false],
    [false, true],
  ]);
  throws(() => packetizeJpeg(GOLDEN, 8 + 2 * 132 - 1), AssertionFailure);
});

Deno.test("packetizeJpeg() takes one table for all, no Huffman tables, and no comment", () => {
  const { bytes } = picture(payloadsOf(GOLDEN));
  const bare = concatBytes(GOLDEN.subarray(0, AT.huffman), GOLDEN.subarray(AT.frame));
  deepStrictEqual(picture(payloadsOf(bare)).bytes, bytes);
  const one = concatBytes(
    hex("ffd8 ffdb 0043 00"),
    GOLDEN.subarray(AT.tables + 5, AT.tables + 69),
    changed(AT.frame + 12, "00 021100 031100").subarray(AT.frame),
  );
  const unit = picture(payloadsOf(one));
  deepStrictEqual(unit.bytes.subarray(25, 89), unit.bytes.subarray(90, 154));
});

Deno.test("packetizeJpeg() refuses what RFC 2435 type 1 cannot carry", () => {
  const cases: [JpegFault, Uint8Array][] = [
    ["empty", hex("")],
    ["malformed", hex("ffd9 0000 0000")],
    ["malformed", changed(AT.tables, "00")],
    ["malformed", changed(AT.tables + 2, "0001")],
    ["short", changed(AT.tables + 2, "ffff")],
    ["short", GOLDEN.subarray(0, -1)],
    ["empty", concatBytes(GOLDEN.subarray(0, AT.entropy), EOI)],
    ["unsupported", changed(AT.frame, "ffc2")], // progressive
    ["unsupported", changed(AT.frame + 4, "0c")], // 12 bits
    ["unsupported", changed(AT.frame + 9, "01")], // grey
    ["unsupported", changed(AT.frame + 11, "21")], // 4:2:2
    ["unsupported", changed(AT.frame + 18, "01")], // a third table
    ["unsupported", changed(AT.tables + 4, "10")], // 16-bit tables
    ["unsupported", changed(AT.huffman + 30, "77")], // Huffman tables of its own
    ["unsupported", changed(AT.scan + 8, "00")],
    ["unsupported", changed(AT.entropy + 4, "ffd0")], // restart marker
    ["malformed", concatBytes(GOLDEN.subarray(0, AT.frame), GOLDEN.subarray(AT.scan))],
    ["malformed", concatBytes(GOLDEN.subarray(0, AT.tables), GOLDEN.subarray(AT.huffman))],
  ];
  const found = cases.map(([, bytes]) => packetizeJpeg(bytes)).map(faultOf);
  deepStrictEqual(found, cases.map(([fault]) => fault));
});

Deno.test("packetizeJpeg(): sides at JPEG_SIDE_MAX, one step under and over, and between eights", () => {
  const sized = (side: number) => changed(AT.frame + 5, side.toString(16).padStart(4, "0"));
  for (const side of [8, JPEG_SIDE_MAX - 8, JPEG_SIDE_MAX]) {
    strictEqual(picture(payloadsOf(sized(side))).height, side);
  }
  for (const side of [0, 4, 15, JPEG_SIDE_MAX + 8]) {
    strictEqual(packetizeJpeg(sized(side)), "unsupported");
  }
});

Deno.test("JPEG at ACCESS_UNIT_BYTES_MAX, one under and one over", () => {
  const room = ACCESS_UNIT_BYTES_MAX - 609;
  for (const bytes of [room - 1, room]) {
    strictEqual(picture(payloadsOf(jpeg(bytes))).bytes.length, bytes + 609);
  }
  strictEqual(packetizeJpeg(jpeg(room + 1)), "too-large");
  strictEqual(packetizeJpeg(new Uint8Array(ACCESS_UNIT_BYTES_MAX + 1)), "too-large");
  const payloads = payloadsOf(jpeg(room));
  payloads.push(concatBytes(payloads.at(-1)!.subarray(0, 8), hex("00")));
  payloads.at(-1)!.set([room >> 16, room >> 8 & 255, room & 255], 1);
  strictEqual(depacketizeJpeg(payloads), "too-large");
});

Deno.test("depacketizeJpeg() names what is wrong", () => {
  const payloads = payloadsOf(jpeg(3_000));
  const [first, second, third] = payloads;
  const with_ = (at: number, bytes: string) => {
    const copy = first.slice();
    copy.set(hex(bytes), at);
    return [copy, second, third];
  };
  const cases: [JpegFault, Uint8Array[]][] = [
    ["empty", []],
    ["empty", [first.subarray(0, 140)]],
    ["short", [first.subarray(0, 139)]],
    ["short", [first, second.subarray(0, 8)]],
    ["malformed", [first, third]],
    ["malformed", [first, first]],
    ["malformed", [first.subarray(0, 140), first]], // the start once more
    ["malformed", [second, third]],
    ["malformed", [first, second.map((byte, at) => at === 6 ? 9 : byte)]],
    ["malformed", with_(200, "ffd9")], // would end the picture early
    ["malformed", with_(3, "01")],
    ["unsupported", with_(4, "00")],
    ["unsupported", with_(4, "41")],
    ["unsupported", with_(5, "50")],
    ["unsupported", with_(9, "01")],
    ["unsupported", with_(10, "0000")],
  ];
  const found = cases.map(([, each]) => depacketizeJpeg(each)).map(faultOf);
  deepStrictEqual(found, cases.map(([fault]) => fault));
  const wide = payloads.map((payload) => payload.map((byte, at) => at === 6 ? 0 : byte));
  strictEqual(depacketizeJpeg(wide), "unsupported");
});

Deno.test("the JPEG decoders survive every prefix and 10 000 mutations", () => {
  for (const bytes of prefixesOf(GOLDEN)) strictEqual(typeof packetizeJpeg(bytes), "string");
  const golden = payloadsOf(jpeg(2_000), 400);
  for (const payload of golden) {
    for (const bytes of prefixesOf(payload)) depacketizeJpeg([bytes, ...golden.slice(1)]);
  }
  let index = 0;
  for (const payload of mutationsOf(golden, { seed: 2435, count: 10_000 })) {
    const unit = depacketizeJpeg(golden.with(index++ % golden.length, payload));
    if (typeof unit === "object") deepStrictEqual(picture(payloadsOf(unit.bytes)), unit);
  }
  for (const bytes of mutationsOf([GOLDEN], { seed: 81, count: 10_000 })) {
    const fragments = packetizeJpeg(bytes);
    if (typeof fragments === "string") continue;
    picture(fragments.map(({ payload }) => payload));
  }
});
