import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import {
  type ClientMessage,
  CONTROL_MESSAGES_BURST,
  HELLO_TIMEOUT_MS,
  PROTOCOL_VERSION,
  ROOMS_MAX,
} from "@fusionmeet/protocol";
import { enveloped, readRaw, until, withServer } from "./control_server_fixture.ts";
import { Rooms } from "./rooms.ts";
import { FakeLink, fakeParts } from "./test_support.ts";

Deno.test("ControlServer: two people meet over TLS, talk, and one leaves", async () => {
  await withServer({}, async (server) => {
    const ann = await server.join("Ann");
    const welcome = await ann.next("welcome");
    deepStrictEqual([welcome.participant, welcome.version], [1, PROTOCOL_VERSION]);
    const bob = await server.join(" bob  b ", { microphone: true });
    strictEqual((await bob.next("welcome")).name, "bob b");
    strictEqual((await ann.next("participant")).name, "bob b");
    bob.send({ type: "chat.post", mark: "m1", text: "hello" });
    strictEqual((await bob.next("chat.accepted")).id, 1);
    strictEqual((await ann.next("chat")).text, "hello");
    ann.send({ type: "chat.fetch", after: 0 });
    deepStrictEqual((await ann.next("chat.lines")).lines.map(({ mark }) => mark), ["m1"]);
    bob.send({ type: "leave" });
    strictEqual((await ann.next("participant.left")).reason, "left");
    await bob.rest();
    strictEqual((await bob.connection.ended).reason, "closed-by-peer");
  });
});

Deno.test("ControlServer says why it lets nobody in, and ends the connection", async () => {
  await withServer({ pin: "4711", participantsMax: 1 }, async (server) => {
    const ann = await server.join("Ann", { pin: "4711" });
    await ann.next("welcome");
    const cases: [string, Partial<Extract<ClientMessage, { type: "hello" }>>, string][] = [
      ["Bob", { version: 7 }, "version"],
      ["Bob", {}, "pin-needed"],
      ["Bob", { pin: "4712" }, "pin-wrong"],
      [" ", { pin: "4711" }, "name-empty"],
      ["B\u202eob", { pin: "4711" }, "name-bad"],
      ["x".repeat(65), { pin: "4711" }, "name-bad"],
      ["ANN", { pin: "4711" }, "name-taken"],
      ["Bob", { pin: "4711", room: "" }, "room-bad"],
      ["Bob", { pin: "4711", room: "a\nb" }, "room-bad"],
      ["Bob", { pin: "4711", room: "MAIN" }, "full"],
      ["Bob", { pin: "1" }, "pin-wrong"],
      ["Bob", { pin: "2" }, "pin-wrong"],
      ["Bob", { pin: "3" }, "pin-wrong"],
      ["Bob", { pin: "4711" }, "too-many-wrong-pins"],
    ];
    for (const [name, more, code] of cases) {
      const client = await server.join(name, more);
      const messages = await client.rest();
      strictEqual(messages.length, 1);
      const [refused] = messages;
      ok(refused.type === "refused", refused.type);
      deepStrictEqual([refused.code, refused.request], [code, "hello"]);
      if (code === "version") {
        strictEqual(refused.version, PROTOCOL_VERSION);
        ok(refused.message.includes("version 7"));
      }
    }
    strictEqual(server.control.rooms.count, 1);
    strictEqual(server.parts.lines.some((line) => line.includes("4711")), false);
  });
});

Deno.test("ControlServer: a resume token brings the seat back, without the PIN, also from a held connection", async () => {
  await withServer({ pin: "4711" }, async (server) => {
    const ann = await server.join("Ann", { pin: "4711" });
    const bob = await server.join("Bob", { pin: "4711" });
    const { resume, participant } = await bob.next("welcome");
    bob.connection.destroy("cut");
    strictEqual((await ann.next("participant")).name, "Bob");
    strictEqual((await ann.next("participant")).away, true);
    const back = await server.join("Bob", { resume });
    const welcome = await back.next("welcome");
    deepStrictEqual([welcome.participant, welcome.resumed], [participant, true]);
    strictEqual((await ann.next("participant")).away, false);
    const again = await server.join("Bob", { resume });
    strictEqual((await again.next("welcome")).participant, participant);
    strictEqual((await back.next("error")).code, "taken-over");
    await back.rest();
    await again.synchronise();
    strictEqual(server.control.rooms.seatCount, 2);
    const wrong = await server.join("Bob", { resume: new Uint8Array(16) });
    strictEqual((await wrong.next("refused")).code, "pin-needed");
  });
});

