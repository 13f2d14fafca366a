import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { connect, type SecureContext, TLSSocket } from "node:tls";
import type { ByteStream } from "./byte_stream.ts";
import type { SecureStream } from "./native_tls.ts";
import { SocketStream } from "./socket_stream.ts";

/** One read takes so much at first, and twice as much each time that was all used. */
const READ_BYTES_MIN = 1024;
const READ_BYTES_MAX = 256 * 1024;

/**
 * TLS 1.3 over a TCP connection, as a `ByteStream`. Why not `Deno.listenTls`: closing one of its connections before the handshake
 * is done does not close the TCP connection (Deno 2.9.5), so whoever opens many and says nothing uses up all file handles.
 * Why not `node:tls` alone: it takes from the network without bound while nobody reads. Here bytes are taken only when wanted.
 */
export class TlsStream implements SecureStream {
  readonly #tcp: ByteStream;
  readonly #tap: Tap;
  readonly #socket: TLSSocket;
  readonly #stream: SocketStream;
  readonly #ready = Promise.withResolvers<void>();
  #isClosed = false;

  private constructor(
    tcp: ByteStream,
    { start, readyEvent }: { start: (duplex: Duplex) => TLSSocket; readyEvent: string },
  ) {
    this.#tcp = tcp;
    this.#tap = new Tap(tcp);
    this.#socket = start(this.#tap);
    this.#stream = new SocketStream(this.#socket);
    this.#stream.onWanted = (isWanted) => this.#tap.turn(isWanted);
    this.#stream.onEnded = (error) => this.#ready.reject(error);
    this.#ready.promise.catch(() => {});
    this.#socket.once(readyEvent, () => {
      this.#tap.turn(false);
      this.#ready.resolve();
    });
    this.#tap.turn(true);
  }

  /** The client's side. The server has to hold the key of its certificate; nothing else is checked here. */
  static client(tcp: ByteStream): TlsStream {
    const start = (socket: Duplex) =>
      connect({ socket, rejectUnauthorized: false, minVersion: "TLSv1.3", servername: "" });
    return new TlsStream(tcp, { start, readyEvent: "secureConnect" });
  }

  /** The server's side. */
  static server(tcp: ByteStream, secureContext: SecureContext): TlsStream {
    const start = (socket: Duplex) =>
      new TLSSocket(socket as ConstructorParameters<typeof TLSSocket>[0], {
        isServer: true,
        secureContext,
      });
    return new TlsStream(tcp, { start, readyEvent: "secure" });
  }

  /** Ends when the handshake is done; rejects when it fails or the connection ends before. */
  handshake(): Promise<void> {
    return this.#ready.promise;
  }

  /** The peer's certificate, DER; to be asked for after the handshake. */
  get peerCertificate(): Uint8Array {
    return this.#socket.getPeerCertificate().raw;
  }

  async read(into: Uint8Array): Promise<number | null> {
    await this.#ready.promise;
    return await this.#stream.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#stream.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#stream.closeWrite();
  }

  /** May be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.close();
    this.#tap.destroy();
    this.#tcp.close();
  }
}

/** A `ByteStream` as node's TLS wants it, which takes from it only while it is turned on. */
class Tap extends Duplex {
  readonly #stream: ByteStream;
  #isOn = false;
  /** Node has asked for bytes and got none yet. */
  #isAsked = false;
  #buffer = new Uint8Array(READ_BYTES_MIN);

  constructor(stream: ByteStream) {
    super();
    this.#stream = stream;
  }

  turn(isOn: boolean): void {
    this.#isOn = isOn;
    if (isOn && this.#isAsked) void this.#pull();
  }

  override _read(): void {
    this.#isAsked = true;
    if (this.#isOn) void this.#pull();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#writeAll(bytes).then(() => done(), done);
  }

  override _final(done: (error?: Error) => void): void {
    this.#stream.closeWrite().then(() => done(), done);
  }

  async #pull(): Promise<void> {
    this.#isAsked = false;
    try {
      const size = await this.#stream.read(this.#buffer);
      this.push(size === null ? null : Buffer.from(this.#buffer.slice(0, size).buffer));
      if (size === this.#buffer.length && size < READ_BYTES_MAX) {
        this.#buffer = new Uint8Array(2 * size);
      }
    } catch (thrown) {
      this.destroy(thrown as Error);
    }
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#stream.write(bytes.subarray(at));
  }
}
