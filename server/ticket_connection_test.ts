/** Connections by ticket over real TLS, at a server whose time stands still. */
import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { concatBytes, Counters, Refusal, seededRandom } from "@fusionmeet/base";
import { type ByteStream, openTicketed, writeAll } from "@fusionmeet/net";
import {
  HELLO_TIMEOUT_MS,
  PROTOCOL_VERSION,
  TICKET_BYTES,
  TICKET_MS,
  TICKETED_PER_PARTICIPANT_MAX,
  TICKETS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";
import {
  type Client,
  enveloped,
  readRaw,
  type TestServer,
  until,
  withServer,
} from "./control_server_fixture.ts";
import { enter, openRoom } from "./test_support.ts";
import { TicketDesk, type TicketedConnection, type TicketOwner } from "./ticket_desk.ts";

/** Says everything back, and notes whom it serves. */
class Echo implements TicketOwner {
  readonly served: TicketedConnection[] = [];
  /** The only subject there is. */
  subject = 7;

  check({ subject }: { subject: number }): void {
    if (subject !== this.subject) throw new Refusal("no-such-share", "There is no such share");
  }

  async serve(connection: TicketedConnection): Promise<void> {
    this.served.push(connection);
    const { stream } = connection;
    const buffer = new Uint8Array(1_000);
    for (let size; (size = await stream.read(buffer)) !== null;) {
      await writeAll(stream, buffer.subarray(0, size));
    }
  }
}

async function readExactly(stream: ByteStream, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const more = await stream.read(bytes.subarray(at));
    if (more === null) throw new Error(`the connection ended after ${at} bytes`);
    at += more;
  }
  return bytes;
}

let marks = 0;

/** Asks for a ticket. @returns the answer */
async function ask(client: Client, subject = 7) {
  const mark = `m${++marks}`;
  client.send({ type: "ticket.get", mark, purpose: "screen.view", subject });
  for (;;) {
    const answer = await client.next("ticket");
    if (answer.mark === mark) return answer.ticket;
  }
}

async function fingerprintOf(server: TestServer): Promise<string> {
  let seen = "";
  const stream = await server.connectRaw((key) => seen = key);
  stream.close();
  return seen;
}

/** What the server says to these first bytes of a connection, up to its end. */
async function answerTo(server: TestServer, bytes: Uint8Array): Promise<string[]> {
  const stream = await server.connectRaw();
  await writeAll(stream, bytes);
  const messages = await readRaw(stream);
  stream.close();
  return messages.map(({ type, code }) => code === undefined ? type : `${type} ${code}`);
}

function ticketMessage(ticket: Uint8Array, version = PROTOCOL_VERSION): Uint8Array {
  return enveloped({ type: "ticket", version, ticket });
}

Deno.test("a connection by ticket is its owner's, from the first byte behind the ticket", async () => {
  await withServer({}, async (server) => {
    const echo = new Echo();
    server.control.tickets.own("screen.view", echo);
    const ann = await server.join("Ann");
    const { participant } = await ann.next("welcome");
    const ticket = await ask(ann);
    const stream = await openTicketed({
      hostname: "127.0.0.1",
      port: server.control.port,
      fingerprint: await fingerprintOf(server),
      ticket,
    });
    const sent = seededRandom(1).fill(new Uint8Array(100_000));
    const [back] = await Promise.all([readExactly(stream, sent.length), writeAll(stream, sent)]);
    deepStrictEqual(back, sent);
    const [{ seat, purpose, subject, room }] = echo.served;
    deepStrictEqual([seat.id, purpose, subject, room.name], [
      participant,
      "screen.view",
      7,
      "Main",
    ]);
    strictEqual(server.control.tickets.openCount, 1);
    await stream.closeWrite();
    strictEqual(await stream.read(new Uint8Array(1)), null);
    await until(() => server.control.tickets.openCount === 0);
    stream.close();
  });
});