Deno.test("ControlServer: peers that break the protocol are told and end; the others go on", async () => {
  await withServer({}, async (server) => {
    const ann = await server.join("Ann");
    await ann.next("welcome");
    const hello = { type: "hello", version: PROTOCOL_VERSION, name: "Eve", room: "Main" };
    const cases: [Uint8Array, string][] = [
      [enveloped({ type: "leave" }), "unexpected"],
      [new Uint8Array([0, 0, 0x40, 1]), "too-large"],
      [new Uint8Array([0, 0, 0, 1, 0xc1]), "bad-envelope"],
      [enveloped({ type: "hello", version: 1, name: 7, room: "Main" }), "bad-field"],
      [concatBytes(enveloped(hello), enveloped(hello)), "unexpected"],
      [new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "too-large"],
    ];
    for (const [bytes, code] of cases) {
      const stream = await server.connectRaw();
      await stream.write(bytes);
      const last = (await readRaw(stream)).at(-1);
      deepStrictEqual([last?.type, last?.code], ["error", code]);
      stream.close();
    }
    await ann.synchronise();
  });
});

Deno.test("ControlServer: random bytes, before and behind the TLS handshake, hurt nobody", async () => {
  await withServer({}, async (server) => {
    const ann = await server.join("Ann");
    await ann.next("welcome");
    const random = seededRandom(11);
    for (let round = 0; round < 20; round++) {
      const noise = random.fill(new Uint8Array(1 + random.u32() % 5_000));
      const plain = await Deno.connect({ hostname: "127.0.0.1", port: server.control.port });
      await plain.write(noise);
      plain.close();
      const stream = await server.connectRaw();
      noise[0] = noise[1] = 0;
      await stream.write(noise);
      stream.close();
    }
    await until(() => server.control.connectionCount === 1);
    await ann.synchronise();
  });
});

Deno.test("ControlServer: who says no complete hello in time is gone, whatever they trickle", async () => {
  await withServer({}, async (server) => {
    const silent = await Deno.connect({ hostname: "127.0.0.1", port: server.control.port });
    const half = await server.connectRaw();
    const pinging = await server.connectRaw();
    const hello = enveloped({ type: "hello", version: 1, name: "Eve", room: "Main" });
    await until(() => server.control.connectionCount === 3);
    for (let passed = 0; passed < HELLO_TIMEOUT_MS; passed += 1_000) {
      await half.write(hello.subarray(passed / 1_000, passed / 1_000 + 1));
      await pinging.write(enveloped({ type: "ping", at: 1 }));
      server.timers.advance(1_000);
    }
    await until(() => server.control.connectionCount === 0);
    strictEqual(server.control.counters.get("no-hello"), 3);
    for (const each of [silent, half, pinging]) each.close();
  });
});

Deno.test("ControlServer: silence for 5 s after hello is a lost participant", async () => {
  await withServer({}, async (server) => {
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    await bob.next("welcome");
    await ann.next("participant");
    for (let second = 0; second < 5; second++) {
      await ann.synchronise();
      server.timers.advance(1_000);
    }
    strictEqual((await ann.next("participant")).away, true);
    await bob.rest();
  });
});

