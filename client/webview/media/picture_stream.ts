import { TimestampLine } from "@fusionmeet/base";
import { DECODED_PIXELS_MAX, readEverySps, readSps } from "@fusionmeet/protocol";
import type { DuePicture } from "./worker_messages.ts";

/** Pictures that wait in the decoder; with one more it is behind, and goes on with the next keyframe. */
export const DECODE_QUEUE_MAX = 8;

/** A picture that comes here so late after its wait is not decoded: the page is behind, and goes on with a keyframe. */
export const LATE_MS_MAX = 250;

/** A decoded picture; whoever has it closes it. */
export interface DecodedPicture {
  readonly image: VideoFrame | ImageBitmap;
  /** RTP timestamp, 90 kHz. */
  readonly timestamp: number;
}

/** The browser's decoders. */
export interface PictureCodecs {
  openVideo(init: VideoDecoderInit): VideoDecoder;
  chunk(init: EncodedVideoChunkInit): EncodedVideoChunk;
  openJpeg(bytes: Uint8Array): Promise<ImageBitmap>;
}

export const BROWSER_CODECS: PictureCodecs = {
  openVideo: (init) => new VideoDecoder(init),
  chunk: (init) => new EncodedVideoChunk(init),
  openJpeg: (bytes) =>
    createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "image/jpeg" })),
};

/** Totals of one person's pictures. */
export interface DecodingFigures {
  readonly codec: string;
  readonly received: number;
  readonly dropped: number;
  readonly decoderErrors: number;
  readonly decodeQueue: number;
}

/**
 * Decodes one person's pictures, the newest first of all: a decoder that is behind or breaks is left for a new one, or
 * goes on with the next keyframe.
 */
export class PictureStream {
  readonly #codecs: PictureCodecs;
  readonly #show: (picture: DecodedPicture) => void;
  readonly #queueMax: number;
  readonly #line = new TimestampLine();
  #decoder: VideoDecoder | undefined;
  #codec = "";
  /** As the decoder is configured. */
  #parameters = "";
  #awaitsKeyframe = true;
  #isJpegBusy = false;
  #nextJpeg: DuePicture | undefined;
  #isClosed = false;
  #received = 0;
  #dropped = 0;
  #decoderErrors = 0;

  /** @param options.queueMax Pictures that wait in the decoder before those between two keyframes are left out. */
  constructor(
    show: (picture: DecodedPicture) => void,
    codecs: PictureCodecs = BROWSER_CODECS,
    options: { queueMax?: number } = {},
  ) {
    this.#show = show;
    this.#codecs = codecs;
    this.#queueMax = options.queueMax ?? DECODE_QUEUE_MAX;
  }

  get figures(): DecodingFigures {
    return {
      codec: this.#codec,
      received: this.#received,
      dropped: this.#dropped,
      decoderErrors: this.#decoderErrors,
      decodeQueue: this.#decoder?.decodeQueueSize ?? (this.#isJpegBusy ? 1 : 0),
    };
  }

  /** @param lateMs since it was to be shown: what waited for this thread on the way. */
  push(picture: DuePicture, lateMs: number): void {
    if (this.#isClosed) return;
    this.#received++;
    if (lateMs > LATE_MS_MAX) {
      this.#dropped++;
      this.#awaitsKeyframe = true;
      return;
    }
    if (picture.codec !== this.#codec) this.#begin(picture.codec);
    if (picture.codec === "jpeg") this.#pushJpeg(picture);
    else this.#pushVideo(picture);
  }

  close(): void {
    this.#isClosed = true;
    this.#closeDecoder();
    this.#nextJpeg = undefined;
  }

  #begin(codec: string): void {
    this.#codec = codec;
    this.#closeDecoder();
    this.#nextJpeg = undefined;
  }

  #pushVideo(picture: DuePicture): void {
    const queue = this.#decoder?.decodeQueueSize ?? 0;
    // What a decoder that is behind still holds is older than the keyframe that is here.
    if (queue > DECODE_QUEUE_MAX && picture.keyframe) this.#closeDecoder();
    else if (queue > this.#queueMax) this.#awaitsKeyframe = true;
    if (isTooMuch(picture)) {
      this.#decoderErrors++;
      this.#closeDecoder();
    } else if (picture.keyframe) this.#configure(picture);
    if (this.#awaitsKeyframe || !this.#decoder) {
      this.#dropped++;
      return;
    }
    const timestamp = Math.round(this.#line.place(picture.timestamp) * 1_000 / 90);
    const type = picture.keyframe ? "key" : "delta";
    const data = picture.bytes as Uint8Array<ArrayBuffer>;
    try {
      this.#decoder.decode(this.#codecs.chunk({ type, timestamp, data }));
    } catch {
      this.#broke(this.#decoder);
    }
  }

  /** Makes the decoder ready for this keyframe. */
  #configure({ codec, bytes }: DuePicture): void {
    const sps = codec === "h264" ? readSps(bytes) : undefined;
    if (typeof sps === "string") return this.#closeDecoder();
    const parameters = sps ? `${sps.codec} ${sps.width}x${sps.height}` : codec;
    if (parameters !== this.#parameters) this.#closeDecoder();
    this.#decoder ??= this.#open(sps?.codec ?? codec);
    this.#parameters = parameters;
    this.#awaitsKeyframe = this.#decoder === undefined;
  }

  #open(codec: string): VideoDecoder | undefined {
    const decoder = this.#codecs.openVideo({
      output: (image) => this.#decoded(decoder, image),
      error: () => this.#broke(decoder),
    });
    try {
      // Without `optimizeForLatency` Chromium gives each picture one picture late.
      decoder.configure({ codec, optimizeForLatency: true });
      return decoder;
    } catch {
      this.#decoderErrors++;
      decoder.close();
    }
  }

  #decoded(decoder: VideoDecoder, image: VideoFrame): void {
    if (decoder !== this.#decoder) return image.close();
    this.#show({ image, timestamp: Math.round(image.timestamp * 90 / 1_000) >>> 0 });
  }

  #broke(decoder: VideoDecoder): void {
    if (decoder !== this.#decoder) return;
    this.#decoderErrors++;
    this.#closeDecoder();
  }

  #closeDecoder(): void {
    const decoder = this.#decoder;
    this.#decoder = undefined;
    this.#awaitsKeyframe = true;
    this.#parameters = "";
    if (decoder && decoder.state !== "closed") decoder.close();
  }

  // ---- JPEG: each picture is whole, so only the newest is of interest

  #pushJpeg(picture: DuePicture): void {
    if (!this.#isJpegBusy) return void this.#decodeJpeg(picture);
    if (this.#nextJpeg) this.#dropped++;
    this.#nextJpeg = picture;
  }

  async #decodeJpeg({ bytes, timestamp }: DuePicture): Promise<void> {
    this.#isJpegBusy = true;
    try {
      const image = await this.#codecs.openJpeg(bytes);
      if (this.#isClosed || this.#codec !== "jpeg") image.close();
      else this.#show({ image, timestamp });
    } catch {
      this.#decoderErrors++;
    }
    this.#isJpegBusy = false;
    const next = this.#nextJpeg;
    this.#nextJpeg = undefined;
    if (next && !this.#isClosed) await this.#decodeJpeg(next);
  }
}

/** Its sender wants a decoder to be larger than pictures are, or to change where nobody looks: behind a keyframe. */
function isTooMuch({ codec, keyframe, bytes }: DuePicture): boolean {
  if (codec !== "h264") return false;
  return readEverySps(bytes).some((sps) =>
    !keyframe || typeof sps === "string" || sps.width * sps.height > DECODED_PIXELS_MAX
  );
}
