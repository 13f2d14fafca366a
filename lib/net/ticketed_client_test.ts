import { ok, strictEqual } from "node:assert/strict";
import {
  type ClientMessage,
  HELLO_TIMEOUT_MS,
  readClientMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { loadServerIdentity } from "@fusionmeet/store";
import { TemporaryDirectory, until } from "../../tests/support/wait.ts";
import { ControlConnection } from "./control_connection.ts";
import { openTicketed } from "./ticketed_client.ts";
import { FakeTimers } from "./timers.ts";
import { ConnectFailure } from "./tls_client.ts";
import { TlsListener } from "./tls_listener.ts";

Deno.test("openTicketed() waits no longer for an answer, whatever else the server says", async () => {
  await using folder = new TemporaryDirectory();
  const identity = await loadServerIdentity(folder.path, ["127.0.0.1"]);
  using listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
  let server: ControlConnection<ClientMessage, ServerMessage> | undefined;
  const serving = (async () => {
    for await (const { stream } of listener.connections()) {
      server = new ControlConnection({ stream, readMessage: readClientMessage });
      await Array.fromAsync(server.messages());
      return;
    }
  })();
  const timers = new FakeTimers();
  let failure: unknown;
  const opening = openTicketed({
    ...{ hostname: "127.0.0.1", port: listener.port, timers },
    fingerprint: identity.fingerprint,
    ticket: new Uint8Array(16),
  }).catch((thrown) => failure = thrown);
  await until("the ticket", () => (server?.counts.messagesIn ?? 0) > 0);
  const startMs = timers.nowMs();
  await until("the end of patience", () => {
    server!.send({ type: "pong", at: 1 });
    if (failure === undefined) timers.advance(50);
    return failure !== undefined || timers.nowMs() > startMs + 4 * HELLO_TIMEOUT_MS;
  }, { everyMs: 1 });
  ok(failure instanceof ConnectFailure, String(failure));
  strictEqual(failure.code, "timeout");
  ok(
    timers.nowMs() >= startMs + HELLO_TIMEOUT_MS && timers.nowMs() < startMs + 2 * HELLO_TIMEOUT_MS,
  );
  await opening;
  await serving;
  strictEqual(timers.waitingCount, 0);
});