Deno.test("ControlServer: who sends too fast waits; the others do not", async () => {
  await withServer({}, async (server) => {
    const [ann, eve] = [await server.join("Ann"), await server.join("Eve")];
    await ann.next("welcome");
    await eve.next("welcome");
    let pongs = 0;
    const counting = (async () => {
      for (;;) {
        await eve.next("pong");
        pongs++;
      }
    })().catch(() => {});
    for (let at = 0; at < 3 * CONTROL_MESSAGES_BURST; at++) eve.send({ type: "ping", at });
    await until(() => pongs >= CONTROL_MESSAGES_BURST - 1);
    await ann.synchronise();
    strictEqual(pongs, CONTROL_MESSAGES_BURST - 1);
    for (let tenth = 0; tenth < 10; tenth++) {
      const before = pongs;
      server.timers.advance(100);
      await until(() => pongs >= before + 9);
    }
    ok(pongs <= CONTROL_MESSAGES_BURST + 100, `${pongs} in a second`);
    eve.connection.destroy("enough");
    await counting;
  });
});

Deno.test("ControlServer: who sends messages of unknown types too fast waits, too", async () => {
  await withServer({}, async (server) => {
    const [ann, eve] = [await server.join("Ann"), await server.join("Eve")];
    await ann.next("welcome");
    await eve.next("welcome");
    for (let count = 1; count < CONTROL_MESSAGES_BURST + 1; count++) {
      eve.send({ type: count % 2 === 0 ? "constructor" : "from.the.future" } as never);
    }
    let isAnswered = false;
    const synchronising = eve.synchronise().then(() => isAnswered = true);
    for (let time = 0; time < 20; time++) await ann.synchronise();
    strictEqual(isAnswered, false);
    await until(() => {
      server.timers.advance(1);
      return isAnswered;
    });
    await synchronising;
  });
});

Deno.test("ControlServer drops a peer that does not read, and nobody else waits for it", async () => {
  await withServer({}, async (server) => {
    const ann = await server.join("Ann");
    const eve = await server.connectDeaf();
    await eve.write(enveloped({ type: "hello", version: 1, name: "Eve", room: "Main" }));
    await ann.next("participant");
    const [seat] = server.control.rooms.find("Main")!.participants.filter(({ name }) =>
      name === "Eve"
    );
    const line = {
      type: "chat",
      id: 1,
      at: 0,
      from: "Ann",
      text: "x".repeat(4_000),
      mark: "m",
    } as const;
    while (seat.presence !== undefined) {
      for (let count = 0; count < 50; count++) seat.presence?.link.send(line);
      await new Promise((resolve) => setTimeout(resolve));
    }
    await ann.synchronise();
    const end = server.parts.lines.map((each) => JSON.parse(each)).find(({ event }) =>
      event === "lost"
    );
    ok(end.how.startsWith("outbox-full"), end.how);
    eve.close();
  });
});

Deno.test("ControlServer: our own mistake ends that connection alone, and is logged", async () => {
  await withServer({}, async (server) => {
    const [ann, eve] = [await server.join("Ann"), await server.join("Eve")];
    await ann.next("welcome");
    await eve.next("welcome");
    server.control.rooms.find("Main")!.watch = () => {
      throw new TypeError("oops");
    };
    eve.send({ type: "watch", participant: 1, layer: "high" });
    strictEqual((await eve.next("error")).code, "internal");
    await eve.rest();
    await ann.synchronise();
    strictEqual(server.parts.mistakes.length, 1);
    const { what, state } = JSON.parse(server.parts.mistakes[0]);
    deepStrictEqual([what, state], ["Cannot take watch", "oops"]);
    server.expectedMistakes.push(...server.parts.mistakes);
  });
});

Deno.test("ControlServer: version skew: older and newer clients of this protocol version get in", async () => {
  await withServer({}, async (server) => {
    const older = await server.connectRaw();
    await older.write(
      enveloped({ type: "hello", version: PROTOCOL_VERSION, name: "Old", room: "Main" }),
    );
    const newer = await server.connectRaw();
    await newer.write(concatBytes(
      enveloped({ type: "hello.precursor", about: [1, { deep: true }] }),
      enveloped({
        type: "hello",
        version: PROTOCOL_VERSION,
        name: "New",
        room: "Main",
        features: ["av2", "h264"],
        avatar: new Uint8Array(100),
        pronouns: { any: null },
        pin: null,
      }),
      enveloped({ type: "hand.raise", on: true }),
      enveloped({ type: "source", kind: "microphone", on: true, gain: 0.5 }),
      enveloped({ type: "leave" }),
    ));
    const types = (await readRaw(newer)).map(({ type }) => type);
    deepStrictEqual(types.filter((type) => type !== "stream.ready"), [
      "welcome",
      "participants",
      "files",
      "room",
      "presenter",
      "participant",
    ]);
    newer.close();
    await older.write(enveloped({ type: "leave" }));
    ok((await readRaw(older)).some(({ type }) => type === "welcome"));
    older.close();
  });
});

