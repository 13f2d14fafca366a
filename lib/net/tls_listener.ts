import { createSecureContext, type SecureContext } from "node:tls";
import { messageOf } from "@fusionmeet/base";
import {
  clientHelloRecordBytes,
  readClientHello,
  TLS_1_3,
  TLS_RECORD_HEADER_BYTES,
} from "./client_hello.ts";
import { BULK_PROTOCOL, type SecureStream, SplicedTls } from "./native_tls.ts";
import { PeekableStream } from "./peekable_stream.ts";
import { TlsStream } from "./tls_stream.ts";

/** What a server's TLS needs. */
interface ServerTls {
  readonly certificate: string;
  readonly privateKey: string;
  readonly context: SecureContext;
  /** Connections that are spliced now (`SplicedTls`): each needs three file handles. */
  spliceCount: number;
  readonly splicesMax: number;
}

/** More connections with much to carry than this at once are served the slower way. */
export const SPLICES_MAX = 128;

/** A connection that came in. What its peer says first shows whether it is TLS. */
export class IncomingConnection {
  /** What comes before any TLS; to be read by nobody once `stream` was asked for. */
  readonly tcp: PeekableStream;
  /** The peer's IP address. */
  readonly address: string;
  /** Ours, at which it came in. */
  readonly localAddress: string;
  readonly #tls: ServerTls;
  #stream: SecureStream | undefined;

  constructor(connection: Deno.TcpConn, tls: ServerTls) {
    this.tcp = new PeekableStream(connection);
    this.address = hostnameOf(connection.remoteAddr);
    this.localAddress = hostnameOf(connection.localAddr);
    this.#tls = tls;
  }

  /** The same as TLS: asked for the first time, the handshake begins; `stream.handshake()` says when it is done. */
  get stream(): SecureStream {
    return this.#stream ??= new IncomingTls(this.tcp, this.#tls);
  }
}

/** The server's side of TLS, by what suits the client: Deno's where much is to come, else `node:tls`. */
class IncomingTls implements SecureStream {
  readonly #tcp: PeekableStream;
  readonly #tls: ServerTls;
  readonly #ready: Promise<SecureStream>;
  #stream: SecureStream | undefined;
  #isSpliced = false;
  #isClosed = false;

  constructor(tcp: PeekableStream, tls: ServerTls) {
    this.#tcp = tcp;
    this.#tls = tls;
    this.#ready = this.#start();
    this.#ready.catch(() => undefined);
  }

  async handshake(): Promise<void> {
    await this.#ready;
  }

  async read(into: Uint8Array): Promise<number | null> {
    return await (await this.#ready).read(into);
  }

  async write(bytes: Uint8Array): Promise<number> {
    return await (await this.#ready).write(bytes);
  }

  async closeWrite(): Promise<void> {
    await (await this.#ready).closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#stream === undefined) this.#tcp.close();
    else this.#stream.close();
    if (this.#isSpliced) this.#tls.spliceCount--;
    this.#isSpliced = false;
  }

  async #start(): Promise<SecureStream> {
    const stream = await this.#choose();
    if (this.#isClosed) {
      stream.close();
      throw new Error("the connection was closed");
    }
    this.#stream = stream;
    await stream.handshake();
    return stream;
  }

  async #choose(): Promise<SecureStream> {
    const wantsBulk = await this.#wantsBulk();
    if (this.#isClosed) throw new Error("the connection was closed");
    if (wantsBulk && this.#tls.spliceCount < this.#tls.splicesMax) {
      this.#isSpliced = true;
      this.#tls.spliceCount++;
      try {
        return await SplicedTls.start(this.#tcp, this.#tls);
      } catch {
        // No port or no file handle is left, or somebody came in between: the other way needs neither.
        if (this.#isSpliced) this.#tls.spliceCount--;
        this.#isSpliced = false;
      }
    }
    return TlsStream.server(this.#tcp, this.#tls.context);
  }

  async #wantsBulk(): Promise<boolean> {
    try {
      const size = clientHelloRecordBytes(await this.#tcp.lookAt(TLS_RECORD_HEADER_BYTES));
      const hello = readClientHello(await this.#tcp.lookAt(size));
      // With less than TLS 1.3 nobody is served, and Deno's would.
      return hello !== undefined && hello.versions.includes(TLS_1_3) &&
        hello.protocols.includes(BULK_PROTOCOL);
    } catch (cause) {
      if (this.#isClosed) throw new Error("the connection was closed", { cause });
      throw cause;
    }
  }
}

/** How long accepting rests after the system said no (out of file handles). */
const ACCEPT_RETRY_MS = 100;
/** What the system says of a connection that was reset before it was accepted. */
const GONE = ["ENOTCONN", "ECONNRESET", "ECONNABORTED"];

/** Takes connections that are meant to be TLS. */
export class TlsListener implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #tls: ServerTls;
  readonly #rest: (ms: number) => Promise<void>;
  #isClosed = false;

  /** @param options.rest Waits; tests give their own. @throws Error in words when the address cannot be listened on. */
  constructor(
    options: {
      hostname: string;
      port: number;
      certificate: string;
      privateKey: string;
      splicesMax?: number;
      rest?: (ms: number) => Promise<void>;
    },
  ) {
    const { hostname, port, certificate, privateKey, splicesMax = SPLICES_MAX } = options;
    this.#rest = options.rest ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (cause) {
      throw new Error(`Cannot listen on ${hostname}:${port} (TCP): ${listenState(cause)}`, {
        cause,
      });
    }
    const context = createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: "TLSv1.3",
    });
    this.#tls = { certificate, privateKey, context, spliceCount: 0, splicesMax };
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Connections whose TLS is Deno's now. */
  get spliceCount(): number {
    return this.#tls.spliceCount;
  }

  /** The connections as they come, until `close()`. Does not stop for a failed one. */
  async *connections(): AsyncGenerator<IncomingConnection, void, void> {
    while (!this.#isClosed) {
      let connection: Deno.TcpConn | undefined;
      try {
        connection = await this.#listener.accept();
        connection.setNoDelay(true);
      } catch (thrown) {
        // Whoever resets connections as fast as they can must not keep others waiting.
        if (connection !== undefined) connection.close();
        else if (!this.#isClosed && !isGone(thrown)) await this.#rest(ACCEPT_RETRY_MS);
        continue;
      }
      yield new IncomingConnection(connection, this.#tls);
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function isGone(thrown: unknown): boolean {
  return GONE.includes((thrown as { code?: string } | undefined)?.code ?? "");
}

function hostnameOf(address: Deno.Addr): string {
  return (address as Deno.NetAddr).hostname;
}

/** Why an address cannot be listened on, in words. Also knows an error by its text: workers pass on nothing else. */
export function listenState(thrown: unknown): string {
  const text = messageOf(thrown);
  if (thrown instanceof Deno.errors.AddrInUse || /address already in use/i.test(text)) {
    return "another program uses it (is a server already running?)";
  }
  if (thrown instanceof Deno.errors.AddrNotAvailable || /assign requested address/i.test(text)) {
    return "this machine has no such address";
  }
  if (thrown instanceof Deno.errors.PermissionDenied || /permission denied/i.test(text)) {
    return "not allowed (ports below 1024 need an administrator)";
  }
  return text;
}
