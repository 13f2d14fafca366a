import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, writeU16 } from "@fusionmeet/base";
import { MDNS_BYTES_MAX } from "@fusionmeet/protocol";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import { decodeDns, type DnsMessage, encodeDns, isSameDnsName } from "./dns_message.ts";

const MESSAGE: DnsMessage = {
  isResponse: true,
  questions: [],
  answers: [
    { type: "PTR", name: "_x._tcp.local", ttl: 120, flush: false, value: "A._x._tcp.local" },
    {
      ...{ type: "SRV", name: "A._x._tcp.local", ttl: 120, flush: true },
      value: { port: 65435, target: "h.local" },
    },
  ],
  authorities: [],
  additionals: [
    {
      ...{ type: "TXT", name: "A._x._tcp.local", ttl: 4500, flush: true },
      value: [new TextEncoder().encode("a=1")],
    },
    { type: "A", name: "h.local", ttl: 120, flush: true, value: "192.168.1.20" },
  ],
};
const NAME = "025f78045f746370056c6f63616c00";
const INSTANCE = "0141025f78045f746370056c6f63616c00";
const GOLDEN = "000084000000000200000002" +
  `${NAME}000c0001000000780011${INSTANCE}` +
  `${INSTANCE}00218001000000780` + `00f00000000ff9b0168056c6f63616c00` +
  `${INSTANCE}001080010000119400040361` + "3d31" +
  "0168056c6f63616c0000018001000000780004c0a80114";

/** As `MESSAGE`, but with compressed names, as avahi and others write them. */
const COMPRESSED = "000084000000000200000000" +
  "025f78045f746370056c6f63616c00" + "000c000100000078" + "0004" + "0141c00c" +
  "0141c00c" + "0021800100000078" + "000a" + "00000000ff9b" + "0168c014";

Deno.test("encodeDns() writes the golden bytes, decodeDns() reads them", () => {
  strictEqual(encodeDns(MESSAGE).toHex(), GOLDEN);
  const read = decodeDns(Uint8Array.fromHex(GOLDEN)) as DnsMessage;
  strictEqual(new TextDecoder().decode((read.additionals[0].value as Uint8Array[])[0]), "a=1");
  deepStrictEqual(read.answers, MESSAGE.answers);
  deepStrictEqual(read.additionals[1], MESSAGE.additionals[1]);
});

Deno.test("decodeDns() reads compressed names", () => {
  const read = decodeDns(Uint8Array.fromHex(COMPRESSED));
  deepStrictEqual(read, { ...MESSAGE, additionals: [] });
});

Deno.test("decodeDns() reads a question for an answer by unicast as any other", () => {
  const question = encodeDns({
    isResponse: false,
    questions: [{ name: "_x._tcp.local", type: "PTR" }],
    answers: [],
    authorities: [],
    additionals: [],
  });
  strictEqual(question.slice(-2).toHex(), "0001", "we never ask for it");
  writeU16(question, question.length - 2, 0x8001);
  deepStrictEqual((decodeDns(question) as DnsMessage).questions, [
    { name: "_x._tcp.local", type: "PTR" },
  ]);
});

Deno.test("decodeDns() says why a datagram is not read", () => {
  const golden = Uint8Array.fromHex(GOLDEN);
  const changed = (at: number, value: number) => {
    const bytes = golden.slice();
    writeU16(bytes, at, value);
    return decodeDns(bytes);
  };
  strictEqual(decodeDns(golden.slice(0, 11)), "dns-short");
  strictEqual(changed(10, 0xffff), "dns-counts");
  strictEqual(changed(2, 0x8c00), "dns-not-mdns", "another opcode");
  strictEqual(changed(2, 0x8403), "dns-not-mdns", "an error");
  strictEqual(changed(10, 3), "dns-malformed", "fewer records than it says");
});

Deno.test("decodeDns() ends quickly on names that go in circles, and on the most pointers that fit", () => {
  const header = Uint8Array.fromHex("000084000000000100000000");
  const loop = concatBytes(
    header,
    Uint8Array.fromHex("c00c000c000100000078000 2c00c".replace(" ", "")),
  );
  strictEqual(decodeDns(loop), "dns-malformed");
  const two = concatBytes(header, Uint8Array.fromHex("c00ec00c000c00010000007800020000"));
  strictEqual(decodeDns(two), "dns-malformed");
  // Each pointer points at the one before it: the longest way a name can take.
  const chain = new Uint8Array(MDNS_BYTES_MAX);
  chain.set(header);
  writeU16(chain, 6, 50);
  for (let at = 14; at + 1 < chain.length; at += 2) writeU16(chain, at, 0xc000 | (at - 2));
  const start = performance.now();
  for (let times = 0; times < 20; times++) decodeDns(chain);
  ok(performance.now() - start < 2_000, "bounded work");
});

Deno.test("decodeDns() stands every prefix and 10 000 mutations", () => {
  const golden = [GOLDEN, COMPRESSED].map((hex) => Uint8Array.fromHex(hex));
  for (const whole of golden) {
    for (const prefix of prefixesOf(whole)) strictEqual(typeof decodeDns(prefix), "string");
  }
  let readCount = 0;
  for (const bytes of mutationsOf(golden, { seed: 7, count: 10_000 })) {
    const message = decodeDns(bytes);
    if (typeof message === "string") continue;
    readCount++;
    for (const { type, value } of [...message.answers, ...message.additionals]) {
      if (type === "SRV") ok(value.port <= 65_535 && typeof value.target === "string");
      if (type === "TXT") ok(value.every((each) => each instanceof Uint8Array));
    }
  }
  ok(readCount > 1_000 && readCount < 9_500, `${readCount}`);
});

Deno.test("isSameDnsName() ignores the case of ASCII letters alone", () => {
  ok(isSameDnsName("_FusionMeet._TCP.local", "_fusionmeet._tcp.LOCAL"));
  ok(!isSameDnsName("Büro.local", "BÜro.local"));
});
