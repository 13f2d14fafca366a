import { encodeScreenMessage, SCREEN_CLOCK_MS } from "@fusionmeet/protocol";
import type { Timers } from "@fusionmeet/net";
import { ClockSync } from "../media/clock_sync.ts";

export interface ScreenClockOptions {
  readonly timers: Timers;
  /** Epoch ms of this computer. */
  readonly epochMs: () => number;
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => void;
}

/** Learns the server's wall clock over a connection of a screen: asks at once, then every `SCREEN_CLOCK_MS`. */
export class ScreenClock {
  readonly #options: ScreenClockOptions;
  readonly #sync = new ClockSync();
  #cancel: () => void = () => {};

  constructor(options: ScreenClockOptions) {
    this.#options = options;
    this.#ask();
  }

  /** The server's wall clock minus this computer's, ms; `undefined` until it is known. */
  get serverMinusLocalMs(): number | undefined {
    return this.#sync.toServer(0);
  }

  answered({ askedAtMs, serverAtMs }: { askedAtMs: number; serverAtMs: number }): void {
    this.#sync.answered({
      requestSentAtMs: askedAtMs,
      receivedAtMs: serverAtMs,
      sentAtMs: serverAtMs,
      arrivedAtMs: this.#options.epochMs(),
    });
  }

  close(): void {
    this.#cancel();
  }

  #ask(): void {
    const { timers, epochMs, send } = this.#options;
    const askedAtMs = epochMs();
    this.#sync.requestSent(askedAtMs);
    send(encodeScreenMessage({ type: "clock.ask", sequence: 0, askedAtMs }));
    this.#cancel = timers.after(SCREEN_CLOCK_MS, () => this.#ask());
  }
}
