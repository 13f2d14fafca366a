import { deepStrictEqual } from "node:assert/strict";
import {
  announcedAddresses,
  type InterfaceAddress,
  lanAddresses,
  lanInterfaces,
} from "./lan_addresses.ts";

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

const MIXED: InterfaceAddress[] = [
  { ...v4("lo", "127.0.0.1"), netmask: "255.0.0.0" },
  { ...v4("docker0", "172.17.0.1"), netmask: "255.255.0.0" },
  { ...v4("eth1", "169.254.3.4"), netmask: "255.255.0.0" },
  { ...v4("eth0", "169.254.9.9"), netmask: "255.255.0.0" },
  { ...v4("eth0", "10.0.0.5"), netmask: "255.255.255.0" },
  { ...v4("wlan0", "192.168.1.20"), netmask: "255.255.255.0" },
  v6("wlan0", "2001:db8::20"),
];

Deno.test("lanInterfaces() gives real interfaces with their networks, link-local addresses last", () => {
  deepStrictEqual(lanInterfaces("0.0.0.0", MIXED), [
    {
      name: "eth0",
      addresses: [
        { address: "10.0.0.5", netmask: "255.255.255.0" },
        { address: "169.254.9.9", netmask: "255.255.0.0" },
      ],
    },
    { name: "wlan0", addresses: [{ address: "192.168.1.20", netmask: "255.255.255.0" }] },
    { name: "eth1", addresses: [{ address: "169.254.3.4", netmask: "255.255.0.0" }] },
  ]);
  deepStrictEqual(announcedAddresses("0.0.0.0", MIXED), [
    ...["10.0.0.5", "192.168.1.20", "169.254.9.9", "169.254.3.4"],
  ]);
});

Deno.test("lanInterfaces() takes virtual ones where there are no real ones, loopback where there is nothing", () => {
  const names = (host: string, count: number) =>
    lanInterfaces(host, MIXED.slice(0, count)).map(({ name }) => name);
  deepStrictEqual([names("0.0.0.0", 2), names("0.0.0.0", 1), names("0.0.0.0", 0)], [
    ["docker0"],
    ["lo"],
    [],
  ]);
  deepStrictEqual(announcedAddresses("192.168.1.20", MIXED), ["192.168.1.20"]);
  deepStrictEqual(announcedAddresses("127.0.0.1", MIXED), [], "nobody else reaches it");
  deepStrictEqual(announcedAddresses("10.9.9.9", MIXED), [], "not an address of ours");
});
