interface SentPacket {
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** The packets a sender sent lately, sealed, to answer NACKs byte for byte. The oldest go first when it is full. */
export class SendHistory {
  readonly #packets = new Map<number, SentPacket>();
  readonly #ageMsMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(options: { ageMsMax: number; bytesMax: number }) {
    this.#ageMsMax = options.ageMsMax;
    this.#bytesMax = options.bytesMax;
  }

  /** Keeps `bytes` (not copied) under its RTP sequence number. */
  push(bytes: Uint8Array, options: { sequence: number; nowMs: number }): void {
    const { sequence, nowMs } = options;
    this.#drop(sequence);
    this.#packets.set(sequence, { bytes, atMs: nowMs });
    this.#bytes += bytes.length;
    for (const [oldest, { atMs }] of this.#packets) {
      if (nowMs - atMs <= this.#ageMsMax && this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  find(sequence: number, nowMs: number): Uint8Array | undefined {
    const packet = this.#packets.get(sequence);
    return packet && nowMs - packet.atMs <= this.#ageMsMax ? packet.bytes : undefined;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#packets.clear();
    this.#bytes = 0;
  }

  #drop(sequence: number): void {
    this.#bytes -= this.#packets.get(sequence)?.bytes.length ?? 0;
    this.#packets.delete(sequence);
  }
}
