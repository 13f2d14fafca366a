/**
 * Servers and clients that find each other, for real: programs as people start them, on networks made of namespaces.
 * Avahi, somebody else's mDNS, is the oracle.
 * Judges real time by the second.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { JoinState, NearbyServer, PageMessage, WindowState } from "@fusionmeet/bridge";
import { buildPage } from "../tools/build_page.ts";
import { Avahi } from "./support/avahi.ts";
import { Lan, type LanHost } from "./support/namespaces.ts";
import {
  launchWindow,
  Program,
  type ServerProgram,
  startClient,
  startServer,
  taskArguments,
} from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const SERVICE = "_fusionmeet._tcp";
const OTHER_KEY = "ab".repeat(32);

/** A server as people start it, on a host of the network. */
function serverOn(
  host: LanHost,
  data: string,
  ...args: string[]
): Promise<ServerProgram> {
  return startServer({
    data,
    inside: host.inside(),
    args: ["--host", "0.0.0.0", "--port", "65435", "--media-port", "65436", ...args],
  });
}

/** `--list` on a host: what is listed now, by name. */
class Listing extends Program {
  constructor(host: LanHost, data: string) {
    super("the list", {
      inside: host.inside(),
      args: [...taskArguments("client"), "--list", "--json", "--seconds", "120", "--data", data],
    });
  }

  /** `NAME ADDRESS…` of each, as the events so far say. */
  get servers(): Map<string, { addresses: string[]; people: number }> {
    const servers = new Map();
    for (const { event, state, name, addresses, people } of this.events) {
      if (event !== "server") continue;
      if (state === "gone") servers.delete(name);
      else servers.set(name, { addresses, people });
    }
    return servers;
  }

  /** Waits until that server is listed at these addresses (in any order), or at all, or not at all. */
  async shows(name: string, addresses?: string[], timeoutMs = 5_000): Promise<void> {
    const wanted = addresses?.toSorted().join();
    await until(`${name} at ${wanted ?? "no address"} in the list`, () => {
      const shown = this.servers.get(name)?.addresses.toSorted().join();
      return shown === wanted;
    }, { timeoutMs });
  }
}

Deno.test("Avahi sees our server with what it says about itself, and its end; we see what avahi publishes", async () => {
  await using lan = await Lan.create({ hosts: ["server", "oracle", "client"] });
  await using folder = new TemporaryDirectory();
  const [host, oracle, client] = ["server", "oracle", "client"].map((name) => lan.host(name));
  await using avahi = await Avahi.start(oracle.inside());
  await using browser = avahi.browse(SERVICE);
  await using server = await serverOn(host, folder.file("server"), "--server-name", "Room 2.1");
  const { fingerprint } = server;
  const seen = (sign: string) => browser.lines().filter((line) => line.sign === sign);
  const line = (await until("avahi to see it", () => seen("=")[0]))!;
  deepStrictEqual(line, {
    sign: "=",
    label: "Room\\0322-1",
    host: `fusionmeet-${fingerprint.slice(0, 16)}.local`,
    address: host.address,
    port: 65_435,
    txt: [`fp=${fingerprint}`, "name=Room 2.1", "people=0", "rooms=0", "txtvers=1", line.txt[5]],
  });
  match(line.txt[5], /^version=\d+\.\d+\.\d+$/);

  await using list = new Listing(client, folder.file("list"));
  await list.shows("Room 2.1", [host.address]);
  await using _published = avahi.publish("Garden", SERVICE, 7_000, [
    ...[`fp=${OTHER_KEY}`, "name=Garden v1.2", "rooms=2", "people=9"],
  ]);
  await list.shows("Garden v1.2", [`${oracle.address}:7000`]);
  strictEqual(list.servers.get("Garden v1.2")?.people, 9);

  await using _ann = await startClient({
    name: "Ann",
    server: { hostname: host.address, port: 65_435, fingerprint },
    inside: client.inside(),
  });
  const joinedMs = performance.now();
  await until("the list to count Ann", () => list.servers.get("Room 2.1")?.people === 1);
  ok(performance.now() - joinedMs < 3_000, `${performance.now() - joinedMs} ms by beacon`);
  const avahiCounts = async () =>
    (await avahi.resolved(SERVICE)).some(({ txt }) => txt.includes("people=1"));
  await until("avahi to count Ann", avahiCounts, { timeoutMs: 9_000, everyMs: 300 });

  await server.stop();
  await until("avahi to see its end", () => seen("-").some(({ label }) => label === line.label), {
    timeoutMs: 3_000,
  });
  await list.shows("Room 2.1", undefined, 3_000);
  strictEqual(server.errorText, "");
});