Deno.test("what comes in one piece with the ticket is not lost", async () => {
  await withServer({}, async (server) => {
    server.control.tickets.own("screen.view", new Echo());
    const ann = await server.join("Ann");
    const stream = await server.connectRaw();
    const early = new TextEncoder().encode("early");
    await writeAll(stream, concatBytes(ticketMessage(await ask(ann)), early));
    const accepted = enveloped({ type: "ticket.accepted" });
    deepStrictEqual(
      await readExactly(stream, accepted.length + early.length),
      concatBytes(accepted, early),
    );
    stream.close();
  });
});

Deno.test("openTicketed() gives its ticket to no server with another key", async () => {
  await withServer({}, async (server) => {
    server.control.tickets.own("screen.view", new Echo());
    const ann = await server.join("Ann");
    const ticket = await ask(ann);
    const target = { hostname: "127.0.0.1", port: server.control.port, ticket };
    await rejects(openTicketed({ ...target, fingerprint: "00".repeat(32) }), {
      code: "key-refused",
    });
    const stream = await openTicketed({ ...target, fingerprint: await fingerprintOf(server) });
    stream.close();
  });
});

Deno.test("random, used, expired and other people's tickets are refused and counted", async () => {
  await withServer({}, async (server) => {
    const echo = new Echo();
    server.control.tickets.own("screen.view", echo);
    const [ann, bob] = [await server.join("Ann"), await server.join("Bob")];
    const counted = (name: string) => server.control.counters.get(`tickets.${name}`);
    const bad = ["refused ticket-bad"];
    const random = seededRandom(2);
    for (let count = 0; count < 10; count++) {
      const made = random.fill(new Uint8Array(TICKET_BYTES));
      deepStrictEqual(await answerTo(server, ticketMessage(made)), bad);
    }
    strictEqual(counted("unknown"), 10);

    const used = await ask(ann);
    const stream = await server.connectRaw();
    await writeAll(stream, ticketMessage(used));
    await until(() => server.control.tickets.openCount === 1);
    deepStrictEqual(await answerTo(server, ticketMessage(used)), bad);
    stream.close();
    await until(() => server.control.tickets.openCount === 0);
    deepStrictEqual(await answerTo(server, ticketMessage(used)), bad);
    strictEqual(counted("used"), 2);

    const late = await ask(ann);
    // Whoever stays has to be heard of meanwhile: five seconds of silence end a connection.
    for (let ms = 0; ms < TICKET_MS; ms += 1_000) {
      server.timers.advance(1_000);
      await Promise.all([ann.synchronise(), bob.synchronise()]);
    }
    deepStrictEqual(await answerTo(server, ticketMessage(late)), bad);
    strictEqual(counted("expired"), 1);

    const leavers = await ask(bob);
    bob.send({ type: "leave" });
    await bob.rest();
    deepStrictEqual(await answerTo(server, ticketMessage(leavers)), bad);
    strictEqual(counted("gone"), 1);

    const elsewhere = await ask(ann);
    const other = await server.connectRaw(() => {}, "127.0.0.9");
    await writeAll(other, ticketMessage(elsewhere));
    strictEqual((await readRaw(other))[0].code, "ticket-bad");
    other.close();
    strictEqual(counted("other-address"), 1);

    deepStrictEqual(await answerTo(server, ticketMessage(await ask(ann), 9)), ["refused version"]);
    strictEqual(echo.served.length, 1);
  });
});

Deno.test("a ticket is for what it was asked for, while that is there", async () => {
  await withServer({}, async (server) => {
    const echo = new Echo();
    server.control.tickets.own("screen.view", echo);
    const ann = await server.join("Ann");
    ann.send({ type: "ticket.get", mark: "a", purpose: "screen.view", subject: 8 });
    const refused = await ann.next("refused");
    deepStrictEqual([refused.code, refused.request, refused.mark], [
      "no-such-share",
      "ticket.get",
      "a",
    ]);
    const ticket = await ask(ann);
    echo.subject = 9;
    deepStrictEqual(await answerTo(server, ticketMessage(ticket)), ["refused no-such-share"]);
  });
});

