import type { Counters, Random } from "@fusionmeet/base";
import { PathLoss, type VoiceCodecs, type VoicePacket, VoiceSender } from "@fusionmeet/media";
import {
  encodeAudioLevel,
  encodeCaptureTime,
  EXTENSION,
  FRAME_MS,
  PAYLOAD_TYPE,
  type ReportBlock,
  writeRtp,
} from "@fusionmeet/protocol";

/** Frames further apart than this are a gap of the device, not its jitter. */
const GAP_MS = 1.5 * FRAME_MS;

export interface MicrophoneSenderOptions {
  readonly codecs: VoiceCodecs;
  readonly voice: "opus" | "l16";
  readonly random: Random;
  readonly ssrc: number;
  readonly counters: Counters;
}

/**
 * Audio frames to RTP. One per connection: sequence numbers are contiguous, and after a mute, a gap or another
 * device the timestamps tell elapsed time again.
 */
export class MicrophoneSender {
  readonly #options: MicrophoneSenderOptions;
  readonly #sender: VoiceSender;
  readonly #loss = new PathLoss();
  /** Before it was ever on there is nothing to fade out: not one frame leaves. */
  #wasHeard = false;
  /** Where the timestamp line is tied to time. */
  #anchorMs: number | undefined;
  #frames = 0;
  #latestMs = 0;

  constructor(options: MicrophoneSenderOptions) {
    const { codecs, voice, random } = options;
    this.#options = options;
    this.#sender = new VoiceSender({
      codecs,
      voice,
      sequence: random.u32() & 0x7fff,
      timestamp: random.u32(),
    });
  }

  /** From the next frame on: that one fades out, then nothing leaves until it is false again. True at first. */
  set muted(muted: boolean) {
    this.#sender.muted = muted;
    this.#wasHeard ||= !muted;
  }

  /** RFC 6464 level (-127..0 dBov) and activity of what was sent last. */
  get level(): number {
    return this.#sender.level;
  }
  get voice(): boolean {
    return this.#sender.voice;
  }

  /** What the server says about how this microphone arrives. */
  reported(block: ReportBlock, nowMs: number): void {
    this.#loss.report(block, nowMs);
  }

  /**
   * @param pcm `FRAME_SAMPLES` samples.
   * @param capturedAtMs Local time of the first one.
   * @param toServer Local time to the server's media clock, where that is known.
   * @returns RTP packets to seal: none, one (Opus) or two (L16).
   */
  frame(
    pcm: Int16Array,
    capturedAtMs: number,
    toServer: (localMs: number) => number | undefined,
  ): Uint8Array[] {
    if (!this.#wasHeard) return [];
    this.#bridge(capturedAtMs);
    this.#sender.expectLoss(this.#loss.percent(capturedAtMs));
    const misses = this.#sender.encoderMisses;
    const packets = this.#sender.frame(pcm, capturedAtMs);
    this.#options.counters.add("encoder-missing", this.#sender.encoderMisses - misses);
    return packets.map((packet) => this.#write(packet, toServer));
  }

  close(): void {
    this.#sender.close();
  }

  /** After a gap: skips frames until the timestamp line is where elapsed time says. */
  #bridge(capturedAtMs: number): void {
    this.#anchorMs ??= capturedAtMs;
    const gap = this.#frames > 0 && Math.abs(capturedAtMs - this.#latestMs) > GAP_MS;
    const behind = Math.round((capturedAtMs - this.#anchorMs) / FRAME_MS) - this.#frames;
    if (gap && behind > 0) {
      this.#sender.skip(behind);
      this.#frames += behind;
    }
    this.#frames++;
    this.#latestMs = capturedAtMs;
  }

  #write(packet: VoicePacket, toServer: (localMs: number) => number | undefined): Uint8Array {
    const { voice, ssrc } = this.#options;
    const { level, sequence, timestamp, marker, payload, stamped, capturedAtMs } = packet;
    const extensions = new Map<number, Uint8Array>();
    extensions.set(EXTENSION.audioLevel, encodeAudioLevel({ voice: packet.voice, level }));
    const serverMs = stamped && capturedAtMs !== undefined ? toServer(capturedAtMs) : undefined;
    if (serverMs !== undefined) extensions.set(EXTENSION.captureTime, encodeCaptureTime(serverMs));
    const payloadType = PAYLOAD_TYPE[voice];
    return writeRtp({ payloadType, marker, sequence, timestamp, ssrc, extensions, payload });
  }
}
