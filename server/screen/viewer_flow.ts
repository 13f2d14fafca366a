import {
  SCREEN_IN_FLIGHT_BYTES_MIN,
  SCREEN_IN_FLIGHT_BYTES_START,
  SCREEN_IN_FLIGHT_MS,
  SCREEN_UNACKNOWLEDGED_BYTES_MAX,
  SCREEN_UNACKNOWLEDGED_MS_MAX,
} from "@fusionmeet/protocol";

/** What a message costs besides its bytes: remembering it. */
const MESSAGE_COST_BYTES = 100;

/**
 * How much may be under way to one viewer: as much as they acknowledge within `SCREEN_IN_FLIGHT_MS`, so that buffers on the way do
 * not fill with what is old when it comes. The window grows and shrinks with the time that acknowledgements take, as LEDBAT's
 * (RFC 6817) does. Pure.
 */
export class ViewerFlow {
  #windowBytes = SCREEN_IN_FLIGHT_BYTES_START;
  #bytes = 0;
  readonly #sent: { sequence: number; bytes: number; atMs: number }[] = [];
  /** Since then nothing was acknowledged that was owed. */
  #owedSinceMs = 0;

  /** May something more be sent now? */
  isOpen(nowMs: number): boolean {
    if (this.#sent.length === 0) return true;
    return this.#bytes < this.#windowBytes &&
      nowMs - this.#sent[0].atMs <= SCREEN_UNACKNOWLEDGED_MS_MAX;
  }

  /** Bytes that may be under way. */
  get windowBytes(): number {
    return this.#windowBytes;
  }

  /** For how long acknowledgements are owed and none has come; 0: none is owed. */
  silentMs(nowMs: number): number {
    return this.#sent.length === 0 ? 0 : nowMs - this.#owedSinceMs;
  }

  sent(sequence: number, size: number, nowMs: number): void {
    if (this.#sent.length === 0) this.#owedSinceMs = nowMs;
    const bytes = size + MESSAGE_COST_BYTES;
    this.#sent.push({ sequence, bytes, atMs: nowMs });
    this.#bytes += bytes;
  }

  /** All up to that message has come. One that is not under way changes nothing. */
  acknowledge(sequence: number, nowMs: number): void {
    const index = this.#sent.findIndex((each) => each.sequence === sequence);
    if (index < 0) return;
    this.#owedSinceMs = nowMs;
    for (const { bytes, atMs } of this.#sent.splice(0, index + 1)) {
      this.#adapt(bytes, nowMs - atMs);
      this.#bytes -= bytes;
    }
  }

  /** @param tookMs From handing the message to the system to its acknowledgement. */
  #adapt(bytes: number, tookMs: number): void {
    const isUsed = this.#bytes >= this.#windowBytes / 2;
    // From twice as much in one round trip on a free line to none at the target, and down to what fits above it.
    const gain = tookMs <= SCREEN_IN_FLIGHT_MS
      ? (isUsed ? 1 - tookMs / SCREEN_IN_FLIGHT_MS : 0)
      : SCREEN_IN_FLIGHT_MS / tookMs - 1;
    this.#windowBytes = Math.min(
      SCREEN_UNACKNOWLEDGED_BYTES_MAX,
      Math.max(SCREEN_IN_FLIGHT_BYTES_MIN, this.#windowBytes + gain * bytes),
    );
  }
}
