/** Where time comes from: the system's in programs (`@fusionmeet/net`), `FakeTimers` in tests. */
export interface Timers {
  /** Milliseconds on a clock that never jumps. */
  nowMs(): number;
  /** Runs `run` once, `delayMs` from now; gives what cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** Runs `run` every `intervalMs` until `signal` aborts. For keeping alive, never for media. */
export function every(
  intervalMs: number,
  run: () => void,
  { timers, signal }: { timers: Timers; signal: AbortSignal },
): void {
  if (signal.aborted) return;
  let cancel = timers.after(intervalMs, tick);
  function tick(): void {
    cancel = timers.after(intervalMs, tick);
    run();
  }
  signal.addEventListener("abort", () => cancel(), { once: true });
}

/** Ends after `delayMs`, or when `signal` aborts. */
export function pause(
  delayMs: number,
  { timers, signal }: { timers: Timers; signal: AbortSignal },
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = timers.after(delayMs, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    function onAbort(): void {
      cancel();
      resolve();
    }
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Time that stands still until a test moves it. */
export class FakeTimers implements Timers {
  #nowMs = 0;
  readonly #waiting = new Set<{ atMs: number; run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#waiting.add(timer);
    return () => this.#waiting.delete(timer);
  }

  /** How many timers wait: 0 once everything that set one was cleaned up. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Lets `ms` pass in which nothing runs: a thread that is held up. */
  holdUp(ms: number): void {
    this.#nowMs += ms;
  }

  /** Lets `ms` pass; what falls due runs in order of its time, each at its own time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      let next: { atMs: number; run: () => void } | undefined;
      for (const timer of this.#waiting) {
        if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
      }
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
    }
    this.#nowMs = endMs;
  }
}
