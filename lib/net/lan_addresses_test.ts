import { deepStrictEqual } from "node:assert/strict";
import { type InterfaceAddress, lanAddresses } from "./lan_addresses.ts";

function v4(name: string, address: string): InterfaceAddress {
  return { name, family: "IPv4", address };
}

function v6(name: string, address: string): InterfaceAddress {
  return { name, family: "IPv6", address };
}

Deno.test("lanAddresses() gives what others can reach, real interfaces first", () => {
  const interfaces = [
    v4("lo", "127.0.0.1"),
    v6("lo", "::1"),
    v4("docker0", "172.17.0.1"),
    v4("vEthernet (WSL)", "172.20.0.1"),
    v4("wlan0", "192.168.1.20"),
    v6("wlan0", "fe80::1234"),
    v6("wlan0", "2001:db8::20"),
    v4("eth0", "10.0.0.5"),
    v4("eth1", "169.254.3.4"),
    v4("br-5f2e", "172.18.0.1"),
  ];
  deepStrictEqual(lanAddresses("0.0.0.0", interfaces), [
    "192.168.1.20",
    "10.0.0.5",
    "172.17.0.1",
    "172.20.0.1",
    "172.18.0.1",
  ]);
  deepStrictEqual(lanAddresses("::", interfaces).slice(0, 3), [
    "192.168.1.20",
    "10.0.0.5",
    "2001:db8::20",
  ]);
});

Deno.test("lanAddresses() gives the one address listened on, and loopback where there is no network", () => {
  deepStrictEqual(lanAddresses("127.0.0.1", [v4("eth0", "10.0.0.5")]), ["127.0.0.1"]);
  deepStrictEqual(lanAddresses("0.0.0.0", [v4("lo", "127.0.0.1"), v4("e", "169.254.1.1")]), [
    "127.0.0.1",
  ]);
  deepStrictEqual(lanAddresses("::", []), ["::1"]);
});
