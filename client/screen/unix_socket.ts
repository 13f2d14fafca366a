import { Duplex } from "node:stream";

const READ_BYTES = 64 << 10;

/**
 * A connection to a Unix socket, as libraries for Node want it. Not `node:net`: Deno's closes the descriptor of such a
 * connection twice, and the second time it may be a file or a connection of another thread (docs/adr/0032-unix-sockets.md).
 */
export class UnixSocket extends Duplex {
  readonly #connection: Deno.UnixConn;
  readonly #buffer = new Uint8Array(READ_BYTES);

  /** @throws Deno.errors.NotFound where nobody listens at `path`, and what else the system says. */
  static async connect(path: string): Promise<UnixSocket> {
    return new UnixSocket(await Deno.connect({ transport: "unix", path }));
  }

  private constructor(connection: Deno.UnixConn) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
  }

  override _read(): void {
    this.#connection.read(this.#buffer).then(
      (size) => this.push(size === null ? null : this.#buffer.slice(0, size)),
      (thrown) => this.destroy(thrown),
    );
  }

  override _write(chunk: Uint8Array, _encoding: unknown, done: (fault?: Error) => void): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  override _final(done: (fault?: Error) => void): void {
    // Where the other side has closed it already there is nothing to say.
    this.#connection.closeWrite().then(() => done(), () => done());
  }

  override _destroy(fault: Error | null, done: (fault: Error | null) => void): void {
    this.#connection.close();
    done(fault);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }
}
