import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { type ClientConnection, ConnectFailure, type ConnectOptions } from "@fusionmeet/net";
import {
  type ConnectMeans,
  judgeKey,
  openControl,
  openOneOf,
  SYSTEM_MEANS,
  type Trust,
} from "./connect.ts";
import { JoinFailure } from "./failures.ts";
import { FakeLink, settle } from "./test_support.ts";

const KEY = "ab".repeat(32);
const OTHER_KEY = "cd".repeat(32);
const SERVER = { hostname: "Meet.local", port: 65_435 };

/** Known keys in memory. */
function trust(known: Record<string, string>, fingerprint?: string): Trust {
  return {
    fingerprint,
    pinsPath: "data/pins.json",
    pins: {
      get: (address) => known[address],
      check: (address, seen) =>
        known[address] === undefined ? "first" : known[address] === seen ? "same" : "changed",
      knows: (seen) => Object.values(known).includes(seen),
      accept: (address, seen) => {
        known[address] = seen;
        return Promise.resolve();
      },
    },
  };
}

/** A network with one server at some of the addresses. */
function means(
  addresses: string[],
  answer: (hostname: string) => "server" | ConnectFailure["code"],
): ConnectMeans {
  return {
    resolve: () => Promise.resolve(addresses),
    connect: async ({ hostname, acceptKey }: ConnectOptions) => {
      const code = answer(hostname);
      if (code !== "server") throw new ConnectFailure(code, code);
      if (!await acceptKey(KEY, new Uint8Array(0))) throw new ConnectFailure("key-refused", "no");
      return new FakeLink() as unknown as ClientConnection;
    },
  };
}

const { signal } = new AbortController();
const code = async (opening: Promise<unknown>) => {
  let failure: unknown;
  await rejects(opening, (thrown) => {
    failure = thrown;
    return true;
  });
  ok(failure instanceof JoinFailure, String(failure));
  return `${failure.code} ${failure.exitCode}`;
};

Deno.test("judgeKey() at first contact takes the given fingerprint or trust, else refuses with the words", async () => {
  const known = {};
  const refused = await judgeKey(SERVER, KEY, trust(known));
  strictEqual(refused?.code, "key-unknown");
  strictEqual(refused.exitCode, 4);
  ok(refused.advice.includes(`--fingerprint ${KEY}`));
  strictEqual((await judgeKey(SERVER, KEY, trust(known, OTHER_KEY)))?.code, "key-not-as-given");
  deepStrictEqual(known, {});
  strictEqual(await judgeKey(SERVER, KEY, trust(known, KEY)), undefined);
  deepStrictEqual(known, { "Meet.local:65435": KEY });
  const trusting = {};
  strictEqual(await judgeKey(SERVER, KEY, trust(trusting, "trust")), undefined);
  deepStrictEqual(trusting, { "Meet.local:65435": KEY });
});

Deno.test("judgeKey() goes on without a disk to keep the key on, and says so", async () => {
  const gone = trust({}, "trust");
  const pins = { ...gone.pins, accept: () => Promise.reject(new Error("no such device")) };
  const said: string[] = [];
  const notKept = (sentence: string) => said.push(sentence);
  strictEqual(await judgeKey(SERVER, KEY, { ...gone, pins, notKept }), undefined);
  deepStrictEqual(said, ["Cannot keep this server's key in data/pins.json: no such device"]);
});

Deno.test("judgeKey() knows a server again, also at a new address", async () => {
  const known = { "Meet.local:65435": KEY };
  strictEqual(await judgeKey(SERVER, KEY, trust(known)), undefined);
  const moved = { hostname: "10.0.0.9", port: 65_435 };
  strictEqual(await judgeKey(moved, KEY, trust(known)), undefined);
  strictEqual((known as Record<string, string>)["10.0.0.9:65435"], KEY);
});

