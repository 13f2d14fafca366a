import { FairBucket } from "@fusionmeet/base";
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
  readonly #bucket: FairBucket<string>;

  constructor(nowMs: number) {
    this.#bucket = new FairBucket({
      each: rate(FOREIGN_PACKETS_PER_ADDRESS),
      all: rate(FOREIGN_PACKETS_PER_SECOND),
      keysMax: FOREIGN_ADDRESSES_MAX,
      nowMs,
    });
  }

  /** True when one more packet from there may be looked at now. */
  take(address: MediaAddress, nowMs: number): boolean {
    return this.#bucket.take(addressKey(address), nowMs);
  }
}

function rate(perSecond: number): { perSecond: number; burst: number } {
  return { perSecond, burst: perSecond };
}
