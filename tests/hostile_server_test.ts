/**
 * A real client, without a window, and servers that would have it work without end: it does as much as it would for an honest
 * one, goes on, and leaves when it is told to.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TICKET_BYTES } from "@fusionmeet/protocol";
import { HostileServer } from "./support/hostile_server.ts";
import { type ClientProgram, startClient } from "./support/programs.ts";
import { passRealTime, until } from "./support/wait.ts";

/** Leaving takes a second at most with a server that does not end the connection; the program needs some time besides. */
const LEAVE_MS_MAX = 2_000;
/** So long after a stop nothing is captured any more. */
const STOP_MS_MAX = 2_000;
/** What a client without microphone and camera may take of a core while a server keeps it busy, where it took all of it. */
const CORE_SHARE_MAX = 0.4;

/** How much of a core it takes meanwhile. */
async function coreShare(client: ClientProgram, ms: number): Promise<number> {
  const [startMs, before] = [performance.now(), client.usage().cpuMs];
  await passRealTime(ms);
  return (client.usage().cpuMs - before) / (performance.now() - startMs);
}

async function leaves(client: ClientProgram): Promise<void> {
  const startMs = performance.now();
  await client.send({ do: "leave" });
  const { code } = await client.exit();
  strictEqual(code, 0);
  const tookMs = performance.now() - startMs;
  console.error(`left in ${Math.round(tookMs)} ms`);
  ok(tookMs < LEAVE_MS_MAX, `leaving took ${tookMs} ms`);
}

Deno.test("a server that lets the client in and ends each connection at once is called twice a second, not as fast as it answers", async () => {
  await using server = await HostileServer.start(async (connection) => {
    for await (const { type } of connection.messages()) {
      if (type !== "hello") continue;
      await connection.welcome();
      return await connection.end();
    }
  });
  await using client = await startClient({ name: "Ada", server });
  await client.waitFor("reconnected");
  const [before, seconds] = [server.connectionCount, 5];
  const share = await coreShare(client, seconds * 1_000);
  const perSecond = (server.connectionCount - before) / seconds;
  console.error(`${perSecond} connections a second, ${Math.round(100 * share)} % of a core`);
  ok(perSecond <= 4, `${perSecond} connections a second`);
  ok(share <= CORE_SHARE_MAX, `${share} of a core`);
  await leaves(client);
});

Deno.test("a server that sends messages without end is read at the client's pace, and left on command", async () => {
  const messages = [
    { type: "pong", at: 1 },
    { type: "from.the.future", padding: "x".repeat(200) },
    { type: "chat.accepted", mark: "nobody's", id: 1, at: 1 },
    { type: "file.gone", id: 1 },
  ];
  await using server = await HostileServer.start(async (connection) => {
    for await (const { type } of connection.messages()) {
      if (type !== "hello") continue;
      await connection.welcome();
      void connection.flood(...messages);
    }
  });
  await using client = await startClient({ name: "Ada", server });
  const share = await coreShare(client, 4_000);
  console.error(`${Math.round(100 * share)} % of a core`);
  ok(share <= CORE_SHARE_MAX, `${share} of a core`);
  await client.send({ do: "nonsense" });
  await client.waitFor("error", { timeoutMs: LEAVE_MS_MAX });
  await leaves(client);
  strictEqual(server.connectionCount, 1);
});

Deno.test("a server that says it has more lines of chat, and has none, is asked once; the chat goes on", async () => {
  let asked = 0;
  await using server = await HostileServer.start(async (connection) => {
    for await (const message of connection.messages()) {
      if (message.type === "hello") await connection.welcome(1_000_000);
      if (message.type === "ping") await connection.send({ type: "pong", at: message.at });
      if (message.type !== "chat.fetch") continue;
      asked++;
      await connection.send({ type: "chat.lines", lines: [], more: true });
      if (asked > 1) continue;
      const line = { id: 1, at: 1, from: "Bob", text: "hello", mark: "a" };
      await connection.send({ type: "chat", ...line });
    }
  });
  await using client = await startClient({ name: "Ada", server });
  await client.waitFor("chat");
  await passRealTime(1_000);
  strictEqual(asked, 1);
  await leaves(client);
});

Deno.test("a share that is stopped is stopped, whatever the server says then", async () => {
  let bytes = 0;
  let stops = 0;
  const ofAda = { type: "presenter", share: 5, participant: 7, name: "Ada" } as const;
  await using server = await HostileServer.start(async (connection) => {
    for await (const message of connection.messages()) {
      if (message.type === "hello") {
        await connection.welcome();
        await connection.send({ type: "presenter", paused: false });
      }
      if (message.type === "ping") await connection.send({ type: "pong", at: message.at });
      if (message.type === "presenter.request") await connection.send({ ...ofAda, paused: false });
      if (message.type === "ticket.get") {
        await connection.send({
          ...{ type: "ticket", mark: message.mark, ticket: new Uint8Array(TICKET_BYTES) },
        });
      }
      if (message.type === "ticket") await connection.takeScreen((size) => bytes += size);
      if (message.type !== "presenter.stop") continue;
      stops++;
      for (const paused of [true, false, true]) await connection.send({ ...ofAda, paused });
    }
  });
  await using client = await startClient({
    ...{ name: "Ada", server },
    args: ["--screen", "testsrc:320x240@10"],
  });
  await client.waitFor(({ event, on }) => event === "screen" && on);
  await until("pictures of the screen", () => bytes > 10_000);
  await client.send({ do: "present", on: false });
  await client.waitFor(({ event, on }) => event === "screen" && on === false);
  await until("no ffmpeg any more", () => client.children().length === 0, {
    timeoutMs: STOP_MS_MAX,
  });
  const before = bytes;
  await passRealTime(2_000);
  deepStrictEqual([bytes, client.children().length, stops], [before, 0, 1]);
  await leaves(client);
});
