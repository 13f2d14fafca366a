/** One address of one of this machine's interfaces. */
export type InterfaceAddress =
  & Pick<Deno.NetworkInterfaceInfo, "name" | "family" | "address">
  & { readonly netmask?: string };

/** One of this machine's networks: an interface and its IPv4 addresses, those given by the network before link-local ones. */
export interface LanInterface {
  readonly name: string;
  readonly addresses: readonly { readonly address: string; readonly netmask: string }[];
}

/** Interfaces of virtual machines, containers and tunnels: seldom what the others on the LAN can reach. */
const VIRTUAL_INTERFACE =
  /^(docker|br-|veth|virbr|vmnet|vboxnet|vethernet|lxc|lxd|cni|flannel|cali|podman|tun|tap|wg|utun|awdl|llw|zt|tailscale|bridge)/i;

/**
 * The addresses under which others on the LAN can reach a server that listens on `host`, likeliest first: real
 * interfaces before virtual ones, IPv4 before IPv6; no loopback, no link-local. A machine without any gets its loopback address.
 *
 * @param host What the server listens on: `0.0.0.0`, `::` or one address, which then is the only one.
 */
export function lanAddresses(
  host = "0.0.0.0",
  interfaces: readonly InterfaceAddress[] = Deno.networkInterfaces(),
): string[] {
  if (!isEveryAddress(host)) return [host];
  const usable = interfaces.filter(({ family, address }) =>
    (family === "IPv4" || host === "::") && !isLoopback(address) && !isLinkLocal(address)
  );
  const rank = ({ name, family }: InterfaceAddress): number =>
    (VIRTUAL_INTERFACE.test(name) ? 2 : 0) + (family === "IPv4" ? 0 : 1);
  usable.sort((a, b) => rank(a) - rank(b));
  const addresses = [...new Set(usable.map(({ address }) => address))];
  return addresses.length > 0 ? addresses : [host === "::" ? "::1" : "127.0.0.1"];
}

/**
 * The networks on which a server that listens on `host` can be found, and a client looks for one: real interfaces, link-local
 * addresses included (two computers on one cable have no others); virtual ones only where no real one has an address, the
 * loopback only where there is nothing else. One that listens on its loopback is on none.
 */
export function lanInterfaces(
  host = "0.0.0.0",
  interfaces: readonly InterfaceAddress[] = Deno.networkInterfaces(),
): LanInterface[] {
  const usable = interfaces.filter(({ family, address }) =>
    family === "IPv4" && address !== "0.0.0.0" &&
    (isEveryAddress(host) || address === host && !isLoopback(address))
  );
  const rank = ({ name, address }: InterfaceAddress): number =>
    isLoopback(address) ? 2 : VIRTUAL_INTERFACE.test(name) ? 1 : 0;
  const best = Math.min(...usable.map(rank));
  const byName = Map.groupBy(usable.filter((each) => rank(each) === best), ({ name }) => name);
  return [...byName].map(([name, all]) => ({
    name,
    addresses: all
      .map(({ address, netmask = "255.255.255.255" }) => ({ address, netmask }))
      .sort((a, b) => Number(isLinkLocal(a.address)) - Number(isLinkLocal(b.address))),
  })).sort((a, b) =>
    Number(isLinkLocal(a.addresses[0].address)) -
    Number(isLinkLocal(b.addresses[0].address))
  );
}

/** The addresses at which `lanInterfaces()` says a server is, best first: the short list for people, links and codes. */
export function announcedAddresses(
  host = "0.0.0.0",
  interfaces: readonly InterfaceAddress[] = Deno.networkInterfaces(),
): string[] {
  const addresses = lanInterfaces(host, interfaces).flatMap(({ addresses }) => addresses);
  return addresses.map(({ address }) => address)
    .sort((a, b) => Number(isLinkLocal(a)) - Number(isLinkLocal(b)));
}

function isEveryAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/** Loopback and unspecified addresses: nobody else reaches this machine by them. */
export function isLoopback(address: string): boolean {
  return /^(127\.|0\.)/.test(address) || /^::1?$/.test(address);
}

/** Addresses that a machine gave itself: with IPv6 they mean something only together with an interface. */
export function isLinkLocal(address: string): boolean {
  return /^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address);
}
