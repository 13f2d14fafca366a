/** One address of one of this machine's interfaces. */
export type InterfaceAddress = Pick<Deno.NetworkInterfaceInfo, "name" | "family" | "address">;

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
  if (host !== "0.0.0.0" && host !== "::") return [host];
  const usable = interfaces.filter(({ family, address }) =>
    (family === "IPv4" || host === "::") && !isLocalOnly(address)
  );
  const rank = ({ name, family }: InterfaceAddress): number =>
    (VIRTUAL_INTERFACE.test(name) ? 2 : 0) + (family === "IPv4" ? 0 : 1);
  usable.sort((a, b) => rank(a) - rank(b));
  const addresses = [...new Set(usable.map(({ address }) => address))];
  return addresses.length > 0 ? addresses : [host === "::" ? "::1" : "127.0.0.1"];
}

/** Loopback, link-local and unspecified addresses. */
function isLocalOnly(address: string): boolean {
  return /^(127\.|169\.254\.|0\.)/.test(address) || /^(::1?$|fe[89ab][0-9a-f]:)/i.test(address);
}
