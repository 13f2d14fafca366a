import { messageOf } from "@fusionmeet/base";
import type { ByteStream } from "./byte_stream.ts";

/** A TLS connection that came in. */
export interface IncomingTls {
  readonly stream: ByteStream;
  /** The peer's IP address. */
  readonly address: string;
  /** Ends when the handshake is done; rejects when it fails. */
  handshake(): Promise<void>;
}

/** How long accepting rests after the system said no (out of file handles). */
const ACCEPT_RETRY_MS = 100;

/** Takes TLS connections. */
export class TlsListener implements Disposable {
  readonly #listener: Deno.TlsListener;
  #isClosed = false;

  /** @throws Error in words when the address cannot be listened on. */
  constructor(
    options: { hostname: string; port: number; certificate: string; privateKey: string },
  ) {
    const { hostname, port, certificate, privateKey } = options;
    try {
      this.#listener = Deno.listenTls({ hostname, port, cert: certificate, key: privateKey });
    } catch (cause) {
      throw new Error(`Cannot listen on ${hostname}:${port} (TCP): ${listenState(cause)}`, {
        cause,
      });
    }
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** The connections as they come, until `close()`. Does not stop for a failed one. */
  async *connections(): AsyncGenerator<IncomingTls, void, void> {
    while (!this.#isClosed) {
      let connection: Deno.TlsConn;
      try {
        connection = await this.#listener.accept();
      } catch {
        // Closed, or a connection that was gone at once, or too many open files: the last one needs a rest.
        if (!this.#isClosed) await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
        continue;
      }
      yield {
        stream: connection,
        address: connection.remoteAddr.hostname,
        handshake: async () => void await connection.handshake(),
      };
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

/** Why an address cannot be listened on, in words. */
export function listenState(thrown: unknown): string {
  if (thrown instanceof Deno.errors.AddrInUse) {
    return "another program uses it (is a server already running?)";
  }
  if (thrown instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (thrown instanceof Deno.errors.PermissionDenied) {
    return "not allowed (ports below 1024 need an administrator)";
  }
  return messageOf(thrown);
}
