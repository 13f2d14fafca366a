/**
 * Counts what leaves a test's network: a packet filter on the switch, outside of all programs, looks at every frame that
 * comes from a cable. What goes elsewhere is counted, remembered by where it wanted to go, and dropped without an
 * answer: as on a network with nothing behind it, where a program that asks waits for ever.
 */
import { BEACON_GROUP, BEACON_PORT } from "@fusionmeet/protocol";
import type { Lan } from "./namespaces.ts";

const TABLE = "witness";
/** DNS, NetBIOS, DNS over TLS, LLMNR: questions for names, wherever they go, also on the network itself. */
const NAME_PORTS = "{ 53, 137, 853, 5355 }";
/** How kernels find neighbours, look for routers and join groups. No program sends these. */
const KERNEL_TYPES6 = [
  ...["nd-neighbor-solicit", "nd-neighbor-advert", "nd-router-solicit"],
  ...["mld-listener-report", "mld-listener-done", "mld2-listener-report"],
].join(", ");

/** What was seen so far. */
export interface Sight {
  /** Packets that stayed: to addresses of the network, the mDNS group and the beacon's group. */
  readonly inside: number;
  /** All others, questions for names among them. */
  readonly outside: number;
  readonly nameQuestions: number;
  /** Where those others wanted to go: `ADDRESS PROTOCOL PORT`, in order; without a port where there is none. */
  readonly places: readonly string[];
}

/** Watches a network from when it is set until the network is removed. */
export class OutsideWitness {
  readonly #lan: Lan;

  /** @throws Error with nft's words when the filter cannot be set. */
  static async on(lan: Lan): Promise<OutsideWitness> {
    await lan.run("nft", ["-f", "-"], new TextEncoder().encode(rules(lan)));
    return new OutsideWitness(lan);
  }

  private constructor(lan: Lan) {
    this.#lan = lan;
  }

  async look(): Promise<Sight> {
    const list = ["-j", "list", "table", "bridge", TABLE];
    const { nftables } = JSON.parse(await this.#lan.run("nft", list));
    const counts: Record<string, number> = {};
    const places: string[] = [];
    for (const { counter, set } of nftables) {
      if (counter) counts[counter.name] = counter.packets;
      for (const { concat } of set?.elem ?? []) places.push(concat.join(" "));
    }
    const { inside, outside, names: nameQuestions } = counts;
    return { inside, outside, nameQuestions, places: places.sort() };
  }
}

/** Source: nft(8), family bridge. */
function rules({ subnet, subnet6 }: Lan): string {
  return `table bridge ${TABLE} {
  counter inside { }
  counter outside { }
  counter names { }
  set ports { typeof ip daddr . ip protocol . th dport; flags dynamic; size 4096; }
  set ports6 { typeof ip6 daddr . meta l4proto . th dport; flags dynamic; size 4096; }
  set portless { typeof ip daddr . ip protocol; flags dynamic; size 4096; }
  set portless6 { typeof ip6 daddr . meta l4proto; flags dynamic; size 4096; }

  chain frames {
    type filter hook prerouting priority -300; policy accept;
    ether type arp accept
    meta l4proto { tcp, udp } th dport ${NAME_PORTS} counter name names goto elsewhere
    ip daddr ${subnet} counter name inside accept
    ip daddr 224.0.0.251 udp dport 5353 counter name inside accept
    ip daddr ${BEACON_GROUP} udp dport ${BEACON_PORT} counter name inside accept
    ip protocol igmp accept
    ip6 daddr { ${subnet6}, fe80::/10 } counter name inside accept
    ip6 daddr ff02::fb udp dport 5353 counter name inside accept
    icmpv6 type { ${KERNEL_TYPES6} } accept
    goto elsewhere
  }

  chain elsewhere {
    counter name outside
    ether type ip meta l4proto { tcp, udp } add @ports { ip daddr . ip protocol . th dport } drop
    ether type ip6 meta l4proto { tcp, udp } add @ports6 { ip6 daddr . meta l4proto . th dport } drop
    ether type ip add @portless { ip daddr . ip protocol } drop
    ether type ip6 add @portless6 { ip6 daddr . meta l4proto } drop
    drop
  }
}
`;
}
