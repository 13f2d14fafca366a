import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, isIP } from "node:net";
import { messageOf } from "@fusionmeet/base";
import {
  type ClientMessage,
  type Fingerprint,
  PING_INTERVAL_MS,
  readServerMessage,
  SERVER_LIST_COST,
  SERVER_MESSAGE_UNIT_BYTES,
  SERVER_MESSAGES_BURST,
  SERVER_MESSAGES_PER_SECOND,
  type ServerMessage,
} from "@fusionmeet/protocol";
import type { ByteStream } from "./byte_stream.ts";
import { ControlConnection, type ReadLimit } from "./control_connection.ts";
import { type KnownCertificate, NativeTlsClient, type SecureStream } from "./native_tls.ts";
import { SocketStream } from "./socket_stream.ts";
import { systemTimers, type Timers } from "./timers.ts";
import { TlsStream } from "./tls_stream.ts";

/** A client's control connection. */
export type ClientConnection = ControlConnection<ServerMessage, ClientMessage>;

const CONNECT_TIMEOUT_MS = 5_000;

const LISTS: ReadonlySet<string> = new Set<ServerMessage["type"]>([
  ...["chat.lines", "files", "files.coming", "participants"] as const,
]);

/**
 * What a client takes from a server, whoever that is: enough for all an honest one has to say, and little enough that the rest
 * of the program goes on.
 */
export const READ_FROM_SERVER: ReadLimit = {
  perSecond: SERVER_MESSAGES_PER_SECOND,
  burst: SERVER_MESSAGES_BURST,
  cost: ({ type, bytes }) =>
    Math.ceil(bytes / SERVER_MESSAGE_UNIT_BYTES) +
    (LISTS.has(type) ? SERVER_LIST_COST : 0),
};

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
   * Called with the key the server has proved to hold, before a byte of ours is sent. False ends the attempt as
   * `key-refused`; what it throws is thrown on. May take its time (ask a person).
   *
   * @param certificate What it is in, DER.
   */
  readonly acceptKey: (
    fingerprint: Fingerprint,
    certificate: Uint8Array,
  ) => boolean | Promise<boolean>;
  /** The server's, where it is known and much is to be sent: then TLS is done by Deno, where that is possible. */
  readonly certificate?: KnownCertificate;
  /** Its abort gives up the attempt, or ends the connection. */
  readonly signal?: AbortSignal;
  /** Up to the end of the TLS handshake. */
  readonly timeoutMs?: number;
  /** Up to the answer to the first packet, when that is less. */
  readonly reachTimeoutMs?: number;
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
    readAtMost: READ_FROM_SERVER,
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
  const { hostname, port, acceptKey, signal } = options;
  const { stream: tls, peerCertificate } = await openTls(options);
  try {
    if (!await acceptKey(fingerprintOf(peerCertificate), peerCertificate)) {
      throw new ConnectFailure("key-refused", `The key of ${hostname}:${port} was not accepted`);
    }
    if (signal?.aborted) throw new ConnectFailure("aborted", "Given up");
    return tls;
  } catch (thrown) {
    tls.close();
    throw thrown;
  }
}

/** A connection whose peer has proved to hold the key of its certificate. */
interface Opened {
  readonly stream: SecureStream;
  /** DER. */
  readonly peerCertificate: Uint8Array;
}

interface Handshaking extends SecureStream {
  readonly peerCertificate: Uint8Array;
}

/** Connects and shakes hands. @throws ConnectFailure */
async function openTls(options: ConnectOptions): Promise<Opened> {
  const { certificate } = options;
  if (certificate?.isGood && isDirect(options)) {
    try {
      const start = (tcp: ByteStream) => NativeTlsClient.start(tcp as Deno.TcpConn, certificate);
      return await openBy(start, options);
    } catch (thrown) {
      // Deno also looks at what counts for nothing (dates, say); by the other way only the key is.
      if (!(thrown instanceof ConnectFailure) || thrown.code !== "not-a-server") throw thrown;
    }
  }
  return await openBy(TlsStream.client, options);
}

async function openBy(
  start: (tcp: ByteStream) => Handshaking | Promise<Handshaking>,
  options: ConnectOptions,
): Promise<Opened> {
  const { timeoutMs, reachTimeoutMs = timeoutMs } = options;
  const tcp = beginTcp(options);
  let tls: Handshaking | undefined;
  let isGivenUp = false;
  try {
    await withinTime(options, async () => {
      let stream: ByteStream | undefined;
      await withinTime({ ...options, timeoutMs: reachTimeoutMs }, async () => {
        stream = await tcp.connected;
      });
      tls = await start(stream!);
      if (isGivenUp) tls.close();
      await tls.handshake();
    });
    return { stream: tls!, peerCertificate: tls!.peerCertificate };
  } catch (thrown) {
    isGivenUp = true;
    (tls ?? tcp).close();
    throw failureOf(thrown, options);
  }
}

/** A connection that is about to come about. */
interface Connecting {
  readonly connected: Promise<ByteStream>;
  /** Gives it up, or ends it. */
  close(): void;
}

/** By Deno, half of the processor time of node's; by that what only it can: choose where from, and say why a name leads nowhere. */
function beginTcp(options: ConnectOptions): Connecting {
  return isDirect(options) ? beginDenoTcp(options) : beginNodeTcp(options);
}

function isDirect({ hostname, localAddress }: ConnectOptions): boolean {
  return localAddress === undefined && isIP(hostname) !== 0;
}

function beginDenoTcp({ hostname, port }: ConnectOptions): Connecting {
  const givenUp = new AbortController();
  const connected = Deno.connect({ hostname, port, signal: givenUp.signal }).then((connection) => {
    connection.setNoDelay(true);
    // The signal ends attempts, and no connection that has come about.
    const close = () => {
      try {
        connection.close();
      } catch {
        // It is closed, or is TLS now.
      }
    };
    if (givenUp.signal.aborted) close();
    else givenUp.signal.addEventListener("abort", close);
    return connection;
  });
  connected.catch(() => undefined);
  return { connected, close: () => givenUp.abort() };
}

function beginNodeTcp({ hostname, port, localAddress, signal }: ConnectOptions): Connecting {
  const socket = connect({ host: hostname, port, localAddress });
  const stream = new SocketStream(socket);
  const connected = once(socket, "connect", { signal }).then(() => {
    socket.setNoDelay(true);
    return stream;
  });
  connected.catch(() => undefined);
  return { connected, close: () => stream.close() };
}

/** The SHA-256 of the public key (SPKI, DER) in a certificate (DER). */
function fingerprintOf(certificate: Uint8Array): Fingerprint {
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex");
}

/** Does `work`, but for no longer than the time-out, or until the signal. */
function withinTime(options: ConnectOptions, work: () => Promise<void>): Promise<void> {
  const { hostname, port, signal, timeoutMs = CONNECT_TIMEOUT_MS, timers = systemTimers } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal?.reason);
  const cancel = timers.after(timeoutMs, () => {
    reject(new ConnectFailure("timeout", `${hostname}:${port} did not answer in ${timeoutMs} ms`));
  });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  work().then(resolve, reject);
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
