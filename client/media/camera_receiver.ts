import type { Counters } from "@fusionmeet/base";
import { type AccessUnit, PICTURE_PAYLOADS, PictureReceiver } from "@fusionmeet/media";
import {
  type CameraCodec,
  type Cryptography,
  type MasterKey,
  parseRtp,
  SrtpReceiver,
  VIDEO_REPLAY_WINDOW,
} from "@fusionmeet/protocol";
import type { StreamStatistics } from "./commands.ts";

export interface CameraReceiverOptions {
  readonly cryptography: Cryptography;
  readonly participant: number;
  readonly layer: string;
  readonly ssrc: number;
  readonly codec: CameraCodec;
  /** Picture keys of that participant by epoch. */
  readonly keys: ReadonlyMap<number, MasterKey>;
  /** Where the stream is, as the server says. */
  readonly roc: number;
  readonly sequence: number;
  readonly counters: Counters;
}

/** One camera of somebody else: SRTP with the place it starts from, then pictures complete and in order. */
export class CameraReceiver {
  readonly options: CameraReceiverOptions;
  readonly #srtp: SrtpReceiver;
  readonly #pictures: PictureReceiver;
  #meanDelayMs: number | undefined;

  constructor(options: CameraReceiverOptions) {
    const { cryptography, codec, keys, ssrc, roc, sequence } = options;
    this.options = options;
    this.#pictures = new PictureReceiver(codec);
    this.#srtp = new SrtpReceiver({ cryptography, windowPackets: VIDEO_REPLAY_WINDOW });
    for (const [epoch, key] of keys) this.#srtp.addKey(epoch, key);
    this.#srtp.seed(ssrc, roc, sequence);
  }

  addKey(epoch: number, key: MasterKey): void {
    this.#srtp.addKey(epoch, key);
  }

  removeKey(epoch: number): void {
    this.#srtp.removeKey(epoch);
  }

  /** Takes a packet from the server; what is wrong with it is counted. */
  receive(packet: Uint8Array, nowMs: number): void {
    const { codec, counters } = this.options;
    const opened = this.#srtp.open(packet);
    if (typeof opened === "string") return counters.add(opened);
    const rtp = parseRtp(opened.rtp);
    if (typeof rtp === "string") return counters.add(rtp);
    if (rtp.payloadType !== PICTURE_PAYLOADS[codec].payloadType) {
      return counters.add("picture-payload-type");
    }
    this.#pictures.push(rtp, { index: opened.index, nowMs });
  }

  /** The pictures that are ready, in order; `capturedAtMs` is on the server's media clock. */
  take(nowMs: number): AccessUnit[] {
    return this.#pictures.take(nowMs);
  }

  /** Sequence numbers to ask for now; call after `take`. */
  nacks(nowMs: number, rttMs: number): number[] {
    return this.#pictures.nacks(nowMs, rttMs);
  }

  get nextDueMs(): number | undefined {
    return this.#pictures.nextDueMs;
  }

  /** Notes how long the newest picture took from capture to complete arrival; the engine knows the clocks. */
  arrivedAfter(delayMs: number): void {
    this.#meanDelayMs = (this.#meanDelayMs ?? delayMs) * 0.9 + delayMs * 0.1;
  }

  /** From capture to complete arrival, the mean of the last pictures, ms. */
  get delayMs(): number | undefined {
    return this.#meanDelayMs;
  }

  statistics(): StreamStatistics {
    const { participant, layer, codec, ssrc } = this.options;
    const own = this.#pictures.statistics();
    return {
      participant,
      kind: "camera",
      layer,
      codec,
      ssrc,
      packets: own.packets,
      bytes: own.bytes,
      lost: own.lost,
      late: own.late,
      repaired: own.repaired,
      concealed: 0,
      fps: own.fps,
      width: own.width,
      height: own.height,
      jitterMs: own.jitterMs,
      playoutDelayMs: 0,
      freezes: own.freezes,
      longestFreezeMs: own.longestFreezeMs,
      ...(this.#meanDelayMs !== undefined && { delayMs: this.#meanDelayMs }),
    };
  }
}
