import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseJoinLink } from "@fusionmeet/protocol";
import { invitationTo, type Joined } from "./invitation.ts";

const JOINED: Joined = {
  room: "Lab/2",
  fingerprint: "0a".repeat(32),
  hostname: "192.168.1.20",
  addresses: ["10.0.0.5", "192.168.1.20"],
};
const hostOf = (joined: Partial<Joined>) => {
  const { link, isOnlyHere } = invitationTo({ ...JOINED, ...joined }, 7_000);
  return `${parseJoinLink(link).hostname}${isOnlyHere ? " only here" : ""}`;
};

Deno.test("invitationTo() leads to the room by the address that works here", () => {
  const { link, page, isOnlyHere } = invitationTo(JOINED, 7_000);
  deepStrictEqual(parseJoinLink(link), {
    ...{ hostname: "192.168.1.20", port: 7_000, room: "Lab/2", fingerprint: JOINED.fingerprint },
  });
  deepStrictEqual([page, isOnlyHere], ["http://192.168.1.20:7000/Lab%2F2", false]);
  strictEqual(invitationTo({ ...JOINED, room: "Main" }, 7_000).page, "http://192.168.1.20:7000/");
});

Deno.test("invitationTo() takes an address of the server's where the own one works on this computer alone", () => {
  for (const hostname of ["127.0.0.1", "127.8.8.8", "::1", "fe80::1%eth0", "FE80::2"]) {
    strictEqual(hostOf({ hostname }), "10.0.0.5", hostname);
    strictEqual(hostOf({ hostname, addresses: ["127.0.0.1", "::1", "fd00::1"] }), "fd00::1");
  }
  strictEqual(hostOf({ hostname: "169.254.1.1" }), "169.254.1.1");
});

Deno.test("invitationTo() says so where nobody else reaches the server", () => {
  strictEqual(hostOf({ hostname: "127.0.0.1", addresses: [] }), "127.0.0.1 only here");
  strictEqual(hostOf({ hostname: "::1", addresses: ["127.0.0.1"] }), "::1 only here");
  strictEqual(hostOf({ hostname: "fe80::1%eth0", addresses: [] }), "fe80::1 only here");
});
