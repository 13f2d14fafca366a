import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { AssertionFailure, concatBytes, seededRandom } from "@fusionmeet/base";
import { NACK_SEQUENCES_MAX, RTCP_PACKETS_MAX } from "./limits.ts";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import {
  parseRtcp,
  type RtcpPacket,
  writeNack,
  writeReceiverReport,
  writeSyncAnswer,
  writeSyncRequest,
} from "./rtcp.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const NONCE = hex("0102030405060708");

const NACK = { sender: 0x11, media: 0x22, sequences: [0xfffe, 0xffff, 0x000e, 0x0010] };
const NACK_BYTES = hex("81 cd 0004 00000011 00000022 fffe 8001 0010 0000");
const REQUEST = { ssrc: 0x11, sentAtMs: 1.5, nonce: NONCE };
const REQUEST_BYTES = hex(
  "80 cc 000b 00000011 464d5359 3ff8000000000000 0000000000000000 0000000000000000" +
    "0102030405060708 00000000",
);
const ANSWER = {
  ssrc: 0x33,
  requestSentAtMs: 1.5,
  receivedAtMs: -2,
  sentAtMs: 0.25,
  nonce: NONCE,
  bound: true,
};
const ANSWER_BYTES = hex(
  "81 cc 000b 00000033 464d5359 3ff8000000000000 c000000000000000 3fd0000000000000" +
    "0102030405060708 01000000",
);
const REPORT = {
  ssrc: 0x11,
  blocks: [{
    ssrc: 0x22,
    fractionLost: 0x40,
    cumulativeLost: -2,
    highestSequence: 0x0001_ffff,
    jitter: 7,
    lastSenderReport: 0xffff_ffff,
    delaySinceLastSenderReport: 0x0001_0000,
  }],
};
const REPORT_BYTES = hex(
  "81 c9 0007 00000011 00000022 40fffffe 0001ffff 00000007 ffffffff 00010000",
);
/** An SDES packet, which is nothing to us. */
const OTHER_BYTES = hex("81 ca 0002 00000011 01000000");

function parsed(bytes: Uint8Array): RtcpPacket[] {
  const packets = parseRtcp(bytes);
  if (typeof packets === "string") throw new Error(packets);
  return packets;
}

Deno.test("RTCP writers and parseRtcp() agree with bytes written by hand", () => {
  deepStrictEqual(writeNack(NACK), NACK_BYTES);
  deepStrictEqual(writeSyncRequest(REQUEST), REQUEST_BYTES);
  deepStrictEqual(writeSyncAnswer(ANSWER), ANSWER_BYTES);
  deepStrictEqual(writeReceiverReport(REPORT), REPORT_BYTES);
  deepStrictEqual(parsed(NACK_BYTES), [{ kind: "nack", ...NACK }]);
  deepStrictEqual(parsed(REQUEST_BYTES), [{ kind: "syncRequest", ...REQUEST }]);
  deepStrictEqual(parsed(ANSWER_BYTES), [{ kind: "syncAnswer", ...ANSWER }]);
  deepStrictEqual(parsed(REPORT_BYTES), [{ kind: "receiverReport", ...REPORT }]);
  deepStrictEqual(parsed(OTHER_BYTES), [{ kind: "other", type: 202 }]);
});

Deno.test("writeSyncAnswer() is as long as its request, so that an answer never amplifies", () => {
  strictEqual(writeSyncAnswer(ANSWER).length, writeSyncRequest(REQUEST).length);
});

Deno.test("parseRtcp() reads a compound datagram up to its limit", () => {
  const report = writeReceiverReport({ ssrc: 0x11, blocks: [] });
  deepStrictEqual(parsed(concatBytes(report, OTHER_BYTES, NACK_BYTES)).map(({ kind }) => kind), [
    "receiverReport",
    "other",
    "nack",
  ]);
  const most = concatBytes(...Array(RTCP_PACKETS_MAX).fill(OTHER_BYTES));
  strictEqual(parsed(most).length, RTCP_PACKETS_MAX);
  strictEqual(parseRtcp(concatBytes(most, OTHER_BYTES)), "rtcp-many");
});

Deno.test("parseRtcp() takes padding off the last packet and refuses it elsewhere", () => {
  const padded = hex("a1 cd 0004 00000011 00000022 fffe 0000 00000004");
  deepStrictEqual(parsed(padded), [{ ...NACK, kind: "nack", sequences: [0xfffe] }]);
  strictEqual(parseRtcp(concatBytes(padded, OTHER_BYTES)), "rtcp-padding");
  for (const last of ["00", "11", "ff"]) {
    strictEqual(
      parseRtcp(hex(`a1 cd 0004 00000011 00000022 fffe 0000 000000${last}`)),
      "rtcp-padding",
    );
  }
});

