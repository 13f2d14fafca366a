import { Counters, FairBucket } from "@fusionmeet/base";
import {
  DISCOVERY_ADDRESSES_MAX,
  DISCOVERY_BURST,
  DISCOVERY_PER_ADDRESS_BURST,
  DISCOVERY_PER_ADDRESS_PER_SECOND,
  DISCOVERY_PER_SECOND,
} from "@fusionmeet/protocol";
import { isOnLink, type Link } from "./ipv4.ts";

/**
 * Which datagrams of a multicast group are looked at. Sockets of one machine get each other's: only those from the
 * link's own network count, and nobody makes us read more than a fair share.
 */
export class Intake {
  readonly #bucket: FairBucket<string>;
  readonly #counters: Counters;

  constructor(counters: Counters, nowMs: number) {
    this.#counters = counters;
    this.#bucket = new FairBucket({
      each: { perSecond: DISCOVERY_PER_ADDRESS_PER_SECOND, burst: DISCOVERY_PER_ADDRESS_BURST },
      all: { perSecond: DISCOVERY_PER_SECOND, burst: DISCOVERY_BURST },
      keysMax: DISCOVERY_ADDRESSES_MAX,
      nowMs,
    });
  }

  /** True when `bytes` from `source` are to be read; else the reason is counted. */
  takes(
    bytes: Uint8Array,
    { source, link, bytesMax, nowMs }: {
      source: string;
      link: Link;
      bytesMax: number;
      nowMs: number;
    },
  ): boolean {
    const reason = !isOnLink(source, link)
      ? "other-network"
      : bytes.length > bytesMax
      ? "too-large"
      : this.#bucket.take(source, nowMs)
      ? undefined
      : "over-rate";
    if (reason !== undefined) this.#counters.add(reason);
    return reason === undefined;
  }
}
