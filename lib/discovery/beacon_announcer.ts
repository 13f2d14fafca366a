import type { Timers } from "@fusionmeet/base";
import { BEACON_GAP_MS, BEACON_INTERVAL_MS } from "@fusionmeet/protocol";
import type { Announcement } from "./announcement.ts";
import type { Beacon } from "./beacon.ts";

/** At the start it is said more than once: a datagram may be lost. */
const START_AGAIN_MS = [300, 1_000];
/** Other numbers of rooms and people are said after this: many come at once. */
const UPDATE_AFTER_MS = 500;

/** Announces one server on one network by the beacon: now and then, when asked, when something changed, and when it ends. */
export class BeaconAnnouncer {
  readonly #timers: Timers;
  readonly #send: (beacon: Beacon) => void;
  #announcement: Announcement;
  #saidAtMs = -Infinity;
  #dueAtMs = Infinity;
  #cancelDue = () => {};
  readonly #cancelStart: (() => void)[];

  constructor(
    announcement: Announcement,
    { timers, send }: { timers: Timers; send: (beacon: Beacon) => void },
  ) {
    this.#announcement = announcement;
    this.#timers = timers;
    this.#send = send;
    this.#sayAfter(0);
    this.#cancelStart = START_AGAIN_MS.map((ms) => timers.after(ms, () => this.#sayAfter(0)));
  }

  update(announcement: Announcement): void {
    this.#announcement = announcement;
    this.#sayAfter(UPDATE_AFTER_MS);
  }

  /** What came to the group, our own too. */
  receive(beacon: Beacon): void {
    const { fingerprint } = this.#announcement;
    // A goodbye that we did not say: we are still here.
    const isMeant = beacon.type === "seek" ||
      beacon.type === "gone" && beacon.fingerprint === fingerprint;
    if (isMeant) this.#sayAfter(0);
  }

  /** Says goodbye and falls silent. */
  close(): void {
    this.#cancelDue();
    for (const cancel of this.#cancelStart) cancel();
    this.#dueAtMs = -Infinity;
    this.#send({ type: "gone", fingerprint: this.#announcement.fingerprint });
  }

  /** Says it after `delayMs`, `BEACON_GAP_MS` after the last time at the soonest, and then `BEACON_INTERVAL_MS` later. */
  #sayAfter(delayMs: number): void {
    const nowMs = this.#timers.nowMs();
    const atMs = Math.max(nowMs + delayMs, this.#saidAtMs + BEACON_GAP_MS);
    if (atMs >= this.#dueAtMs) return;
    this.#cancelDue();
    this.#dueAtMs = atMs;
    if (atMs <= nowMs) this.#say();
    else this.#cancelDue = this.#timers.after(atMs - nowMs, () => this.#say());
  }

  #say(): void {
    this.#saidAtMs = this.#timers.nowMs();
    this.#dueAtMs = Infinity;
    this.#send({ type: "server", announcement: this.#announcement });
    this.#sayAfter(BEACON_INTERVAL_MS);
  }
}
