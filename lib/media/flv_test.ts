import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { concatBytes, ProtocolError, seededRandom, writeU32 } from "@fusionmeet/base";
import { ACCESS_UNIT_BYTES_MAX, isH264Keyframe, joinAnnexB } from "@fusionmeet/protocol";
import { FlvDemuxer, type FlvPicture } from "./flv.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
/** Three gray pictures of 16x16 at 30 fps, every other one a keyframe: x264 by ffmpeg 5.1, `-f flv`. */
const GOLDEN = hex(
  "464c56010100000009 00000000" +
    "090000290000000000000017000000000142c00affe1001567" +
    "42c00ada7b0110000003001000000303c8f1226a01000468ce0fc8 00000034" +
    "090000100000000000000017010000000000000765 88843a26280e 0000001b" +
    "0900000e000021000000002701000000000000054 19a202694 00000019" +
    "090000120000430000000017010000000000000965 888207a262800380 0000001d",
);
const HEADER = GOLDEN.slice(0, 13);
const PARAMETERS = GOLDEN.slice(13, 13 + 0x34 + 4);
const SPS_PPS = [hex("6742c00ada7b0110000003001000000303c8f1226a"), hex("68ce0fc8")];
const PICTURES: FlvPicture[] = [
  {
    bytes: joinAnnexB([...SPS_PPS, hex("6588843a26280e")]),
    keyframe: true,
    timestampMs: 0,
  },
  { bytes: joinAnnexB([hex("419a202694")]), keyframe: false, timestampMs: 33 },
  {
    bytes: joinAnnexB([...SPS_PPS, hex("65888207a262800380")]),
    keyframe: true,
    timestampMs: 67,
  },
];

/** A tag with its trailer; `size` may lie. */
function tag(body: Uint8Array, { type = 9, timestampMs = 0, size = body.length } = {}) {
  const bytes = new Uint8Array(11 + body.length + 4);
  writeU32(bytes, 0, (type << 24) | size);
  writeU32(bytes, 4, timestampMs << 8);
  bytes[7] = timestampMs >>> 24;
  bytes.set(body, 11);
  writeU32(bytes, 11 + body.length, 11 + body.length);
  return bytes;
}

/** A video tag that holds `nals` with 4-byte lengths. */
function picture(nals: Uint8Array[], options: { timestampMs?: number; composition?: number } = {}) {
  const lengths = joinAnnexB(nals);
  let at = 0;
  for (const nal of nals) {
    writeU32(lengths, at, nal.length);
    at += 4 + nal.length;
  }
  const head = hex("27 01 000000");
  const composition = options.composition ?? 0;
  head.set([composition >> 16, composition >> 8, composition], 2);
  return tag(concatBytes(head, lengths), options);
}

function pushAll(...parts: Uint8Array[]): FlvPicture[] {
  const demuxer = new FlvDemuxer();
  return parts.flatMap((part) => demuxer.push(part));
}

Deno.test("FlvDemuxer.push() gives Annex B with SPS and PPS before every IDR", () => {
  deepStrictEqual(pushAll(GOLDEN), PICTURES);
  deepStrictEqual(PICTURES.map(({ bytes }) => isH264Keyframe(bytes)), [true, false, true]);
});

Deno.test("FlvDemuxer.push() takes chunks of any size", () => {
  for (const size of [1, 2, 3, 7, 12, 100]) {
    const demuxer = new FlvDemuxer();
    const pictures: FlvPicture[] = [];
    for (let at = 0; at < GOLDEN.length; at += size) {
      pictures.push(...demuxer.push(GOLDEN.slice(at, at + size)));
    }
    deepStrictEqual(pictures, PICTURES);
  }
});

Deno.test("FlvDemuxer.push() gives a picture with its last byte, not later", () => {
  const demuxer = new FlvDemuxer();
  strictEqual(demuxer.push(GOLDEN.slice(0, -1)).length, 2);
  deepStrictEqual(demuxer.push(GOLDEN.slice(-1)), [PICTURES[2]]);
});

Deno.test("FlvDemuxer.push() waits on every prefix and never throws", () => {
  for (let bytes = 0; bytes < GOLDEN.length; bytes++) {
    strictEqual(pushAll(GOLDEN.slice(0, bytes)).length <= 2, true);
  }
});

