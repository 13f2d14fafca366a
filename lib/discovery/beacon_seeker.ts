import type { Timers } from "@fusionmeet/base";
import type { Beacon } from "./beacon.ts";

/** Asked at the start, more than once: a datagram may be lost. After that the servers come by themselves. */
const SEEK_AT_MS = [0, 250, 800];

/** Asks the servers of one network to say by the beacon that they are there. */
export class BeaconSeeker {
  readonly #cancel: (() => void)[];

  constructor({ timers, send }: { timers: Timers; send: (beacon: Beacon) => void }) {
    this.#cancel = SEEK_AT_MS.map((ms) => timers.after(ms, () => send({ type: "seek" })));
  }

  close(): void {
    for (const cancel of this.#cancel) cancel();
  }
}
