import { TimestampLine } from "@fusionmeet/base";

/** H.264's RTP clock, per ms. Source: RFC 6184 section 8.1. */
const TICKS_PER_MS = 90;
const FPS_WINDOW_MS = 5_000;
const FREEZE_MS_MIN = 200;
const FREEZE_PICTURE_TIMES = 3;

/** Measures how a stream of pictures runs: rate, jitter, freezes. Time is the caller's. */
export class PictureMeter {
  readonly #arrivals = new TimestampLine();
  readonly #deliveries = new TimestampLine();
  #transitMs: number | undefined;
  /** Capture times of the pictures of the last seconds, ms. */
  readonly #captured: number[] = [];
  #pictureTimeMs = 0;
  #deliveredMs: number | undefined;
  /** Interarrival jitter, RFC 3550 section 6.4.1, of first packets. */
  jitterMs = 0;
  freezes = 0;
  longestFreezeMs = 0;

  /** The first packet of a picture came, for the first time asked or not. */
  arrived(timestamp: number, nowMs: number): void {
    const transitMs = nowMs - this.#arrivals.place(timestamp) / TICKS_PER_MS;
    if (this.#transitMs !== undefined) {
      this.jitterMs += (Math.abs(transitMs - this.#transitMs) - this.jitterMs) / 16;
    }
    this.#transitMs = transitMs;
  }

  /** A picture was handed on. */
  delivered(timestamp: number, nowMs: number): void {
    const capturedMs = this.#deliveries.place(timestamp) / TICKS_PER_MS;
    const stepMs = capturedMs - (this.#captured.at(-1) ?? capturedMs);
    if (stepMs < 0) this.#captured.length = 0;
    if (stepMs > 0) {
      this.#pictureTimeMs += (stepMs - this.#pictureTimeMs) / (this.#pictureTimeMs > 0 ? 8 : 1);
    }
    this.#captured.push(capturedMs);
    while (capturedMs - this.#captured[0] > FPS_WINDOW_MS) this.#captured.shift();
    if (this.#deliveredMs !== undefined) this.#countFreeze(nowMs - this.#deliveredMs);
    this.#deliveredMs = nowMs;
  }

  /** The stream pauses on purpose: what comes next is no freeze. */
  pause(): void {
    this.#deliveredMs = undefined;
    this.#transitMs = undefined;
    this.#captured.length = 0;
  }

  /** Pictures per second of capture time, over the last five seconds that have pictures; 0 before the second. */
  get fps(): number {
    const spanMs = (this.#captured.at(-1) ?? 0) - (this.#captured[0] ?? 0);
    return spanMs > 0 ? (this.#captured.length - 1) / spanMs * 1000 : 0;
  }

  #countFreeze(gapMs: number): void {
    if (gapMs <= Math.max(FREEZE_MS_MIN, FREEZE_PICTURE_TIMES * this.#pictureTimeMs)) return;
    this.freezes++;
    this.longestFreezeMs = Math.max(this.longestFreezeMs, gapMs);
  }
}
