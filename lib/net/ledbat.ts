/** Bytes on their way never fall below this: less would leave a slow link idle between two acknowledgements. */
export const WINDOW_BYTES_MIN = 16 * 1024;
/**
 * Enough for 100 MB/s over 10 ms. No more than this goes over the network again after a cut: what the peer has not taken
 * by then.
 */
export const WINDOW_BYTES_MAX = 1 << 20;
/** At the start: 5 ms of a link of 100 Mbit/s. */
export const WINDOW_BYTES_FIRST = 64 * 1024;
/** So much longer than on an empty path bytes may take: what a voice waits for behind them. */
export const QUEUEING_DELAY_MS = 5;
/** A round trip without queueing makes the window larger by this. */
const STEP_BYTES = 16 * 1024;
/** The window grows fast at first, until this share of `QUEUEING_DELAY_MS`. */
const FIRST_GROWTH_SHARE = 0.75;
/** The delay now is the least of so many acknowledgements: one that was held up says nothing. */
const CURRENT_FILTER = 4;
/** The delay of the empty path is the least of so many spans: old enough to have seen one, too young for clocks to drift apart. */
const BASE_HISTORY = 4;
const BASE_SPAN_MS = 10_000;
/** All flows of one sender hold back together so often and so long, so that they see the path without themselves. */
export const SLOWDOWN_EVERY_MS = 5_000;
export const SLOWDOWN_MS = 40;

export interface LedbatOptions {
  readonly queueingDelayMs?: number;
  readonly windowBytesMax?: number;
}

/**
 * How many bytes of a transfer may be on their way, so that it takes what nobody else wants: as soon as its bytes queue
 * somewhere it holds back, long before a TCP of the same path would. Delay is measured one way, from handing bytes over
 * here to the peer's taking them, on two clocks that need not agree.
 *
 * Source: RFC 6817 (LEDBAT) for the window, the base delay and the filter; draft-irtf-iccrg-ledbat-plus-plus for the
 * multiplicative decrease and the slowdowns. Other than there, bytes are acknowledged by the peer's program and not by
 * its kernel, a step is a TLS record and not a segment, and the slowdowns of a sender fall on the same time.
 */
export class Ledbat {
  readonly #queueingDelayMs: number;
  readonly #windowBytesMax: number;
  #windowBytes = WINDOW_BYTES_FIRST;
  #growsFast = true;
  #sent = 0;
  #acknowledged = 0;
  /** Pieces on their way: where they end and when they were handed over. */
  readonly #pieces: { end: number; sentMs: number }[] = [];
  readonly #current: number[] = [];
  readonly #base: { sinceMs: number; delayMs: number }[] = [];
  #roundTripMs = 0;

  constructor(options: LedbatOptions = {}) {
    this.#queueingDelayMs = options.queueingDelayMs ?? QUEUEING_DELAY_MS;
    this.#windowBytesMax = options.windowBytesMax ?? WINDOW_BYTES_MAX;
  }

  /** How many bytes may be on their way now. */
  windowBytes(nowMs: number): number {
    return isSlowdown(nowMs) ? WINDOW_BYTES_MIN : this.#windowBytes;
  }

  /** Bytes that were handed over and that the peer has not acknowledged. */
  get inFlightBytes(): number {
    return this.#sent - this.#acknowledged;
  }

  /** How many bytes may be handed over now; 0 or less: none before the next acknowledgement. */
  allowance(nowMs: number): number {
    return this.windowBytes(nowMs) - this.inFlightBytes;
  }

  /** What the path takes from this flow, of late; 0 before anything is known. For who can choose how much to send. */
  bytesPerSecond(): number {
    return this.#roundTripMs === 0 ? 0 : this.#windowBytes * 1_000 / this.#roundTripMs;
  }

  /** How much longer bytes take now than on an empty path. */
  get queueingMs(): number {
    if (this.#current.length === 0) return 0;
    return Math.min(...this.#current) - Math.min(...this.#base.map(({ delayMs }) => delayMs));
  }

  /** So many bytes are handed over at that time. */
  sent(bytes: number, nowMs: number): void {
    this.#sent += bytes;
    this.#pieces.push({ end: this.#sent, sentMs: nowMs });
  }

  /**
   * The peer has taken all bytes up to `total`.
   *
   * @param total Counts from the first byte that was handed over. @param takenMs when, on the peer's clock.
   * @returns false when that cannot be.
   */
  acknowledged(total: number, { takenMs, nowMs }: { takenMs: number; nowMs: number }): boolean {
    const bytes = total - this.#acknowledged;
    if (!(bytes >= 0 && total <= this.#sent && Number.isFinite(takenMs))) return false;
    if (bytes === 0) return true;
    const isWindowUsed = 2 * this.inFlightBytes >= this.#windowBytes;
    this.#acknowledged = total;
    const piece = this.#pieces.findIndex(({ end }) => end >= total);
    const { sentMs, end } = this.#pieces[piece];
    this.#pieces.splice(0, end === total ? piece + 1 : piece);
    this.#roundTripMs = Math.max(1, nowMs - sentMs);
    this.#learn(takenMs - sentMs, nowMs);
    // In a slowdown the window is not what holds bytes back.
    if (!isSlowdown(nowMs)) this.#adapt(bytes, isWindowUsed);
    return true;
  }

  #learn(delayMs: number, nowMs: number): void {
    this.#current.push(delayMs);
    if (this.#current.length > CURRENT_FILTER) this.#current.shift();
    const span = this.#base.at(-1);
    if (span === undefined || nowMs - span.sinceMs >= BASE_SPAN_MS) {
      this.#base.push({ sinceMs: nowMs, delayMs });
      if (this.#base.length > BASE_HISTORY) this.#base.shift();
    } else span.delayMs = Math.min(span.delayMs, delayMs);
  }

  /** Per round trip: one step more on an empty path, none at the wanted delay, up to half less over it. */
  #adapt(bytes: number, isWindowUsed: boolean): void {
    const share = this.queueingMs / this.#queueingDelayMs;
    if (share > FIRST_GROWTH_SHARE) this.#growsFast = false;
    const least = Math.min(bytes, this.#windowBytes);
    let change = least * Math.max(-0.5, 1 - share);
    if (share <= 1) change = isWindowUsed ? this.#growth(least, share) : 0;
    const wanted = this.#windowBytes + change;
    this.#windowBytes = Math.max(WINDOW_BYTES_MIN, Math.min(this.#windowBytesMax, wanted));
  }

  #growth(bytes: number, share: number): number {
    return this.#growsFast ? bytes : (1 - share) * STEP_BYTES * bytes / this.#windowBytes;
  }
}

function isSlowdown(nowMs: number): boolean {
  return nowMs % SLOWDOWN_EVERY_MS < SLOWDOWN_MS;
}