Deno.test("ControlServer: connections at the limits, and one over", async () => {
  await withServer({ limits: { all: 3, perAddress: 2, withoutHello: 9 } }, async (server) => {
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    await ann.next("welcome");
    await bob.next("welcome");
    const third = await Deno.connect({ hostname: "127.0.0.1", port: server.control.port });
    strictEqual(await third.read(new Uint8Array(1)).catch(() => null), null);
    third.close();
    strictEqual(server.control.counters.get("connections-over-limit"), 1);
    bob.connection.destroy("gone");
    await until(() => server.control.connectionCount === 1);
    await (await server.join("Cid")).next("welcome");
  });
});

Deno.test("ControlServer: where all places are taken, an address with many gives one to an address with none", async () => {
  await withServer({ limits: { all: 2, perAddress: 2, withoutHello: 9 } }, async (server) => {
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    await ann.next("welcome");
    await bob.next("welcome");
    const other = await server.connectRaw(undefined, "127.0.0.2");
    const hello = { type: "hello", version: PROTOCOL_VERSION, name: "Cid", room: "Main" } as const;
    await other.write(enveloped(hello));
    await rejects(bob.next("closing"), /ended/);
    ann.send({ type: "ping", at: 1 });
    await ann.next("pong");
    strictEqual(server.control.counters.get("connections-given-way"), 1);
    strictEqual(server.control.connectionCount, 2);
    other.close();
  });
});

Deno.test("ControlServer: idle connections give way to whoever says hello", async () => {
  await withServer({ limits: { all: 99, perAddress: 99, withoutHello: 2 } }, async (server) => {
    const idle: Deno.Conn[] = [];
    for (let count = 1; count <= 5; count++) {
      idle.push(await Deno.connect({ hostname: "127.0.0.1", port: server.control.port }));
    }
    await (await server.join("Ann")).next("welcome");
    strictEqual(server.control.counters.get("connections-without-hello-dropped"), 4);
    for (const each of idle) each.close();
  });
});

Deno.test("ControlServer.close() tells everybody and leaves nothing behind", async () => {
  await withServer({}, async (server) => {
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    await ann.next("welcome");
    await bob.next("welcome");
    const idle = await server.connectRaw();
    const told = Promise.all([ann, bob].map((each) => each.next("closing")));
    const rest = told.then(() => Promise.all([ann.rest(), bob.rest()]));
    const idleEnd = readRaw(idle).then(() => idle.close());
    await server.control.close("The server was stopped");
    strictEqual((await told)[0].reason, "The server was stopped");
    await rest;
    await idleEnd;
    strictEqual(server.control.connectionCount, 0);
    strictEqual(server.timers.waitingCount, 0);
  });
});

Deno.test("Rooms: at the limit and one over, case folded, and closed when empty", () => {
  const parts = fakeParts();
  const rooms = new Rooms(parts);
  const links = Array.from({ length: ROOMS_MAX + 1 }, () => new FakeLink());
  const enter = (index: number, room = `Room ${index}`) =>
    rooms.enter(room, { name: `P${index}`, link: links[index], microphone: false });
  const entered = Array.from({ length: ROOMS_MAX }, (_, index) => enter(index));
  strictEqual(rooms.count, ROOMS_MAX);
  let code = "";
  try {
    enter(ROOMS_MAX);
  } catch (thrown) {
    code = (thrown as { code: string }).code;
  }
  strictEqual(code, "rooms-full");
  strictEqual(enter(ROOMS_MAX, "ROOM 7").room, entered[7].room);
  strictEqual(rooms.byId(entered[3].room.id), entered[3].room);
  entered[3].room.leave(entered[3].seat, links[3]);
  strictEqual(rooms.count, ROOMS_MAX - 1);
  strictEqual(rooms.byId(entered[3].room.id), undefined);
});

