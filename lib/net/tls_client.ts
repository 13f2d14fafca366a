import { createHash, X509Certificate } from "node:crypto";
import { connect, type TLSSocket } from "node:tls";
import { messageOf } from "@fusionmeet/base";
import {
  type ClientMessage,
  type Fingerprint,
  PING_INTERVAL_MS,
  readServerMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import type { ByteStream } from "./byte_stream.ts";
import { ControlConnection } from "./control_connection.ts";
import { systemTimers, type Timers } from "./timers.ts";

/** A client's control connection. */
export type ClientConnection = ControlConnection<ServerMessage, ClientMessage>;

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Why no connection came about: `refused` nothing listens there, `unreachable` no way there, `timeout` no answer,
 * `not-a-server` something else listens there (or it does not hold the key it shows), `key-refused` by `acceptKey`.
 */
export type ConnectFailureCode =
  | "no-such-host"
  | "refused"
  | "unreachable"
  | "timeout"
  | "not-a-server"
  | "key-refused"
  | "aborted";

/** No connection came about; `message` says so in words. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  constructor(readonly code: ConnectFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export interface ConnectOptions {
  /** IP address or host name. */
  readonly hostname: string;
  readonly port: number;
  /** The address to connect from, on a machine with several; the system's choice unless said. */
  readonly localAddress?: string;
  /**
   * Called with the key the server has proved to hold, before a byte of ours is sent. False or a rejection ends the
   * attempt as `key-refused`. May take its time (ask a person).
   */
  readonly acceptKey: (fingerprint: Fingerprint) => boolean | Promise<boolean>;
  /** Its abort gives up the attempt, or ends the connection. */
  readonly signal?: AbortSignal;
  /** Up to the end of the TLS handshake. */
  readonly timeoutMs?: number;
  readonly timers?: Timers;
}

/**
 * Opens a control connection to a server, whose key must please `acceptKey` before anything is sent. It pings by itself.
 *
 * @throws ConnectFailure
 */
export async function connectControl(options: ConnectOptions): Promise<ClientConnection> {
  const { signal, timers } = options;
  return new ControlConnection({
    stream: await connectTls(options),
    readMessage: readServerMessage,
    ping: { intervalMs: PING_INTERVAL_MS },
    timers,
    signal,
  });
}

/**
 * Opens a TLS connection to a server, whose key must please `acceptKey` before anything is sent. What the certificate
 * says (names, dates, issuer) counts for nothing: the server has to hold its key, and the key has to be the right one.
 *
 * @throws ConnectFailure
 */
export async function connectTls(options: ConnectOptions): Promise<ByteStream> {
  const { hostname, port, localAddress, acceptKey } = options;
  const socket = connect({
    host: hostname,
    port,
    ...{ localAddress },
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
    servername: "",
  });
  // Errors after the handshake reach whoever reads or writes.
  socket.on("error", () => {});
  try {
    await handshake(socket, options);
    socket.setNoDelay(true);
    const fingerprint = peerFingerprint(socket);
    if (!await acceptKey(fingerprint)) {
      throw new ConnectFailure("key-refused", `The key of ${hostname}:${port} was not accepted`);
    }
    options.signal?.throwIfAborted();
    return new TlsStream(socket);
  } catch (thrown) {
    socket.destroy();
    throw failureOf(thrown, options);
  }
}

/** The SHA-256 of the peer's public key (SPKI, DER); the handshake has proved that the peer holds it. */
function peerFingerprint(socket: TLSSocket): Fingerprint {
  const { raw } = socket.getPeerCertificate();
  const spki = new X509Certificate(raw).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

function handshake(socket: TLSSocket, options: ConnectOptions): Promise<void> {
  const { hostname, port, signal, timeoutMs = CONNECT_TIMEOUT_MS, timers = systemTimers } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal?.reason);
  const cancel = timers.after(timeoutMs, () => {
    reject(new ConnectFailure("timeout", `${hostname}:${port} did not answer in ${timeoutMs} ms`));
  });
  socket.once("secureConnect", resolve);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error("closed during the handshake")));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  return promise.finally(() => {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  });
}

const CODES: Record<string, [ConnectFailureCode, string]> = {
  ENOTFOUND: ["no-such-host", "there is no such host"],
  EAI_AGAIN: ["no-such-host", "its name could not be looked up"],
  EAI_NONAME: ["no-such-host", "there is no such host"],
  EINVAL: ["no-such-host", "that is not an address"],
  ECONNREFUSED: ["refused", "nothing listens there"],
  EHOSTUNREACH: ["unreachable", "no way to that host"],
  ENETUNREACH: ["unreachable", "no way to that network"],
  EADDRNOTAVAIL: ["unreachable", "no way to that host"],
  ETIMEDOUT: ["timeout", "it does not answer"],
};

function failureOf(thrown: unknown, { hostname, port, signal }: ConnectOptions): ConnectFailure {
  if (thrown instanceof ConnectFailure) return thrown;
  if (signal?.aborted) return new ConnectFailure("aborted", "Given up", { cause: thrown });
  const known = CODES[(thrown as { code?: string } | null)?.code ?? ""];
  const [code, state] = known ?? ["not-a-server", messageOf(thrown)];
  return new ConnectFailure(code, `Cannot connect to ${hostname}:${port}: ${state}`, {
    cause: thrown,
  });
}

/** A `node:tls` socket as a `ByteStream`. */
class TlsStream implements ByteStream {
  readonly #socket: TLSSocket;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.#pieces = socket[Symbol.asyncIterator]();
  }

  async read(into: Uint8Array): Promise<number | null> {
    if (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next();
      if (done) return null;
      this.#rest = value;
    }
    const size = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
    return size;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }
}
