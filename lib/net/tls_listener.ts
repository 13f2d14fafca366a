import { createSecureContext, type SecureContext } from "node:tls";
import { messageOf } from "@fusionmeet/base";
import { PeekableStream } from "./peekable_stream.ts";
import { TlsStream } from "./tls_stream.ts";

/** A connection that came in. What its peer says first shows whether it is TLS. */
export class IncomingConnection {
  /** What comes before any TLS; to be read by nobody once `stream` was asked for. */
  readonly tcp: PeekableStream;
  /** The peer's IP address. */
  readonly address: string;
  /** Ours, at which it came in. */
  readonly localAddress: string;
  readonly #context: SecureContext;
  #stream: TlsStream | undefined;

  constructor(connection: Deno.TcpConn, context: SecureContext) {
    this.tcp = new PeekableStream(connection);
    this.address = hostnameOf(connection.remoteAddr);
    this.localAddress = hostnameOf(connection.localAddr);
    this.#context = context;
  }

  /** The same as TLS: asked for the first time, the handshake begins; `stream.handshake()` says when it is done. */
  get stream(): TlsStream {
    return this.#stream ??= TlsStream.server(this.tcp, this.#context);
  }
}

/** How long accepting rests after the system said no (out of file handles). */
const ACCEPT_RETRY_MS = 100;
/** What the system says of a connection that was reset before it was accepted. */
const GONE = ["ENOTCONN", "ECONNRESET", "ECONNABORTED"];

/** Takes connections that are meant to be TLS. */
export class TlsListener implements Disposable {
  readonly #listener: Deno.TcpListener;
  readonly #context: SecureContext;
  readonly #rest: (ms: number) => Promise<void>;
  #isClosed = false;

  /** @param options.rest Waits; tests give their own. @throws Error in words when the address cannot be listened on. */
  constructor(
    options: {
      hostname: string;
      port: number;
      certificate: string;
      privateKey: string;
      rest?: (ms: number) => Promise<void>;
    },
  ) {
    const { hostname, port, certificate, privateKey } = options;
    this.#rest = options.rest ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (cause) {
      throw new Error(`Cannot listen on ${hostname}:${port} (TCP): ${listenState(cause)}`, {
        cause,
      });
    }
    this.#context = createSecureContext({
      cert: certificate,
      key: privateKey,
      minVersion: "TLSv1.3",
    });
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
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
      yield new IncomingConnection(connection, this.#context);
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
