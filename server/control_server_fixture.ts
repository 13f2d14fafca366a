import { deepStrictEqual } from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { concatBytes, writeU32 } from "@fusionmeet/base";
import {
  type ByteStream,
  type ClientConnection,
  connectControl,
  connectTls,
  FakeTimers,
} from "@fusionmeet/net";
import {
  type ClientMessage,
  EnvelopeReader,
  PROTOCOL_VERSION,
  type RawMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { loadServerIdentity, type ServerIdentity } from "@fusionmeet/store";
import type { ConnectionLimits } from "./connection_limits.ts";
import { ControlServer } from "./control_server.ts";
import { arrival, fakeParts, type FakePartsOptions } from "./test_support.ts";

let identity: Promise<ServerIdentity> | undefined;

/** One identity for all tests here. */
function testIdentity(): Promise<ServerIdentity> {
  return identity ??= (async () => {
    const folder = await Deno.makeTempDir();
    try {
      return await loadServerIdentity(folder, []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  })();
}

/** Runs against a server over real TLS whose time stands still; fails when the server made a mistake. */
export async function withServer(
  options: FakePartsOptions & { limits?: ConnectionLimits },
  test: (server: TestServer) => Promise<void>,
): Promise<void> {
  const parts = fakeParts(options);
  const control = new ControlServer(parts, {
    hostname: "127.0.0.1",
    port: 0,
    identity: await testIdentity(),
    limits: options.limits,
  });
  const server = new TestServer(parts, control);
  try {
    await test(server);
    deepStrictEqual(parts.mistakes, server.expectedMistakes);
  } finally {
    await server.close();
  }
}

/** A server, and clients of it that end with the test. */
export class TestServer {
  readonly expectedMistakes: string[] = [];
  readonly #clients: Client[] = [];

  constructor(readonly parts: ReturnType<typeof fakeParts>, readonly control: ControlServer) {}

  get timers(): FakeTimers {
    return this.parts.timers;
  }

  async connect(): Promise<Client> {
    const connection = await connectControl({
      hostname: "127.0.0.1",
      port: this.control.port,
      acceptKey: () => true,
      timers: new FakeTimers(),
    });
    const client = new Client(connection);
    this.#clients.push(client);
    return client;
  }

  connectRaw(
    seenKey: (fingerprint: string) => void = () => {},
    localAddress?: string,
  ): Promise<ByteStream> {
    return connectTls({
      hostname: "127.0.0.1",
      port: this.control.port,
      localAddress,
      acceptKey: (fingerprint) => {
        seenKey(fingerprint);
        return true;
      },
    });
  }

  /** A connection that takes nothing from the network while it is not read. */
  async connectDeaf(): Promise<ByteStream> {
    return await Deno.connectTls({
      hostname: "127.0.0.1",
      port: this.control.port,
      caCerts: [(await testIdentity()).certificate],
      unsafelyDisableHostnameVerification: true,
    });
  }

  /** Connects and says `hello`. */
  async join(name: string, more: Partial<Extract<ClientMessage, { type: "hello" }>> = {}) {
    const client = await this.connect();
    client.send({ type: "hello", version: PROTOCOL_VERSION, name, room: "Main", ...more });
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.connection.destroy("test over");
    await this.control.close("test over");
  }
}

/** A client that reads one message after the other. */
export class Client {
  readonly #messages: AsyncGenerator<ServerMessage, void, void>;

  constructor(readonly connection: ClientConnection) {
    this.#messages = connection.messages();
  }

  send(message: ClientMessage): void {
    this.connection.send(message);
  }

  /** The next message of that type; those before it are dropped. */
  async next<T extends ServerMessage["type"]>(
    type: T,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    return await this.nextOf(type);
  }

  /** The next message of one of these types; those before it are dropped. */
  async nextOf<T extends ServerMessage["type"]>(
    ...types: readonly T[]
  ): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      const { value } = await arrival(types.join(" or "), this.#messages.next());
      if (!value) throw new Error(`the connection ended before ${types.join(" or ")}`);
      if (types.some((type) => type === value.type)) {
        return value as Extract<ServerMessage, { type: T }>;
      }
    }
  }

  /** What comes up to the end of the connection. */
  async rest(): Promise<ServerMessage[]> {
    return await arrival("the end of a connection", Array.fromAsync(this.#messages));
  }

  /** Waits until the server has handled everything sent so far. */
  async synchronise(): Promise<void> {
    const at = Math.random();
    this.send({ type: "ping", at });
    while ((await this.next("pong")).at !== at);
  }
}

/** Waits for something that depends on the network alone. */
export async function until(held: () => boolean): Promise<void> {
  let isOver = false;
  const holds = async () => {
    while (!held() && !isOver) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  await arrival(`${held}`, holds()).finally(() => isOver = true);
}

/** Reads raw bytes to the end of a connection, as messages. */
export async function readRaw(stream: ByteStream): Promise<RawMessage[]> {
  const reader = new EnvelopeReader();
  const buffer = new Uint8Array(4096);
  const messages: RawMessage[] = [];
  for (;;) {
    const reading = stream.read(buffer).catch(() => null);
    const size = await arrival("the end of a raw connection", reading);
    if (size === null) return messages;
    reader.push(buffer.subarray(0, size));
    for (let message; (message = reader.next()) !== undefined;) messages.push(message);
  }
}

/** A message as it goes over the wire, right or wrong. */
export function enveloped(value: unknown): Uint8Array {
  const body = encode(value);
  const prefix = new Uint8Array(4);
  writeU32(prefix, 0, body.length);
  return concatBytes(prefix, body);
}