const GET = new TextEncoder().encode("GET /Lab HTTP/1.1\r\nHost: x\r\n\r\n");

/** A TCP connection without TLS. */
async function plain(port: number, bytes: Uint8Array = new Uint8Array(0)): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  return connection;
}

/** All that comes until the end of the connection, which is closed then. */
async function textOf(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(4096);
  let text = "";
  for (;;) {
    const size = await connection.read(buffer).catch(() => null);
    if (size === null) break;
    text += new TextDecoder().decode(buffer.subarray(0, size));
  }
  connection.close();
  return text;
}

Deno.test("ControlServer: a browser at the same port gets the page, and nobody who speaks TLS notices", async () => {
  await withServer({ pin: "4711", serverName: "studio" }, async (server) => {
    const { port } = server.control;
    const ann = await server.join("Ann", { pin: "4711" });
    await ann.next("welcome");
    const text = await textOf(await plain(port, GET));
    ok(text.startsWith("HTTP/1.1 200 OK\r\n") && text.includes("Join <bdi>Lab</bdi>"));
    // Where it was reached comes first, then where else the server is.
    const hosts = [...text.matchAll(/>fusionmeet:\/\/([^:]*):/g)].map(([, host]) => host);
    deepStrictEqual(hosts, ["127.0.0.1", "192.0.2.7"]);
    ok(!text.includes("4711"), "no PIN");
    ok((await textOf(await plain(port, new TextEncoder().encode("HI\r\n\r\n")))).includes(" 400 "));
    // One byte at a time, and a client whose TLS comes one byte at a time.
    const slow = await plain(port);
    for (const byte of GET) await slow.write(new Uint8Array([byte]));
    ok((await textOf(slow)).includes("Lab"));
    await ann.synchronise();
    strictEqual(server.control.counters.get("page.200"), 2);
    strictEqual(server.control.counters.get("page.400"), 1);
    await until(() => server.control.connectionCount === 1);
  });
});

Deno.test("ControlServer: a request that never ends is gone in the time a client has for its hello", async () => {
  await withServer({}, async (server) => {
    const { port } = server.control;
    const half = await plain(port, GET.subarray(0, 20));
    const first = await plain(port, GET.subarray(0, 1));
    // Has its page and stays.
    const lingering = await plain(port, GET);
    await until(() => server.control.connectionCount === 3);
    strictEqual(await lingering.read(new Uint8Array(1)), 1);
    server.timers.advance(HELLO_TIMEOUT_MS - 1);
    strictEqual(server.control.connectionCount, 3);
    server.timers.advance(1);
    await until(() => server.control.connectionCount === 0);
    strictEqual(server.control.counters.get("page.late"), 2);
    for (const each of [half, first, lingering]) each.close();
  });
});

Deno.test("ControlServer: browsers count as connections without hello, and give way as those do", async () => {
  await withServer({ limits: { all: 99, perAddress: 4, withoutHello: 2 } }, async (server) => {
    const { port } = server.control;
    const waiting: Deno.Conn[] = [];
    for (let count = 1; count <= 4; count++) waiting.push(await plain(port, GET.subarray(0, 3)));
    await until(() => server.control.counters.get("connections-without-hello-dropped") === 2);
    await until(() => server.control.connectionCount === 2);
    await (await server.join("Ann")).next("welcome");
    for (const each of waiting) each.close();
    await until(() => server.control.connectionCount === 1);
    ok((await textOf(await plain(port, GET))).includes(" 200 "));
  });
});

Deno.test("ControlServer.close() does not wait for a browser", async () => {
  await withServer({}, async (server) => {
    const half = await plain(server.control.port, GET.subarray(0, 5));
    await until(() => server.control.connectionCount === 1);
    await server.control.close("over");
    strictEqual(server.control.connectionCount, 0);
    half.close();
  });
});
