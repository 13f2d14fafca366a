import { createDecoder, createEncoder } from "libopus-wasm";
import type { OpusDecoderHandle, OpusEncoderHandle } from "libopus-wasm";
import { assert } from "@fusionmeet/base";
import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { VoiceCodecs, VoiceDecoder, VoiceEncoder } from "@fusionmeet/media";
import { OPUS_BITRATE, OPUS_ENCODER, OPUS_ENCODER_LOSSY } from "./opus_settings.ts";

/** A packet of more than 20 ms is refused, not decoded. */
const OPUS_DECODER = { channels: 1, sampleRate: SAMPLE_RATE, maxFrameSize: FRAME_SAMPLES } as const;
/** Why `OpusPool` holds a few: every codec taken is replaced after the current step, never within it. */
const SPARE_ENCODERS = 4;
const SPARE_DECODERS = 4;

/**
 * Fresh Opus codecs, taken without waiting. Making one is asynchronous (though quick), so a few spare ones wait and
 * every `take` starts the making of the next; a caller that never returns to the event loop awaits `refill` itself.
 */
export class OpusPool implements VoiceCodecs {
  readonly #encoders: OpusEncoder[] = [];
  readonly #decoders: OpusDecoder[] = [];
  readonly #options: { encoders: number; decoders: number; bitrate: number };
  #refilling: Promise<void> | undefined;
  #closed = false;

  private constructor(options: { encoders: number; decoders: number; bitrate: number }) {
    this.#options = options;
  }

  /** @param options How many of each to keep ready, and the encoders' bits per second. */
  static async create(
    options: { encoders?: number; decoders?: number; bitrate?: number } = {},
  ): Promise<OpusPool> {
    const { encoders = SPARE_ENCODERS, decoders = SPARE_DECODERS, bitrate = OPUS_BITRATE } =
      options;
    const pool = new OpusPool({ encoders, decoders, bitrate });
    await pool.refill();
    return pool;
  }

  takeEncoder(): VoiceEncoder | undefined {
    const encoder = this.#encoders.pop();
    this.refill();
    return encoder;
  }

  takeDecoder(): VoiceDecoder | undefined {
    const decoder = this.#decoders.pop();
    this.refill();
    return decoder;
  }

  giveBack(codec: VoiceEncoder | VoiceDecoder): void {
    assert(codec instanceof OpusEncoder || codec instanceof OpusDecoder, "the codec is ours");
    codec.free();
  }

  /** Makes what is missing, one codec at a time. */
  refill(): Promise<void> {
    return this.#refilling ??= this.#fill().finally(() => this.#refilling = undefined);
  }

  /** Frees the spare ones; those taken are given back by their owners. */
  close(): void {
    this.#closed = true;
    for (const codec of [...this.#encoders, ...this.#decoders]) codec.free();
    this.#encoders.length = this.#decoders.length = 0;
  }

  async #fill(): Promise<void> {
    const { encoders, decoders, bitrate } = this.#options;
    while (!this.#closed && this.#encoders.length < encoders) {
      const encoder = new OpusEncoder(await createEncoder({ ...OPUS_ENCODER, bitrate }));
      if (this.#closed) encoder.free();
      else this.#encoders.push(encoder);
    }
    while (!this.#closed && this.#decoders.length < decoders) {
      const decoder = new OpusDecoder(await createDecoder(OPUS_DECODER));
      if (this.#closed) decoder.free();
      else this.#decoders.push(decoder);
    }
  }
}

/** All codecs share one WASM heap; libopus-wasm copies in and out of it, so every array given here is its own. */
class OpusEncoder implements VoiceEncoder {
  constructor(readonly handle: OpusEncoderHandle) {}
  encode(pcm: Int16Array): Uint8Array {
    return this.handle.encode(pcm);
  }
  useFec(on: boolean): void {
    const settings = on ? OPUS_ENCODER_LOSSY : OPUS_ENCODER;
    this.handle.setFec(on);
    this.handle.setPacketLossPercent(settings.packetLossPercent!);
    this.handle.setSignal(settings.signal!);
    this.handle.setComplexity(settings.complexity!);
  }
  free(): void {
    this.handle.free();
  }
}

class OpusDecoder implements VoiceDecoder {
  constructor(readonly handle: OpusDecoderHandle) {}
  decode(packet: Uint8Array): Int16Array {
    const pcm = this.handle.decode(packet);
    if (pcm.length !== FRAME_SAMPLES) throw new RangeError(`Opus packet of ${pcm.length} samples`);
    return pcm;
  }
  decodeFec(next: Uint8Array): Int16Array {
    return this.handle.decode(next, { decodeFec: true, frameSize: FRAME_SAMPLES });
  }
  conceal(): Int16Array {
    return this.handle.decodePacketLoss(FRAME_SAMPLES);
  }
  free(): void {
    this.handle.free();
  }
}
