import {
  type CameraCodec,
  decodeCaptureTime,
  decodeFrameMarking,
  EXTENSION,
  type FrameMarking,
  PICTURE_BUFFER_BYTES_MAX,
  PICTURE_BUFFER_PACKETS_MAX,
  type RtpPacket,
} from "@fusionmeet/protocol";
import { GapTracker } from "./gap_tracker.ts";
import { PictureMeter } from "./picture_meter.ts";
import { PICTURE_PAYLOADS, type PicturePayload } from "./picture_payload.ts";
import type { AccessUnit } from "./types.ts";

/** Totals of one picture stream at its viewer. */
export interface PictureStatistics {
  packets: number;
  /** Of RTP payload. */
  bytes: number;
  /** Never came. */
  lost: number;
  /** Came when their picture had been given up. */
  late: number;
  /** Came after they had been asked for. */
  repaired: number;
  duplicates: number;
  pictures: number;
  /** Pictures that came, in part or broken, and could not be shown: each ends with a packet that was dropped. */
  droppedPictures: number;
  /** By capture time, over the last five seconds that have pictures. */
  fps: number;
  /** Of the last keyframe; 0 before. */
  width: number;
  height: number;
  /** Interarrival jitter of pictures, RFC 3550 section 6.4.1. */
  jitterMs: number;
  /** Gaps between pictures longer than 200 ms and three picture times. */
  freezes: number;
  longestFreezeMs: number;
}

/**
 * Turns the opened RTP packets of one ssrc and codec into pictures, complete and in order: reorders, asks for what
 * is missing (`GapTracker`), gives a picture up after `GIVE_UP_MS` and then drops up to the next keyframe.
 * Never hands on a broken picture; the first one is a keyframe. Time is the caller's.
 */
