import { deepStrictEqual, doesNotMatch, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Lan, type LanHost, namespaces } from "./namespaces.ts";
import { isAlive, Program } from "./programs.ts";
import { asOrdinaryUser, ORDINARY_USER } from "./unpacked_bundle.ts";
import { until } from "./wait.ts";

/** @returns whether `to` answers; the machine may be busy. */
async function reaches(from: LanHost, to: string, withinSeconds = 5): Promise<boolean> {
  const args = ["-c", "1", "-W", String(withinSeconds), to];
  return await from.run("ping", args).then(() => true, () => false);
}

async function isFarFrom(from: LanHost, to: string): Promise<boolean> {
  return !await reaches(from, to, 0.2);
}

/** A program in `host` that joins a group, or says something to it. */
function multicast(host: LanHost, source: string): Program {
  const program = `
    const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 5555 });
    const say = (event, more) => console.log(JSON.stringify({ event, ...more }));
    ${source}`;
  return new Program(host.name, {
    inside: host.inside(),
    args: [
      "run",
      "-A",
      "--unstable-net",
      `data:application/javascript,${encodeURIComponent(program)}`,
    ],
  });
}

Deno.test("Lan joins hosts to one switch: groups are heard, a cable can be pulled, more can be plugged in", async () => {
  await using lan = await Lan.create({ hosts: ["ada", "bob"] });
  const [ada, bob] = lan.hosts;
  deepStrictEqual([ada.address, bob.address], ["10.77.0.11", "10.77.0.12"]);
  ok(await reaches(ada, bob.address) && await reaches(ada, bob.address6));
  ok(await reaches(ada, "127.0.0.1") && await reaches(ada, lan.gateway));
  ok(await isFarFrom(ada, "192.0.2.1"), "there is no way out");

  await using ear = multicast(
    bob,
    `await socket.joinMulticastV4("239.255.1.2", "${bob.address}");
     say("listening");
     const [bytes, { hostname }] = await socket.receive();
     say("heard", { text: new TextDecoder().decode(bytes), hostname });`,
  );
  await ear.waitFor("listening");
  await using _mouth = multicast(
    ada,
    `await socket.send(new TextEncoder().encode("hello"),
       { transport: "udp", hostname: "239.255.1.2", port: 5555 });`,
  );
  const { text, hostname } = await ear.waitFor("heard");
  deepStrictEqual([text, hostname], ["hello", ada.address]);

  await bob.cut();
  match(await bob.run("cat", ["/sys/class/net/eth0/carrier"]), /^0/);
  ok(await isFarFrom(ada, bob.address));
  await bob.restore();
  ok(await reaches(ada, bob.address));

  await bob.addInterface("wlan0", { address: "10.77.1.5" });
  await ada.addAddress("10.77.1.4");
  ok(await reaches(ada, "10.77.1.5"));
  await bob.removeInterface("wlan0");
  ok(await isFarFrom(ada, "10.77.1.5"));
  await ada.removeAddress("10.77.1.4");
  strictEqual((await ada.run("hostname", ["-I"])).includes("10.77.1.4"), false);

  const cy = await lan.addHost("cy");
  ok(await reaches(cy, ada.address));
});

Deno.test("LanHost.limit() slows a cable down one way", async () => {
  await using lan = await Lan.create({ hosts: ["ada", "bob"] });
  const [ada, bob] = lan.hosts;
  const bytes = 1 << 20;
  await using reader = new Program("the reader", {
    inside: bob.inside(),
    args: ["eval", READER],
  });
  await reader.waitFor("ready");
  const sentMs = async () => {
    const after = reader.events.length;
    await ada.run(Deno.execPath(), ["eval", sender(bob.address, bytes)]);
    return (await reader.waitFor("read", { after })).ms;
  };
  const limits = async () => await ada.run("tc", ["qdisc"]) + await lan.run("tc", ["qdisc"]);
  const atLeastMs = (megabits: number) => 0.8 * bytes * 8 / 1_000 / megabits;
  await ada.limit("up", "8mbit");
  await bob.limit("down", "100mbit");
  ok(await sentMs() > atLeastMs(8));
  await ada.limit("up", undefined);
  await bob.limit("down", "16mbit");
  ok(await sentMs() > atLeastMs(16));
  await bob.limit("down", undefined);
  doesNotMatch(await limits(), /tbf/);
  await sentMs();
});

const READER = `
  const listener = Deno.listen({ hostname: "0.0.0.0", port: 7000 });
  console.log(JSON.stringify({ event: "ready" }));
  for await (const connection of listener) {
    const startMs = performance.now();
    for await (const _ of connection.readable);
    console.log(JSON.stringify({ event: "read", ms: performance.now() - startMs }));
  }`;

function sender(hostname: string, bytes: number): string {
  return `
    const connection = await Deno.connect({ hostname: "${hostname}", port: 7000 });
    await new Blob([new Uint8Array(${bytes})]).stream().pipeTo(connection.writable);`;
}

Deno.test("LanHost.inside() starts programs as an ordinary user too: no rights, the network's name server", async () => {
  await using lan = await Lan.create({ hosts: ["ada"] });
  const [ada] = lan.hosts;
  const [command, ...before] = asOrdinaryUser();
  const asUser = (...args: string[]) => ada.run(command, [...before, ...args]);
  strictEqual((await asUser("id", "-u")).trim(), String(ORDINARY_USER));
  await rejects(asUser("ip", "link", "set", "eth0", "down"), /not permitted/);
  await rejects(asUser("ls", "/root"), /ermission denied/);
  strictEqual(await asUser("cat", "/etc/resolv.conf"), `nameserver ${lan.gateway}\n`);
});

Deno.test("Lan leaves nothing behind: not after a failure, and not what a killed process left", async () => {
  // Other tests of this process have networks, too.
  const twins = () => namespaces().filter((name) => name.endsWith("-twin"));
  deepStrictEqual(twins(), []);
  await rejects(
    Lan.create({ hosts: ["twin", "twin"] }),
    /Cannot make a network for a test: .*exists/s,
  );
  deepStrictEqual(twins(), []);

  const url = new URL("./namespaces.ts", import.meta.url).href;
  const killed = new Program("a test that is killed", {
    args: [
      "eval",
      `const { Lan } = await import("${url}");
       const lan = await Lan.create({ hosts: ["ada"] });
       const [command, ...args] = [...lan.host("ada").inside(), "sleep", "1000"];
       const { pid } = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
       console.log(JSON.stringify({ event: "ready", pid, name: lan.switch }));
       await new Promise((resolve) => setTimeout(resolve, 1e6));`,
    ],
  });
  const { pid, name } = await killed.waitFor("ready");
  await killed.kill();
  // Several find what it could not tidy up.
  const [lan, other] = await Promise.all([
    Lan.create({ hosts: ["ada"] }),
    Lan.create({ hosts: ["bob"] }),
  ]);
  ok(!namespaces().includes(name), "its network is gone");
  await until("what ran there to be gone", () => !isAlive(pid));
  const all = [lan.switch, lan.host("ada").namespace];
  deepStrictEqual(all.filter((each) => namespaces().includes(each)), all);
  for (const each of [lan, other]) await each[Symbol.asyncDispose]();
  deepStrictEqual(all.filter((each) => namespaces().includes(each)), []);
});
