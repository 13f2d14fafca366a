/** Servers and clients on networks that only a test has, on a fake clock. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { BEACON_GROUP, BEACON_PORT } from "@fusionmeet/protocol";
import { encodeBeacon } from "./beacon.ts";
import { decodeDns, encodeDns } from "./dns_message.ts";
import type { Link } from "./ipv4.ts";
import { link, TestLan } from "../../tests/support/test_lan.ts";
import { ServerAnnouncer, type ServerFacts } from "./server_announcer.ts";
import { ServerFinder } from "./server_finder.ts";
import { instanceName, SERVICE_TYPE } from "./service_records.ts";

const OFFICE: ServerFacts = {
  fingerprint: "3f7ac2e81b90d456".repeat(4),
  name: "Office",
  version: "1.2.3",
  port: 65435,
  rooms: 1,
  people: 3,
};
const MDNS_GROUP = "224.0.0.251";
const onBeacon = { group: BEACON_GROUP, port: BEACON_PORT };
const onMdns = { group: MDNS_GROUP, port: 5353 };

interface Machine {
  links: Link[];
  problems: string[];
}

function announce(lan: TestLan, facts: Partial<ServerFacts>, ...links: Link[]) {
  const machine: Machine = { links, problems: [] };
  const announcer = new ServerAnnouncer({ ...OFFICE, ...facts }, {
    timers: lan.timers,
    random: seededRandom(facts.port ?? 1),
    openChannel: lan.openChannel,
    links: () => machine.links,
    onProblem: ({ network, state }) => machine.problems.push(`${network}: ${state}`),
  });
  return Object.assign(machine, { announcer });
}

function find(lan: TestLan, ...links: Link[]) {
  const machine = { links, problems: [] as string[], known: new Set<string>(), changes: 0 };
  const finder = new ServerFinder({
    timers: lan.timers,
    random: seededRandom(9),
    openChannel: lan.openChannel,
    links: () => machine.links,
    isKnown: (fingerprint) => machine.known.has(fingerprint),
    onChange: () => machine.changes++,
    onProblem: ({ network, state }) => machine.problems.push(`${network}: ${state}`),
  });
  const places = () =>
    finder.servers.map(({ name, endpoints }) =>
      `${name} ${endpoints.map(({ hostname, port }) => `${hostname}:${port}`).join(" ")}`
    );
  return Object.assign(machine, { finder, places });
}

const without = (group: string) => (datagram: { group: string }) => datagram.group === group;

for (const [way, lost] of [["beacon", MDNS_GROUP], ["mDNS", BEACON_GROUP]] as const) {
  Deno.test(`ServerFinder finds a server within 1 s of its own start by ${way} alone`, async () => {
    const lan = new TestLan();
    lan.loses = without(lost);
    const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
    await lan.pass(5_000);
    const { finder, places, problems } = find(lan, link("wlan0", "10.0.0.7"));
    await lan.pass(500);
    deepStrictEqual(places(), ["Office 10.0.0.5:65435"]);
    const [{ rooms, people, version, isKnown, fingerprint }] = finder.servers;
    deepStrictEqual([rooms, people, version, isKnown], [1, 3, "1.2.3", false]);
    strictEqual(fingerprint, OFFICE.fingerprint);
    await Promise.all([announcer.close(), finder.close()]);
    await lan.pass(10);
    deepStrictEqual([problems, lan.memberCount, lan.timers.waitingCount], [[], 0, 0]);
  });

  Deno.test(`ServerFinder lists a server within 1.1 s of its start by ${way} alone, and not 1.1 s after its end`, async () => {
    const lan = new TestLan();
    lan.loses = without(lost);
    const { finder, places } = find(lan, link("wlan0", "10.0.0.7"));
    await lan.pass(20_000);
    const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
    await lan.pass(way === "beacon" ? 50 : 1_100);
    deepStrictEqual(places(), ["Office 10.0.0.5:65435"]);
    await lan.pass(3_000);
    void announcer.close();
    await lan.pass(1_100);
    deepStrictEqual(places(), []);
    await finder.close();
  });
}

Deno.test("ServerFinder is told other numbers of people: by beacon at once, by mDNS in a while", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder } = find(lan, link("wlan0", "10.0.0.7"));
  await lan.pass(3_000);
  const before = lan.sent.length;
  for (let people = 4; people <= 30; people++) {
    announcer.update({ rooms: 2, people });
    await lan.pass(20);
  }
  await lan.pass(600);
  deepStrictEqual([finder.servers[0].rooms, finder.servers[0].people], [2, 30]);
  ok(lan.sent.length - before <= 5, `${lan.sent.length - before} datagrams`);
  lan.loses = without(BEACON_GROUP);
  announcer.update({ rooms: 0, people: 0 });
  await lan.pass(7_000);
  deepStrictEqual([finder.servers[0].rooms, finder.servers[0].people], [0, 0]);
  await Promise.all([announcer.close(), finder.close()]);
});

Deno.test("ServerFinder makes one entry of all ways, networks and addresses of a server", async () => {
  const lan = new TestLan();
  const server = announce(
    lan,
    {},
    link("eth0", "10.0.0.5", "10.0.0.6"),
    link("eth1", "192.168.7.5"),
  );
  const client = find(lan, link("eth0", "10.0.0.7"), link("eth1", "192.168.7.7"));
  await lan.pass(3_000);
  deepStrictEqual(client.places(), ["Office 10.0.0.5:65435 10.0.0.6:65435 192.168.7.5:65435"]);
  await Promise.all([server.announcer.close(), client.finder.close()]);
});

Deno.test("ServerAnnouncer follows networks that come, go and change their address", async () => {
  const lan = new TestLan();
  const server = announce(lan, {});
  const client = find(lan, link("eth0", "10.0.0.7"), link("eth1", "192.168.7.7"));
  await lan.pass(5_000);
  deepStrictEqual(client.places(), []);
  server.links = [link("eth0", "10.0.0.5")];
  await lan.pass(2_100);
  deepStrictEqual(client.places(), ["Office 10.0.0.5:65435"]);
  await lan.pass(3_000);
  // From an address that is gone no goodbye comes.
  lan.loses = ({ source }) => source === "10.0.0.5";
  server.links = [link("eth0", "10.0.0.99")];
  await lan.pass(9_000);
  strictEqual(client.finder.servers[0].endpoints[0].hostname, "10.0.0.99", "the new one first");
  await lan.pass(30_000);
  deepStrictEqual(client.places(), ["Office 10.0.0.99:65435"], "the old one is forgotten");
  server.links = [link("eth0", "10.0.0.99"), link("eth1", "192.168.7.5")];
  await lan.pass(3_100);
  deepStrictEqual(client.places(), ["Office 10.0.0.99:65435 192.168.7.5:65435"]);
  server.links = [link("eth1", "192.168.7.5")];
  await lan.pass(30_000);
  deepStrictEqual(client.places(), ["Office 192.168.7.5:65435"]);
  client.links = [link("eth1", "192.168.7.70")];
  await lan.pass(3_000);
  deepStrictEqual(client.places(), ["Office 192.168.7.5:65435"]);
  await Promise.all([server.announcer.close(), client.finder.close()]);
  deepStrictEqual([server.problems, client.problems, lan.memberCount], [[], [], 0]);
});

Deno.test("A goodbye from a server's new address ends what is left of its old one", async () => {
  const lan = new TestLan();
  const server = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(3_000);
  lan.loses = ({ source }) => source === "10.0.0.5";
  server.links = [link("eth0", "10.0.0.99")];
  await lan.pass(7_500);
  deepStrictEqual(places(), ["Office 10.0.0.99:65435 10.0.0.5:65435"]);
  void server.announcer.close();
  await lan.pass(1_200);
  deepStrictEqual(places(), []);
  await finder.close();
});

Deno.test("ServerFinder forgets a server that was killed, known by both ways, within 13 s", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(10_000);
  lan.loses = ({ source }) => source === "10.0.0.5";
  await lan.pass(6_500);
  strictEqual(places().length, 1, "two lost beacons are no end");
  await lan.pass(6_500);
  deepStrictEqual(places(), []);
  lan.loses = () => false;
  await lan.pass(6_000);
  strictEqual(places().length, 1);
  await Promise.all([announcer.close(), finder.close()]);
});

Deno.test("ServerFinder keeps a server whose beacons are blocked from now on, and asks it", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places, ...client } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(10_000);
  lan.loses = without(BEACON_GROUP);
  for (let minute = 0; minute < 5; minute++) {
    await lan.pass(60_000);
    deepStrictEqual(places(), ["Office 10.0.0.5:65435"]);
  }
  deepStrictEqual(client.problems, []);
  await Promise.all([announcer.close(), finder.close()]);
});

Deno.test("Two servers of one name get two names in DNS-SD, whoever comes first, and both are listed", async () => {
  for (const gapMs of [0, 40, 5_000]) {
    const lan = new TestLan();
    const one = announce(lan, { port: 1 }, link("eth0", "10.0.0.5"));
    await lan.pass(gapMs);
    const other = announce(lan, { port: 2, fingerprint: "ab".repeat(32) }, link("e", "10.0.0.6"));
    const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
    await lan.pass(8_000);
    deepStrictEqual(places().sort(), ["Office 10.0.0.5:1", "Office 10.0.0.6:2"], `${gapMs}`);
    const names = new Set(
      lan.sent.filter(({ group, atMs }) => group === MDNS_GROUP && atMs > gapMs + 2_500)
        .flatMap(({ bytes }) => {
          const message = decodeDns(bytes);
          return typeof message === "string" ? [] : message.answers;
        })
        .filter(({ type, ttl }) => type === "SRV" && ttl > 0).map(({ name }) => name),
    );
    ok(names.size <= 2, [...names].join());
    await Promise.all([one.announcer.close(), other.announcer.close()]);
    const last = lan.sent.filter(({ group }) => group === MDNS_GROUP).slice(-2)
      .map(({ bytes }) => decodeDns(bytes));
    const gone = last.flatMap((message) => typeof message === "string" ? [] : message.answers)
      .filter(({ type }) => type === "SRV").map(({ name, ttl }) => `${name} ${ttl}`);
    deepStrictEqual(gone.sort(), [
      `${instanceName("Office (2)")} 0`,
      `${instanceName("Office")} 0`,
    ]);
    await finder.close();
  }
});

Deno.test("A goodbye counts only from where the server is, and a forged one is taken back by the server", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(3_000);
  const { fingerprint } = OFFICE;
  const goodbye = encodeDns({
    isResponse: true,
    questions: [],
    answers: [{ type: "PTR", name: SERVICE_TYPE, ttl: 0, value: instanceName("Office") }],
    authorities: [],
    additionals: [],
  });
  const gone = encodeBeacon({ type: "gone", fingerprint });
  const isListed = async () => {
    for (let ms = 0; ms < 2_000; ms += 100) {
      await lan.pass(100);
      if (places().length !== 1) return false;
    }
    return true;
  };
  lan.send(gone, { source: "10.0.0.66", ...onBeacon });
  lan.send(goodbye, { source: "10.0.0.66", ...onMdns });
  ok(await isListed(), "from another address");
  strictEqual(finder.counters.get("farewell-of-nobody"), 2);
  lan.send(gone, { source: "10.0.0.5", ...onBeacon });
  lan.send(goodbye, { source: "10.0.0.5", ...onMdns });
  ok(await isListed(), "in the server's name");
  // Nobody who asks or forges makes it talk more than that.
  const before = lan.sent.length;
  for (let count = 0; count < 1_000; count++) {
    lan.send(gone, { source: "10.0.0.5", ...onBeacon });
    lan.send(encodeBeacon({ type: "seek" }), { source: "10.0.0.66", ...onBeacon });
    await lan.pass(10);
  }
  ok(lan.sent.length - before - 2_000 < 10 * 5 + 15, `${lan.sent.length - before - 2_000}`);
  await Promise.all([announcer.close(), finder.close()]);
});

Deno.test("Whoever floods a network keeps no other server off the list, and the list is bounded", async () => {
  const lan = new TestLan();
  const { finder, places, ...client } = find(lan, link("eth0", "10.0.0.7"));
  const known = { ...OFFICE, name: "Known", fingerprint: "cd".repeat(32) };
  client.known.add(known.fingerprint);
  const fake = (index: number) =>
    encodeBeacon({
      type: "server",
      announcement: {
        ...OFFICE,
        name: `Fake ${index}`,
        fingerprint: index.toString(16).padStart(64, "0"),
        addresses: [],
      },
    });
  for (let index = 1; index <= 2_000; index++) {
    lan.send(fake(index), { source: "10.0.0.66", ...onBeacon });
    if (index % 20 === 0) await lan.pass(10);
  }
  ok(places().length <= 16, `${places().length} of one address`);
  ok(finder.counters.get("over-rate") > 1_500, `${finder.counters.get("over-rate")} over rate`);
  ok(finder.counters.get("source-full") > 0);
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  await lan.pass(100);
  ok(places().includes("Office 10.0.0.5:65435"));
  for (let index = 3_000; index <= 8_000; index++) {
    lan.send(fake(index), { source: `10.0.0.${index % 250}`, ...onBeacon });
    if (index % 20 === 0) await lan.pass(50);
  }
  strictEqual(places().length, 64);
  ok(finder.counters.get("table-full") > 100);
  const second = announce(lan, known, link("eth0", "10.0.0.8"));
  await lan.pass(2_000);
  strictEqual(places()[0], "Known 10.0.0.8:65435", "a known server always has its place");
  strictEqual(places().length, 64);
  await Promise.all([announcer.close(), second.announcer.close(), finder.close()]);
});

Deno.test("Whoever names servers that are not there makes a client ask little", async () => {
  const lan = new TestLan();
  const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(2_000);
  const before = lan.sent.filter(({ source }) => source === "10.0.0.7").length;
  for (let index = 0; index < 400; index++) {
    const value = instanceName(`Nobody ${index % 8}`);
    const answers = [{ type: "PTR", name: SERVICE_TYPE, ttl: 120, value } as const];
    const rest = { questions: [], authorities: [], additionals: [] };
    const source = `10.0.0.${100 + index % 100}`;
    lan.send(encodeDns({ isResponse: true, answers, ...rest }), { source, ...onMdns });
    await lan.pass(10);
  }
  const asked = lan.sent.filter(({ source }) => source === "10.0.0.7").length - before;
  ok(asked <= 30 + 10 * 4 + 1, `${asked} questions in 4 s`);
  ok(finder.counters.get("questions-over-rate") > 0 && finder.counters.get("mdns-full") > 0);
  deepStrictEqual(places(), []);
  await finder.close();
});

Deno.test("A forged announcement sends nobody out of the network, and takes no address from the real server", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places, ...client } = find(lan, link("eth0", "10.0.0.7"));
  client.known.add(OFFICE.fingerprint);
  await lan.pass(2_000);
  const forged = {
    ...OFFICE,
    name: "<img src=x onerror=alert(1)>",
    port: 9,
    addresses: ["8.8.8.8", "127.0.0.1", "0.0.0.0", "255.255.255.255", "192.168.9.9"],
  };
  lan.send(encodeBeacon({ type: "server", announcement: forged }), {
    source: "10.0.0.66",
    ...onBeacon,
  });
  await lan.pass(10);
  const [{ endpoints, name }] = finder.servers;
  deepStrictEqual(endpoints.map(({ hostname, port }) => `${hostname}:${port}`), [
    "10.0.0.5:65435",
    "10.0.0.66:9",
    "192.168.9.9:9",
  ]);
  strictEqual(name, "<img src=x onerror=alert(1)>", "text, and shown as text");
  strictEqual(places().length, 1);
  await Promise.all([announcer.close(), finder.close()]);
});

Deno.test("Discovery goes on by one way where the other cannot be opened, says so, and tries again where none can", async () => {
  const lan = new TestLan();
  lan.broken.set(`10.0.0.5 ${MDNS_GROUP}`, "Address in use");
  lan.broken.set(`192.168.7.5 ${MDNS_GROUP}`, "No such device");
  lan.broken.set(`192.168.7.5 ${BEACON_GROUP}`, "No such device");
  const server = announce(lan, {}, link("eth0", "10.0.0.5"), link("eth1", "192.168.7.5"));
  const client = find(lan, link("eth0", "10.0.0.7"), link("eth1", "192.168.7.7"));
  await lan.pass(2_000);
  deepStrictEqual(client.places(), ["Office 10.0.0.5:65435"]);
  deepStrictEqual(server.problems, [
    "eth0: mDNS: Address in use",
    "eth1: mDNS: No such device; beacon: No such device",
  ]);
  lan.broken.clear();
  await lan.pass(32_000);
  deepStrictEqual(client.places(), ["Office 10.0.0.5:65435 192.168.7.5:65435"]);
  strictEqual(server.problems.length, 2);
  await Promise.all([server.announcer.close(), client.finder.close()]);
});

Deno.test("Datagrams of other networks, too large ones and random bytes change nothing and are counted", async () => {
  const lan = new TestLan();
  const { announcer } = announce(lan, {}, link("eth0", "10.0.0.5"));
  const { finder, places } = find(lan, link("eth0", "10.0.0.7"));
  await lan.pass(2_000);
  const random = seededRandom(5);
  for (let count = 0; count < 500; count++) {
    const bytes = random.fill(new Uint8Array(random.u32() % 1_200));
    lan.send(bytes, { source: "10.0.0.66", ...(count % 2 ? onBeacon : onMdns) });
    await lan.pass(50);
  }
  lan.send(new Uint8Array(9_001), { source: "10.0.0.67", ...onMdns });
  lan.send(new Uint8Array(1_201), { source: "10.0.0.67", ...onBeacon });
  await lan.pass(10);
  deepStrictEqual(places(), ["Office 10.0.0.5:65435"]);
  const counted = finder.counters.snapshot();
  ok(counted["beacon-not-ours"] > 200 && counted["too-large"] === 2, JSON.stringify(counted));
  await Promise.all([announcer.close(), finder.close()]);
});
