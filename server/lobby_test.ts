import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import {
  AWAY_SHOWN_MS,
  CONTROL_MESSAGE_BYTES_MAX,
  encodeMessage,
  HELLO_TIMEOUT_MS,
  LOBBY_ROOMS_MAX,
  PIN_LENGTH_MAX,
  PROTOCOL_VERSION,
  ROOM_LENGTH_MAX,
  WRONG_PINS_FREE,
} from "@fusionmeet/protocol";
import { Admission } from "./admission.ts";
import {
  enveloped,
  readRaw,
  type TestServer,
  until,
  withServer,
} from "./control_server_fixture.ts";
import { Rooms } from "./rooms.ts";
import { FakeLink, fakeParts } from "./test_support.ts";

/** Asks, and reads to the end of the connection. */
async function ask(server: TestServer, pin?: string, version = PROTOCOL_VERSION) {
  const client = await server.connect();
  client.send({ type: "lobby", version, pin });
  const messages = await client.rest();
  strictEqual(messages.length, 1, "one answer, and the connection ends");
  const [answer] = messages;
  ok(answer.type === "lobby", answer.type);
  const { type: _, ...rest } = answer;
  return rest;
}

Deno.test("lobby: names the rooms with somebody in them, the fullest first, whatever version asks", async () => {
  await withServer({}, async (server) => {
    const open = { version: PROTOCOL_VERSION, needsPin: false };
    deepStrictEqual(await ask(server), { ...open, rooms: [] });
    await (await server.join("Ann")).next("welcome");
    await (await server.join("Bob", { room: "Garden" })).next("welcome");
    await (await server.join("Cy", { room: "Garden" })).next("welcome");
    const rooms = [{ name: "Garden", people: 2 }, { name: "Main", people: 1 }];
    deepStrictEqual(await ask(server), { ...open, rooms });
    deepStrictEqual(await ask(server, undefined, 7), { ...open, rooms });
    deepStrictEqual(await ask(server, "4711"), { ...open, rooms }, "no PIN is needed");
    strictEqual(server.control.rooms.seatCount, 3, "who asks is nobody in a room");
    strictEqual(server.control.counters.get("lobby"), 4);
    strictEqual(server.control.counters.get("no-hello"), 0);
  });
});

Deno.test("lobby: without the right PIN it names no rooms; a wrong one counts, a missing one does not", async () => {
  await withServer({ pin: "4711" }, async (server) => {
    await (await server.join("Ann", { pin: "4711" })).next("welcome");
    const closed = { version: PROTOCOL_VERSION, needsPin: true, rooms: [] };
    for (let nth = 0; nth <= WRONG_PINS_FREE; nth++) {
      deepStrictEqual(await ask(server), closed);
      deepStrictEqual(await ask(server, ""), closed);
    }
    const rooms = [{ name: "Main", people: 1 }];
    deepStrictEqual(await ask(server, "4711"), { ...closed, pinAccepted: true, rooms });
    for (let nth = 0; nth < WRONG_PINS_FREE; nth++) {
      deepStrictEqual(await ask(server, "4712"), { ...closed, pinAccepted: false });
    }
    deepStrictEqual(await ask(server, "4711"), { ...closed, pinAccepted: false }, "has to wait");
    const bob = await server.join("Bob", { pin: "4711" });
    strictEqual((await bob.next("refused")).code, "too-many-wrong-pins");
    strictEqual(server.parts.lines.some((line) => line.includes("4712")), false);
  });
});

Deno.test("lobby: who breaks the protocol with it is told and ends, and it is answered once", async () => {
  await withServer({}, async (server) => {
    const hello = enveloped({ type: "hello", version: 1, name: "Eve", room: "Main" });
    const lobby = enveloped({ type: "lobby", version: 1 });
    const cases: [Uint8Array, string, string | undefined][] = [
      [enveloped({ type: "lobby" }), "error", "bad-field"],
      [enveloped({ type: "lobby", version: "1" }), "error", "bad-field"],
      [
        enveloped({ type: "lobby", version: 1, pin: "x".repeat(PIN_LENGTH_MAX + 1) }),
        "error",
        "bad-field",
      ],
      [
        enveloped({ type: "lobby", version: 1, pin: "x".repeat(PIN_LENGTH_MAX) }),
        "lobby",
        undefined,
      ],
      [concatBytes(hello, lobby), "error", "unexpected"],
      [concatBytes(lobby, lobby, hello), "lobby", undefined],
    ];
    for (const [bytes, type, code] of cases) {
      const stream = await server.connectRaw();
      await stream.write(bytes);
      const messages = await readRaw(stream);
      deepStrictEqual([messages.at(-1)?.type, messages.at(-1)?.code], [type, code]);
      strictEqual(messages.filter((message) => message.type === "lobby").length <= 1, true);
      stream.close();
    }
    await until(() => server.control.connectionCount === 0);
  });
});

Deno.test("lobby: who trickles one, or says pings before it, has the time of a hello", async () => {
  await withServer({}, async (server) => {
    const stream = await server.connectRaw();
    await stream.write(enveloped({ type: "ping", at: 1 }));
    await stream.write(enveloped({ type: "lobby", version: 1 }).subarray(0, 9));
    await until(() => server.control.connectionCount === 1);
    server.timers.advance(HELLO_TIMEOUT_MS);
    await until(() => server.control.connectionCount === 0);
    strictEqual(server.control.counters.get("no-hello"), 1);
    stream.close();
  });
});

Deno.test("Admission.lobby() names so many rooms as always fit one message, and none that is only kept", () => {
  const parts = fakeParts();
  const rooms = new Rooms(parts);
  const enter = (room: string, name: string) => {
    const link = new FakeLink();
    return { ...rooms.enter(room, { name, link, microphone: false }), link };
  };
  const admission = new Admission(parts, rooms);
  const named = () => admission.lobby({}, { address: "192.0.2.1" }).rooms;
  const others = Array.from({ length: LOBBY_ROOMS_MAX }, (_, nth) => {
    strictEqual(named().length, nth);
    return enter(`${nth}`.padEnd(ROOM_LENGTH_MAX, "\u6f22"), "Ann");
  });
  const last = enter("The last one", "Ann");
  const late = enter("The last one", "Bob");
  strictEqual(named().length, LOBBY_ROOMS_MAX);
  deepStrictEqual(named()[0], { name: "The last one", people: 2 });
  const message = { type: "lobby", ...admission.lobby({}, { address: "192.0.2.1" }) } as const;
  ok(encodeMessage(message).length < CONTROL_MESSAGE_BYTES_MAX);
  for (const { room, seat, link } of [late, ...others]) room.leave(seat, link);
  deepStrictEqual(named(), [{ name: "The last one", people: 1 }]);
  last.room.lose(last.seat, last.link);
  parts.timers.advance(AWAY_SHOWN_MS - 1);
  strictEqual(named().length, 1, "still on the list");
  parts.timers.advance(1);
  deepStrictEqual(named(), []);
  ok(rooms.find("The last one") !== undefined, "its seat is kept");
});
