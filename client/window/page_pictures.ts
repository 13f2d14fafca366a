import {
  encodePictureFrame,
  PICTURE_CODECS,
  PICTURE_FRAME_BYTES_MAX,
  type PictureCodec,
} from "@fusionmeet/bridge";
import { Counters, type NowMs } from "@fusionmeet/base";

/** Bytes that wait for a page that does not read; beyond it, whose turn it is drops up to the next keyframe. */
export const PICTURE_QUEUE_BYTES_MAX = 2 << 20;

/** A coded picture as the engine gives it. */
export interface CodedPicture {
  readonly participant: number;
  readonly codec: string;
  readonly keyframe: boolean;
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

/** Passes pictures on to the page, and drops whole groups of them where it does not keep up. */
export class PagePictures {
  readonly #socket: {
    sendFrame(frame: Uint8Array): number;
    readonly queuedFrameBytes: number;
  };
  readonly #epochMs: NowMs;
  /** Who has to begin with a keyframe. */
  readonly #broken = new Set<number>();
  readonly counters = new Counters();

  constructor(
    socket: { sendFrame(frame: Uint8Array): number; readonly queuedFrameBytes: number },
    epochMs: NowMs,
  ) {
    this.#socket = socket;
    this.#epochMs = epochMs;
  }

  /** @param waitMs how long the page holds it back for its sound. */
  push(picture: CodedPicture, waitMs: number): void {
    const { participant, keyframe, bytes } = picture;
    const codec = PICTURE_CODECS.find((each) => each === picture.codec);
    const fault = this.#fault(codec, bytes);
    if (fault !== undefined || codec === undefined) {
      this.#broken.add(participant);
      return this.counters.add(fault ?? "page-picture-codec");
    }
    if (keyframe) this.#broken.delete(participant);
    if (this.#broken.has(participant)) return this.counters.add("page-picture-no-keyframe");
    const sentAtMs = Math.round(this.#epochMs());
    this.#socket.sendFrame(encodePictureFrame({ ...picture, codec, waitMs, sentAtMs }));
  }

  /** Somebody is gone: what comes under their number later begins anew. */
  forget(participant: number): void {
    this.#broken.delete(participant);
  }

  #fault(codec: PictureCodec | undefined, bytes: Uint8Array): string | undefined {
    if (codec === undefined) return "page-picture-codec";
    if (bytes.length > PICTURE_FRAME_BYTES_MAX) return "page-picture-too-large";
    const queued = this.#socket.queuedFrameBytes + bytes.length;
    return queued > PICTURE_QUEUE_BYTES_MAX ? "page-picture-queue-full" : undefined;
  }
}
