import { FRAME_MS, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { StreamPacket } from "./packet_line.ts";
import { TransitWindow } from "./transit_window.ts";

/** Room for jitter at the start, and always: a delay that stays where it began is worth more than a few ms less. */
const SPARE_MS = 20;
export const DELAY_MS_MAX = 400;
/** On top of the measured jitter. */
const MARGIN_MS = 5;
/** A loss seen this recently makes room for the redundancy in the next packet. */
const LOSS_REMEMBERED_MS = 10_000;
/** A packet this far from where the others are, so many times in a row: the sender's clock has jumped. */
const JUMP_MS = 1_000;
const JUMPS_MAX = 3;

/**
 * Which delay a stream needs, out of when its packets come. A delay is the time from a sample's place on the timestamp
 * line (in ms) to its being played; the line's zero is the sender's, so only differences mean something.
 */
export class DelayTarget {
  readonly #transits = new TransitWindow();
  readonly #packetMs: number;
  readonly #usesRedundancy: boolean;
  #pullMs = FRAME_MS;
  /** How long ago a packet was given up, ms. */
  sinceLossMs = Infinity;
  #jumps = 0;

  constructor(options: { packetSamples: number; usesRedundancy: boolean }) {
    this.#packetMs = options.packetSamples * 1_000 / SAMPLE_RATE;
    this.#usesRedundancy = options.usesRedundancy;
  }

  /** Mean deviation of arrival, ms. */
  get jitterMs(): number {
    return this.#transits.jitterMs;
  }

  /** The delay that plays the fastest packet the moment it comes. */
  get fastestMs(): number {
    return this.#transits.fastestMs;
  }

  set pullSamples(samples: number) {
    this.#pullMs = samples * 1_000 / SAMPLE_RATE;
  }

  /** Takes note of an arrival; true when the sender's clock has jumped and everything starts anew. */
  arrived(packet: StreamPacket, arrivalMs: number): boolean {
    const transits = this.#transits;
    const transitMs = arrivalMs - packet.place * 1_000 / SAMPLE_RATE;
    const far = transits.count > 0 && Math.abs(transitMs - transits.fastestMs) > JUMP_MS;
    if (far && transits.isFresh(arrivalMs) && ++this.#jumps < JUMPS_MAX) return false;
    this.#jumps = 0;
    if (far) transits.clear();
    transits.add(arrivalMs, transitMs);
    return far;
  }

  /** The delay the last ten seconds ask for: 99 % in time. A pull needs all of its samples. */
  get neededMs(): number {
    const { fastestMs, slowMs } = this.#transits;
    const lossSeen = this.#usesRedundancy && this.sinceLossMs < LOSS_REMEMBERED_MS;
    const forJitterMs = slowMs - fastestMs + MARGIN_MS;
    const forRedundancyMs = lossSeen ? FRAME_MS : 0;
    return fastestMs +
      Math.min(DELAY_MS_MAX, this.#pullMs + Math.max(forJitterMs, forRedundancyMs));
  }

  /** What is set at the start and aimed at later. Packets that leave in pairs add the second one's advantage. */
  get comfortableMs(): number {
    const spreadMs = FRAME_MS - this.#packetMs;
    return Math.max(this.neededMs, this.#transits.fastestMs + spreadMs + this.#pullMs + SPARE_MS);
  }
}