Deno.test("a ticket for what nobody serves is refused", () => {
  const { parts, room } = openRoom();
  const desk = new TicketDesk(parts, { counters: new Counters() });
  const { seat } = enter(room, "Ann");
  const session = { room, seat, address: "127.0.0.1", signal: seat.presence!.ended.signal };
  throws(() => desk.issue(session, { purpose: "screen.send", subject: 7 }), { code: "not-here" });
});

Deno.test("a connection by ticket lasts no longer than the control connection that got it", async () => {
  await withServer({}, async (server) => {
    const echo = new Echo();
    server.control.tickets.own("screen.view", echo);
    for (const end of ["leave", "cut", "remove", "take over"] as const) {
      const ann = await server.join("Ann");
      const { participant, resume } = await ann.next("welcome");
      const stream = await server.connectRaw();
      await writeAll(stream, ticketMessage(await ask(ann)));
      await until(() => server.control.tickets.openCount === 1);
      if (end === "leave") ann.send({ type: "leave" });
      else if (end === "cut") ann.connection.destroy("cut");
      else if (end === "remove") server.control.rooms.find("Main")!.remove(participant);
      else (await server.join("Ann", { resume })).send({ type: "leave" });
      await readRaw(stream);
      await until(() => server.control.tickets.openCount === 0);
      stream.close();
      if (end === "cut") (await server.join("Ann", { resume })).send({ type: "leave" });
      await until(() => server.control.rooms.count === 0);
    }
  });
});

Deno.test("tickets and connections of one participant: the limit, one under and one over", async () => {
  await withServer({}, async (server) => {
    server.control.tickets.own("screen.view", new Echo());
    const ann = await server.join("Ann");
    const open: ByteStream[] = [];
    const use = async (ticket: Uint8Array) => {
      const stream = await server.connectRaw();
      await writeAll(stream, ticketMessage(ticket));
      open.push(stream);
    };
    for (let count = 0; count < TICKETED_PER_PARTICIPANT_MAX; count++) {
      // No more than it costs a second.
      server.timers.advance(1_000);
      await ann.synchronise();
      await use(await ask(ann));
    }
    await until(() => server.control.tickets.openCount === TICKETED_PER_PARTICIPANT_MAX);
    deepStrictEqual(await answerTo(server, ticketMessage(await ask(ann))), [
      "refused too-many-connections",
    ]);
    open.pop()!.close();
    await until(() => server.control.tickets.openCount < TICKETED_PER_PARTICIPANT_MAX);
    await use(await ask(ann));
    for (let count = 0; count < TICKETS_PER_PARTICIPANT_MAX; count++) {
      server.timers.advance(500);
      await ask(ann);
    }
    ann.send({ type: "ticket.get", mark: "over", purpose: "screen.view", subject: 7 });
    strictEqual((await ann.next("refused")).code, "too-many-tickets");
    for (const stream of open) stream.close();
  });
});

Deno.test("half a ticket, and a ticket after hello, end the connection", async () => {
  await withServer({}, async (server) => {
    server.control.tickets.own("screen.view", new Echo());
    const ann = await server.join("Ann");
    const ticket = await ask(ann);
    const half = await server.connectRaw();
    await writeAll(half, ticketMessage(ticket).subarray(0, 20));
    await until(() => server.control.connectionCount === 2);
    for (let ms = 0; ms <= HELLO_TIMEOUT_MS; ms += 1_000) {
      await ann.synchronise();
      server.timers.advance(1_000);
    }
    deepStrictEqual(await readRaw(half), []);
    half.close();
    await until(() => server.control.connectionCount === 1);
    strictEqual(server.control.counters.get("no-hello"), 1);
    deepStrictEqual(await answerTo(server, enveloped({ type: "ticket", version: 1 })), [
      "error bad-field",
    ]);
    ann.send({ type: "ticket", version: PROTOCOL_VERSION, ticket });
    strictEqual((await ann.next("error")).code, "unexpected");
  });
});
