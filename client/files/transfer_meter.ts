/** Reports of one transfer come no more often than this, but for the first and the last. */
export const REPORT_INTERVAL_MS = 500;
/** The rate is that of about so long. */
const RATE_WINDOW_MS = 3_000;

/** How a transfer goes. */
export interface Progress {
  /** Bytes that are through, those of before a resumption included. */
  readonly bytes: number;
  readonly size: number;
  /** Of late; 0 before anything is known. */
  readonly bytesPerSecond: number;
  /** Until the end at that rate; absent while it is not known. */
  readonly leftMs?: number;
}

/** Measures one transfer. */
export class TransferMeter {
  readonly #size: number;
  #bytes = 0;
  #atMs: number | undefined;
  #bytesPerSecond = 0;
  #reportedMs = -Infinity;

  constructor(size: number) {
    this.#size = size;
  }

  /** It goes on from there: what is there already did not come just now. */
  resume(bytes: number, nowMs: number): void {
    this.#bytes = bytes;
    this.#atMs = nowMs;
    this.#reportedMs = -Infinity;
  }

  /** So much more is through. @returns true when it is time for a report. */
  moved(bytes: number, nowMs: number): boolean {
    const elapsedMs = Math.max(1, nowMs - (this.#atMs ?? nowMs));
    const share = 1 - Math.exp(-elapsedMs / RATE_WINDOW_MS);
    const rate = bytes * 1_000 / elapsedMs;
    this.#bytesPerSecond = this.#bytesPerSecond === 0
      ? rate
      : this.#bytesPerSecond + (rate - this.#bytesPerSecond) * share;
    this.#bytes += bytes;
    this.#atMs = nowMs;
    if (nowMs - this.#reportedMs < REPORT_INTERVAL_MS) return false;
    this.#reportedMs = nowMs;
    return true;
  }

  get progress(): Progress {
    const bytesPerSecond = Math.round(this.#bytesPerSecond);
    const left = this.#size - this.#bytes;
    const known = bytesPerSecond > 0 && { leftMs: Math.round(left * 1_000 / bytesPerSecond) };
    return { bytes: this.#bytes, size: this.#size, bytesPerSecond, ...known };
  }
}
