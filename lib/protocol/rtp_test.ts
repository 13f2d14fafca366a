import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, concatBytes } from "@fusionmeet/base";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import {
  EXTENSION,
  isRtcp,
  parseRtp,
  PAYLOAD_TYPE,
  rtcpSsrc,
  type RtpDraft,
  type RtpPacket,
  rtpSsrc,
  writeRtp,
} from "./rtp.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));

const PLAIN: RtpDraft = {
  payloadType: PAYLOAD_TYPE.opus,
  marker: false,
  sequence: 0x1234,
  timestamp: 0x89abcdef,
  ssrc: 0xdeadbeef,
  payload: hex("78 9a"),
};
const PLAIN_BYTES = hex("80 6f 1234 89abcdef deadbeef 789a");

const FULL: RtpDraft = {
  payloadType: PAYLOAD_TYPE.h264,
  marker: true,
  sequence: 0xffff,
  timestamp: 0,
  ssrc: 1,
  csrcs: [0xffffffff, 2],
  extensions: new Map([
    [EXTENSION.audioLevel, hex("94")],
    [EXTENSION.captureTime, hex("0000000180000000")],
  ]),
  payload: hex("65"),
};
const FULL_BYTES = hex(
  "92 e0 ffff 00000000 00000001 ffffffff 00000002 bede0003 1094 47 0000000180000000 00 65",
);

function parsed(bytes: Uint8Array): RtpPacket {
  const packet = parseRtp(bytes);
  if (typeof packet === "string") throw new Error(packet);
  return packet;
}

Deno.test("writeRtp() and parseRtp() agree with bytes written by hand", () => {
  deepStrictEqual(writeRtp(PLAIN), PLAIN_BYTES);
  deepStrictEqual(writeRtp(FULL), FULL_BYTES);
  deepStrictEqual(parsed(PLAIN_BYTES), { ...PLAIN, csrcs: [], extensions: new Map() });
  deepStrictEqual(parsed(FULL_BYTES), FULL);
});

Deno.test("parseRtp() gives the payload as a view, without padding", () => {
  const padded = hex("a0 6f 1234 89abcdef deadbeef 789a 000003");
  const { payload } = parsed(padded);
  deepStrictEqual(payload, hex("789a"));
  strictEqual(payload.buffer, padded.buffer);
  deepStrictEqual(parsed(hex("a0 6f 1234 89abcdef deadbeef 000003")).payload, hex(""));
});

Deno.test("parseRtp() refuses padding of no byte or of more than there is", () => {
  for (const payload of ["", "00", "789a00", "789a04", "ff"]) {
    strictEqual(parseRtp(hex(`a0 6f 1234 89abcdef deadbeef ${payload}`)), "rtp-padding");
  }
});

Deno.test("parseRtp() refuses another version and a header that does not fit", () => {
  for (const first of ["00", "40", "c0"]) {
    strictEqual(parseRtp(hex(`${first} 6f 1234 89abcdef deadbeef 789a`)), "rtp-version");
  }
  strictEqual(parseRtp(hex("8f 6f 1234 89abcdef deadbeef 789a")), "rtp-header");
  strictEqual(parseRtp(hex("90 6f 1234 89abcdef deadbeef bede")), "rtp-header");
  strictEqual(parseRtp(hex("90 6f 1234 89abcdef deadbeef bede0001 1094")), "rtp-header");
});

