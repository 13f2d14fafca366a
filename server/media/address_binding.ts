import type { MediaAddress } from "@fusionmeet/media";
import { equalBytes, type Random } from "@fusionmeet/base";
import { CHALLENGE_MS, CHALLENGES_MAX, SYNC_NONCE_BYTES } from "@fusionmeet/protocol";

/**
 * Where one participant's media comes from and goes to. An address becomes theirs only once it echoed a nonce
 * that was sent to it, in a packet that is authentic and the newest one (the caller has checked both): a replay
 * moves nobody, and nobody can be pointed at a third party.
 */
export class AddressBinding {
  readonly #random: Random;
  #address: MediaAddress | undefined;
  #challenges: { address: MediaAddress; nonce: Uint8Array; atMs: number }[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** `undefined` until the first proof. */
  get address(): MediaAddress | undefined {
    return this.#address;
  }

  isAt(address: MediaAddress): boolean {
    return this.#address !== undefined && sameAddress(this.#address, address);
  }

  /**
   * The nonce `address` has to echo. It stays the same for `CHALLENGE_MS`, so that a round trip longer than the
   * interval of requests can still prove itself.
   */
  challenge(address: MediaAddress, nowMs: number): Uint8Array {
    this.#forgetOld(nowMs);
    const known = this.#challenges.find((one) => sameAddress(one.address, address));
    if (known) return known.nonce;
    const nonce = this.#random.fill(new Uint8Array(SYNC_NONCE_BYTES));
    if (this.#challenges.length === CHALLENGES_MAX) this.#challenges.shift();
    this.#challenges.push({ address, nonce, atMs: nowMs });
    return nonce;
  }

  /** Binds `address` if `nonce` is the one it was sent; each nonce does so once. */
  prove(address: MediaAddress, nonce: Uint8Array, nowMs: number): boolean {
    this.#forgetOld(nowMs);
    const proven = this.#challenges.some((one) =>
      sameAddress(one.address, address) && equalBytes(one.nonce, nonce)
    );
    if (!proven) return false;
    this.#address = address;
    this.#challenges = [];
    return true;
  }

  #forgetOld(nowMs: number): void {
    while (this.#challenges.length > 0 && nowMs - this.#challenges[0].atMs > CHALLENGE_MS) {
      this.#challenges.shift();
    }
  }
}

function sameAddress(a: MediaAddress, b: MediaAddress): boolean {
  return a.port === b.port && a.hostname === b.hostname;
}
