import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import { readSps } from "@fusionmeet/protocol";
import {
  DECODE_QUEUE_MAX,
  LATE_MS_MAX,
  type PictureCodecs,
  PictureStream,
} from "./picture_stream.ts";

/** SPS of 64x64 and an IDR slice, Annex B. */
const KEYFRAME = Uint8Array.fromBase64(
  "AAAAAWdCwAraEJsBEAAAAwAQAAADA8jxImoAAAABaM4PyAAAAWWIhDoRigACGPHAAED2OAAIeUnEYoAAhRxwABFOjgACI/J1109dddPXXXT14A==",
);

/** The same of 32x32. */
const SMALLER_KEYFRAME = Uint8Array.fromBase64(
  "AAAAAWdCwAraJbARAAADAAEAAAMAPI8SJqAAAAABaM4PyAAAAWWIhDoRigACGPHAAED2OAAIeURigACFHHAAEU6OAAIj9dPg",
);

/** A slice that changes what was shown before. */
const DELTA = Uint8Array.of(0, 0, 0, 1, 0x41, 0x9a, 0x24);

/** Decoders that do what the test says, when it says so. */
class FakeCodecs implements PictureCodecs {
  readonly configured: string[] = [];
  /** What the newest decoder holds: `key` or `delta` and time stamp. */
  held: { type: string; timestamp: number }[] = [];
  openImages = 0;
  shown: number[] = [];
  jpegs: (() => void)[] = [];
  #init: VideoDecoderInit | undefined;
  readonly stream = new PictureStream((picture) => {
    this.shown.push(picture.timestamp);
    picture.image.close();
  }, this);

  openVideo(init: VideoDecoderInit): VideoDecoder {
    this.#init = init;
    this.held = [];
    const held = this.held;
    return {
      state: "configured",
      get decodeQueueSize() {
        return held.length;
      },
      configure: ({ codec, optimizeForLatency }: VideoDecoderConfig) => {
        this.configured.push(`${codec} ${optimizeForLatency}`);
      },
      decode: (chunk: unknown) => held.push(chunk as { type: string; timestamp: number }),
      close: () => {},
    } as unknown as VideoDecoder;
  }

  chunk({ type, timestamp }: EncodedVideoChunkInit): EncodedVideoChunk {
    return { type, timestamp } as EncodedVideoChunk;
  }

