import type { Counters, Random } from "@fusionmeet/base";
import {
  encodeL16,
  FEC_LOSS_PERCENT,
  type VoiceCodecs,
  type VoiceEncoder,
} from "@fusionmeet/media";
import { Limiter } from "@fusionmeet/mixer";
import {
  encodeMixLevels,
  EXTENSION,
  FRAME_SAMPLES,
  L16_PACKET_SAMPLES,
  PAYLOAD_TYPE,
  writeRtp,
} from "@fusionmeet/protocol";

/** Silent ticks that are still encoded, so that the encoder fades out and settles. */
const TAIL_TICKS = 15;
/** Afterwards one packet in 400 ms keeps the listener's clocks going. */
const SILENCE_TICKS = 20;
const SILENCE = new Int16Array(FRAME_SAMPLES);
const FIRST_SEQUENCES = 0x8000;

/** What is in one frame of a mix. */
export interface MixFrame {
  /** u32, 48 kHz, of the first sample; the room's own line. */
  readonly timestamp: number;
  /** Microphone ssrcs of who is in it; none: silence. */
  readonly csrcs: readonly number[];
  /** Their levels, -127..0 dBov, same order. */
  readonly levels: readonly number[];
}

/** One mix on its way out, shared or somebody's own: sum → limiter → codec → RTP. Silence costs next to nothing. */
export class MixStream {
  readonly ssrc: number;
  /** The sum to encode next, s32; written by the room. */
  readonly sum = new Int32Array(FRAME_SAMPLES);
  readonly #voice: "opus" | "l16";
  readonly #codecs: VoiceCodecs;
  readonly #counters: Counters;
  readonly #pcm = new Int16Array(FRAME_SAMPLES);
  #limiter = new Limiter();
  #encoder: VoiceEncoder | undefined;
  #sequence: number;
  /** Frames since somebody was in it. */
  #silentTicks = TAIL_TICKS;
  #paused = true;
  #fecWanted = false;
  #announces = false;

  constructor(ssrc: number, options: {
    voice: "opus" | "l16";
    codecs: VoiceCodecs;
    random: Random;
    counters: Counters;
  }) {
    this.ssrc = ssrc;
    this.#voice = options.voice;
    this.#codecs = options.codecs;
    this.#counters = options.counters;
    this.#sequence = options.random.u32() % FIRST_SEQUENCES;
  }

  /** u16 of the next packet. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /**
   * Whoever heard the shared mix has this one from now on. Its first frame goes out even in silence: only by the change
   * of ssrc they know that what they miss of the other is not lost.
   */
  announce(): void {
    this.#announces = true;
  }

  /** Nobody hears this ssrc any more. Whoever does next starts with a fresh decoder, and so does the encoder. */
  pause(): void {
    if (this.#paused && !this.#encoder) return;
    if (this.#encoder) this.#codecs.giveBack(this.#encoder);
    this.#encoder = undefined;
    this.#limiter = new Limiter();
    this.#silentTicks = TAIL_TICKS;
    this.#paused = true;
  }

  /** How much of this stream its listeners lose, percent: see `VoiceSender.expectLoss()`. */
  expectLoss(percent: number): void {
    const isWanted = percent >= FEC_LOSS_PERCENT;
    if (isWanted === this.#fecWanted) return;
    this.#fecWanted = isWanted;
    this.#encoder?.useFec?.(isWanted);
    this.#counters.add(isWanted ? "mix.fec-on" : "mix.fec-off");
  }

  /** The RTP packets of this frame: one of Opus, two of L16, next to none in silence. */
  encode(frame: MixFrame): Uint8Array[] {
    const silent = frame.csrcs.length === 0;
    this.#silentTicks = silent ? this.#silentTicks + 1 : 0;
    if (silent && (this.#voice === "l16" || this.#silentTicks > TAIL_TICKS)) {
      this.#fallSilent();
      if (!this.#speaksInSilence()) return [];
    }
    this.#announces = false;
    if (!silent) this.#limiter.apply(this.sum, this.#pcm);
    const pcm = silent ? SILENCE : this.#pcm;
    return this.#voice === "opus" ? this.#encodeOpus(pcm, frame) : this.#encodeL16(pcm, frame);
  }

  #fallSilent(): void {
    if (this.#paused) return;
    this.#limiter = new Limiter();
    this.#paused = true;
  }

  #speaksInSilence(): boolean {
    return this.#voice === "l16" ? this.#announces : this.#silentTicks % SILENCE_TICKS === 0;
  }

  #encodeOpus(pcm: Int16Array, frame: MixFrame): Uint8Array[] {
    const encoder = this.#encoder ??= this.#freshEncoder();
    if (!encoder) {
      this.#counters.add("mix.no-encoder");
      return [];
    }
    this.#counters.add("mix.encoded");
    const payload = encoder.encode(pcm);
    const keptAlive = this.#silentTicks > TAIL_TICKS;
    if (payload.length <= 2 && !keptAlive) return [];
    return [this.#packet(PAYLOAD_TYPE.opus, payload, frame)];
  }

  #freshEncoder(): VoiceEncoder | undefined {
    const encoder = this.#codecs.takeEncoder();
    encoder?.useFec?.(this.#fecWanted);
    return encoder;
  }

  #encodeL16(pcm: Int16Array, frame: MixFrame): Uint8Array[] {
    this.#counters.add("mix.encoded");
    const packets: Uint8Array[] = [];
    for (let at = 0; at < FRAME_SAMPLES; at += L16_PACKET_SAMPLES) {
      const payload = encodeL16(pcm.subarray(at, at + L16_PACKET_SAMPLES));
      const timestamp = (frame.timestamp + at) >>> 0;
      packets.push(this.#packet(PAYLOAD_TYPE.l16, payload, { ...frame, timestamp }));
    }
    return packets;
  }

  #packet(payloadType: number, payload: Uint8Array, frame: MixFrame): Uint8Array {
    const { timestamp, csrcs, levels } = frame;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const marker = this.#paused && csrcs.length > 0;
    if (csrcs.length > 0) this.#paused = false;
    const extensions = csrcs.length > 0
      ? new Map([[EXTENSION.mixLevels, encodeMixLevels(levels)]])
      : undefined;
    return writeRtp({
      payloadType,
      marker,
      sequence,
      timestamp,
      ssrc: this.ssrc,
      csrcs,
      extensions,
      payload,
    });
  }
}
