import { assert, type Counters, type Random } from "@fusionmeet/base";
import { Pacer, PICTURE_PAYLOADS, SendHistory } from "@fusionmeet/media";
import {
  type Cryptography,
  encodeCaptureTime,
  encodeFrameMarking,
  EXTENSION,
  type MasterKey,
  type RtpDraft,
  SrtpSender,
  writeRtp,
} from "@fusionmeet/protocol";
import type { CameraPicture } from "../capture/camera.ts";

/** 19 Mbit/s at most, in bursts the smallest socket buffer takes from ten cameras at once. */
const PACKETS_PER_MS = 2;
const BURST_PACKETS = 8;
/** Half a second of the highest rate; beyond it pictures are dropped up to the next keyframe. */
const QUEUED_BYTES_MAX = 1 << 20;
const HISTORY = { ageMsMax: 2_000, bytesMax: 2 << 20 };
const VIDEO_TICKS_PER_MS = 90;

/** Waits for its turn: a new packet, numbered and sealed when it leaves, or a repair, sealed long ago. */
type Queued = Omit<RtpDraft, "sequence"> | Uint8Array;

export interface CameraSenderOptions {
  readonly cryptography: Cryptography;
  readonly random: Random;
  readonly epoch: number;
  readonly pictureKey: MasterKey;
  readonly ssrc: number;
  readonly counters: Counters;
}

/**
 * Coded pictures to paced, sealed packets. Sequence numbers are contiguous and timestamps tell elapsed time for
 * the whole life of the key, however often the camera is switched off, ffmpeg restarted or the codec changed.
 *
 * Source: RFC 6184 and RFC 2435 (payloads), RFC 9626 (frame marking), RFC 4585 section 6.2.1 (repairs).
 */
export class CameraSender {
  readonly #ssrc: number;
  readonly #counters: Counters;
  readonly #srtp: SrtpSender;
  readonly #pacer: Pacer<Queued>;
  readonly #history = new SendHistory(HISTORY);
  #sequence: number;
  readonly #firstTimestamp: number;
  #firstCapturedAtMs: number | undefined;
  #waitsForKeyframe = true;

  constructor(options: CameraSenderOptions) {
    const { cryptography, random, epoch, pictureKey } = options;
    this.#ssrc = options.ssrc;
    this.#counters = options.counters;
    this.#srtp = new SrtpSender({ cryptography, master: pictureKey, epoch });
    this.#pacer = new Pacer({
      packetsPerMs: PACKETS_PER_MS,
      burstPackets: BURST_PACKETS,
      bytesMax: QUEUED_BYTES_MAX,
    });
    this.#sequence = random.u32() & 0x7fff;
    this.#firstTimestamp = random.u32();
  }

  addKey(epoch: number, key: MasterKey): void {
    this.#srtp.addKey(epoch, key);
  }

  /** Seals with the key of `epoch` from now on; says false where `addKey` never gave it. */
  use(epoch: number): boolean {
    if (!this.#srtp.hasKey(epoch)) return false;
    this.#srtp.use(epoch);
    return true;
  }

  /** Queues one picture. @param serverCapturedAtMs on the server's media clock, where that is known. */
  push(picture: CameraPicture, serverCapturedAtMs?: number): void {
    if (this.#waitsForKeyframe && !picture.keyframe) {
      return this.#counters.add("camera-no-keyframe");
    }
    const { payloadType, packetize } = PICTURE_PAYLOADS[picture.codec];
    const fragments = packetize(picture.bytes);
    if (typeof fragments === "string") {
      return this.#counters.add(`camera-${picture.codec}-${fragments}`);
    }
    const bytes = fragments.reduce((sum, { payload }) => sum + payload.length, 0);
    if (this.#pacer.queuedBytes + bytes > QUEUED_BYTES_MAX) {
      this.#waitsForKeyframe = true;
      return this.#counters.add("camera-pacer-full");
    }
    this.#waitsForKeyframe = false;
    const timestamp = this.#timestamp(picture.capturedAtMs);
    for (const { payload, start, end } of fragments) {
      const extensions = new Map<number, Uint8Array>();
      extensions.set(
        EXTENSION.frameMarking,
        encodeFrameMarking({ start, end, independent: picture.keyframe, discardable: false }),
      );
      if (start && serverCapturedAtMs !== undefined) {
        extensions.set(EXTENSION.captureTime, encodeCaptureTime(serverCapturedAtMs));
      }
      const draft = {
        payloadType,
        marker: end,
        timestamp,
        ssrc: this.#ssrc,
        extensions,
        payload,
      };
      assert(
        this.#pacer.push(draft, payload.length) === "queued",
        "the pacer has room for a whole picture",
      );
    }
  }

  /** Queues what the server misses once more, byte for byte. */
  repair(sequences: readonly number[], nowMs: number): void {
    for (const sequence of sequences) {
      const sealed = this.#history.find(sequence, nowMs);
      if (!sealed) this.#counters.add("repair-forgotten");
      else if (this.#pacer.push(sealed, sealed.length) === "queued") this.#counters.add("repaired");
      else this.#counters.add("repair-pacer-full");
    }
  }

  /** What may be sent now. */
  take(nowMs: number): Uint8Array[] {
    return this.#pacer.take(nowMs).map((queued) =>
      queued instanceof Uint8Array ? queued : this.#seal(queued, nowMs)
    );
  }

  get nextDueMs(): number | undefined {
    return this.#pacer.nextDueMs;
  }

  /** The camera was switched off: nothing queued leaves any more. */
  stop(): void {
    this.#counters.add("camera-stopped-packets", this.#pacer.clear());
    this.#waitsForKeyframe = true;
  }

  #seal(draft: Omit<RtpDraft, "sequence">, nowMs: number): Uint8Array {
    const sequence = this.#sequence;
    this.#sequence = (sequence + 1) & 0xffff;
    const sealed = this.#srtp.protect(writeRtp({ ...draft, sequence }));
    this.#history.push(sealed, { sequence, nowMs });
    return sealed;
  }

  #timestamp(capturedAtMs: number): number {
    this.#firstCapturedAtMs ??= capturedAtMs;
    const elapsedMs = capturedAtMs - this.#firstCapturedAtMs;
    return (this.#firstTimestamp + Math.round(elapsedMs * VIDEO_TICKS_PER_MS)) >>> 0;
  }
}
