import type { ByteStream } from "./byte_stream.ts";
import { writeAll } from "./byte_stream.ts";

/**
 * What a client says it wants to speak (ALPN) where much is to come: the server then takes TLS by Deno. Others are
 * served all the same, only slower.
 */
export const BULK_PROTOCOL = "fusionmeet-bulk";
/** What goes between the two connections of a splice at once: little at first, and twice as much each time that was all used. */
const SPLICE_BYTES_MIN = 1024;
const SPLICE_BYTES_MAX = 256 * 1024;
/** Behind the last word of a splice, its last bytes get so long to leave. */
const LEAVE_MS_MAX = 1_000;
const LOOPBACK = "127.0.0.1";

/** A connection with TLS. */
export interface SecureStream extends ByteStream {
  /** Ends when the handshake is done; rejects when it fails or the connection ends before. */
  handshake(): Promise<void>;
}

/** A server's certificate, as its control connection showed it, for connections of more bytes to the same server. */
export class KnownCertificate {
  readonly pem: string;
  /**
   * False once a handshake by Deno did not come to its end, or told too little: the TCP connection of one that is given up stays open for as long
   * as the peer likes (Deno 2.9.5), so that there is one such connection at most, or a few begun at once.
   */
  isGood = true;

  /** @param der The certificate. */
  constructor(der: Uint8Array) {
    const lines = der.toBase64().match(/.{1,64}/g) ?? [];
    this.pem = ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join(
      "\n",
    );
  }
}

/**
 * The client's side of TLS by Deno: three times as fast as by `node:tls` (`TlsStream`). Deno also trusts the world's
 * certificate authorities here, so that the handshake alone says nothing: whoever uses it has to check `peerCertificate`.
 */
export class NativeTlsClient implements SecureStream {
  readonly #connection: Deno.TlsConn;
  readonly #known: KnownCertificate;
  #isDone = false;
  #isClosed = false;

  /** Takes the connection over. */
  static async start(tcp: Deno.TcpConn, known: KnownCertificate): Promise<NativeTlsClient> {
    const connection = await Deno.startTls(tcp, {
      caCerts: [known.pem],
      alpnProtocols: [BULK_PROTOCOL],
      // The key is what counts, by whatever name the server is reached.
      unsafelyDisableHostnameVerification: true,
    });
    return new NativeTlsClient(connection, known);
  }

  private constructor(connection: Deno.TlsConn, known: KnownCertificate) {
    this.#connection = connection;
    this.#known = known;
  }

  async handshake(): Promise<void> {
    await this.#connection.handshake();
    this.#isDone = true;
  }

  /**
   * The certificate of which the peer has proved to hold the key, DER; after the handshake. @throws Error where this Deno
   * does not tell it.
   */
  get peerCertificate(): Uint8Array {
    // Deno has it for node:tls alone, under a symbol.
    const symbol = Object.getOwnPropertySymbols(Object.getPrototypeOf(this.#connection))
      .find(({ description }) => description === "getPeerCertificate");
    const connection = this.#connection as unknown as Record<
      symbol,
      (() => { raw?: unknown } | null) | undefined
    >;
    const raw = symbol && connection[symbol]?.()?.raw;
    if (raw instanceof Uint8Array) return raw;
    this.#known.isGood = false;
    throw new Error("this Deno does not tell the peer's certificate");
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#connection.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#connection.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (!this.#isDone) this.#known.isGood = false;
    this.#connection.close();
  }
}

/**
 * The server's side of TLS by Deno over a connection that stays ours: its bytes go through a connection of this program
 * to itself, at whose other end `Deno.listenTls` takes them. Over the network Deno's own would not do: closing one of its
 * connections before the handshake is done does not close the TCP connection. Here both ends are ours to close.
 */
export class SplicedTls implements SecureStream {
  readonly #outer: ByteStream;
  /** Our end of the connection to ourselves; what it carries is encrypted. */
  readonly #near: Deno.TcpConn;
  readonly #inner: Deno.TlsConn;
  readonly #outgoing: Promise<void>;
  #isDone = false;
  #isClosed = false;

  /**
   * Takes `outer` over. What listens for the connection to ourselves does so for that one alone: who else gets in first,
   * from this machine, gets nothing but a refusal.
   *
   * @throws Error where there is no such connection: `outer` is untouched then.
   */
  static async start(
    outer: ByteStream,
    { certificate, privateKey }: { readonly certificate: string; readonly privateKey: string },
  ): Promise<SplicedTls> {
    using listener = Deno.listenTls({
      ...{ hostname: LOOPBACK, port: 0, cert: certificate, key: privateKey, tcpBacklog: 1 },
    });
    const { port } = listener.addr as Deno.NetAddr;
    const accepting = listener.accept();
    accepting.catch(() => undefined);
    const near = await Deno.connect({ hostname: LOOPBACK, port });
    let inner: Deno.TlsConn | undefined;
    try {
      inner = await accepting;
      if ((inner.remoteAddr as Deno.NetAddr).port !== (near.localAddr as Deno.NetAddr).port) {
        throw new Error("somebody else came in between");
      }
      near.setNoDelay(true);
      return new SplicedTls(outer, { near, inner });
    } catch (thrown) {
      near.close();
      inner?.close();
      throw thrown;
    }
  }

  private constructor(
    outer: ByteStream,
    { near, inner }: { near: Deno.TcpConn; inner: Deno.TlsConn },
  ) {
    this.#outer = outer;
    this.#near = near;
    this.#inner = inner;
    void this.#pass(outer, near);
    this.#outgoing = this.#pass(near, outer);
  }

  async handshake(): Promise<void> {
    await this.#inner.handshake();
    this.#isDone = true;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#inner.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#inner.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#inner.closeWrite();
  }

  /** May be called again. What was written before still leaves, as the system would do it for a connection without a splice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inner.close();
    if (!this.#isDone) return this.#cut();
    const timer = setTimeout(() => this.#cut(), LEAVE_MS_MAX);
    void this.#outgoing.finally(() => {
      clearTimeout(timer);
      this.#cut();
    });
  }

  #cut(): void {
    for (const end of [this.#near, this.#outer]) {
      try {
        end.close();
      } catch {
        // It is closed already.
      }
    }
  }

  /** Passes on what comes, and its end. Never rejects: where one side breaks, the other one is closed. */
  async #pass(from: ByteStream, to: ByteStream): Promise<void> {
    try {
      let buffer = new Uint8Array(SPLICE_BYTES_MIN);
      for (let size; (size = await from.read(buffer)) !== null;) {
        await writeAll(to, buffer.subarray(0, size));
        if (size === buffer.length && size < SPLICE_BYTES_MAX) buffer = new Uint8Array(2 * size);
      }
      await to.closeWrite();
    } catch {
      this.#cut();
    }
  }
}