  openJpeg(): Promise<ImageBitmap> {
    const { promise, resolve } = Promise.withResolvers<ImageBitmap>();
    this.jpegs.push(() => resolve(this.#image({}) as unknown as ImageBitmap));
    return promise;
  }

  /** The decoder gives everything it holds. */
  decodeAll(init = this.#init!): void {
    for (const { timestamp } of this.held.splice(0)) {
      init.output(this.#image({ timestamp }) as unknown as VideoFrame);
    }
  }

  get init(): VideoDecoderInit {
    return this.#init!;
  }

  break(): void {
    this.#init!.error(new DOMException("broken"));
  }

  push(timestamp: number, keyframe = false, bytes = keyframe ? KEYFRAME : DELTA, lateMs = 0): void {
    const picture = { participant: 1, codec: "h264", keyframe, timestamp, bytes } as const;
    this.stream.push({ ...picture, waitMs: 0, sentAtMs: 0 }, lateMs);
  }

  pushJpeg(timestamp: number): void {
    const bytes = new Uint8Array(4);
    const picture = { participant: 1, codec: "jpeg", keyframe: true, timestamp, bytes } as const;
    this.stream.push({ ...picture, waitMs: 0, sentAtMs: 0 }, 0);
  }

  #image(parts: Record<string, unknown>): Record<string, unknown> {
    this.openImages++;
    return { ...parts, close: () => this.openImages-- };
  }
}

Deno.test("PictureStream begins with a keyframe, as its SPS says, and keeps RTP timestamps over their end", () => {
  const codecs = new FakeCodecs();
  codecs.push(0xffff_0000);
  codecs.push(0xffff_0001, true);
  codecs.push(5);
  codecs.decodeAll();
  deepStrictEqual(codecs.configured, ["avc1.42C00A true"]);
  deepStrictEqual(codecs.shown, [0xffff_0001, 5]);
  const { received, dropped } = codecs.stream.figures;
  deepStrictEqual([received, dropped, codecs.openImages], [3, 1, 0]);
});

Deno.test("PictureStream drops what waited too long for the page, up to a keyframe in time", () => {
  const codecs = new FakeCodecs();
  codecs.push(0, true, KEYFRAME, LATE_MS_MAX);
  codecs.push(1, false, DELTA, LATE_MS_MAX + 1);
  codecs.push(2, true, KEYFRAME, LATE_MS_MAX + 1);
  codecs.push(3);
  codecs.push(4, true);
  codecs.push(5);
  codecs.decodeAll();
  deepStrictEqual(codecs.shown, [0, 4, 5]);
  strictEqual(codecs.stream.figures.dropped, 3);
});

Deno.test("PictureStream drops up to the next keyframe when its decoder is behind", () => {
  const codecs = new FakeCodecs();
  codecs.push(0, true);
  for (let at = 1; at <= DECODE_QUEUE_MAX; at++) codecs.push(at);
  strictEqual(codecs.stream.figures.decodeQueue, DECODE_QUEUE_MAX + 1);
  codecs.push(100);
  codecs.decodeAll();
  codecs.push(101);
  strictEqual(codecs.stream.figures.dropped, 2);
  codecs.push(102, true);
  codecs.decodeAll();
  strictEqual(codecs.shown.at(-1), 102);
  strictEqual(codecs.configured.length, 1);
});

Deno.test("PictureStream leaves a decoder that is behind for a new one at a keyframe, and hears no more of it", () => {
  const codecs = new FakeCodecs();
  codecs.push(0, true);
  for (let at = 1; at <= DECODE_QUEUE_MAX; at++) codecs.push(at);
  const old = codecs.init;
  codecs.push(200, true);
  strictEqual(codecs.configured.length, 2);
  codecs.decodeAll(old);
  deepStrictEqual([codecs.shown, codecs.openImages], [[], 0]);
});

Deno.test("PictureStream takes a new decoder at the next keyframe after an error", () => {
  const codecs = new FakeCodecs();
  codecs.push(0, true);
  codecs.break();
  codecs.push(1);
  codecs.push(2, true);
  codecs.decodeAll();
  const { dropped, decoderErrors } = codecs.stream.figures;
  deepStrictEqual([codecs.shown, dropped, decoderErrors], [[2], 1, 1]);
});

Deno.test("PictureStream decodes one JPEG at a time and of those that wait only the newest", async () => {
  const codecs = new FakeCodecs();
  for (const timestamp of [1, 2, 3]) codecs.pushJpeg(timestamp);
  strictEqual(codecs.jpegs.length, 1);
  codecs.jpegs[0]();
  while (codecs.jpegs.length < 2) await Promise.resolve();
  codecs.jpegs[1]();
  while (codecs.shown.length < 2) await Promise.resolve();
  deepStrictEqual([codecs.shown, codecs.stream.figures.dropped], [[1, 3], 1]);
  strictEqual(codecs.openImages, 0);
});

Deno.test("PictureStream goes from one codec to the other and shows nothing late of the first", async () => {
  const codecs = new FakeCodecs();
  codecs.pushJpeg(1);
  codecs.push(10, true);
  codecs.jpegs[0]();
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  codecs.decodeAll();
  deepStrictEqual([codecs.shown, codecs.openImages], [[10], 0]);
  strictEqual(codecs.stream.figures.codec, "h264");
});

Deno.test("PictureStream takes a new decoder where the SPS of a keyframe differs, and keeps it where it does not", () => {
  const codecs = new FakeCodecs();
  codecs.push(0, true);
  codecs.push(1, true);
  codecs.decodeAll();
  strictEqual(codecs.configured.length, 1);
  codecs.push(2, true, SMALLER_KEYFRAME);
  codecs.push(3);
  codecs.decodeAll();
  strictEqual(codecs.configured.length, 2);
  deepStrictEqual([codecs.shown, codecs.stream.figures.dropped], [[0, 1, 2, 3], 0]);
});

/** An SPS (baseline, level 6.2) of so many macroblocks, as a NAL unit with its start code. */
function spsOf(columns: number, rows: number): Uint8Array {
  const exponential = (value: number) => {
    const bits = (value + 1).toString(2);
    return "0".repeat(bits.length - 1) + bits;
  };
  const fields = [0, 0, 2, 1].map(exponential).join("") + "0" +
    exponential(columns - 1) + exponential(rows - 1) + "11001";
  const bits = fields.padEnd(Math.ceil(fields.length / 8) * 8, "0");
  const bytes = bits.match(/.{8}/g)!.map((each) => parseInt(each, 2));
  return Uint8Array.of(0, 0, 0, 1, 0x67, 66, 0, 62, ...bytes);
}

Deno.test("PictureStream gives no decoder a size that no picture has, however it is said", () => {
  const huge = spsOf(1_024, 1_024);
  const limits = [spsOf(160, 100), spsOf(160, 101)].map(readSps);
  deepStrictEqual(
    limits,
    [2_560 * 1_600, 2_560 * 1_616].map((pixels) => ({
      ...{ codec: "avc1.42003E", width: 2_560, height: pixels / 2_560 },
    })),
  );
  const codecs = new FakeCodecs();
  codecs.push(0, true, concatBytes(spsOf(160, 101), KEYFRAME));
  codecs.push(1, true, concatBytes(huge, KEYFRAME));
  // Decoders go by the last one.
  codecs.push(2, true, concatBytes(KEYFRAME, huge));
  deepStrictEqual(codecs.configured, []);
  codecs.push(3, true, concatBytes(spsOf(160, 100), KEYFRAME.subarray(KEYFRAME.indexOf(0x68) - 4)));
  codecs.push(4, false, concatBytes(DELTA, huge));
  codecs.push(5);
  deepStrictEqual(codecs.configured, ["avc1.42003E true"]);
  deepStrictEqual(codecs.held.map(({ timestamp }) => timestamp), [Math.round(3_000 / 90)]);
  codecs.push(6, true);
  codecs.push(7);
  codecs.decodeAll();
  const { decoderErrors, dropped } = codecs.stream.figures;
  deepStrictEqual([codecs.shown, decoderErrors, dropped], [[6, 7], 4, 5]);
});
