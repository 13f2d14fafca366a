import { createHash, timingSafeEqual } from "node:crypto";
import { Refusal } from "@fusionmeet/base";
import {
  WRONG_PIN_DELAY_MS_MAX,
  WRONG_PINS_FREE,
  WRONG_PINS_IN_ALL_BURST,
  WRONG_PINS_IN_ALL_PER_SECOND,
} from "@fusionmeet/protocol";

/** The wait after the first wrong PIN that is not free; it doubles with each further one. */
const FIRST_DELAY_MS = 1_000;
/** An address that has been quiet for this long starts afresh. */
const FORGET_MS = 10 * 60_000;
/** Addresses remembered; the one that was wrong longest ago goes. */
const ADDRESSES_MAX = 4_096;

interface Tries {
  wrongCount: number;
  lastMs: number;
  blockedUntilMs: number;
}

/**
 * Checks the PIN, and slows down who guesses: per address, three wrong ones are free, then each costs twice the wait of the
 * last. Where very many come wrong from many addresses, newcomers have to wait, and only who was right before does not.
 */
export class PinGuard {
  readonly #digest: Uint8Array;
  readonly #what: string;
  readonly #wrongCode: string;
  readonly #tries = new Map<string, Tries>();
  /** Who was right before; the one that was longest ago first. */
  readonly #right = new Set<string>();
  /** Wrong ones from all addresses, less what has worn off. */
  #wrongInAll = 0;
  #wornOffMs = 0;

  /** @param options.what The word for it, in sentences. @param options.code Of the refusal when it is wrong. */
  constructor(pin: string, { what = "PIN", code = "pin-wrong" } = {}) {
    this.#digest = digest(pin);
    this.#what = what;
    this.#wrongCode = code;
  }

  /** @throws Refusal `pin-needed`, `pin-wrong`, `too-many-wrong-pins` (also for the right one, while an address has to wait) */
  check(pin: string | undefined, { address, nowMs }: { address: string; nowMs: number }): void {
    if (pin === undefined || pin === "") {
      throw new Refusal("pin-needed", "This server asks for a PIN");
    }
    const key = networkOf(address);
    const tries = this.#triesOf(key, nowMs);
    if (tries.blockedUntilMs > nowMs) {
      const seconds = Math.ceil((tries.blockedUntilMs - nowMs) / 1000);
      throw new Refusal("too-many-wrong-pins", `Too many wrong PINs: try again in ${seconds} s`);
    }
    if (this.#wrongNow(nowMs) > WRONG_PINS_IN_ALL_BURST - 1 && !this.#right.has(key)) {
      throw new Refusal(
        "too-many-wrong-pins",
        `Somebody in the network guesses the ${this.#what}: try again in a moment`,
      );
    }
    if (timingSafeEqual(digest(pin), this.#digest)) {
      this.#tries.delete(key);
      this.#wasRight(key);
      return;
    }
    this.#wrongInAll++;
    tries.wrongCount++;
    tries.lastMs = nowMs;
    tries.blockedUntilMs = nowMs + delayMs(tries.wrongCount);
    this.#remember(key, tries);
    throw new Refusal(this.#wrongCode, `The ${this.#what} is wrong`);
  }

  #wrongNow(nowMs: number): number {
    const wornOff = (nowMs - this.#wornOffMs) / 1_000 * WRONG_PINS_IN_ALL_PER_SECOND;
    this.#wornOffMs = nowMs;
    return this.#wrongInAll = Math.max(0, this.#wrongInAll - wornOff);
  }

  #wasRight(key: string): void {
    this.#right.delete(key);
    this.#right.add(key);
    if (this.#right.size > ADDRESSES_MAX) this.#right.delete(this.#right.keys().next().value!);
  }

  #triesOf(key: string, nowMs: number): Tries {
    const known = this.#tries.get(key);
    if (known !== undefined && nowMs - known.lastMs < FORGET_MS) return known;
    return { wrongCount: 0, lastMs: nowMs, blockedUntilMs: nowMs };
  }

  #remember(key: string, tries: Tries): void {
    this.#tries.delete(key);
    this.#tries.set(key, tries);
    if (this.#tries.size > ADDRESSES_MAX) this.#tries.delete(this.#tries.keys().next().value!);
  }
}

function delayMs(wrongCount: number): number {
  if (wrongCount < WRONG_PINS_FREE) return 0;
  return Math.min(WRONG_PIN_DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** (wrongCount - WRONG_PINS_FREE));
}

/** Who guesses: an IPv4 address, or the /64 network of an IPv6 one (one machine has as many addresses there as it likes). */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1];
  const [head, tail] = address.split("%")[0].split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const tailCount = tail === "" ? 0 : tail.split(":").length;
    while (groups.length + tailCount < 8) groups.push("0");
  }
  return groups.slice(0, 4).map((group) => group.toLowerCase()).join(":");
}

function digest(pin: string): Uint8Array {
  return createHash("sha256").update(pin.normalize("NFC")).digest();
}
