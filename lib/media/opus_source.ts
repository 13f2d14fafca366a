import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import { DECODE_HANGOVER_MS, isHeard } from "./audio_level.ts";
import { carriesRedundancy } from "./opus_packet.ts";
import type { StreamPacket } from "./packet_line.ts";
import type { PlayoutSource } from "./sound_line.ts";
import type { VoiceCodecs, VoiceDecoder } from "./types.ts";

const HANGOVER_SAMPLES = DECODE_HANGOVER_MS * SAMPLE_RATE / 1_000;
/** Packets kept while nothing is decoded: a fresh decoder is led in with them. */
const LEAD_IN_PACKETS = 2;
/** Sound that starts in the middle comes up within 2 ms. */
const FADE_IN_SAMPLES = 96;
/** From the old mix to the fresh decoder of the other one: 10 ms. */
const SWITCH_SAMPLES = 480;

/** What both ways of decoding Opus share: one decoder at a time, taken when needed. */
abstract class OpusSource implements PlayoutSource {
  readonly packetSamples = FRAME_SAMPLES;
  readonly seamless = true;
  readonly #codecs: VoiceCodecs;
  decoderMisses = 0;
  protected decoder: VoiceDecoder | undefined;

  constructor(codecs: VoiceCodecs) {
    this.#codecs = codecs;
  }

  abstract decode(packet: StreamPacket): Int16Array | undefined;

  decodeFec(next: StreamPacket): Int16Array | undefined {
    return carriesRedundancy(next.payload) ? this.decoder?.decodeFec(next.payload) : undefined;
  }

  conceal(): Int16Array | undefined {
    return this.decoder?.conceal();
  }

  idle(): void {
    if (this.decoder) this.#codecs.giveBack(this.decoder);
    this.decoder = undefined;
  }

  /** A fresh decoder, or undefined and counted. */
  protected takeDecoder(): VoiceDecoder | undefined {
    const decoder = this.#codecs.takeDecoder();
    if (!decoder) this.decoderMisses++;
    return decoder;
  }
}

/** A talker: decoded only where the claimed level says that there is something to hear (MEDIA rule 13). */
export class OpusTalkerSource extends OpusSource {
  #leadIn: Uint8Array[] = [];
  #heardPlace = -Infinity;

  decode(packet: StreamPacket): Int16Array | undefined {
    if (isHeard(packet.level ?? 0, packet.voice ?? false)) this.#heardPlace = packet.place;
    if (packet.place - this.#heardPlace > HANGOVER_SAMPLES) this.idle();
    else if (!this.decoder) {
      const pcm = this.#decodeFresh(packet);
      this.#remember(packet);
      return pcm;
    }
    this.#remember(packet);
    return this.decoder?.decode(packet.payload);
  }

  #decodeFresh(packet: StreamPacket): Int16Array | undefined {
    this.decoder = this.takeDecoder();
    for (const payload of this.decoder ? this.#leadIn : []) this.#discard(payload);
    const pcm = this.decoder?.decode(packet.payload);
    if (pcm) fadeIn(pcm);
    return pcm;
  }

  /** Brings a fresh decoder to where the encoder was; what comes out is not for ears. */
  #discard(payload: Uint8Array): void {
    try {
      this.decoder!.decode(payload);
    } catch {
      this.#leadIn = [];
    }
  }

  #remember(packet: StreamPacket): void {
    if (this.#leadIn.length === LEAD_IN_PACKETS) this.#leadIn.shift();
    this.#leadIn.push(packet.payload);
  }
}

/** The mixes of a listener: a change of ssrc leads over from the old decoder to a fresh one (MEDIA rule 15). */
export class OpusMixSource extends OpusSource {
  #ssrc: number | undefined;
  /** Where the decoder's next frame belongs. */
  #nextPlace = 0;

  decode(packet: StreamPacket): Int16Array | undefined {
    const change = packet.ssrc !== this.#ssrc || !this.decoder;
    const pcm = change ? this.#switch(packet) : this.decoder!.decode(packet.payload);
    this.#nextPlace = packet.place + FRAME_SAMPLES;
    return pcm;
  }

  override conceal(): Int16Array | undefined {
    this.#nextPlace += FRAME_SAMPLES;
    return super.conceal();
  }

  #switch(packet: StreamPacket): Int16Array | undefined {
    const fresh = this.takeDecoder();
    if (!fresh) return this.decoder?.decode(packet.payload);
    const old = packet.place === this.#nextPlace ? super.conceal() : undefined;
    this.idle();
    this.decoder = fresh;
    this.#ssrc = packet.ssrc;
    const pcm = fresh.decode(packet.payload);
    if (old) crossfade(old, pcm);
    else fadeIn(pcm);
    return pcm;
  }
}

function fadeIn(pcm: Int16Array): void {
  for (let index = 0; index < FADE_IN_SAMPLES; index++) {
    pcm[index] = Math.round(pcm[index] * index / FADE_IN_SAMPLES);
  }
}

function crossfade(from: Int16Array, to: Int16Array): void {
  for (let index = 0; index < SWITCH_SAMPLES; index++) {
    const share = index / SWITCH_SAMPLES;
    to[index] = Math.round(to[index] * share + from[index] * (1 - share));
  }
}