Deno.test("parseRtp() reads one-byte extensions as RFC 8285 says", () => {
  const extensionsOf = (elements: string) =>
    parseRtp(hex(`90 6f 1234 89abcdef deadbeef ${elements}`));
  const read = (elements: string) => {
    const packet = extensionsOf(elements);
    return typeof packet === "string" ? packet : [...packet.extensions];
  };
  deepStrictEqual(read("bede0000"), []);
  deepStrictEqual(read("bede0001 00001094"), [[1, hex("94")]], "padding in front");
  deepStrictEqual(read("bede0002 1094 1055 20c0 0000"), [[1, hex("94")], [2, hex("c0")]], "twice");
  deepStrictEqual(read("bede0001 1094f020"), [[1, hex("94")]], "id 15 ends the list");
  deepStrictEqual(read("10000001 01019400"), [], "the two-byte form is skipped");
  deepStrictEqual(read("bede0001 00001394"), "rtp-extension", "past the end");
  deepStrictEqual(read("bede0001 10940520"), [[1, hex("94")]], "so does id 0 with a length");
  const sixteen = "00112233445566778899aabbccddeeff";
  deepStrictEqual(read(`bede0005 ef ${sixteen} 000000`), [[14, hex(sixteen)]]);
});

Deno.test("writeRtp() refuses what does not fit the header, and takes what just fits", () => {
  const withExtension = (id: number, size: number) => () =>
    writeRtp({ ...PLAIN, extensions: new Map([[id, new Uint8Array(size)]]) });
  for (const [id, size] of [[0, 1], [15, 1], [1, 0], [1, 17]]) {
    throws(withExtension(id, size), AssertionFailure);
  }
  for (const [id, size] of [[1, 1], [14, 16]]) withExtension(id, size)();
  const csrcs = Array.from({ length: 16 }, (_, index) => index);
  throws(() => writeRtp({ ...PLAIN, csrcs }), AssertionFailure);
  deepStrictEqual(parsed(writeRtp({ ...PLAIN, csrcs: csrcs.slice(1) })).csrcs, csrcs.slice(1));
});

Deno.test("parseRtp() names a reason for every prefix of a header", () => {
  for (const prefix of prefixesOf(FULL_BYTES)) {
    if (prefix.length < 12) strictEqual(parseRtp(prefix), "rtp-short");
    else if (prefix.length < 36) strictEqual(parseRtp(prefix), "rtp-header");
    else deepStrictEqual(parsed(prefix), { ...FULL, payload: hex("") });
  }
});

Deno.test("parseRtp() survives 10 000 mutations, and what it reads can be written again", () => {
  const padded = hex("a0 6f 1234 89abcdef deadbeef 789a 000003");
  let read = 0;
  for (
    const bytes of mutationsOf([PLAIN_BYTES, FULL_BYTES, padded], { seed: 3550, count: 10_000 })
  ) {
    const before = bytes.slice();
    const packet = parseRtp(bytes);
    deepStrictEqual(bytes, before);
    if (typeof packet === "string") continue;
    read++;
    deepStrictEqual(parsed(writeRtp(packet)), packet);
  }
  ok(read > 1_000, `${read} were read`);
});

Deno.test("isRtcp() tells the two apart for every payload type of ours, marked or not", () => {
  for (const payloadType of Object.values(PAYLOAD_TYPE)) {
    for (const marker of [false, true]) {
      strictEqual(isRtcp(writeRtp({ ...PLAIN, payloadType, marker })), false);
    }
  }
  for (let type = 0; type < 256; type++) {
    strictEqual(isRtcp(Uint8Array.of(0x80, type)), type >= 192 && type <= 223);
  }
  strictEqual(isRtcp(hex("80")), false);
});

Deno.test("rtpSsrc() and rtcpSsrc() give 0 for what is too short", () => {
  strictEqual(rtpSsrc(PLAIN_BYTES), 0xdeadbeef);
  strictEqual(rtcpSsrc(hex("80c9 0001 deadbeef")), 0xdeadbeef);
  for (const prefix of prefixesOf(PLAIN_BYTES.slice(0, 12))) strictEqual(rtpSsrc(prefix), 0);
  for (const prefix of prefixesOf(hex("80c9 0001 deadbeef"))) strictEqual(rtcpSsrc(prefix), 0);
  strictEqual(rtpSsrc(concatBytes(PLAIN_BYTES, PLAIN_BYTES)), 0xdeadbeef);
});
