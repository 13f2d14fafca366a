import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { type ClientConnection, FakeTimers } from "@fusionmeet/net";
import { HELLO_TIMEOUT_MS, PROTOCOL_VERSION, type ServerMessage } from "@fusionmeet/protocol";
import { JoinFailure } from "./failures.ts";
import { askLobby } from "./lobby.ts";
import { FakeLink, settle } from "./test_support.ts";

const KEY = "ab".repeat(32);
const OTHER_KEY = "cd".repeat(32);
const SERVER = { hostname: "Meet.local", port: 65_435 };
const ROOMS = [{ name: "Main", people: 3 }];

/** A server whose key is `KEY`, and what this computer knows of it. */
class Bench {
  readonly link = new FakeLink();
  readonly timers = new FakeTimers();
  readonly abort = new AbortController();
  connected = false;
  accepted = 0;

  constructor(
    readonly known: Record<string, string>,
    readonly fingerprint?: string,
    readonly identity?: string,
  ) {}

  ask(pin?: string) {
    return askLobby(SERVER, {
      pin,
      signal: this.abort.signal,
      timers: this.timers,
      trust: {
        fingerprint: this.fingerprint,
        identity: this.identity,
        pinsPath: "data/pins.json",
        pins: {
          get: (address) => this.known[address],
          check: (address, seen) => {
            const key = this.known[address];
            return key === undefined ? "first" : key === seen ? "same" : "changed";
          },
          knows: (seen) => Object.values(this.known).includes(seen),
          accept: () => Promise.resolve(void this.accepted++),
        },
      },
      means: {
        resolve: () => Promise.resolve(["192.0.2.1"]),
        connect: async ({ acceptKey }) => {
          if (!await acceptKey(KEY, new Uint8Array(0))) throw new Error("key-refused");
          this.connected = true;
          return this.link as unknown as ClientConnection;
        },
      },
    });
  }

  /** Asks, and the server answers. */
  async answered(answer: Partial<Extract<ServerMessage, { type: "lobby" }>>, pin?: string) {
    const asked = this.ask(pin);
    await settle();
    const lobby = { version: PROTOCOL_VERSION, needsPin: false, rooms: [], ...answer };
    await this.link.say({ type: "lobby", ...lobby });
    return await asked;
  }
}

const code = (thrown: unknown) => thrown instanceof JoinFailure ? thrown.code : String(thrown);

Deno.test("askLobby() gives a known server the PIN, and its answer back", async () => {
  const here = new Bench({ "Meet.local:65435": KEY });
  const moved = new Bench({ "10.0.0.1:1": KEY });
  for (const bench of [here, moved, new Bench({}, KEY), new Bench({}, "trust")]) {
    const answer = await bench.answered({ needsPin: true, pinAccepted: true, rooms: ROOMS }, "42");
    deepStrictEqual(answer, {
      fingerprint: KEY,
      isKnown: true,
      version: PROTOCOL_VERSION,
      needsPin: true,
      pinAccepted: true,
      rooms: ROOMS,
    });
    deepStrictEqual(bench.link.sent, [{ type: "lobby", version: PROTOCOL_VERSION, pin: "42" }]);
    ok(bench.link.isOver);
    strictEqual(bench.timers.waitingCount, 0);
    strictEqual(bench.accepted, 0, "asking makes no key known");
  }
});

Deno.test("askLobby() keeps the PIN from a server it does not know, and says that it does not", async () => {
  const bench = new Bench({ "other:1": OTHER_KEY });
  const { isKnown, rooms, fingerprint } = await bench.answered({ rooms: ROOMS }, "42");
  deepStrictEqual({ isKnown, rooms, fingerprint }, {
    isKnown: false,
    rooms: ROOMS,
    fingerprint: KEY,
  });
  deepStrictEqual(bench.link.sentOf("lobby").map(({ pin }) => pin), [undefined]);
  strictEqual(bench.accepted, 0);
});

Deno.test("askLobby() asks nothing of a server whose key has changed or is not the given one", async () => {
  const changed = new Bench({ "Meet.local:65435": OTHER_KEY }, "trust");
  await rejects(changed.ask("42"), (thrown) => code(thrown) === "key-changed");
  const other = new Bench({}, OTHER_KEY);
  await rejects(other.ask("42"), (thrown) => code(thrown) === "key-not-as-given");
  ok(!changed.connected && !other.connected);
});

Deno.test("askLobby() asks a server that was picked by its key, and nobody else", async () => {
  const other = new Bench({ "Meet.local:65435": KEY }, undefined, OTHER_KEY);
  await rejects(other.ask("42"), (thrown) => code(thrown) === "key-not-as-listed");
  ok(!other.connected);
  // Its address was another server's before.
  const moved = new Bench({ "Meet.local:65435": OTHER_KEY, "10.0.0.1:1": KEY }, undefined, KEY);
  strictEqual((await moved.answered({ rooms: ROOMS }, "42")).isKnown, true);
  deepStrictEqual(moved.link.sentOf("lobby").map(({ pin }) => pin), ["42"]);
  const unknown = new Bench({ "Meet.local:65435": OTHER_KEY }, undefined, KEY);
  await rejects(unknown.ask("42"), (thrown) => code(thrown) === "key-changed");
});

Deno.test("askLobby() gives the server's name, if it can be shown", async () => {
  strictEqual((await new Bench({}).answered({ name: " Hall " })).name, "Hall");
  strictEqual((await new Bench({}).answered({ name: "a\u202eb" })).name, "FusionMeet server");
  strictEqual((await new Bench({}).answered({})).name, undefined);
});

Deno.test("askLobby() takes an answer of another version, and no names that nobody can have", async () => {
  const rooms = [...ROOMS, { name: "a\u202eb", people: 1 }, { name: "", people: 1 }];
  const answer = await new Bench({}).answered({ version: 9, rooms });
  deepStrictEqual([answer.version, answer.rooms], [9, ROOMS]);
});

Deno.test("askLobby() does not wait for ever, and stops when told to", async () => {
  const silent = new Bench({});
  const failed = rejects(silent.ask(), (thrown) => code(thrown) === "no-answer");
  await settle();
  silent.timers.advance(HELLO_TIMEOUT_MS);
  await failed;
  ok(silent.link.isOver);

  const refusing = new Bench({});
  const refused = rejects(refusing.ask(), (thrown) => code(thrown) === "no-answer");
  await settle();
  await refusing.link.say({ type: "error", code: "unexpected", message: "hello comes first" });
  await refused;

  const unwanted = new Bench({});
  const stopped = rejects(unwanted.ask(), (thrown) => code(thrown) === "aborted");
  await settle();
  unwanted.abort.abort();
  await stopped;
  strictEqual(unwanted.timers.waitingCount, 0);
});
