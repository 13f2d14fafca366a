import { setImmediate } from "node:timers";
import type { NowMs } from "@fusionmeet/base";
import type { Datagram } from "@fusionmeet/media";
import type { DatagramPort } from "@fusionmeet/net";
import type { PlaneCommand, PlaneEvent } from "./commands.ts";
import type { MediaPlane } from "./plane.ts";

/** Packets are taken without a turn of the event loop for at most so long; then commands and timers get theirs. */
const TURN_MS = 2;
/** Something was due for so long and nothing was done: the thread was held up, and packets wait that came in time. */
const HELD_UP_MS = 5;
/** So many of them are taken before the work goes on. */
const WAITING_MAX = 512;

/** Runs a media plane on a datagram port and the system's timers, until the port is closed. */
export class MediaDriver {
  readonly #plane: MediaPlane;
  readonly #port: DatagramPort;
  readonly #nowMs: NowMs;
  readonly #onEvent: (event: PlaneEvent) => void;
  #turnAtMs: number;
  #dueMs = Infinity;
  #activeAtMs: number;
  /** What came in a hold-up, and the timer that ends the taking of it. */
  #waiting: Datagram[] = [];
  #catchingUp: ReturnType<typeof setTimeout> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerDueMs = Infinity;
  #turnAsked = false;
  #closed = false;

  constructor(options: {
    plane: MediaPlane;
    port: DatagramPort;
    nowMs: NowMs;
    onEvent: (event: PlaneEvent) => void;
  }) {
    this.#plane = options.plane;
    this.#port = options.port;
    this.#nowMs = options.nowMs;
    this.#onEvent = options.onEvent;
    this.#turnAtMs = this.#activeAtMs = options.nowMs();
  }

  /** Resolves when the port was closed; rejects when it failed for good. */
  async run(): Promise<void> {
    for (;;) {
      const datagram = await this.#port.receive();
      if (!datagram) return;
      this.#waiting.push(datagram);
      if (this.#isHeldUp() && this.#waiting.length < WAITING_MAX) continue;
      this.#step();
      // The port answers without a turn of the event loop while packets wait: a flood must not own the thread.
      if (this.#nowMs() - this.#turnAtMs > TURN_MS) {
        await new Promise((resolve) => setImmediate(resolve));
        this.#turnAtMs = this.#nowMs();
      }
    }
  }

  command(command: PlaneCommand): void {
    if (this.#closed) return;
    this.#plane.command(command, this.#nowMs());
    this.#drain();
  }

  /** Closes the port and gives everything back. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#catchingUp);
    this.#port.close();
    this.#plane.close();
  }

  /**
   * After a hold-up the packets that wait come first: they were here before what is due now. A timer ends that, for only
   * a timer (no immediate) has the event loop ask the port before it fires.
   */
  #isHeldUp(): boolean {
    if (this.#catchingUp !== undefined) return true;
    const nowMs = this.#nowMs();
    if (nowMs - Math.max(this.#dueMs, this.#activeAtMs) <= HELD_UP_MS) return false;
    this.#activeAtMs = nowMs;
    this.#catchingUp = setTimeout(this.#caughtUp, 0);
    return true;
  }

  readonly #caughtUp = (): void => {
    this.#catchingUp = undefined;
    if (!this.#isHeldUp()) this.#step();
  };

  #step(): void {
    if (this.#closed) return;
    clearTimeout(this.#catchingUp);
    this.#catchingUp = undefined;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#plane.step(batch, this.#nowMs());
    this.#drain();
    this.#activeAtMs = this.#nowMs();
  }

  #drain(): void {
    for (const datagram of this.#plane.takeOutgoing()) this.#port.send(datagram);
    for (const event of this.#plane.takeEvents()) this.#onEvent(this.#completed(event));
    this.#arm();
  }

  /** The port drops, too. */
  #completed(event: PlaneEvent): PlaneEvent {
    if (event.event !== "statistics") return event;
    for (const [reason, count] of Object.entries(this.#port.dropped)) {
      event.statistics.counters[`port.${reason}`] = count;
    }
    return event;
  }

  /** Work that is due goes on after a turn, so that packets come first; else a timer waits for it. */
  #arm(): void {
    const dueMs = this.#dueMs = this.#plane.nextDueMs();
    const waitMs = dueMs - this.#nowMs();
    if (waitMs <= 0) {
      if (this.#turnAsked) return;
      this.#turnAsked = true;
      setImmediate(this.#turned);
    } else if (dueMs < this.#timerDueMs) {
      clearTimeout(this.#timer);
      this.#timerDueMs = dueMs;
      this.#timer = setTimeout(this.#timedOut, waitMs);
    }
  }

  readonly #turned = (): void => {
    this.#turnAsked = false;
    if (!this.#isHeldUp()) this.#step();
  };

  readonly #timedOut = (): void => {
    this.#timerDueMs = Infinity;
    if (!this.#isHeldUp()) this.#step();
  };
}
