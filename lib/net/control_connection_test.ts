import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { concatBytes, ProtocolError } from "@fusionmeet/base";
import {
  type ClientMessage,
  encodeMessage,
  readClientMessage,
  readServerMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import type { ByteStream } from "./byte_stream.ts";
import { ControlConnection } from "./control_connection.ts";
import { memoryStreams } from "../../tests/support/memory_stream.ts";
import { FakeTimers } from "./timers.ts";

function pair(options: { outboxBytesMax?: number } = {}) {
  const timers = new FakeTimers();
  const [clientStream, serverStream] = memoryStreams();
  const client = new ControlConnection<ServerMessage, ClientMessage>({
    stream: clientStream,
    readMessage: readServerMessage,
    ping: { intervalMs: 1_000 },
    timers,
  });
  const server = new ControlConnection<ClientMessage, ServerMessage>({
    stream: serverStream,
    readMessage: readClientMessage,
    farewell: ({ code }) => ({ type: "error", code, message: "no" }),
    timers,
    ...options,
  });
  return { timers, client, server, clientStream, serverStream };
}

async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Lets everything that waits for nothing but promises happen. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("ControlConnection.send() keeps order, and close() delivers what was sent before it", async () => {
  const { client, server } = pair();
  const got = collect(client.messages());
  const lost = collect(server.messages());
  for (let at = 0; at < 100; at++) server.send({ type: "pong", at });
  server.send({ type: "closing", reason: "test" });
  strictEqual((await server.close("done")).reason, "closed-here");
  strictEqual((await client.ended).reason, "closed-by-peer");
  const messages = await got;
  deepStrictEqual(messages.slice(0, 100).map((message) => "at" in message && message.at), [
    ...Array(100).keys(),
  ]);
  deepStrictEqual(messages[100], { type: "closing", reason: "test" });
  deepStrictEqual(await lost, []);
  strictEqual(server.counts.messagesOut, 101);
  strictEqual(client.counts.messagesIn, 101);
});

Deno.test("ControlConnection: pings keep it alive; silence for 5 s ends it on both sides", async () => {
  const { timers, client, server } = pair();
  const serving = (async () => {
    for await (const message of server.messages()) {
      if (message.type === "ping") server.send({ type: "pong", at: message.at });
    }
  })();
  const got = collect(client.messages());
  for (let second = 0; second < 20; second++) {
    timers.advance(1_000);
    await settle();
  }
  strictEqual(client.signal.aborted || server.signal.aborted, false);
  timers.advance(5_000);
  strictEqual((await client.ended).reason, "silent");
  strictEqual((await server.ended).reason, "silent");
  strictEqual((await got).length, 20);
  await serving;
  strictEqual(timers.waitingCount, 0);
});

Deno.test("ControlConnection notices silence within 5.5 s, whenever it began, with timers that are late", async () => {
  for (const beganMs of [0, 1, 500, 999]) {
    const { timers, server, clientStream } = pair();
    const got = collect(server.messages());
    timers.advance(beganMs);
    await clientStream.write(encodeMessage({ type: "leave" }));
    await settle();
    timers.advance(4_999);
    strictEqual(server.signal.aborted, false, `silent from ${beganMs} ms on`);
    for (let late = 0; late < 5; late++) {
      timers.holdUp(20);
      timers.advance(80);
    }
    strictEqual(server.signal.aborted, true, `silent from ${beganMs} ms on`);
    strictEqual((await got).length, 1);
  }
});

Deno.test("ControlConnection: a hold-up of this program is not the peer's silence; a long sleep is", async () => {
  const { timers, client, server } = pair();
  const got = collect(client.messages());
  timers.advance(1_000);
  timers.holdUp(4_900);
  timers.advance(1_000);
  strictEqual(client.signal.aborted || server.signal.aborted, false);
  timers.holdUp(60_000);
  timers.advance(1_000);
  strictEqual((await client.ended).reason, "silent");
  strictEqual((await server.ended).reason, "silent");
  await got;
});

Deno.test("ControlConnection: half a message is silence", async () => {
  const { timers, client, server, clientStream } = pair();
  client.send = () => {};
  const reading = collect(server.messages());
  const envelope = encodeMessage({ type: "chat.fetch", after: 7 });
  for (let at = 0; at < 5; at++) {
    await clientStream.write(envelope.subarray(at, at + 1));
    await settle();
    timers.advance(1_000);
  }
  strictEqual((await server.ended).reason, "silent");
  deepStrictEqual(await reading, []);
});

Deno.test("ControlConnection ends when the peer does not read and the outbox is full", async () => {
  const { server, serverStream } = pair({ outboxBytesMax: 1_000 });
  serverStream.isStuck = true;
  server.send({ type: "pong", at: 0 });
  await settle();
  const size = encodeMessage({ type: "pong", at: 1 }).length;
  const fit = Math.floor(1_000 / size);
  for (let at = 1; at <= fit; at++) server.send({ type: "pong", at: 1 });
  strictEqual(server.signal.aborted, false);
  server.send({ type: "pong", at: 1 });
  strictEqual((await server.ended).reason, "outbox-full");
});

Deno.test("ControlConnection.close() to a peer that does not read takes a second, not for ever", async () => {
  const { timers, server, serverStream } = pair();
  serverStream.isStuck = true;
  server.send({ type: "pong", at: 0 });
  const closing = server.close("stop");
  await settle();
  timers.advance(1_000);
  strictEqual((await closing).reason, "closed-here");
});

Deno.test("ControlConnection ends as `protocol` on a broken message, after giving those before it", async () => {
  const { client, server, clientStream } = pair();
  await clientStream.write(encodeMessage({ type: "leave" }));
  await clientStream.write(new Uint8Array([0xff, 0, 0, 0]));
  const told = collect(client.messages());
  deepStrictEqual(await collect(server.messages()), [{ type: "leave" }]);
  deepStrictEqual(await told, [{ type: "error", code: "too-large", message: "no" }]);
  const end = await server.ended;
  strictEqual(end.reason, "protocol");
  strictEqual(end.error?.code, "too-large");
});

Deno.test("ControlConnection ended for what the peer did says so, however quickly it is cut off then", async () => {
  const { client } = pair();
  client.end(new ProtocolError("too-much", "over 9 people"));
  client.destroy("done");
  const { reason, detail, error } = await client.ended;
  deepStrictEqual([reason, detail, error?.code], ["protocol", "over 9 people", "too-much"]);
});

Deno.test("ControlConnection counts and skips messages of a newer peer", async () => {
  const { client, server } = pair();
  server.send({ type: "from.the.future", x: 1 } as unknown as ServerMessage);
  server.send({ type: "pong", at: 1, extra: { deep: [1] } } as unknown as ServerMessage);
  const got = collect(client.messages());
  await server.close();
  deepStrictEqual(await got, [{ type: "pong", at: 1 }]);
  strictEqual(client.counts.unknownMessages, 1);
});

Deno.test("ControlConnection reads no faster than it may, what it does not know included, and loses nothing", async () => {
  const timers = new FakeTimers();
  const [clientStream, serverStream] = memoryStreams();
  const connection = new ControlConnection<ClientMessage, ServerMessage>({
    stream: serverStream,
    readMessage: readClientMessage,
    readAtMost: {
      ...{ perSecond: 10, burst: 20 },
      cost: ({ type, bytes }) => type === "leave" ? 5 : Math.ceil(bytes / 100),
    },
    timers,
  });
  const got: string[] = [];
  const reading = (async () => {
    for await (const { type } of connection.messages()) got.push(type);
  })();
  const unknown = { type: "from.the.future", padding: "x".repeat(300) } as never;
  const leave = { type: "leave" } as const;
  const messages = [unknown, leave, unknown, leave, leave];
  await clientStream.write(concatBytes(...messages.map(encodeMessage)));
  await clientStream.write(encodeMessage({ type: "chat.fetch", after: 1 }));
  // 4 + 5 + 4 + 5 of 20; the next one is there after 0.3 s.
  const after = async (ms: number) => {
    timers.advance(ms);
    await settle();
    return got.length;
  };
  deepStrictEqual([await after(0), await after(280), await after(20)], [2, 2, 3]);
  deepStrictEqual([await after(80), await after(20)], [3, 4]);
  connection.destroy("done");
  await reading;
});

Deno.test("ControlConnection.close() does not wait for the turn of what came too fast", async () => {
  const timers = new FakeTimers();
  const [clientStream, serverStream] = memoryStreams();
  const connection = new ControlConnection<ClientMessage, ServerMessage>({
    stream: serverStream,
    readMessage: readClientMessage,
    readAtMost: { perSecond: 1e-9, burst: 1, cost: () => 1 },
    timers,
  });
  const got = collect(connection.messages());
  for (let time = 0; time < 3; time++) await clientStream.write(encodeMessage({ type: "leave" }));
  await settle();
  const closing = connection.close();
  await settle();
  await clientStream.closeWrite();
  strictEqual((await closing).reason, "closed-here");
  timers.advance(20);
  strictEqual((await got).length, 1);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("ControlConnection: an abort of its signal ends it", async () => {
  const stop = new AbortController();
  const [stream] = memoryStreams();
  const timers = new FakeTimers();
  const connection = new ControlConnection({
    stream,
    readMessage: readClientMessage,
    timers,
    signal: stop.signal,
  });
  stop.abort();
  strictEqual((await connection.ended).reason, "closed-here");
  strictEqual(timers.waitingCount, 0);
});

Deno.test("ControlConnection.release() gives the stream with what came behind the last message", async () => {
  const { client, server, clientStream, timers } = pair();
  const text = new TextEncoder();
  await clientStream.write(concatBytes(encodeMessage({ type: "leave" }), text.encode("more")));
  let stream: ByteStream | undefined;
  for await (const message of server.messages()) {
    deepStrictEqual(message, { type: "leave" });
    server.send({ type: "pong", at: 1 });
    stream = await server.release();
  }
  strictEqual((await server.ended).reason, "released");
  const got = client.messages();
  deepStrictEqual((await got.next()).value, { type: "pong", at: 1 });
  const buffer = new Uint8Array(3);
  strictEqual(await stream!.read(buffer), 3);
  strictEqual(await stream!.read(buffer), 1);
  deepStrictEqual(buffer, text.encode("eor"));
  await clientStream.write(text.encode("!"));
  strictEqual(await stream!.read(buffer), 1);
  client.destroy("done");
  strictEqual(await stream!.read(buffer), null);
  strictEqual(timers.waitingCount, 0);
  server.destroy("too late");
  server.send({ type: "pong", at: 2 });
});
