import { Concealment } from "./concealment.ts";
import { PacketLine, type StreamPacket } from "./packet_line.ts";
import type { PlayoutLog } from "./playout_log.ts";
import { CONCEALED, DECODED, SampleRing, SILENT } from "./sample_ring.ts";
import type { VoiceStatistics } from "./voice_packet.ts";

/** A hole this long at a change of ssrc is concealed; a longer one is silence. */
const SWITCH_HOLE_PACKETS = 3;

/** Where a playout gets its samples from: one decoder, or several. It may change the arrays it is given. */
export interface PlayoutSource {
  /** Samples per packet, 960 or 480. */
  readonly packetSamples: number;
  /** The codec itself leads over from one concealed packet to the next decoded one. */
  readonly seamless: boolean;
  /** Times there was no decoder when one was needed. */
  readonly decoderMisses: number;
  /** Samples of the next packet; undefined when it stays silent. @throws when it is not decodable. */
  decode(packet: StreamPacket): Int16Array | undefined;
  /** The lost packet before `next`; undefined where `next` holds no redundancy. */
  decodeFec(next: StreamPacket): Int16Array | undefined;
  /** What may follow the last packet; undefined after silence. */
  conceal(): Int16Array | undefined;
  /** Half a second of silence has passed. */
  idle(): void;
}

/**
 * Turns waiting packets into samples on the timestamp line, in order and no sooner than needed; tells loss (a gap in
 * the sequence: redundancy or concealment) from silence (a gap in time only).
 */
export class SoundLine {
  readonly packets = new PacketLine();
  readonly ring = new SampleRing();
  readonly #source: PlayoutSource;
  readonly #concealment: Concealment;
  readonly #statistics: VoiceStatistics;
  readonly #log: PlayoutLog;
  #end = 0;
  /** Concealed because samples ran out: was it loss, lateness or silence? The next packet will tell. */
  unexplainedSamples = 0;
  /** The latest stamp: a place and when it was captured. */
  stamp: { place: number; capturedAtMs: number } | undefined;
  nowMs = 0;
  lostAtMs = -Infinity;

  constructor(
    source: PlayoutSource,
    options: { statistics: VoiceStatistics; log: PlayoutLog },
  ) {
    this.#source = source;
    this.#statistics = options.statistics;
    this.#log = options.log;
    this.#concealment = new Concealment(() => source.conceal());
  }

  /** Everything before this place is decoded, concealed or silent for good. */
  get end(): number {
    return this.#end;
  }