Deno.test("parseRtcp() names what is wrong", () => {
  strictEqual(parseRtcp(hex("")), "rtcp-short");
  strictEqual(parseRtcp(hex("81cd00")), "rtcp-short");
  strictEqual(parseRtcp(hex("41cd 0000")), "rtcp-version");
  strictEqual(parseRtcp(hex("81cd 0001")), "rtcp-length");
  strictEqual(parseRtcp(hex("81cd 0002 00000011 00000022")), "rtcp-body", "a NACK of nothing");
  strictEqual(parseRtcp(hex("82c9 0001 00000011")), "rtcp-body", "a report without its blocks");
  strictEqual(parseRtcp(hex("80cc 0002 00000011 464d5359")), "rtcp-body");
  const notANumber = REQUEST_BYTES.with(12, 0x7f).with(13, 0xf8);
  strictEqual(parseRtcp(notANumber as Uint8Array<ArrayBuffer>), "rtcp-body");
});

Deno.test("parseRtcp() passes over APP packets of other names and subtypes", () => {
  deepStrictEqual(parsed(hex("80cc 0002 00000011 51545353")), [{ kind: "other", type: 204 }]);
  deepStrictEqual(parsed(hex("82cc 0002 00000011 464d5359")), [{ kind: "other", type: 204 }]);
  deepStrictEqual(parsed(hex("80cc 0001 00000011")), [{ kind: "other", type: 204 }]);
});

Deno.test("writeNack() asks for at most NACK_SEQUENCES_MAX, and so does parseRtcp()", () => {
  const far = Array.from({ length: NACK_SEQUENCES_MAX + 1 }, (_, index) => index * 20);
  deepStrictEqual(parsed(writeNack({ ...NACK, sequences: far })), [
    { ...NACK, kind: "nack", sequences: far.slice(0, -1) },
  ]);
  const pairs = far.map((first) => first.toString(16).padStart(4, "0") + "0000").join("");
  strictEqual(parseRtcp(hex(`81cd 0043 00000011 00000022 ${pairs}`)), "rtcp-many");
  throws(() => writeNack({ ...NACK, sequences: [] }), AssertionFailure);
});

Deno.test("writeNack() asks for exactly what was given, in any order, twice or not, over the wrap", () => {
  const random = seededRandom(4585);
  for (let round = 0; round < 500; round++) {
    const first = random.u32() & 0xffff;
    const count = 1 + random.u32() % NACK_SEQUENCES_MAX;
    const sequences = Array.from({ length: count }, () => (first + random.u32() % 200) & 0xffff);
    const [nack] = parsed(writeNack({ ...NACK, sequences }));
    ok(nack.kind === "nack");
    deepStrictEqual(nack.sequences.toSorted(), [...new Set(sequences)].toSorted());
  }
});

Deno.test("writeReceiverReport() holds 31 blocks and not more", () => {
  const blocks = Array(31).fill(REPORT.blocks[0]);
  deepStrictEqual(parsed(writeReceiverReport({ ssrc: 1, blocks })), [
    { kind: "receiverReport", ssrc: 1, blocks },
  ]);
  throws(
    () => writeReceiverReport({ ssrc: 1, blocks: [...blocks, REPORT.blocks[0]] }),
    AssertionFailure,
  );
});

Deno.test("parseRtcp() names a reason for every prefix", () => {
  for (const golden of [NACK_BYTES, REQUEST_BYTES, ANSWER_BYTES, REPORT_BYTES, OTHER_BYTES]) {
    for (const prefix of prefixesOf(golden)) {
      strictEqual(parseRtcp(prefix), prefix.length < 4 ? "rtcp-short" : "rtcp-length");
    }
  }
});

Deno.test("parseRtcp() survives 10 000 mutations, and what it reads can be written again", () => {
  const golden = [NACK_BYTES, REQUEST_BYTES, ANSWER_BYTES, REPORT_BYTES, OTHER_BYTES];
  golden.push(concatBytes(...golden));
  let read = 0;
  for (const bytes of mutationsOf(golden, { seed: 5506, count: 10_000 })) {
    const before = bytes.slice();
    const packets = parseRtcp(bytes);
    deepStrictEqual(bytes, before);
    if (typeof packets === "string") continue;
    for (const packet of packets) {
      read++;
      const again = rewrite(packet);
      if (again) deepStrictEqual(normal(parsed(again)[0]), normal(packet));
    }
  }
  ok(read > 1_000, `${read} were read`);
});

function rewrite(packet: RtcpPacket): Uint8Array | undefined {
  switch (packet.kind) {
    case "nack":
      return writeNack(packet);
    case "syncRequest":
      return writeSyncRequest(packet);
    case "syncAnswer":
      return writeSyncAnswer(packet);
    case "receiverReport":
      return writeReceiverReport(packet);
    case "other":
      return undefined;
  }
}

/** A NACK is a set: its writer orders it. */
function normal(packet: RtcpPacket): RtcpPacket {
  return packet.kind === "nack" ? { ...packet, sequences: packet.sequences.toSorted() } : packet;
}
