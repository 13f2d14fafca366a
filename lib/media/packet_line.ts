import type { ArrivedVoicePacket } from "./voice_packet.ts";

/** Packets that may wait; the oldest goes. 2.5 s of Opus. */
const WAITING_MAX = 128;
/** How far back a packet is known again. */
const SEEN_MAX = 1_024;
const LOST_REMEMBERED_MAX = 512;

/** An arrived packet with its stream and its place on the unwrapped timestamp line. */
export interface StreamPacket extends ArrivedVoicePacket {
  readonly ssrc: number;
  readonly place: number;
}

/** One ssrc: what was taken, seen and lost of it. */
class StreamState {
  taken: number | undefined;
  readonly seen = new Float64Array(SEEN_MAX).fill(-1);
  readonly lost = new Set<number>();
  contiguous = false;
}

/** The packets that wait to be played, of one or more ssrcs on one timestamp line, by place; and what never came. */
export class PacketLine {
  readonly #waiting: StreamPacket[] = [];
  readonly #streams = new Map<number, StreamState>();
  #playing: number | undefined;
  /** Given up, and not come since. */
  lostPackets = 0;
  /** Pushed out by newer ones, or on the far side of a jump of the sender's clock. */
  droppedPackets = 0;

  get first(): StreamPacket | undefined {
    return this.#waiting[0];
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** Takes the packet in, unless it was here before (`duplicate`) or its turn is over (`late`). */
  push(packet: StreamPacket): "taken" | "duplicate" | "late" {
    const stream = this.#stream(packet.ssrc);
    if (stream.seen[packet.index % SEEN_MAX] === packet.index) return "duplicate";
    stream.seen[packet.index % SEEN_MAX] = packet.index;
    if (stream.taken !== undefined && packet.index <= stream.taken) {
      if (stream.lost.delete(packet.index)) this.lostPackets--;
      return "late";
    }
    let at = this.#waiting.length;
    while (at > 0 && this.#waiting[at - 1].place > packet.place) at--;
    this.#waiting.splice(at, 0, packet);
    if (this.#waiting.length > WAITING_MAX) {
      this.take();
      this.droppedPackets++;
    }
    return "taken";
  }

  /** How many packets were lost before the first waiting one; 0 after a change of ssrc, where numbers say nothing. */
  get missingBeforeFirst(): number {
    const first = this.#waiting[0];
    if (!first || this.#playing !== first.ssrc) return 0;
    return Math.max(0, first.index - this.#stream(first.ssrc).taken! - 1);
  }

  /** Whether the first waiting packet is of another ssrc than the one taken before. */
  get switches(): boolean {
    return this.#playing !== undefined && this.first !== undefined &&
      this.#playing !== this.first.ssrc;
  }

  /** Gives up the next `count` packets of the ssrc that plays. @returns the index of the last one. */
  giveUp(count: number): number {
    return this.#giveUp(this.#stream(this.#playing!), count);
  }

  /** Takes the first waiting packet; what is missing before it is given up. */
  take(): StreamPacket {
    const packet = this.#waiting.shift()!;
    const stream = this.#stream(packet.ssrc);
    const counts = stream.contiguous || packet.ssrc === this.#playing;
    if (counts && stream.taken !== undefined) {
      this.#giveUp(stream, Math.max(0, packet.index - stream.taken - 1));
    }
    stream.taken = packet.index;
    this.#playing = packet.ssrc;
    return packet;
  }

  #giveUp(stream: StreamState, count: number): number {
    const last = stream.taken! + count;
    const remembered = Math.max(stream.taken!, last - LOST_REMEMBERED_MAX);
    for (let index = remembered + 1; index <= last; index++) stream.lost.add(index);
    for (const index of stream.lost) {
      if (stream.lost.size <= LOST_REMEMBERED_MAX) break;
      stream.lost.delete(index);
    }
    this.lostPackets += count;
    return stream.taken = last;
  }

  /** Drops what waits further than `samples` from `place`. */
  keepAround(place: number, samples: number): void {
    const near = this.#waiting.filter((packet) => Math.abs(packet.place - place) <= samples);
    this.droppedPackets += this.#waiting.length - near.length;
    this.#waiting.splice(0, this.#waiting.length, ...near);
  }

  /** Every packet of this ssrc comes here: a gap in its numbers is loss, even after another ssrc was taken. */
  expectContiguous(ssrc: number): void {
    this.#stream(ssrc).contiguous = true;
  }

  #stream(ssrc: number): StreamState {
    let stream = this.#streams.get(ssrc);
    if (!stream) this.#streams.set(ssrc, stream = new StreamState());
    return stream;
  }
}