  /** Goes on from `place`; what comes next is joined to `last`, the sample played before. */
  moveTo(place: number, last: number): void {
    if (this.#concealment.run === 0) this.#concealment.cut(last);
    this.#end = place;
  }

  /**
   * A packet waits after samples had run out: says what the concealment up to `place` was, and gives up the packets
   * whose time it took.
   */
  explain(place: number): void {
    const { packetSamples } = this.#source;
    const gap = this.packets.first!.place - this.#end;
    const missing = this.packets.missingBeforeFirst;
    if (gap >= (missing + 1) * packetSamples) {
      this.#statistics.concealedSamples -= this.unexplainedSamples;
      this.#statistics.silentSamples += this.unexplainedSamples;
    }
    this.unexplainedSamples = 0;
    // When the missing ones were due the numbers do not tell; at the latest it was right before the first waiting one.
    const stillDue = Math.ceil((this.packets.first!.place - place) / packetSamples);
    const over = missing - Math.max(0, Math.min(missing, stillDue));
    if (over > 0) this.#giveUp(over, 0);
  }

  /** Decodes what has no gap before it, as far as `until`: to look ahead without deciding on losses. */
  decodeWaiting(until: number): void {
    while (this.#end < until && (this.packets.first?.place ?? Infinity) <= this.#end) {
      this.#decodeFirst();
    }
  }

  /** Brings the end to `until`, or to where packets run out. */
  fill(until: number): void {
    while (this.#end < until && this.packets.first) {
      const first = this.packets.first;
      const gap = first.place - this.#end;
      const missing = this.packets.missingBeforeFirst;
      if (gap <= 0) this.#decodeFirst();
      else if (missing > 0) this.#fillLost(first, { gap, missing, until });
      else if (this.packets.switches && gap <= SWITCH_HOLE_PACKETS * this.#source.packetSamples) {
        this.#conceal(Math.min(first.place, until));
      } else this.#silence(Math.min(first.place, until));
    }
  }

  /** Fills from..until behind the end with concealment that takes no time: late packets still have their turn. */
  runOut(from: number, until: number): void {
    for (let place = Math.max(from, this.#end); place < until; place++) {
      if (this.#makeUp(place)) this.unexplainedSamples++;
    }
  }

  #decodeFirst(): void {
    const missing = this.packets.missingBeforeFirst;
    if (missing > 0) this.#giveUp(missing, 0);
    if (this.packets.switches) this.#noteSwitch(this.packets.first!);
    const packet = this.packets.take();
    const { packetSamples } = this.#source;
    const skip = this.#end - packet.place;
    if (skip >= packetSamples) {
      this.#statistics.latePackets++;
      return;
    }
    let pcm: Int16Array | undefined;
    try {
      pcm = this.#source.decode(packet);
    } catch {
      this.#statistics.invalidPackets++;
      this.#conceal(packet.place + packetSamples);
      return;
    }
    if (packet.capturedAtMs !== undefined) {
      this.stamp = { place: packet.place, capturedAtMs: packet.capturedAtMs };
    }
    if (pcm === undefined) this.#statistics.skippedPackets++;
    else {
      this.#statistics.decodedPackets++;
      this.#write(pcm, skip);
    }
  }

  /** Fills one lost packet: the last one before `first` from its redundancy, others by concealment. A longer gap: silence. */
  #fillLost(first: StreamPacket, options: { gap: number; missing: number; until: number }): void {
    const { packetSamples } = this.#source;
    const due = first.place - options.missing * packetSamples;
    if (due > this.#end) return this.#silence(Math.min(due, options.until));
    const samples = Math.min(options.gap, packetSamples);
    const fec = options.gap <= packetSamples ? this.#decodeFec(first) : undefined;
    const index = this.#giveUp(1, samples);
    if (fec === undefined) this.#conceal(this.#end + samples);
    else {
      this.#statistics.fecPackets++;
      this.#log.add(this.nowMs, "fec", index, samples);
      this.#write(fec, packetSamples - samples);
    }
  }

  #decodeFec(next: StreamPacket): Int16Array | undefined {
    try {
      return this.#source.decodeFec(next);
    } catch {
      // The packet will be counted as invalid when it is its turn.
      return undefined;
    }
  }

  /** @returns the index of the last one. */
  #giveUp(count: number, samples: number): number {
    const index = this.packets.giveUp(count);
    this.lostAtMs = this.nowMs;
    this.#log.add(this.nowMs, "lost", index, samples);
    return index;
  }

  #noteSwitch(to: StreamPacket): void {
    this.#statistics.switches++;
    this.#log.add(this.nowMs, "switch", to.ssrc, to.index);
  }

  #write(pcm: Int16Array, skip: number): void {
    this.#concealment.join(pcm, { skip, seamless: this.#source.seamless });
    this.ring.write(this.#end, pcm.subarray(skip), DECODED);
    this.#end += pcm.length - skip;
  }

  #conceal(until: number): void {
    this.#log.add(this.nowMs, "conceal", until - this.#end, this.#concealment.run);
    for (; this.#end < until; this.#end++) this.#makeUp(this.#end);
  }

  /** Writes one sample of concealment and says true, or one of silence where that is over. */
  #makeUp(place: number): boolean {
    const sample = this.#concealment.continue();
    const silent = sample === undefined;
    this.ring.set(place, silent ? this.#concealment.fade() : sample, silent ? SILENT : CONCEALED);
    return !silent;
  }

  /** A meant silence: what still sounds dies away. */
  #silence(until: number): void {
    this.#concealment.end();
    for (; this.#end < until; this.#end++) {
      this.ring.set(this.#end, this.#concealment.fade(), SILENT);
    }
  }
}
