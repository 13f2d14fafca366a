import { type Counters, TokenBucket } from "@fusionmeet/base";
import { Reception, type VoiceCodecs, VoiceReceiver } from "@fusionmeet/media";
import { rampVoice } from "@fusionmeet/mixer";
import {
  decodeAudioLevel,
  decodeCaptureTime,
  EXTENSION,
  FRAME_SAMPLES,
  parseRtp,
  PAYLOAD_TYPE,
  type ReportBlock,
  VOICE_GAP_PACKETS_MAX,
  VOICE_PACKETS_PER_SECOND,
} from "@fusionmeet/protocol";
import type { Seat } from "./seat.ts";

const SILENT_LEVEL = -127;
/** Below this a packet without the voice flag is not decoded. */
const CLAIMED_LEVEL_MIN = -50;
/** A claim stands for a pause between two words. */
const CLAIM_MS = 500;

/** One open microphone at the server: from SRTP to the samples of the current tick. */
export class Talker {
  readonly seat: Seat;
  readonly receiver: VoiceReceiver;
  /** The current tick's samples, s16. */
  readonly pcm = new Int16Array(FRAME_SAMPLES);
  /** Measured level of `pcm`, -127..0 dBov. */
  level = SILENT_LEVEL;
  /** When the first sample of `pcm` was captured, on the media clock, if the sender says. */
  capturedAtMs: number | undefined;
  /** Too many claim to talk and this one is not among the loudest: packets count as silence. */
  gated = false;
  /** The microphone went off: the next tick's samples fade out and are the last. */
  ending = false;
  readonly #payloadType: number;
  readonly #counters: Counters;
  readonly #packets: TokenBucket;
  readonly #reception = new Reception();
  #highest: number | undefined;
  /** Numbers that were jumped over. */
  #jumped = 0;
  #claimedLevel = SILENT_LEVEL;
  #claimedAtMs = -Infinity;

  constructor(
    seat: Seat,
    options: { codecs: VoiceCodecs; voice: "opus" | "l16"; counters: Counters },
  ) {
    this.seat = seat;
    this.receiver = new VoiceReceiver(options);
    this.#counters = options.counters;
    this.#packets = new TokenBucket({
      perSecond: VOICE_PACKETS_PER_SECOND,
      burst: VOICE_PACKETS_PER_SECOND,
      nowMs: 0,
    });
    this.#payloadType = PAYLOAD_TYPE[options.voice];
  }

  /** The microphone's ssrc: one for each time its owner was connected. */
  get id(): number {
    return this.seat.ssrcs.microphone;
  }

  /** What the latest packet claimed, -127..0 dBov; -127 when that was nothing worth decoding, or long ago. */
  claimedLevel(nowMs: number): number {
    return nowMs - this.#claimedAtMs > CLAIM_MS ? SILENT_LEVEL : this.#claimedLevel;
  }

  /** Takes an SRTP packet from the seat's address, or says why not. */
  accept(bytes: Uint8Array, nowMs: number): string | undefined {
    if (this.ending) return "microphone-off";
    const opened = this.seat.link.open(bytes);
    if (typeof opened === "string") return opened;
    if (!this.#packets.take(nowMs)) return "too-fast";
    const packet = parseRtp(opened.rtp);
    if (typeof packet === "string") return packet;
    if (packet.payloadType !== this.#payloadType) return "payload-type";
    this.#reception.arrived(opened.index);
    const level = packet.extensions.get(EXTENSION.audioLevel);
    const claim = level && decodeAudioLevel(level) || { voice: true, level: 0 };
    const captured = packet.extensions.get(EXTENSION.captureTime);
    const audible = claim.voice || claim.level > CLAIMED_LEVEL_MIN;
    if (opened.newest) {
      this.#claimedLevel = audible ? claim.level : SILENT_LEVEL;
      this.#claimedAtMs = nowMs;
    }
    this.receiver.push({
      index: this.#contiguous(opened.index),
      timestamp: packet.timestamp,
      payload: packet.payload,
      marker: packet.marker,
      level: this.gated ? SILENT_LEVEL : claim.level,
      voice: claim.voice && !this.gated,
      capturedAtMs: captured && decodeCaptureTime(captured),
    }, nowMs);
    return undefined;
  }

  /** How the voice arrives since the microphone went on, and since the last report; `undefined` when nothing came since. */
  report(): ReportBlock | undefined {
    return this.#reception.block({ ssrc: this.id, jitterMs: this.receiver.statistics.jitterMs });
  }

  /** Fetches the samples of the tick that is due. */
  pull(dueMs: number): void {
    const { level, capturedAtMs } = this.receiver.pull(dueMs, this.pcm);
    this.level = level;
    this.capturedAtMs = capturedAtMs;
    if (this.ending) rampVoice(this.pcm, 1, 0);
  }

  /**
   * The place of a packet on a line without large gaps. Senders skip no numbers, and what is lost for longer than
   * `VOICE_GAP_PACKETS_MAX` is silence; but whoever skips thousands with every packet would keep the mixer busy with giving
   * them up.
   */
  #contiguous(index: number): number {
    const gap = index - (this.#highest ?? index) - 1;
    if (gap > VOICE_GAP_PACKETS_MAX) {
      this.#jumped += gap;
      this.#counters.add("voice.jumpedPackets", gap);
    }
    this.#highest = Math.max(index, this.#highest ?? index);
    return index - this.#jumped;
  }

  close(): void {
    this.receiver.close();
  }
}
