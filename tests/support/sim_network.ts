import { seededRandom } from "@fusionmeet/base";
import { addressKey, type MediaAddress } from "@fusionmeet/media";
import { ImpairedPath, type Impairment } from "./impairment.ts";

interface Due {
  readonly atMs: number;
  /** Breaks ties in the order they were asked for. */
  readonly order: number;
  readonly run: () => void;
}

/** Calls in the order of a clock that only they move. */
export class VirtualClock {
  #nowMs = 0;
  #order = 0;
  readonly #due: Due[] = [];

  readonly now = (): number => this.#nowMs;

  /** Runs `call` at `atMs` (now, when that is past). */
  at(atMs: number, call: () => void): void {
    const due = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run: call };
    let index = this.#due.push(due) - 1;
    for (; index > 0; index = (index - 1) >> 1) {
      const parent = (index - 1) >> 1;
      if (!isBefore(due, this.#due[parent])) break;
      this.#due[index] = this.#due[parent];
      this.#due[parent] = due;
    }
  }

  /** Runs `call` every `everyMs` from `fromMs` on, for ever. */
  every(everyMs: number, call: () => void, fromMs = this.#nowMs + everyMs): void {
    let count = 0;
    const next = () => {
      call();
      this.at(fromMs + ++count * everyMs, next);
    };
    this.at(fromMs, next);
  }

  /** Runs everything that is due up to and including `untilMs`, and stands there. */
  run(untilMs: number): void {
    while (this.#due.length > 0 && this.#due[0].atMs <= untilMs) {
      const due = this.#take();
      this.#nowMs = due.atMs;
      due.run();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #take(): Due {
    const first = this.#due[0];
    const last = this.#due.pop()!;
    if (this.#due.length === 0) return first;
    let index = 0;
    while (true) {
      let child = 2 * index + 1;
      if (child >= this.#due.length) break;
      if (child + 1 < this.#due.length && isBefore(this.#due[child + 1], this.#due[child])) child++;
      if (!isBefore(this.#due[child], last)) break;
      this.#due[index] = this.#due[child];
      index = child;
    }
    this.#due[index] = last;
    return first;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A datagram network on a virtual clock: who sends what to whom arrives as one seed says. */
export class SimNetwork {
  readonly #receivers = new Map<string, (bytes: Uint8Array, from: MediaAddress) => void>();
  readonly #paths = new Map<string, ImpairedPath>();
  readonly #seed: number;
  #impairment: Partial<Impairment>;
  /** Sent to an address nobody has. */
  unaddressed = 0;

  constructor(
    readonly clock: VirtualClock,
    options: { seed: number; impairment?: Partial<Impairment> },
  ) {
    this.#seed = options.seed;
    this.#impairment = options.impairment ?? {};
  }

  /** Gives `receive` what is sent to `address`, from now on. */
  attach(
    address: MediaAddress,
    receive: (bytes: Uint8Array, from: MediaAddress) => void,
  ): void {
    this.#receivers.set(addressKey(address), receive);
  }

  detach(address: MediaAddress): void {
    this.#receivers.delete(addressKey(address));
  }

  /** Changes all paths from now on. */
  impair(impairment: Partial<Impairment>): void {
    this.#impairment = { ...this.#impairment, ...impairment };
    for (const path of this.#paths.values()) {
      path.impairment = { ...path.impairment, ...impairment };
    }
  }

  /** Takes a copy of `bytes`. @returns how often it will arrive: 0 (lost), 1 or 2. */
  send(bytes: Uint8Array, from: MediaAddress, to: MediaAddress): number {
    const copy = bytes.slice();
    const arrivals = this.path(from, to).arrivals(this.clock.now());
    for (const atMs of arrivals) {
      this.clock.at(atMs, () => {
        const receive = this.#receivers.get(addressKey(to));
        if (receive) receive(copy.slice(), from);
        else this.unaddressed++;
      });
    }
    return arrivals.length;
  }

  /** One direction between two addresses, with its counts. */
  path(from: MediaAddress, to: MediaAddress): ImpairedPath {
    const key = `${addressKey(from)}>${addressKey(to)}`;
    let path = this.#paths.get(key);
    if (!path) {
      path = new ImpairedPath(seededRandom(this.#seed * 65_537 + hash(key)), this.#impairment);
      this.#paths.set(key, path);
    }
    return path;
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