Deno.test("judgeKey() of a server picked by its key takes that key, where it is known, and no other", async () => {
  const known: Record<string, string> = { "old:1": KEY, "Meet.local:65435": OTHER_KEY };
  const picked = (identity: string, fingerprint?: string) => ({
    ...trust(known, fingerprint),
    identity,
  });
  const moved = { hostname: "10.0.0.9", port: 65_435 };
  strictEqual(await judgeKey(moved, KEY, picked(KEY)), undefined);
  strictEqual(known["10.0.0.9:65435"], KEY, "known at its new address from now on");
  // The address had another server before: the user meant this one, and it has its key.
  strictEqual(await judgeKey(SERVER, KEY, picked(KEY)), undefined);
  strictEqual(known["Meet.local:65435"], OTHER_KEY, "what was known of the address stays");
  for (const given of [undefined, "trust", OTHER_KEY]) {
    const refused = await judgeKey(moved, OTHER_KEY, picked(KEY, given));
    strictEqual(refused?.code, "key-not-as-listed");
  }
});

Deno.test("judgeKey(): what the network announces vouches for no first contact", async () => {
  const known: Record<string, string> = {};
  const picked = { ...trust(known), identity: KEY };
  strictEqual((await judgeKey(SERVER, KEY, picked))?.code, "key-unknown");
  deepStrictEqual(known, {});
  const accepted = { ...trust(known, KEY), identity: KEY };
  strictEqual(await judgeKey(SERVER, KEY, accepted), undefined, "the user did");
});

Deno.test("openOneOf() passes over addresses that do not answer or show another key", async () => {
  const known: Record<string, string> = { "old:1": KEY };
  const at = (...hostnames: string[]) => hostnames.map((hostname) => ({ hostname, port: 1 }));
  const impostor = "ee".repeat(32);
  const network: ConnectMeans = {
    resolve: (hostname) => Promise.resolve([hostname]),
    connect: async ({ hostname, acceptKey, reachTimeoutMs }) => {
      ok(reachTimeoutMs! < 2_000, "nobody waits long for one of many");
      if (hostname === "dead") throw new ConnectFailure("timeout", "timeout");
      const key = hostname === "forged" ? impostor : KEY;
      if (!await acceptKey(key, new Uint8Array(0))) throw new ConnectFailure("key-refused", "no");
      return new FakeLink() as unknown as ClientConnection;
    },
  };
  const picked = { ...trust(known), identity: KEY };
  const options = { signal, means: network };
  const reached = await openOneOf(at("dead", "forged", "here"), picked, options);
  deepStrictEqual([reached.server, reached.hostname], [{ hostname: "here", port: 1 }, "here"]);
  strictEqual(await code(openOneOf(at("forged", "dead"), picked, options)), "key-not-as-listed 5");
  strictEqual(await code(openOneOf(at("dead", "dead"), picked, options)), "timed-out 3");
  // Met for the first time, it is introduced; nobody goes on behind the user's back.
  const first = openOneOf(at("forged", "here"), trust({}), options);
  strictEqual(await code(first), "key-unknown 4");
});

Deno.test("judgeKey() refuses a changed key whatever is asked, with both keys as hex and words", async () => {
  for (const asked of [undefined, "trust", KEY, OTHER_KEY]) {
    const known = { "Meet.local:65435": OTHER_KEY };
    const failure = (await judgeKey(SERVER, KEY, trust(known, asked)))!;
    deepStrictEqual([failure.code, failure.exitCode], ["key-changed", 5]);
    for (const hex of [KEY, OTHER_KEY]) ok(failure.message.includes(hex));
    ok(failure.message.split(" ").length > 20, "six words each");
    ok(failure.advice.includes("data/pins.json"));
    deepStrictEqual(known, { "Meet.local:65435": OTHER_KEY });
  }
});

Deno.test("judgeKey() refuses a known server when another fingerprint was given", async () => {
  const known = { "Meet.local:65435": KEY };
  const failure = await judgeKey(SERVER, KEY, trust(known, OTHER_KEY));
  deepStrictEqual([failure?.code, failure?.exitCode], ["key-not-as-given", 5]);
});

Deno.test("openControl() tries the addresses of a name in turn and gives the one that answered", async () => {
  const network = means(["::1", "127.0.0.1"], (at) => at === "::1" ? "refused" : "server");
  const opened = await openControl(SERVER, trust({}, "trust"), { signal, means: network });
  deepStrictEqual([opened.hostname, opened.fingerprint], ["127.0.0.1", KEY]);
});

