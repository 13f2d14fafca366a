import type { Timers } from "@fusionmeet/base";

export { every, FakeTimers, pause, type Timers } from "@fusionmeet/base";

/** The system's monotonic clock and timers. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
