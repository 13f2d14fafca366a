import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Counters } from "@fusionmeet/base";
import {
  DISCOVERY_BURST,
  DISCOVERY_PER_ADDRESS_BURST,
  SCAN_ADDRESSES_MAX,
} from "@fusionmeet/protocol";
import { Intake } from "./intake.ts";
import { addressesToSearch, ipv4Number, ipv4Text, isLocalAddress, isOnLink } from "./ipv4.ts";

const HOME = { name: "wlan0", addresses: [{ address: "192.168.1.20", netmask: "255.255.255.0" }] };
const LARGE = { name: "eth0", addresses: [{ address: "10.1.2.3", netmask: "255.255.0.0" }] };
const SMALL = { name: "eth1", addresses: [{ address: "192.0.2.9", netmask: "255.255.255.248" }] };

Deno.test("ipv4Number() and ipv4Text() take dotted addresses and nothing else", () => {
  for (const text of ["0.0.0.0", "192.168.1.20", "255.255.255.255"]) {
    strictEqual(ipv4Text(ipv4Number(text)!), text);
  }
  for (const text of ["", "1.2.3", "1.2.3.256", "::1", "1.2.3.4.5", "a.b.c.d", " 1.2.3.4"]) {
    strictEqual(ipv4Number(text), undefined, text);
  }
});

Deno.test("isOnLink() is true inside a link's networks alone", () => {
  ok(isOnLink("192.168.1.255", HOME) && isOnLink("10.1.255.1", LARGE));
  ok(!isOnLink("192.168.2.1", HOME) && !isOnLink("10.2.0.1", LARGE) && !isOnLink("fe80::1", HOME));
});

Deno.test("isLocalAddress() lets nobody be sent out of the house, or to themselves", () => {
  const links = [HOME, SMALL];
  for (const address of ["10.9.9.9", "172.31.0.1", "192.168.7.7", "169.254.1.1", "192.0.2.14"]) {
    ok(isLocalAddress(address, links), address);
  }
  for (
    const address of ["8.8.8.8", "172.32.0.1", "127.0.0.1", "0.0.0.0", "224.0.0.1", "192.0.2.16"]
  ) {
    ok(!isLocalAddress(address, links), address);
  }
  const loopback = { name: "lo", addresses: [{ address: "127.0.0.1", netmask: "255.0.0.0" }] };
  ok(isLocalAddress("127.0.0.1", [loopback]));
});

Deno.test("addressesToSearch() gives a /24 of each network at most, without its ends and oneself", () => {
  const home = addressesToSearch([HOME], SCAN_ADDRESSES_MAX);
  strictEqual(home.length, 253);
  ok(home.every((address) => address.startsWith("192.168.1.")) && !home.includes("192.168.1.20"));
  deepStrictEqual([home[0], home.at(-1)], ["192.168.1.1", "192.168.1.254"]);
  ok(addressesToSearch([LARGE], SCAN_ADDRESSES_MAX).every((each) => each.startsWith("10.1.2.")));
  deepStrictEqual(addressesToSearch([SMALL], SCAN_ADDRESSES_MAX), [
    ...["192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14"],
  ]);
  strictEqual(addressesToSearch([HOME, LARGE, SMALL], SCAN_ADDRESSES_MAX).length, 511);
  strictEqual(addressesToSearch([HOME, LARGE, SMALL], 300).length, 300);
});

Deno.test("Intake.takes() what comes from the link's own network, so much of each and so much of all", () => {
  const counters = new Counters();
  const intake = new Intake(counters, 0);
  const bytes = new Uint8Array(10);
  const takes = (source: string, nowMs = 0) =>
    intake.takes(bytes, { source, link: HOME, bytesMax: 10, nowMs });
  ok(!takes("10.0.0.1"));
  ok(
    !intake.takes(bytes, { source: "192.168.1.9", link: HOME, bytesMax: 9, nowMs: 0 }),
    "too large",
  );
  let taken = 0;
  for (let count = 0; count < 1_000; count++) taken += Number(takes("192.168.1.66"));
  strictEqual(taken, DISCOVERY_PER_ADDRESS_BURST);
  ok(takes("192.168.1.67"), "somebody else is heard");
  for (let count = 0; count < 10_000; count++) taken += Number(takes(`192.168.1.${count % 250}`));
  ok(taken <= DISCOVERY_BURST);
  ok(takes("192.168.1.66", 2_000), "and later everybody");
  const { "over-rate": over, ...rest } = counters.snapshot();
  ok(over > 10_000);
  deepStrictEqual(rest, { "other-network": 1, "too-large": 1 });
});
