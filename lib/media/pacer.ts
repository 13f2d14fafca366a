/**
 * Spreads packets over time: `packetsPerMs` on average, `burstPackets` at once (a burst of 128 overruns the
 * default socket buffer). Bounded by bytes; when full the new packet is refused and the caller counts it.
 */
export class Pacer<T> {
  readonly #packetsPerMs: number;
  readonly #burstPackets: number;
  readonly #bytesMax: number;
  readonly #queue: { packet: T; bytes: number }[] = [];
  /** Packets of `#queue` that are already out: taking from its front would move the rest. */
  #taken = 0;
  #queuedBytes = 0;
  #tokens: number;
  #atMs = -Infinity;

  constructor(options: { packetsPerMs: number; burstPackets: number; bytesMax: number }) {
    this.#packetsPerMs = options.packetsPerMs;
    this.#burstPackets = options.burstPackets;
    this.#bytesMax = options.bytesMax;
    this.#tokens = options.burstPackets;
  }

  /** Queues a packet of `bytes` bytes, or says why not. */
  push(packet: T, bytes: number): "queued" | "pacer-full" {
    if (this.#queuedBytes + bytes > this.#bytesMax) return "pacer-full";
    this.#queue.push({ packet, bytes });
    this.#queuedBytes += bytes;
    return "queued";
  }

  /** The packets that may go out now, in order. */
  take(nowMs: number): T[] {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burstPackets, this.#tokens + elapsedMs * this.#packetsPerMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
    const count = Math.min(this.queuedPackets, Math.floor(this.#tokens + 1e-9));
    if (count === 0) return [];
    const due = this.#queue.slice(this.#taken, this.#taken + count);
    this.#tokens -= count;
    this.#taken += count;
    for (const { bytes } of due) this.#queuedBytes -= bytes;
    if (this.#taken * 2 >= this.#queue.length) {
      this.#queue.splice(0, this.#taken);
      this.#taken = 0;
    }
    return due.map(({ packet }) => packet);
  }

  /** When `take` will give something again; undefined while empty. May be in the past: now. */
  get nextDueMs(): number | undefined {
    if (this.queuedPackets === 0) return undefined;
    return this.#atMs + Math.max(0, 1 - this.#tokens) / this.#packetsPerMs;
  }

  get queuedPackets(): number {
    return this.#queue.length - this.#taken;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Forgets what is queued; gives how many packets that were. */
  clear(): number {
    const count = this.queuedPackets;
    this.#queue.length = 0;
    this.#taken = 0;
    this.#queuedBytes = 0;
    return count;
  }
}
