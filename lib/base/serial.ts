/**
 * Signed distance from `from` to `to` on the 16-bit circle, -32 768..32 767.
 *
 * Source: serial number arithmetic, RFC 1982; sequence numbers, RFC 3550 section A.1.
 */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` on the 32-bit circle (RTP timestamps), -2^31..2^31-1. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Unwraps 16-bit sequence numbers to a line that never wraps; the first one seen is itself. */
export class SequenceLine {
  #highest: number | undefined;

  /** The place of `sequence` on the line, nearest to the highest one seen. May be negative before the first. */
  place(sequence: number): number {
    if (this.#highest === undefined) return this.#highest = sequence;
    const place = this.#highest + sequenceDistance(this.#highest & 0xffff, sequence);
    if (place > this.#highest) this.#highest = place;
    return place;
  }
}

/** Unwraps 32-bit RTP timestamps to a line that never wraps; the first one seen is itself. */
export class TimestampLine {
  #latest: number | undefined;

  /** The place of `timestamp` on the line, nearest to the latest one seen. */
  place(timestamp: number): number {
    if (this.#latest === undefined) return this.#latest = timestamp;
    const place = this.#latest + timestampDistance(this.#latest >>> 0, timestamp);
    if (place > this.#latest) this.#latest = place;
    return place;
  }
}
