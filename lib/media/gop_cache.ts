import { GOP_AGE_MS_MAX, GOP_BYTES_MAX, NACK_TAIL_MS } from "@fusionmeet/protocol";

interface KeptPacket {
  readonly bytes: Uint8Array;
  readonly index: number;
  readonly atMs: number;
}

/**
 * What the relay keeps of one video ssrc: every packet since the start of the last keyframe, to replay to a
 * late joiner, and the last half second before it, to answer NACKs. At most `GOP_AGE_MS_MAX` and
 * `GOP_BYTES_MAX`; a longer GOP is not replayed at all (half a GOP shows nothing) until the next keyframe,
 * but its last half second still answers NACKs.
 */
export class GopCache {
  /** By sequence number, in the order of arrival. */
  readonly #packets = new Map<number, KeptPacket>();
  #bytes = 0;
  /** The index of the first packet of the GOP that is kept whole. */
  #start = Infinity;
  #startMs = 0;
  #latestStart = -1;
  /** GOPs that were too long or too big to keep. */
  overflowCount = 0;

  /**
   * Keeps a packet.
   *
   * @param bytes as received; kept, not copied.
   * @param options.index the 48-bit SRTP index. Repairs may come in any order.
   * @param options.keyframeStart the first packet of a keyframe (frame marking S and I).
   */
  push(
    bytes: Uint8Array,
    options: { index: number; keyframeStart: boolean; nowMs: number },
  ): void {
    const { index, keyframeStart, nowMs } = options;
    const sequence = index % 0x10000;
    const held = this.#packets.get(sequence);
    if (held !== undefined && held.index >= index) return;
    this.#drop(sequence);
    this.#packets.set(sequence, { bytes, index, atMs: nowMs });
    this.#bytes += bytes.length;
    if (keyframeStart && index > this.#latestStart) {
      this.#start = this.#latestStart = index;
      this.#startMs = nowMs;
    }
    this.#evict(nowMs);
  }

  /** The packet with this RTP sequence number, if it is still here. */
  find(sequence: number): Uint8Array | undefined {
    return this.#packets.get(sequence)?.bytes;
  }

  /** The packets of the current GOP in order, from its keyframe on; empty when there is none to replay. */
  replay(): Uint8Array[] {
    return [...this.#packets.values()]
      .filter(({ index }) => index >= this.#start)
      .sort((a, b) => a.index - b.index)
      .map(({ bytes }) => bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#packets.clear();
    this.#bytes = 0;
    this.#start = Infinity;
  }

  #evict(nowMs: number): void {
    this.#evictTail(nowMs);
    const tooOld = this.#start < Infinity && nowMs - this.#startMs > GOP_AGE_MS_MAX;
    if (tooOld || this.#bytes > GOP_BYTES_MAX) {
      if (this.#start < Infinity) this.overflowCount++;
      this.#start = Infinity;
      this.#evictTail(nowMs);
    }
  }

  /** Oldest first, what belongs to no GOP and is too old or too much. */
  #evictTail(nowMs: number): void {
    for (const [sequence, { index, atMs }] of this.#packets) {
      if (index >= this.#start) return;
      if (nowMs - atMs <= NACK_TAIL_MS && this.#bytes <= GOP_BYTES_MAX) return;
      this.#drop(sequence);
    }
  }

  #drop(sequence: number): void {
    this.#bytes -= this.#packets.get(sequence)?.bytes.length ?? 0;
    this.#packets.delete(sequence);
  }
}
