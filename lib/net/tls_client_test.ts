import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type ClientMessage, readClientMessage, type ServerMessage } from "@fusionmeet/protocol";
import { loadServerIdentity, type ServerIdentity } from "@fusionmeet/store";
import { forgeHandshake } from "../../tests/support/forged_server.ts";
import { ControlConnection } from "./control_connection.ts";
import {
  connectControl,
  type ConnectFailure,
  type ConnectOptions,
  READ_FROM_SERVER,
} from "./tls_client.ts";
import { TlsListener } from "./tls_listener.ts";

async function makeIdentity(): Promise<ServerIdentity> {
  const folder = await Deno.makeTempDir();
  try {
    return await loadServerIdentity(folder, ["127.0.0.1"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A server that writes down what it reads before the first connection ends. */
function listen(identity: ServerIdentity) {
  const listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
  const received = (async () => {
    const messages: ClientMessage[] = [];
    for await (const { stream } of listener.connections()) {
      const connection = new ControlConnection<ClientMessage, ServerMessage>({
        stream,
        readMessage: readClientMessage,
      });
      for await (const message of connection.messages()) {
        messages.push(message);
        connection.send({ type: "pong", at: 1 });
      }
      await connection.ended;
      listener.close();
    }
    return messages;
  })();
  return { listener, received };
}

function options(port: number, more: Partial<ConnectOptions> = {}): ConnectOptions {
  return { hostname: "127.0.0.1", port, acceptKey: () => true, ...more };
}

async function failureOf(attempt: Promise<unknown>): Promise<ConnectFailure["code"]> {
  let failure: ConnectFailure | undefined;
  await rejects(attempt, (thrown: ConnectFailure) => {
    failure = thrown;
    return true;
  });
  strictEqual(failure!.name, "ConnectFailure", String(failure));
  return failure!.code;
}

/** A TCP server on loopback that gives its first connection to `serve`. */
async function withTcpServer(
  serve: (connection: Deno.Conn) => Promise<unknown>,
  test: (port: number) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await listener.accept();
    await serve(connection);
    // Reads what comes until the client ends.
    const buffer = new Uint8Array(1024);
    try {
      while (await connection.read(buffer) !== null);
    } catch (thrown) {
      ok(thrown instanceof Deno.errors.ConnectionReset, String(thrown));
    }
  })();
  try {
    await test((listener.addr as Deno.NetAddr).port);
    await served;
  } finally {
    listener.close();
  }
}

Deno.test("connectControl() shows the server's key and carries messages both ways", async () => {
  const identity = await makeIdentity();
  const { listener, received } = listen(identity);
  const seen: string[] = [];
  const connection = await connectControl(options(listener.port, {
    acceptKey: (fingerprint) => seen.push(fingerprint) === 1,
  }));
  connection.send({ type: "leave" });
  for await (const message of connection.messages()) {
    deepStrictEqual(message, { type: "pong", at: 1 });
    break;
  }
  await connection.close();
  deepStrictEqual(await received, [{ type: "leave" }]);
  deepStrictEqual(seen, [identity.fingerprint]);
});

Deno.test("connectControl() sends nothing to a server whose key is not accepted", async () => {
  const { listener, received } = listen(await makeIdentity());
  const attempt = connectControl(
    options(listener.port, { acceptKey: () => Promise.resolve(false) }),
  );
  strictEqual(await failureOf(attempt), "key-refused");
  deepStrictEqual(await received, []);
});

Deno.test("connectControl() ends with what acceptKey throws, and closes the connection", async () => {
  const { listener, received } = listen(await makeIdentity());
  const acceptKey = () => Promise.reject(new Error("the disk is full"));
  await rejects(connectControl(options(listener.port, { acceptKey })), /the disk is full/);
  deepStrictEqual(await received, []);
});

Deno.test("connectControl() refuses a server that shows the right certificate but holds another key", async () => {
  const [right, other] = [await makeIdentity(), await makeIdentity()];
  const certificate = new Uint8Array(new X509Certificate(right.certificate).raw);
  let asked = 0;
  const acceptKey = (fingerprint: string) => {
    asked++;
    strictEqual(fingerprint, right.fingerprint);
    return true;
  };
  await withTcpServer(
    (connection) => forgeHandshake(connection, { certificate, privateKey: other.privateKey }),
    async (port) => {
      strictEqual(await failureOf(connectControl(options(port, { acceptKey }))), "not-a-server");
    },
  );
  strictEqual(asked, 0);
  // The same handshake signed by the right key is accepted: it was the key, nothing else.
  await withTcpServer(
    (connection) => forgeHandshake(connection, { certificate, privateKey: right.privateKey }),
    async (port) => (await connectControl(options(port, { acceptKey }))).destroy("seen"),
  );
  strictEqual(asked, 1);
});

Deno.test("Deno.connectTls() refuses the right certificate with another key too", async () => {
  const [right, other] = [await makeIdentity(), await makeIdentity()];
  const certificate = new Uint8Array(new X509Certificate(right.certificate).raw);
  const handshake = async (port: number) => {
    using connection = await Deno.connectTls({
      hostname: "127.0.0.1",
      port,
      caCerts: [right.certificate],
      unsafelyDisableHostnameVerification: true,
    });
    await connection.handshake();
  };
  await withTcpServer(
    (connection) => forgeHandshake(connection, { certificate, privateKey: other.privateKey }),
    (port) => rejects(handshake(port), /BadSignature/),
  );
  await withTcpServer(
    (connection) => forgeHandshake(connection, { certificate, privateKey: right.privateKey }),
    handshake,
  );
});

Deno.test("connectControl() says why it failed", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr as Deno.NetAddr;
  closed.close();
  strictEqual(await failureOf(connectControl(options(port))), "refused");
  strictEqual(
    await failureOf(connectControl(options(port, { hostname: "no-such-host.invalid" }))),
    "no-such-host",
  );
  await withTcpServer(
    (connection) => connection.write(new TextEncoder().encode("SSH-2.0-OpenSSH_9.2\r\n")),
    async (port) => strictEqual(await failureOf(connectControl(options(port))), "not-a-server"),
  );
  await withTcpServer(
    () => Promise.resolve(),
    async (port) => {
      const attempt = connectControl(options(port, { timeoutMs: 50 }));
      strictEqual(await failureOf(attempt), "timeout");
    },
  );
  const stop = new AbortController();
  await withTcpServer(
    () => Promise.resolve(stop.abort()),
    async (port) => {
      const attempt = connectControl(options(port, { signal: stop.signal }));
      strictEqual(await failureOf(attempt), "aborted");
    },
  );
});

Deno.test("TlsListener says in words why it cannot listen", async () => {
  const identity = await makeIdentity();
  using taken = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
  const { port } = taken;
  throws(
    () => new TlsListener({ hostname: "127.0.0.1", port, ...identity }),
    {
      message:
        `Cannot listen on 127.0.0.1:${port} (TCP): another program uses it (is a server already running?)`,
    },
  );
  throws(
    () => new TlsListener({ hostname: "203.0.113.77", port: 0, ...identity }),
    /this machine has no such address/,
  );
});

Deno.test("READ_FROM_SERVER counts bytes begun, lists, and what it does not know", () => {
  const cost = (type: string, bytes: number) => READ_FROM_SERVER.cost({ type, bytes });
  deepStrictEqual([cost("pong", 1), cost("pong", 256), cost("constructor", 257)], [1, 1, 2]);
  deepStrictEqual([cost("files", 256), cost("chat.lines", 16_384)], [41, 104]);
});
