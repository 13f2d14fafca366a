/** An IPv4 address and the mask of its network. */
export interface LinkAddress {
  readonly address: string;
  readonly netmask: string;
}

/** One of this machine's networks: an interface with its addresses, best first. */
export interface Link {
  readonly name: string;
  readonly addresses: readonly LinkAddress[];
}

/** The number of a dotted IPv4 address; `undefined` if it is none. */
export function ipv4Number(text: string): number | undefined {
  if (!/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  return parts.some((part) => part > 255)
    ? undefined
    : parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The dotted form of an IPv4 address. */
export function ipv4Text(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}

/** True when `address` lies in one of the link's networks: a packet from there came over no router. */
export function isOnLink(address: string, { addresses }: Link): boolean {
  const number = ipv4Number(address);
  if (number === undefined) return false;
  return addresses.some((own) => {
    const mask = ipv4Number(own.netmask) ?? 0xffff_ffff;
    return ((number & mask) >>> 0) === ((ipv4Number(own.address)! & mask) >>> 0);
  });
}

/**
 * True for an address that a client may be sent to by somebody it does not know: in one of its networks, or in a range
 * that no router of the internet passes on (RFC 1918, RFC 3927). Loopback only where it is a link's.
 */
export function isLocalAddress(address: string, links: readonly Link[]): boolean {
  const number = ipv4Number(address);
  if (number === undefined || number === 0) return false;
  if (links.some((link) => isOnLink(address, link))) return true;
  const within = (network: string, bits: number) =>
    (number >>> (32 - bits)) === (ipv4Number(network)! >>> (32 - bits));
  return within("10.0.0.0", 8) || within("172.16.0.0", 12) || within("192.168.0.0", 16) ||
    within("169.254.0.0", 16);
}

/**
 * The addresses of the networks a machine may search one by one: of each link the 254 around its own address, fewer where its
 * network is smaller; its own and, in it, the first and the last (network and broadcast) left out; `countMax` in all.
 */
export function addressesToSearch(links: readonly Link[], countMax: number): string[] {
  const own = new Set(links.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  const found = new Set<string>();
  for (const { address, netmask } of links.flatMap(({ addresses }) => addresses)) {
    const mask = ((ipv4Number(netmask) ?? 0xffff_ffff) | 0xffff_ff00) >>> 0;
    const first = (ipv4Number(address)! & mask) >>> 0;
    const last = (first | ~mask) >>> 0;
    for (let each = first + 1; each < last && found.size < countMax; each++) {
      const text = ipv4Text(each);
      if (!own.has(text)) found.add(text);
    }
  }
  return [...found];
}
