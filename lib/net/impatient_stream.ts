import type { ByteStream } from "./byte_stream.ts";
import type { Timers } from "./timers.ts";

/**
 * The same connection, closed when a read or a write takes longer than `silentMs`.
 *
 * @param options.onSilent is told before.
 * @param options.isEitherEnough What passes one way counts for the other, too: who sends much may be told nothing meanwhile.
 */
export function closedWhenSilent(
  stream: ByteStream,
  { silentMs, timers, onSilent, isEitherEnough = false }: {
    readonly silentMs: number;
    readonly timers: Timers;
    readonly onSilent: () => void;
    readonly isEitherEnough?: boolean;
  },
): ByteStream {
  const pending = new Set<{ sinceMs: number }>();
  let isWatched = false;
  let cancel = () => {};
  // One timer for many calls: there are tens of thousands a second.
  const watch = () => {
    isWatched = pending.size > 0;
    if (!isWatched) return;
    const sinceMs = Math.min(...[...pending].map((each) => each.sinceMs));
    const leftMs = sinceMs + silentMs - timers.nowMs();
    if (leftMs > 0) return void (cancel = timers.after(leftMs, watch));
    onSilent();
    stream.close();
  };
  const inTime = async <T>(run: () => Promise<T>): Promise<T> => {
    const call = { sinceMs: timers.nowMs() };
    pending.add(call);
    if (!isWatched) watch();
    try {
      return await run();
    } finally {
      pending.delete(call);
      if (isEitherEnough) { for (const each of pending) each.sinceMs = timers.nowMs(); }
    }
  };
  return {
    read: (into) => inTime(() => stream.read(into)),
    write: (bytes) => inTime(() => stream.write(bytes)),
    closeWrite: () => inTime(() => stream.closeWrite()),
    close: () => {
      cancel();
      stream.close();
    },
  };
}