Deno.test("FlvDemuxer.push() skips other tags, delimiters and the end of sequence", () => {
  const slice = hex("419a");
  const pictures = pushAll(
    HEADER,
    tag(hex("0200"), { type: 18 }),
    tag(hex("af00"), { type: 8 }),
    PARAMETERS,
    picture([hex("09f0"), slice], { timestampMs: 0x01020304, composition: -4 }),
    picture([hex("09f0")]),
    tag(hex("27 02 000000")),
  );
  deepStrictEqual(pictures, [
    { bytes: joinAnnexB([slice]), keyframe: false, timestampMs: 0x01020300 },
  ]);
});

Deno.test("FlvDemuxer.push() takes over new parameters and keeps those in the stream", () => {
  const avcc = concatBytes(hex("01 42c00a fd e1 0002 6742 01 0002 68ce"));
  const inBand = [hex("6799"), hex("6899"), hex("6511")];
  const pictures = pushAll(
    HEADER,
    PARAMETERS,
    picture(inBand),
    tag(concatBytes(hex("17 00 000000"), avcc)),
    tag(concatBytes(hex("17 01 000000"), hex("0002 6522"))),
  );
  deepStrictEqual(pictures.map(({ bytes }) => bytes), [
    joinAnnexB(inBand),
    joinAnnexB([hex("6742"), hex("68ce"), hex("6522")]),
  ]);
});

Deno.test("FlvDemuxer.push() says what it cannot read", () => {
  const cases: [RegExp, Uint8Array[]][] = [
    [/does not start as FLV/, [hex("47")]],
    [/does not start as FLV/, [new TextEncoder().encode("Error opening input")]],
    [/strange FLV header/, [hex("464c5601 01 0000000a 00000000")]],
    [/tag of type 7/, [HEADER, tag(hex("00"), { type: 7 })]],
    [/sizes differ/, [HEADER, tag(hex("27010000000000"), { size: 6 })]],
    [/without its header/, [HEADER, tag(hex("2701"))]],
    [/not H.264/, [HEADER, tag(hex("22 01 000000"))]],
    [/AVC packet of type 3/, [HEADER, tag(hex("27 03 000000"))]],
    [/cut unit/, [HEADER, tag(hex("27 01 000000 0000"))]],
    [/larger than its picture/, [HEADER, tag(hex("27 01 000000 00000002 41"))]],
    [/before its parameters/, [HEADER, picture([hex("6588")])]],
    [/strange decoder conf/, [HEADER, tag(hex("17 00 000000 0242c00affe100"))]],
    [/cut decoder conf/, [HEADER, tag(hex("17 00 000000 0142c00affe10015 67"))]],
    [/cut decoder conf/, [HEADER, tag(hex("17 00 000000 0142c00affe10001 67 01"))]],
    [/without SPS or PPS/, [HEADER, tag(hex("17 00 000000 0142c00affe00000"))]],
  ];
  for (const [message, parts] of cases) {
    throws(() => pushAll(...parts), (error: ProtocolError) => {
      strictEqual(error instanceof ProtocolError && error.code, "malformed");
      strictEqual(message.test(error.message), true, error.message);
      return true;
    });
  }
});

Deno.test("FlvDemuxer.push() keeps ACCESS_UNIT_BYTES_MAX, of the tag and of the picture", () => {
  const nal = new Uint8Array(ACCESS_UNIT_BYTES_MAX - 9).fill(0x41);
  strictEqual(pushAll(HEADER, picture([nal])).length, 1);
  throws(() => pushAll(HEADER, picture([new Uint8Array(nal.length + 1).fill(0x41)])), /a tag of/);
  const keyframe = nal.slice().fill(0x65);
  throws(() => pushAll(HEADER, PARAMETERS, picture([keyframe])), /a picture of/);
});

Deno.test("FlvDemuxer.push() survives 10 000 mutations: pictures or a ProtocolError", () => {
  const random = seededRandom(10);
  for (let round = 0; round < 10_000; round++) {
    const bytes = GOLDEN.slice();
    for (let count = 1 + random.u32() % 3; count > 0; count--) {
      bytes[random.u32() % bytes.length] = random.u32();
    }
    const cut = random.u32() % bytes.length;
    try {
      pushAll(bytes.subarray(0, cut), bytes.subarray(cut));
    } catch (error) {
      strictEqual(error instanceof ProtocolError, true, String(error));
    }
  }
});
