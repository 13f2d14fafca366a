import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { concatBytes, ProtocolError, seededRandom } from "@fusionmeet/base";
import { ACCESS_UNIT_BYTES_MAX } from "@fusionmeet/protocol";

import { MpjpegDemuxer } from "./mpjpeg.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const PICTURES = [
  Uint8Array.of(0xff, 0xd8, 1, 2, 0xff, 0xd9),
  bytes("\r\n--ffmpeg\r\n inside\r\n\r\n"),
];

/** As ffmpeg 5.1 writes it: the boundary of the next part right after each picture. */
function body(pictures: readonly Uint8Array[]): Uint8Array {
  const parts = pictures.flatMap((picture) => [
    bytes(`Content-type: image/jpeg\r\nContent-length: ${picture.length}\r\n\r\n`),
    picture,
    bytes("\r\n--ffmpeg\r\n"),
  ]);
  return concatBytes(bytes("--ffmpeg\r\n"), ...parts);
}

Deno.test("MpjpegDemuxer gives each picture with its last byte, however the chunks are cut", () => {
  const whole = body(PICTURES);
  deepStrictEqual(new MpjpegDemuxer().push(whole), PICTURES);
  const slow = new MpjpegDemuxer();
  const ends: number[] = [];
  const found = [...whole].flatMap((byte, index) => {
    const pictures = slow.push(Uint8Array.of(byte));
    if (pictures.length > 0) ends.push(index + 1);
    return pictures;
  });
  deepStrictEqual(found, PICTURES);
  deepStrictEqual(ends, [body(PICTURES.slice(0, 1)).length - 12, whole.length - 12]);
});

Deno.test("MpjpegDemuxer: a picture at ACCESS_UNIT_BYTES_MAX, one under and one over", () => {
  for (const size of [ACCESS_UNIT_BYTES_MAX - 1, ACCESS_UNIT_BYTES_MAX]) {
    const [picture] = new MpjpegDemuxer().push(body([new Uint8Array(size)]));
    strictEqual(picture.length, size);
  }
  const larger = body([new Uint8Array(ACCESS_UNIT_BYTES_MAX + 1)]);
  throws(() => new MpjpegDemuxer().push(larger), ProtocolError);
});

Deno.test("MpjpegDemuxer refuses what is no such body, at once", () => {
  const part = "--ffmpeg\r\nContent-type: image/jpeg\r\n";
  for (
    const text of [
      "F",
      "--ffmpeg\r\nContent-type: image/png\r\nContent-length: 3\r\n\r\n",
      `${part}\r\n`,
      `${part}Content-length: 0\r\n\r\n`,
      `${part}Content-length: 999999999\r\n\r\n`,
      `${part}X: ${"x".repeat(100)}`,
    ]
  ) throws(() => new MpjpegDemuxer().push(bytes(text)), ProtocolError, text);
});

Deno.test("MpjpegDemuxer survives every prefix and 10 000 mutations: pictures or a ProtocolError", () => {
  const whole = body(PICTURES);
  for (let size = 0; size < whole.length; size++) {
    ok(new MpjpegDemuxer().push(whole.subarray(0, size)).length <= 2);
  }
  const random = seededRandom(2046);
  for (let round = 0; round < 10_000; round++) {
    const damaged = whole.slice();
    for (let count = 1 + random.u32() % 3; count > 0; count--) {
      damaged[random.u32() % damaged.length] = random.u32();
    }
    try {
      new MpjpegDemuxer().push(damaged);
    } catch (error) {
      ok(error instanceof ProtocolError, String(error));
    }
  }
});
