import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import { readWav, wavHeader, WavWriter, writeWav } from "./wav.ts";

const PCM = Int16Array.of(0, 1, -1, 32_767, -32_768, 258);

/** A WAV file of any coding, with a chunk nobody knows in it. */
function file(options: {
  tag: number;
  channels: number;
  bits: number;
  samples: Uint8Array;
  extension?: Uint8Array;
}): Uint8Array {
  const { tag, channels, bits, samples, extension = new Uint8Array(0) } = options;
  const format = new DataView(new ArrayBuffer(16));
  format.setUint16(0, tag, true);
  format.setUint16(2, channels, true);
  format.setUint32(4, 44_100, true);
  format.setUint16(14, bits, true);
  const chunk = (name: string, body: Uint8Array) => {
    const head = new DataView(new ArrayBuffer(8));
    [...name].forEach((letter, at) => head.setUint8(at, letter.charCodeAt(0)));
    head.setUint32(4, body.length, true);
    return concatBytes(new Uint8Array(head.buffer), body, new Uint8Array(body.length & 1));
  };
  const body = concatBytes(
    chunk("LIST", Uint8Array.of(1, 2, 3)),
    chunk("fmt ", concatBytes(new Uint8Array(format.buffer), extension)),
    chunk("data", samples),
  );
  return concatBytes(new TextEncoder().encode("RIFF____WAVE"), body);
}

const read = (bytes: Uint8Array) => {
  const sound = readWav(bytes);
  return typeof sound === "string" ? sound : [...sound.pcm];
};

Deno.test("writeWav() is read back by readWav()", () => {
  deepStrictEqual(readWav(writeWav(PCM, 48_000)), { sampleRate: 48_000, pcm: PCM });
});

Deno.test("WavWriter writes a header that fits what was appended", () => {
  const writer = new WavWriter(48_000);
  const parts = [writer.append(PCM), writer.append(PCM)];
  const whole = Int16Array.of(...PCM, ...PCM);
  deepStrictEqual(concatBytes(writer.header(), ...parts), writeWav(whole, 48_000));
});

Deno.test("wavHeader() of more than 4 GiB says 4 GiB", () => {
  const header = wavHeader({ sampleRate: 48_000, pcmBytes: 5e9 });
  strictEqual(new DataView(header.buffer).getUint32(40, true), 0xffff_ffff);
});

Deno.test("readWav() reads 8, 16, 24, 32 bits and float, plain and extensible, and mixes channels", () => {
  deepStrictEqual(
    read(file({ tag: 1, channels: 1, bits: 8, samples: Uint8Array.of(128, 0, 255) })),
    [
      0,
      -32_768,
      127 * 256,
    ],
  );
  const s24 = Uint8Array.of(0, 1, 0, 0, 0, 0x80);
  deepStrictEqual(read(file({ tag: 1, channels: 1, bits: 24, samples: s24 })), [1, -32_768]);
  const s32 = new Uint8Array(Int32Array.of(65_536, -(2 ** 31)).buffer);
  deepStrictEqual(read(file({ tag: 1, channels: 1, bits: 32, samples: s32 })), [1, -32_768]);
  const float = new Uint8Array(Float32Array.of(0.5, -2).buffer);
  deepStrictEqual(read(file({ tag: 3, channels: 1, bits: 32, samples: float })), [16_384, -32_768]);
  const stereo = new Uint8Array(Int16Array.of(100, 200, -7, -7).buffer);
  deepStrictEqual(read(file({ tag: 1, channels: 2, bits: 16, samples: stereo })), [150, -7]);
  const extension = Uint8Array.of(22, 0, 16, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0);
  deepStrictEqual(
    read(file({ tag: 0xfffe, channels: 2, bits: 16, samples: stereo, extension })),
    [150, -7],
  );
});

Deno.test("readWav() says what it cannot read", () => {
  const samples = new Uint8Array(4);
  strictEqual(readWav(new Uint8Array(100)), "not-wav");
  strictEqual(readWav(file({ tag: 2, channels: 1, bits: 4, samples })), "unsupported");
  strictEqual(readWav(file({ tag: 1, channels: 9, bits: 16, samples })), "unsupported");
  strictEqual(readWav(file({ tag: 1, channels: 0, bits: 16, samples })), "unsupported");
  strictEqual(readWav(writeWav(new Int16Array(0), 8_000)), "empty");
});

Deno.test("readWav() reads a file whose writer was killed, any prefix, and any mutation without throwing", () => {
  const whole = writeWav(PCM, 48_000);
  const random = seededRandom(1);
  for (let size = 0; size < whole.length; size++) {
    const sound = readWav(whole.subarray(0, size));
    if (size >= 46) ok(typeof sound !== "string" && sound.pcm.length === size - 44 >> 1);
    else strictEqual(typeof sound, "string", `${size}`);
  }
  for (let nth = 0; nth < 10_000; nth++) {
    const mutated = whole.slice();
    for (let times = 0; times < 3; times++) mutated[random.u32() % mutated.length] = random.u32();
    const sound = readWav(mutated);
    ok(typeof sound === "string" || sound.pcm.length > 0);
  }
});
