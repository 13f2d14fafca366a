import type { ProgramMessage, WindowState } from "@fusionmeet/bridge";
import { STATE_INTERVAL_MS } from "@fusionmeet/bridge";
import type { Timers } from "@fusionmeet/net";

/** The window's state, and what of it the page does not know yet: sent at once, then at most every `STATE_INTERVAL_MS`. */
export class StateFeed {
  readonly #timers: Timers;
  readonly #send: (message: ProgramMessage) => void;
  #state: WindowState;
  #changed: Partial<WindowState> = {};
  #isWaiting = false;

  constructor(
    state: WindowState,
    { timers, send }: { timers: Timers; send: (message: ProgramMessage) => void },
  ) {
    this.#state = state;
    this.#timers = timers;
    this.#send = send;
  }

  get state(): WindowState {
    return this.#state;
  }

  /** Takes the sections that changed, each whole. */
  change(sections: Partial<WindowState>): void {
    this.#state = { ...this.#state, ...sections };
    this.#changed = { ...this.#changed, ...sections };
    if (!this.#isWaiting) this.#flush();
  }

  /** The page has just been given the whole state. */
  given(): void {
    this.#changed = {};
  }

  #flush(): void {
    this.#isWaiting = false;
    if (Object.keys(this.#changed).length === 0) return;
    this.#send({ type: "state", state: this.#changed });
    this.#changed = {};
    this.#isWaiting = true;
    this.#timers.after(STATE_INTERVAL_MS, () => this.#flush());
  }
}