Deno.test("Servers come, change their networks and addresses, end and are killed: the list follows", async () => {
  await using lan = await Lan.create({ hosts: ["one", "two", "client", "liar"] });
  await using folder = new TemporaryDirectory();
  const [first, second, client, liar] = ["one", "two", "client", "liar"].map((name) =>
    lan.host(name)
  );
  await using list = new Listing(client, folder.file("list"));
  await until("the list to begin", () => list.usage().cpuMs > 0);
  await using one = await serverOn(first, folder.file("one"), "--server-name", "One");
  const found = await list.waitFor(({ name, state }) => name === "One" && state === "found");
  ok(found.seenMs - one.ready.seenMs < 1_000, `${found.seenMs - one.ready.seenMs} ms after ready`);
  // Both called the same in DNS-SD, too.
  await using two = await serverOn(second, folder.file("two"), "--server-name", "One.");
  await list.shows("One.", [second.address]);
  await list.shows("One", [first.address]);

  // Waited for at the end: that takes a while.
  await two.kill();
  for (const host of [first, client]) {
    await host.addInterface("eth1", { address: host === first ? "10.88.0.5" : "10.88.0.7" });
  }
  await list.shows("One", [first.address, "10.88.0.5"]);
  await using lying = new Program("the liar", {
    inside: liar.inside(),
    args: [
      "run",
      "-A",
      "tests/support/liar.ts",
      JSON.stringify({
        ...{ fingerprint: OTHER_KEY, name: "<b>x</b>", version: "1", port: 1, noise: 3_000 },
        ...{ rooms: 0, people: 0 },
      }),
    ],
  });
  await lying.waitFor("lying");
  await list.shows("<b>x</b>", [`${liar.address}:1`]);
  await list.shows("One", [first.address, "10.88.0.5"]);

  await first.removeAddress(first.address);
  await first.addAddress("10.77.0.99");
  const changedMs = performance.now();
  const addresses = () => list.servers.get("One")?.addresses ?? [];
  await until("the new address", () => addresses().includes("10.77.0.99"));
  ok(performance.now() - changedMs < 5_000, `${performance.now() - changedMs} ms`);
  await until("the old one to come last", () => addresses().at(-1) === first.address);
  await list.shows("One.", undefined, 20_000);

  await one.stop();
  await list.shows("One", undefined, 3_000);
  deepStrictEqual([one.errorText, list.errorText], ["", ""]);
});

