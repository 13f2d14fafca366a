import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import type { Nearby } from "@fusionmeet/bridge";
import { ServerAnnouncer } from "@fusionmeet/discovery";
import { PROTOCOL_VERSION } from "@fusionmeet/protocol";
import { link, TestLan } from "../tests/support/test_lan.ts";
import { NearbyServers, typedAddress } from "./nearby.ts";

const FINGERPRINT = "3f7ac2e81b90d456".repeat(4);
const OTHER = "ab".repeat(32);

/** A client on a network of the test, where one key is known. */
function look(lan: TestLan, known: Record<string, string> = {}) {
  const states: Nearby[] = [];
  const problems: string[] = [];
  const asked: string[] = [];
  const nearby = new NearbyServers({
    timers: lan.timers,
    links: () => [link("eth0", "10.0.0.7")],
    openChannel: lan.openChannel,
    pins: () => ({
      knows: (key) => Object.values(known).includes(key),
      addressesOf: (key) => Object.keys(known).filter((address) => known[address] === key),
    }),
    onChange: (state) => states.push(state),
    onProblem: (sentence) => problems.push(sentence),
    ask: ({ hostname, port }) => {
      asked.push(`${hostname}:${port}`);
      if (hostname === "10.0.0.20") return Promise.resolve(answer({ needsPin: true }));
      if (hostname === "10.0.0.30") {
        return Promise.resolve(answer({ fingerprint: OTHER, name: "Hall" }));
      }
      return Promise.reject(new Error("nobody"));
    },
  });
  return { nearby, states, problems, asked };
}

function answer(rest: { fingerprint?: string; name?: string; needsPin?: boolean }) {
  const rooms = [{ name: "Main", people: 2 }, { name: "Garden", people: 3 }];
  return {
    ...{ fingerprint: FINGERPRINT, version: PROTOCOL_VERSION, needsPin: false },
    ...rest,
    rooms: rest.needsPin ? [] : rooms,
  };
}

function announce(lan: TestLan, port: number) {
  return new ServerAnnouncer({
    ...{ fingerprint: FINGERPRINT, name: "Office", version: "1", port, rooms: 1, people: 3 },
  }, {
    timers: lan.timers,
    random: seededRandom(1),
    openChannel: lan.openChannel,
    links: () => [link("eth0", "10.0.0.5")],
    onProblem: ({ state }) => ok(false, state),
  });
}

Deno.test("NearbyServers lists what is announced as it would be typed, and whether it is known", async () => {
  const lan = new TestLan();
  const { nearby, states, problems } = look(lan, { "10.0.0.4:65435": FINGERPRINT });
  strictEqual(nearby.state.state, "off");
  nearby.start();
  const announcer = announce(lan, 65_435);
  await lan.pass(100);
  deepStrictEqual(states.at(-1), {
    state: "starting",
    servers: [{
      ...{ fingerprint: FINGERPRINT, name: "Office", address: "10.0.0.5", rooms: 1, people: 3 },
      known: true,
      formerly: ["10.0.0.4:65435"],
    }],
    search: null,
    problem: null,
  });
  await lan.pass(3_000);
  strictEqual(nearby.state.state, "listening");
  await nearby.stop();
  deepStrictEqual(nearby.state.servers, []);
  strictEqual(nearby.state.state, "off");
  await announcer.close();
  deepStrictEqual(problems, []);
});

Deno.test("NearbyServers.search() asks this network's addresses and lists who answers", async () => {
  const lan = new TestLan();
  const { nearby, states, asked } = look(lan);
  nearby.start();
  await lan.pass(100);
  const over = nearby.search();
  await lan.pass(1_000);
  const { search } = states.at(-1)!;
  ok(search !== null && search.all === 253 && search.done > 30, JSON.stringify(search));
  await nearby.search();
  await lan.pass(6_000);
  await over;
  strictEqual(asked.length, 253, "each once, though it was asked for twice");
  ok(asked.every((each) => /^10\.0\.0\.\d+:65435$/.test(each)));
  const shown = nearby.state.servers.map(({ name, address, rooms, people, known }) =>
    `${name} ${address} ${rooms} ${people} ${known}`
  );
  deepStrictEqual(shown, ["10.0.0.20 10.0.0.20 null null false", "Hall 10.0.0.30 2 5 false"]);
  strictEqual(nearby.state.search, null);
  await nearby.stop();
});

Deno.test("NearbyServers.stopSearch() and stop() end a search", async () => {
  const lan = new TestLan();
  const { nearby, asked } = look(lan);
  for (const end of [() => nearby.stopSearch(), () => nearby.stop()]) {
    nearby.start();
    await lan.pass(10);
    const over = nearby.search();
    await lan.pass(200);
    const count = asked.length;
    await end();
    await lan.pass(100);
    await over;
    strictEqual(nearby.state.search, null);
    ok(asked.length <= count + 1);
  }
});

Deno.test("NearbyServers says what keeps it from hearing anybody", async () => {
  const lan = new TestLan();
  for (const group of ["224.0.0.251", "239.255.70.77"]) {
    lan.broken.set(`10.0.0.7 ${group}`, "Permission denied");
  }
  const { nearby, problems } = look(lan);
  nearby.start();
  await lan.pass(100);
  strictEqual(nearby.state.problem, problems[0]);
  ok(/^Cannot look for servers on eth0: mDNS: Permission denied/.test(problems[0]), problems[0]);
  await nearby.stop();
});

Deno.test("typedAddress() leaves the usual port out", () => {
  strictEqual(typedAddress({ hostname: "10.0.0.5", port: 65_435 }), "10.0.0.5");
  strictEqual(typedAddress({ hostname: "10.0.0.5", port: 7 }), "10.0.0.5:7");
});
