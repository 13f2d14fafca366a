import { signal } from "@preact/signals";

/** What screen readers are told comes at most so often. */
export const ANNOUNCE_EVERY_MS = 3_000;
/** More at once is counted instead of read out. */
export const ANNOUNCED_MAX = 3;

/** One polite live region for the whole page: what happens is gathered, so that it never talks without a pause. */
export class Announcer {
  /** The text of the live region. */
  readonly text = signal("");
  readonly #setTimer: (run: () => void, ms: number) => void;
  readonly #more: (count: number) => string;
  #waiting: string[] = [];
  #isPausing = false;

  /** @param options.more says that `count` more things happened. */
  constructor(options: {
    setTimer: (run: () => void, ms: number) => void;
    more: (count: number) => string;
  }) {
    this.#setTimer = options.setTimer;
    this.#more = options.more;
  }

  say(message: string): void {
    this.#waiting.push(message);
    if (!this.#isPausing) this.#speak();
  }

  #speak(): void {
    const said = this.#waiting.slice(0, ANNOUNCED_MAX);
    const rest = this.#waiting.length - said.length;
    this.#waiting = [];
    const text = [...said, ...(rest > 0 ? [this.#more(rest)] : [])].reduce((before, next) =>
      `${before}${/[.!?…]$/.test(before) ? " " : ". "}${next}`
    );
    // The same text twice would not be read again.
    this.text.value = text === this.text.value ? `${text}\u00a0` : text;
    this.#isPausing = true;
    this.#setTimer(() => {
      this.#isPausing = false;
      if (this.#waiting.length > 0) this.#speak();
    }, ANNOUNCE_EVERY_MS);
  }
}