export class PictureReceiver {
  readonly #payload: PicturePayload;
  #gaps = new GapTracker();
  readonly #meter = new PictureMeter();
  readonly #packets = new Map<number, RtpPacket>();
  #bufferedBytes = 0;
  /** First packet of the next picture; undefined while it looks for a keyframe. */
  #next: number | undefined;
  /** From `#next` to before here, packets are there and of one picture. */
  #scan = 0;
  /** While it looks for a keyframe: the lowest index held that starts one. */
  #keyframeStart = Infinity;
  #awaitsKeyframe = true;
  #codec = "";
  #lostBefore = 0;
  readonly #totals = {
    packets: 0,
    bytes: 0,
    late: 0,
    repaired: 0,
    duplicates: 0,
    pictures: 0,
    droppedPictures: 0,
    width: 0,
    height: 0,
  };

  constructor(codec: CameraCodec = "h264") {
    this.#payload = PICTURE_PAYLOADS[codec];
  }

  /**
   * Takes a packet.
   *
   * @param packet kept, not copied; its payload type is that of the codec.
   * @param at.index its 48-bit SRTP index.
   */
  push(packet: RtpPacket, at: { index: number; nowMs: number }): void {
    const { index, nowMs } = at;
    this.#totals.packets++;
    this.#totals.bytes += packet.payload.length;
    const arrival = this.#gaps.seen(index, nowMs);
    if (arrival === "duplicate") {
      this.#totals.duplicates++;
      return;
    }
    if (arrival === "late" || index < (this.#next ?? 0)) {
      this.#totals.late++;
      return;
    }
    if (arrival === "repaired") this.#totals.repaired++;
    if (arrival === "jump") this.#lookFrom(index);
    if (this.#isFull(packet)) this.#lookFrom(Infinity);
    const marking = frameMarking(packet);
    if (arrival === "new" && marking?.start) this.#meter.arrived(packet.timestamp, nowMs);
    if (marking?.start && marking.independent) {
      this.#keyframeStart = Math.min(this.#keyframeStart, index);
    }
    this.#packets.set(index, packet);
    this.#bufferedBytes += packet.payload.length;
  }

  /** The pictures that are ready, in order. Call after `push` and when `nextDueMs` has come. */
  take(nowMs: number): AccessUnit[] {
    this.#gaps.expire(nowMs);
    const pictures: AccessUnit[] = [];
    while (this.#next !== undefined || this.#startAtKeyframe(nowMs)) {
      const end = this.#findEnd();
      if (end !== undefined) {
        const picture = this.#assemble(end);
        if (picture === undefined) continue;
        this.#meter.delivered(picture.timestamp, nowMs);
        this.#totals.pictures++;
        pictures.push(picture);
      } else if (this.#scan < this.#gaps.highest && !this.#gaps.isMissing(this.#scan)) {
        this.#lookFrom(this.#scan + 1);
      } else break;
    }
    return pictures;
  }

  /** RTP sequence numbers to ask for now, at most `NACK_SEQUENCES_MAX`; call after `take`. */
  nacks(nowMs: number, rttMs: number): number[] {
    return this.#gaps.due(nowMs, rttMs).map((index) => index % 0x10000);
  }

  /** When to call `take` and `nacks` without a packet; undefined: not before one comes. */
  get nextDueMs(): number | undefined {
    return this.#gaps.nextDueMs;
  }

  /** Of the last keyframe: `avc1.PPCCLL` or `jpeg`; empty before. */
  get codec(): string {
    return this.#codec;
  }

  /** The stream paused on purpose and starts again anywhere: no loss, no freeze, a keyframe first; totals stay. */
  restart(): void {
    this.#lookFrom(Infinity);
    this.#lostBefore += this.#gaps.lost;
    this.#gaps = new GapTracker();
    this.#meter.pause();
  }

  /** A copy. */
  statistics(): PictureStatistics {
    return {
      ...this.#totals,
      lost: this.#lostBefore + this.#gaps.lost,
      fps: this.#meter.fps,
      jitterMs: this.#meter.jitterMs,
      freezes: this.#meter.freezes,
      longestFreezeMs: this.#meter.longestFreezeMs,
    };
  }

  #isFull(packet: RtpPacket): boolean {
    return this.#packets.size >= PICTURE_BUFFER_PACKETS_MAX ||
      this.#bufferedBytes + packet.payload.length > PICTURE_BUFFER_BYTES_MAX;
  }

  /** Drops what is below `index` and looks for a keyframe from there on. */
  #lookFrom(index: number): void {
    this.#next = undefined;
    this.#awaitsKeyframe = true;
    this.#keyframeStart = Infinity;
    this.#gaps.giveUpBelow(index);
    for (const [held, packet] of this.#packets) {
      if (held < index) {
        if (packet.marker) this.#totals.droppedPictures++;
        this.#drop(held, packet);
      } else if (held < this.#keyframeStart) {
        const marking = frameMarking(packet);
        if (marking?.start && marking.independent) this.#keyframeStart = held;
      }
    }
  }

  /** Goes to the lowest keyframe that is held; says whether there is one. */
  #startAtKeyframe(nowMs: number): boolean {
    const start = this.#keyframeStart;
    if (start === Infinity) {
      const first = this.#packets.get(this.#gaps.lowest);
      const marking = first && frameMarking(first);
      if (marking?.independent && !marking.start) this.#gaps.missFirst(nowMs);
      return false;
    }
    this.#lookFrom(start);
    this.#next = this.#scan = start;
    return true;
  }

  /** The index of the last packet of the next picture, when all its packets are there. */
  #findEnd(): number | undefined {
    const timestamp = this.#packets.get(this.#next ?? 0)?.timestamp;
    for (;; this.#scan++) {
      const packet = this.#packets.get(this.#scan);
      if (packet === undefined) return undefined;
      if (packet.timestamp !== timestamp) return this.#scan - 1;
      if (packet.marker) return this.#scan;
    }
  }

  /** Takes the packets up to `end` out; without a picture to hand on it gives nothing. */
  #assemble(end: number): AccessUnit | undefined {
    const packets: RtpPacket[] = [];
    for (let index = this.#next ?? 0; index <= end; index++) {
      const packet = this.#packets.get(index);
      if (packet === undefined) continue;
      packets.push(packet);
      this.#drop(index, packet);
    }
    this.#next = this.#scan = end + 1;
    const payloads = packets.map(({ payload }) => payload).filter(({ length }) => length > 0);
    const unit = this.#payload.depacketize(payloads);
    if (unit === "empty") return;
    if (typeof unit === "string" || (this.#awaitsKeyframe && !unit.keyframe)) {
      this.#totals.droppedPictures++;
      this.#lookFrom(end + 1);
      return;
    }
    this.#awaitsKeyframe = false;
    const { bytes, keyframe, format } = unit;
    if (format) {
      this.#codec = format.codec;
      this.#totals.width = format.width;
      this.#totals.height = format.height;
    }
    const captured = packets.map(({ extensions }) => extensions.get(EXTENSION.captureTime))
      .find((bytes) => bytes !== undefined);
    return {
      bytes,
      keyframe,
      timestamp: packets[0].timestamp,
      capturedAtMs: captured && decodeCaptureTime(captured),
    };
  }

  #drop(index: number, packet: RtpPacket): void {
    this.#packets.delete(index);
    this.#bufferedBytes -= packet.payload.length;
  }
}

function frameMarking(packet: RtpPacket): FrameMarking | undefined {
  const bytes = packet.extensions.get(EXTENSION.frameMarking);
  return bytes && decodeFrameMarking(bytes);
}