/** A client's window on a host, with its page played by a program. */
class PlayedWindow implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  #page!: Program;

  static async open(host: LanHost, data: string): Promise<PlayedWindow> {
    const played = new PlayedWindow();
    const program = played.#ends.use(launchWindow({
      name: "Ann",
      // What it would be given is what it must find.
      server: { hostname: "10.77.0.250", port: 65_435, fingerprint: OTHER_KEY },
      browser: true,
      data,
      inside: host.inside(),
      args: ["--discovery", "on"],
    }));
    played.#page = played.#ends.use(
      new Program("the page", {
        inside: host.inside(),
        args: ["run", "-A", "tests/support/page_player.ts", await program.link()],
      }),
    );
    await played.#page.waitFor("said");
    return played;
  }

  /** The state as the page has it now. */
  get state(): WindowState {
    const said = this.#page.events.filter(({ event }) => event === "said")
      .map(({ said }) => said)
      .filter(({ type }) => type === "ready" || type === "state");
    return Object.assign({}, ...said.map(({ state }) => state));
  }

  get join(): JoinState {
    return this.state.join;
  }

  /** The key that waits for a yes. */
  get introduced(): string | undefined {
    return this.join.introduction?.fingerprint;
  }

  async say(message: PageMessage): Promise<void> {
    await this.#page.send(message as unknown as Record<string, unknown>);
  }

  /** Waits for a server of that name in the list. */
  async lists(name: string, fits: (server: NearbyServer) => boolean = () => true) {
    const find = () => this.join.nearby.servers.find((each) => each.name === name && fits(each));
    return (await until(`${name} in the list`, find, { timeoutMs: 20_000 }))!;
  }

  /** Picks a server and joins; what comes of it. */
  async joinAt({ address, fingerprint }: NearbyServer, trust?: string): Promise<string> {
    const form = {
      ...{ server: address, name: "Ann", room: "Main", pin: "", ownerPin: "" },
      picked: fingerprint,
    };
    await this.say({ do: "join", ...form, microphone: false, camera: false, trust });
    await until("the join to begin", () => this.join.busy || this.state.screen === "meeting");
    return await until("the end of the join", () => {
      if (this.state.screen === "meeting") return "joined";
      if (this.join.busy) return undefined;
      return this.join.introduction ? "introduced" : this.join.failure?.code;
    }, { timeoutMs: 20_000 }) as string;
  }

  async leave(): Promise<void> {
    await this.say({ do: "leave", sure: true });
    await until("the end of the meeting", () => this.state.screen === "left");
    await this.say({ do: "again" });
    await until("the join screen", () => this.state.screen === "join" && !this.join.busy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

Deno.test("A server is picked from the list: introduced once, known from then on wherever it is, and never in another's name", async () => {
  await buildPage();
  await using lan = await Lan.create({ hosts: ["server", "client", "liar"] });
  await using folder = new TemporaryDirectory();
  const [host, client, liar] = ["server", "client", "liar"].map((name) => lan.host(name));
  await using server = await serverOn(host, folder.file("server"), "--server-name", "Office");
  await using ann = await PlayedWindow.open(client, folder.file("client"));
  const shownMs = performance.now();
  const office = await ann.lists("Office");
  ok(performance.now() - shownMs < 1_000, `${performance.now() - shownMs} ms after it opened`);
  const { fingerprint } = server;
  deepStrictEqual({ ...office }, {
    ...{ fingerprint, name: "Office", address: host.address, rooms: 0, people: 0 },
    ...{ known: false, formerly: [] },
  });
  strictEqual(await ann.joinAt(office), "introduced", "being listed vouches for nobody");
  strictEqual(ann.introduced, fingerprint);
  strictEqual(await ann.joinAt(office, fingerprint), "joined");
  await ann.leave();
  const known = await ann.lists("Office", ({ known }) => known);
  deepStrictEqual(known.formerly, [`${host.address}:65435`]);

  await host.removeAddress(host.address);
  await host.addAddress("10.77.0.99");
  const moved = await ann.lists("Office", ({ address }) => address === "10.77.0.99");
  strictEqual(await ann.joinAt(moved), "joined", "without a word");
  await ann.leave();

  // Somebody announces its key at their own address, where their own server is.
  await using impostor = await serverOn(liar, folder.file("liar"), "--announce", "off");
  const facts = { fingerprint, name: "Office", version: "1", port: 65_435, rooms: 0, people: 7 };
  await using _lying = new Program("the liar", {
    inside: liar.inside(),
    args: ["run", "-A", "tests/support/liar.ts", JSON.stringify(facts)],
  });
  await ann.lists("Office", ({ people }) => people === 7);
  strictEqual(await ann.joinAt(moved), "joined", "the real one is found among its addresses");
  await ann.leave();
  await server.kill();
  await ann.lists("Office", ({ people }) => people === 7);
  strictEqual(await ann.joinAt(moved), "key-not-as-listed", "only the liar is there");
  strictEqual(ann.introduced, undefined);
  // The impostor in its own name is a stranger like any other.
  const stranger = { ...moved, address: liar.address, fingerprint: impostor.fingerprint };
  strictEqual(await ann.joinAt(stranger), "introduced");
  strictEqual(ann.introduced, impostor.fingerprint);
});

Deno.test("Where a server keeps quiet, a search of the own /24 on request finds it, and stops when told to", async () => {
  await buildPage();
  await using lan = await Lan.create({ hosts: ["server", "client"] });
  await using folder = new TemporaryDirectory();
  const [host, client] = ["server", "client"].map((name) => lan.host(name));
  await using server = await serverOn(
    host,
    folder.file("server"),
    ...["--server-name", "Quiet", "--announce", "off"],
  );
  await using ann = await PlayedWindow.open(client, folder.file("client"));
  await until("nobody in the list", () => ann.join.nearby.state === "listening");
  deepStrictEqual(ann.join.nearby.servers, []);
  await ann.say({ do: "search", on: true });
  const quiet = await ann.lists("Quiet");
  strictEqual(quiet.fingerprint, server.fingerprint);
  const done = () => ann.join.nearby.search?.done ?? 0;
  await until("the search to go on", () => done() > 60);
  ok(done() < 253, "it was not over by itself");
  await ann.say({ do: "search", on: false });
  await until("its end", () => ann.join.nearby.search === null);
  strictEqual(await ann.joinAt(quiet), "introduced");
});
