import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Lan } from "./namespaces.ts";
import { OutsideWitness } from "./outside_witness.ts";

/** Sends one datagram to each `ADDRESS PORT` of its arguments. */
const SENDER = `
import { createSocket } from "node:dgram";
for (const target of Deno.args) {
  const [address, port] = target.split(" ");
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  await new Promise((resolve) => socket.bind(0, resolve));
  socket.setBroadcast(true);
  await new Promise((resolve, reject) =>
    socket.send("x", Number(port), address, (fault) => fault ? reject(fault) : resolve())
  );
  socket.close();
}
`;

async function send(lan: Lan, ...targets: string[]): Promise<void> {
  const script = `data:application/javascript,${encodeURIComponent(SENDER)}`;
  await lan.host("ada").run(Deno.execPath(), ["run", "-A", "--no-config", script, ...targets]);
}

Deno.test("OutsideWitness lets pass what stays on the network, and counts none of it as outside", async () => {
  await using lan = await Lan.create({ hosts: ["ada", "bob"] });
  const witness = await OutsideWitness.on(lan);
  const { address, address6 } = lan.host("bob");
  const groups = ["224.0.0.251 5353", "239.255.70.77 65437", "ff02::fb%eth0 5353"];
  await send(lan, `${address} 65436`, `${address6} 65436`, ...groups);
  const { inside, ...others } = await witness.look();
  ok(inside >= 5, `${inside} packets`);
  deepStrictEqual(others, { outside: 0, nameQuestions: 0, places: [] });
});

Deno.test("OutsideWitness sees a packet to anywhere else, and says where it wanted to go", async () => {
  await using lan = await Lan.create({ hosts: ["ada", "bob"] });
  const witness = await OutsideWitness.on(lan);
  const places = [
    ...["10.78.0.11 udp 65436", "203.0.113.7 udp 9", "2001:db8::7 udp 9"],
    // Groups of others, the beacon's and mDNS's on another port, and a call to all.
    ...["224.0.0.251 udp 5354", "239.255.70.77 udp 65436", "239.255.255.250 udp 1900"],
    ...["255.255.255.255 udp 65437", "ff02::fb udp 5354"],
  ];
  await send(
    lan,
    ...places.map((place) => place.replace(" udp", "").replace("ff02::fb", "ff02::fb%eth0")),
  );
  const sight = await witness.look();
  deepStrictEqual(sight.places, places.toSorted());
  deepStrictEqual([sight.outside, sight.nameQuestions], [places.length, 0]);
});

Deno.test("OutsideWitness sees a question for a name, also to the network's own name server and by LLMNR", async () => {
  await using lan = await Lan.create({ hosts: ["ada", "bob"] });
  const witness = await OutsideWitness.on(lan);
  // The system's own way to ask, as every program has it: /etc/resolv.conf of the host.
  const asked = lan.host("ada").run("timeout", ["1", "getent", "hosts", "fusionmeet.example"]);
  strictEqual(await asked.then(() => "answered", () => "nobody answered"), "nobody answered");
  const first = await witness.look();
  ok(first.nameQuestions >= 1 && first.outside === first.nameQuestions);
  deepStrictEqual(first.places, [`${lan.gateway} udp 53`]);
  await send(lan, "224.0.0.252 5355", `${lan.broadcast} 137`);
  const { nameQuestions, outside } = await witness.look();
  strictEqual(nameQuestions, first.nameQuestions + 2);
  strictEqual(outside, nameQuestions);
});