Deno.test("openControl() tries first where the server was before, also when its name is gone", async () => {
  const tried: string[] = [];
  const network = means(["10.0.0.1", "10.0.0.2"], (at) => {
    tried.push(at);
    return at === "10.0.0.2" ? "server" : "timeout";
  });
  const options = { signal, lastAddress: "10.0.0.2", means: network };
  await openControl(SERVER, trust({}, "trust"), options);
  const nameless = { ...network, resolve: () => Promise.reject(new Error("NXDOMAIN")) };
  await openControl(SERVER, trust({}, "trust"), { ...options, means: nameless });
  deepStrictEqual(tried, ["10.0.0.2", "10.0.0.2"]);
});

Deno.test("openControl() does not wait for a name where the server was before, and is impatient there", async () => {
  const limits: unknown[] = [];
  const network = means(["10.0.0.1"], () => "server");
  const slow: ConnectMeans = {
    resolve: () => new Promise(() => {}),
    connect: (options) => {
      limits.push(options.reachTimeoutMs);
      return network.connect(options);
    },
  };
  const lastAddress = "10.0.0.2";
  const { hostname } = await openControl(SERVER, trust({}, "trust"), {
    ...{ signal, lastAddress },
    means: slow,
  });
  strictEqual(hostname, lastAddress);
  await openControl(SERVER, trust({}, "trust"), { signal, means: { ...slow, ...network } });
  deepStrictEqual(limits, [1_200]);
});

Deno.test("SYSTEM_MEANS.resolve() gives an address as it is, and looks up no longer than wanted", async () => {
  deepStrictEqual(await SYSTEM_MEANS.resolve("fe80::1%eth0", signal), ["fe80::1%eth0"]);
  const impatient = AbortSignal.abort(new Error("enough"));
  await rejects(SYSTEM_MEANS.resolve("localhost", impatient), /enough/);
  ok((await SYSTEM_MEANS.resolve("localhost", signal)).length > 0);
});

Deno.test("openControl() says how a server is not reached", async () => {
  const failed = (answer: ConnectFailure["code"]) =>
    code(openControl(SERVER, trust({}), { signal, means: means(["10.0.0.1"], () => answer) }));
  strictEqual(await failed("refused"), "connection-refused 3");
  strictEqual(await failed("unreachable"), "no-route 3");
  strictEqual(await failed("timeout"), "timed-out 3");
  strictEqual(await failed("not-a-server"), "not-a-server 3");
  const nobody = {
    ...means([], () => "server"),
    resolve: () => Promise.reject(new Error("NXDOMAIN")),
  };
  const opening = openControl(SERVER, trust({}), { signal, means: nobody });
  strictEqual(await code(opening), "no-such-host 3");
});

Deno.test("openControl() stops at a key that is refused", async () => {
  const network = means(["10.0.0.1", "10.0.0.2"], () => "server");
  const opening = openControl(SERVER, trust({}), { signal, means: network });
  strictEqual(await code(opening), "key-unknown 4");
});

Deno.test("openControl() gives up with its signal, which does not end an open connection", async () => {
  const giveUp = new AbortController();
  let attemptSignal: AbortSignal | undefined;
  const hanging: ConnectMeans = {
    resolve: () => Promise.resolve(["10.0.0.1"]),
    connect: ({ signal }) => {
      attemptSignal = signal;
      return new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(new ConnectFailure("aborted", "given up")))
      );
    },
  };
  const opening = openControl(SERVER, trust({}), { signal: giveUp.signal, means: hanging });
  await settle();
  giveUp.abort();
  strictEqual(await code(opening), "aborted 3");

  const later = new AbortController();
  const network = means(["10.0.0.1"], () => "server");
  const watching: ConnectMeans = {
    ...network,
    connect: (options) => {
      attemptSignal = options.signal;
      return network.connect(options);
    },
  };
  await openControl(SERVER, trust({}, "trust"), { signal: later.signal, means: watching });
  later.abort();
  strictEqual(attemptSignal?.aborted, false);
});
