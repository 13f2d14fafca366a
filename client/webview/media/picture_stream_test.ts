import { deepStrictEqual, strictEqual } from "node:assert/strict";
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

  push(timestamp: number, keyframe = false, bytes = KEYFRAME, lateMs = 0): void {
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
  codecs.push(1, false, KEYFRAME, LATE_MS_MAX + 1);
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
