import { deepStrictEqual, notStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { OpusPool } from "./opus_pool.ts";

const tone = (hz: number, frame: number) =>
  Int16Array.from(
    { length: 960 },
    (_, at) => 8_000 * Math.sin(2 * Math.PI * hz * (frame * 960 + at) / 48_000),
  );
const power = (pcm: Int16Array) =>
  pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length;

Deno.test("OpusPool gives codecs at once and replaces them when the caller returns", async () => {
  const pool = await OpusPool.create({ encoders: 2, decoders: 1 });
  const first = pool.takeEncoder(), second = pool.takeEncoder();
  ok(first && second);
  notStrictEqual(first, second);
  strictEqual(pool.takeEncoder(), undefined);
  ok(pool.takeDecoder());
  strictEqual(pool.takeDecoder(), undefined);
  await pool.refill();
  ok(pool.takeEncoder() && pool.takeDecoder());
  pool.close();
});

Deno.test("OpusPool.giveBack() frees a codec for good", async () => {
  const pool = await OpusPool.create({ encoders: 1, decoders: 1 });
  const encoder = pool.takeEncoder()!, decoder = pool.takeDecoder()!;
  pool.giveBack(encoder);
  pool.giveBack(decoder);
  throws(() => encoder.encode(new Int16Array(960)));
  throws(() => decoder.conceal());
  pool.close();
});

Deno.test("OpusPool's codecs share nothing, and what they return stays as it is", async () => {
  const pool = await OpusPool.create({ encoders: 2, decoders: 2 });
  const pairs = [431, 617].map((hz) => ({
    hz,
    encoder: pool.takeEncoder()!,
    decoder: pool.takeDecoder()!,
    alone: [] as number[][],
  }));
  const kept: { array: ArrayLike<number>; copy: number[] }[] = [];
  for (let frame = 0; frame < 20; frame++) {
    for (const { hz, encoder, decoder } of pairs) {
      const packet = encoder.encode(tone(hz, frame));
      const pcm = decoder.decode(packet);
      kept.push({ array: packet, copy: [...packet] }, { array: pcm, copy: [...pcm] });
    }
  }
  for (const { array, copy } of kept) deepStrictEqual(Array.from(array), copy);
  pool.close();
});

Deno.test("OpusPool's encoder keeps what is quiet after something loud", async () => {
  const pool = await OpusPool.create({ encoders: 1, decoders: 1 });
  const encoder = pool.takeEncoder()!, decoder = pool.takeDecoder()!;
  let heard = 0;
  for (let frame = 0; frame < 300; frame++) {
    const gain = frame < 50 ? 2 : 0.02;
    const pcm = decoder.decode(encoder.encode(tone(431, frame).map((sample) => sample * gain)));
    if (frame > 60) heard += Math.abs(10 * Math.log10(power(pcm) / (160 ** 2 / 2))) < 1 ? 1 : 0;
  }
  strictEqual(heard, 239);
  pool.close();
});

Deno.test("OpusPool's decoder conceals, and brings a lost frame back once redundancy is on", async () => {
  const pool = await OpusPool.create({ encoders: 1, decoders: 1 });
  const encoder = pool.takeEncoder()!, decoder = pool.takeDecoder()!;
  encoder.useFec!(true);
  // A voice-like sound that changes in the lost frame: concealment cannot know, redundancy does.
  const sound = (frame: number) => tone(frame === 60 ? 900 : 200, frame);
  for (let frame = 0; frame < 60; frame++) decoder.decode(encoder.encode(sound(frame)));
  encoder.encode(sound(60));
  const next = encoder.encode(sound(61));
  strictEqual(decoder.decodeFec(next).length, 960);
  strictEqual(decoder.decode(next).length, 960);
  ok(power(decoder.conceal()) > 1_000);
  pool.close();
});

Deno.test("OpusPool's decoder throws or gives 960 samples for random bytes, and goes on", async () => {
  const pool = await OpusPool.create({ encoders: 1, decoders: 1 });
  const random = seededRandom(1);
  const encoder = pool.takeEncoder()!, decoder = pool.takeDecoder()!;
  let refused = 0;
  for (let nth = 0; nth < 10_000; nth++) {
    const bytes = random.fill(new Uint8Array(random.u32() % 300));
    for (const decode of [decoder.decode, decoder.decodeFec]) {
      try {
        strictEqual(decode.call(decoder, bytes).length, 960);
      } catch {
        refused++;
      }
    }
  }
  ok(refused > 1_000);
  for (let frame = 0; frame < 10; frame++) decoder.decode(encoder.encode(tone(431, frame)));
  ok(power(decoder.decode(encoder.encode(tone(431, 10)))) > 8_000 ** 2 / 4);
  pool.close();
});
