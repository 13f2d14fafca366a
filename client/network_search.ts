import { messageOf } from "@fusionmeet/base";
import { pause, type Timers } from "@fusionmeet/net";
import { SCAN_AT_ONCE_MAX, SCAN_PER_SECOND, SCAN_TOTAL_MS } from "@fusionmeet/protocol";

/** What a search stands on. */
export interface SearchParts {
  readonly timers: Timers;
  /** Cancels it; nothing is asked any more when it aborts. */
  readonly signal: AbortSignal;
  /** Asks one address, within a second or two. @throws whatever keeps it from being a server. */
  ask(address: string, signal: AbortSignal): Promise<void>;
  /** So many were asked, of all. */
  onProgress(doneCount: number): void;
}

/**
 * Asks the addresses of one's own network one after the other whether a server is there: so many a second, so many at
 * once, and for so long at most. The last resort where no multicast comes through, and only when somebody asks for it.
 */
export async function searchNetwork(
  addresses: readonly string[],
  { timers, signal, ask, onProgress }: SearchParts,
): Promise<void> {
  const stop = new AbortController();
  const onAbort = () => stop.abort();
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  const cancelTotal = timers.after(SCAN_TOTAL_MS, onAbort);
  const asking = new Set<Promise<void>>();
  let doneCount = 0;
  try {
    for (const address of addresses) {
      if (asking.size >= SCAN_AT_ONCE_MAX) await Promise.race(asking);
      if (stop.signal.aborted) break;
      const asked: Promise<void> = ask(address, stop.signal)
        .catch((thrown) => void messageOf(thrown))
        .finally(() => {
          asking.delete(asked);
          onProgress(++doneCount);
        });
      asking.add(asked);
      await pause(1000 / SCAN_PER_SECOND, { timers, signal: stop.signal });
    }
    await Promise.all(asking);
  } finally {
    cancelTotal();
    signal.removeEventListener("abort", onAbort);
  }
}
