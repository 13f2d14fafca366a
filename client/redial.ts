import type { Random } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import { SEAT_KEPT_MS } from "@fusionmeet/protocol";
import { EXIT, JoinFailure } from "./failures.ts";

/** How long we try to come back before the connection counts as lost for good. */
export const RECONNECT_FOR_MS = 120_000;
/** So long of being in the meeting makes up for one connection that did not last. */
export const FORGIVEN_MS = 1_000;
/** So many of them one after the other are a server that crashes, or a network that breaks: one is back as soon as can be. */
const UNLUCKY_MAX = 100;
/** And after so many, of a server that ends every connection at once, it is given up: 43 s of the former, and 70 s. */
export const SHORT_CONNECTIONS_MAX = 120;
const FIRST_PAUSE_MS = 250;
/** While the seat is kept, a new attempt starts at least this often: voice is back within a second of the link. */
const PAUSE_MS_MAX_WHILE_SEATED = 500;
const PAUSE_MS_MAX = 4_000;
/**
 * Attempts under way at once. They overlap because one that began in a dead network may sleep for seconds after the
 * network is back (TCP waits 1, 2, 4 s before it tries again): of several, half a second apart, one always tries soon.
 * None that was answered is cut short for a newer one, so that a server which all come back to at once gets its
 * handshakes done. Source: docs/adr/0007-coming-back.md.
 */
const ATTEMPTS_MAX = 4;

/**
 * How long to wait after attempt `index` (0, 1, 2…) before the next: doubling from 250 ms, half a second at most while
 * the seat is kept, then up to 4 s; up to a quarter shorter by chance, so that a room does not come back in one instant.
 */
export function pauseMs(index: number, elapsedMs: number, random: Random): number {
  const mostMs = elapsedMs < SEAT_KEPT_MS ? PAUSE_MS_MAX_WHILE_SEATED : PAUSE_MS_MAX;
  return spread(Math.min(FIRST_PAUSE_MS * 2 ** Math.min(index, 10), mostMs), random);
}

/** Connections that did not last, one after the other; from joining on they are counted. */
export class ShortConnections {
  #count = 0;

  /** One that was joined was lost after so long. */
  lost(lastedMs: number): void {
    this.#count = Math.max(0, this.#count - lastedMs / FORGIVEN_MS) + 1;
  }

  /** More are not tried. */
  get areTooMany(): boolean {
    return this.#count > SHORT_CONNECTIONS_MAX;
  }

  /** How long to wait before the next one: not at all after the first, then as between attempts, at last for seconds. */
  pauseMs(random: Random): number {
    if (this.#count <= 1) return 0;
    const mostMs = this.#count <= UNLUCKY_MAX ? PAUSE_MS_MAX_WHILE_SEATED : PAUSE_MS_MAX;
    return spread(Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#count - 1, 10), mostMs), random);
  }
}

function spread(ms: number, random: Random): number {
  return ms * (1 - random.fraction() / 4);
}

export interface RedialOptions<T> {
  /** One attempt, which ends by itself within seconds. @throws JoinFailure; gives up when `signal` aborts. */
  readonly open: (signal: AbortSignal) => Promise<T>;
  /** Ends what `open` gave, when another attempt was faster. */
  readonly discard: (opened: T) => void;
  readonly timers: Timers;
  readonly random: Random;
  /** Before the first attempt. */
  readonly firstPauseMs: number;
}

/**
 * The attempts to reach the server again after a loss, from its construction on; `next` may be called again when it did not come
 * to joining.
 */
export class Redial<T> {
  readonly #options: RedialOptions<T>;
  #index = 0;
  #lastFailure: JoinFailure | undefined;
  readonly #sinceMs: number;

  constructor(options: RedialOptions<T>) {
    this.#options = options;
    this.#sinceMs = options.timers.nowMs();
  }

  get #elapsedMs(): number {
    return this.#options.timers.nowMs() - this.#sinceMs;
  }

  /** Notes why the last connection did not last, for the final sentence. */
  failed(failure: JoinFailure): void {
    this.#lastFailure = failure;
  }

  /**
   * The first connection that comes about.
   *
   * @throws JoinFailure when waiting does not help, or the time is over; whatever `signal` aborts with.
   */
  next(signal: AbortSignal): Promise<T> {
    const { open, discard, timers, random } = this.#options;
    const result = Promise.withResolvers<T>();
    const attempts = new Set<AbortController>();
    let isOver = false;
    let cancelTimer = () => {};

    const finish = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      for (const attempt of attempts) attempt.abort();
      settle();
    };
    const onAbort = () => finish(() => result.reject(signal.reason));
    const start = () => {
      if (this.#elapsedMs > RECONNECT_FOR_MS) {
        return finish(() => result.reject(this.#givenUp()));
      }
      if (attempts.size < ATTEMPTS_MAX) void attempt();
      cancelTimer = timers.after(pauseMs(this.#index++, this.#elapsedMs, random), start);
    };
    const attempt = async () => {
      const own = new AbortController();
      attempts.add(own);
      try {
        const opened = await open(own.signal);
        attempts.delete(own);
        if (isOver) discard(opened);
        else finish(() => result.resolve(opened));
      } catch (thrown) {
        attempts.delete(own);
        if (!(thrown instanceof JoinFailure)) finish(() => result.reject(thrown));
        else if (!thrown.mayPass) finish(() => result.reject(thrown));
        else if (thrown.code !== "aborted") this.failed(thrown);
      }
    };

    if (signal.aborted) onAbort();
    else {
      signal.addEventListener("abort", onAbort);
      const waitMs = this.#index === 0
        ? this.#options.firstPauseMs
        : pauseMs(this.#index++, this.#elapsedMs, random);
      if (waitMs === 0) start();
      else cancelTimer = timers.after(waitMs, start);
    }
    return result.promise;
  }

  #givenUp(): JoinFailure {
    return lostForGood(`tried for ${RECONNECT_FOR_MS / 1000} s to come back`, this.#lastFailure);
  }
}

/** @param last Why the last attempt did not work. */
export function lostForGood(state: string, last?: JoinFailure): JoinFailure {
  return new JoinFailure(
    "connection-lost",
    EXIT.lost,
    `The connection is lost for good: ${state}${last ? `; ${last.message}` : ""}`,
    last?.advice ?? "Check the network and the server, then join again",
    { cause: last },
  );
}
