import { TokenBucket } from "@fusionmeet/base";
import { addressKey, type MediaAddress } from "@fusionmeet/media";
import {
  FOREIGN_ADDRESSES_MAX,
  FOREIGN_PACKETS_PER_ADDRESS,
  FOREIGN_PACKETS_PER_SECOND,
} from "@fusionmeet/protocol";

/**
 * How much is looked at from addresses that are not (yet) a participant's: so much from each, and so much from all.
 * Anyone can send under somebody's ssrc; whoever floods from one address must not keep that person from proving another.
 */
export class ForeignLimit {
  readonly #all: TokenBucket;
  /** The one heard from longest ago first. */
  readonly #each = new Map<string, TokenBucket>();

  constructor(nowMs: number) {
    this.#all = bucket(FOREIGN_PACKETS_PER_SECOND, nowMs);
  }

  /** True when one more packet from there may be looked at now. */
  take(address: MediaAddress, nowMs: number): boolean {
    const key = addressKey(address);
    const own = this.#each.get(key) ?? bucket(FOREIGN_PACKETS_PER_ADDRESS, nowMs);
    this.#each.delete(key);
    this.#each.set(key, own);
    if (this.#each.size > FOREIGN_ADDRESSES_MAX) {
      this.#each.delete(this.#each.keys().next().value!);
    }
    return own.take(nowMs) && this.#all.take(nowMs);
  }
}

function bucket(perSecond: number, nowMs: number): TokenBucket {
  return new TokenBucket({ perSecond, burst: perSecond, nowMs });
}
