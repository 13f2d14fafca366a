import { FRAME_MS, FRAME_SAMPLES, L16_PACKET_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { VoiceCodecs, VoiceEncoder } from "./types.ts";
import type { VoicePacket } from "./voice_packet.ts";
import {
  audioLevel,
  DECODE_HANGOVER_MS,
  isHeard,
  SILENCE_LEVEL,
  VoiceActivity,
} from "./audio_level.ts";
import { encodeL16 } from "./l16.ts";

/** Every how many packets at least one says when it was captured. */
const STAMP_INTERVAL_PACKETS = 10;
/** Frames that nobody decodes any more, before they are left out: later than the last receiver stops. */
const UNHEARD_FRAMES = DECODE_HANGOVER_MS / FRAME_MS + 5;
/** Frames of zeros before they are left out: an encoder fades out in them. */
const ZERO_FRAMES = 10;
/** Of those left out one in so many is sent: 400 ms, as Opus DTX does. */
const KEEPALIVE_FRAMES = 20;
/** From this loss on the redundancy is worth its bits. */
export const FEC_LOSS_PERCENT = 1;
const SILENT_FRAME = new Int16Array(FRAME_SAMPLES);

/**
 * One microphone (or one mix) on its way into packets: level, voice activity, Opus with DTX or L16, sequence numbers
 * and timestamps. Used by the client for its microphone and by the server for each mix.
 *
 * Silence is not sent, but for one packet in 400 ms: sequence numbers stay contiguous, the timestamp jumps, the marker is set on what follows.
 */
export class VoiceSender {
  readonly #codecs: VoiceCodecs;
  readonly #voiceFormat: "opus" | "l16";
  readonly #activity = new VoiceActivity();
  #encoder: VoiceEncoder | undefined;
  #sequence: number;
  #timestamp: number;
  /** The frame before was not sent: the next packet starts a talkspurt. */
  #paused = true;
  #silenced = false;
  #packetsSinceStamp = 0;
  #unheardFrames = 0;
  #zeroFrames = 0;
  #level = SILENCE_LEVEL;
  #voice = false;
  #fecWanted = false;
  /** Nothing leaves after the next frame, which fades out; time goes on. The first frame after it fades in. */
  muted = false;
  /** Frames that could not be encoded because no encoder was free. */
  encoderMisses = 0;

  /** @param options `sequence` (u16) and `timestamp` (u32) are those of the first packet. */
  constructor(
    options: { codecs: VoiceCodecs; voice: "opus" | "l16"; sequence: number; timestamp: number },
  ) {
    this.#codecs = options.codecs;
    this.#voiceFormat = options.voice;
    this.#sequence = options.sequence & 0xffff;
    this.#timestamp = options.timestamp >>> 0;
  }

  /**
   * Takes the next `FRAME_SAMPLES` samples and gives 0 (silence, muted), 1 (Opus) or 2 (L16) packets.
   *
   * @param pcm Neither kept nor changed.
   * @param capturedAtMs When its first sample was captured; copied to the packets.
   */
  frame(pcm: Int16Array, capturedAtMs?: number): VoicePacket[] {
    const sound = this.#faded(pcm);
    this.#level = sound === undefined ? SILENCE_LEVEL : audioLevel(sound);
    this.#voice = sound !== undefined && this.#activity.update(this.#level);
    const payloads = sound === undefined ? [] : this.#payloads(sound);
    const packets = payloads.map((payload, part) => this.#packet(payload, part, capturedAtMs));
    this.#paused = packets.length === 0;
    this.#advance(1);
    return packets;
  }

  /** Frames that were never captured (device gap, restart): time goes on, sequence numbers do not. */
  skip(frames: number): void {
    this.#advance(frames);
    this.#paused = true;
  }

  /** How much of this stream its receivers lose, percent: from 1 on packets carry redundancy, at the price of quality. */
  expectLoss(percent: number): void {
    const isWanted = percent >= FEC_LOSS_PERCENT;
    if (isWanted === this.#fecWanted) return;
    this.#fecWanted = isWanted;
    this.#encoder?.useFec?.(isWanted);
  }

  /** RTP timestamp (u32) of the next frame. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** Sequence number (u16) of the next packet. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Level of the last frame as it was sent, -127 (muted) .. 0 dBov. */
  get level(): number {
    return this.#level;
  }

  /** Whether the last frame was voice. */
  get voice(): boolean {
    return this.#voice;
  }

  /** Gives the encoder back. */
  close(): void {
    if (this.#encoder) this.#codecs.giveBack(this.#encoder);
    this.#encoder = undefined;
  }

  /** `pcm`, faded where muting begins or ends; undefined while muted. */
  #faded(pcm: Int16Array): Int16Array | undefined {
    const before = this.#silenced;
    this.#silenced = this.muted;
    if (before === this.muted) return before ? undefined : pcm;
    return pcm.map((sample, index) => {
      const gain = index / FRAME_SAMPLES;
      return Math.round(sample * (this.muted ? 1 - gain : gain));
    });
  }

  #payloads(sound: Int16Array): Uint8Array[] {
    const leftOut = this.#framesLeftOut();
    if (leftOut % KEEPALIVE_FRAMES !== 0) return [];
    if (this.#voiceFormat === "l16") {
      return [
        encodeL16(sound.subarray(0, L16_PACKET_SAMPLES)),
        encodeL16(sound.subarray(L16_PACKET_SAMPLES)),
      ];
    }
    return this.#ready() ? [this.#encoder!.encode(leftOut > 0 ? SILENT_FRAME : sound)] : [];
  }

  /** Counts frames without anything to hear; how many of them, up to this one, are too many. */
  #framesLeftOut(): number {
    const heard = isHeard(this.#level, this.#voice);
    this.#zeroFrames = this.#level === SILENCE_LEVEL ? this.#zeroFrames + 1 : 0;
    this.#unheardFrames = heard ? 0 : this.#unheardFrames + 1;
    const unheard = this.#voiceFormat === "l16" ? 0 : this.#unheardFrames - UNHEARD_FRAMES;
    return Math.max(0, this.#zeroFrames - ZERO_FRAMES, unheard);
  }

  /** Whether there is an encoder, now. */
  #ready(): boolean {
    if (this.#encoder) return true;
    this.#encoder = this.#codecs.takeEncoder();
    if (this.#encoder) this.#encoder.useFec?.(this.#fecWanted);
    else this.encoderMisses++;
    return this.#encoder !== undefined;
  }

  #packet(payload: Uint8Array, part: number, capturedAtMs: number | undefined): VoicePacket {
    const marker = this.#paused && part === 0;
    const stamped = marker || ++this.#packetsSinceStamp >= STAMP_INTERVAL_PACKETS;
    if (stamped) this.#packetsSinceStamp = 0;
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const samples = part * L16_PACKET_SAMPLES;
    return {
      sequence,
      timestamp: (this.#timestamp + samples) >>> 0,
      marker,
      stamped,
      payload,
      level: this.#level,
      voice: this.#voice,
      capturedAtMs: capturedAtMs === undefined
        ? undefined
        : capturedAtMs + samples * 1000 / SAMPLE_RATE,
    };
  }

  #advance(frames: number): void {
    this.#timestamp = (this.#timestamp + frames * FRAME_SAMPLES) >>> 0;
  }
}
