import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { decodeL16, encodeL16, L16Source } from "./l16.ts";

const packet = (payload: Uint8Array) => ({ ssrc: 1, index: 1, timestamp: 0, place: 0, payload });

Deno.test("encodeL16() writes network byte order", () => {
  deepStrictEqual([...encodeL16(Int16Array.of(0x0102, -2))], [1, 2, 0xff, 0xfe]);
  deepStrictEqual([...decodeL16(Uint8Array.of(1, 2, 0xff, 0xfe, 9))], [0x0102, -2]);
});

Deno.test("decodeL16() gives back what encodeL16() took", () => {
  const pcm = Int16Array.from({ length: 480 }, () => seededRandom(1).u32());
  deepStrictEqual(decodeL16(encodeL16(pcm)), pcm);
});

Deno.test("L16Source.conceal() goes on with the last period, without a step", () => {
  const source = new L16Source();
  const sine = (at: number) => Math.round(8_000 * Math.sin(2 * Math.PI * at / 200));
  for (let part = 0; part < 4; part++) {
    const pcm = Int16Array.from({ length: 480 }, (_, at) => sine(part * 480 + at));
    source.decode(packet(encodeL16(pcm)));
  }
  const concealed = [...source.conceal(), ...source.conceal()];
  concealed.forEach((sample, at) => ok(Math.abs(sample - sine(4 * 480 + at)) < 300, `${at}`));
});

Deno.test("L16Source.decode() refuses packets of another size", () => {
  for (const size of [0, 959, 961, 1_920]) {
    throws(() => new L16Source().decode(packet(new Uint8Array(size))));
  }
  strictEqual(new L16Source().decode(packet(new Uint8Array(960))).length, 480);
});
