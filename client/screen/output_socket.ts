import { join } from "node:path";

/** An output of an ffmpeg besides its stdout: an address it writes to, and what it writes there. */
export interface OutputSocket {
  /** For ffmpeg's command line. */
  readonly url: string;
  /** What comes, from the first connection on; ends with it, or with `close`. */
  chunks(): AsyncGenerator<Uint8Array>;
  close(): void;
}

/** What one read takes. */
const READ_BYTES = 64 << 10;

/**
 * Opens one: a socket in `folder`, where only this user gets to; on Windows, where there is none, a port of the loopback, which
 * takes the first who comes.
 */
export function openOutputSocket(folder: string, name: string): OutputSocket {
  if (Deno.build.os !== "windows") {
    const path = join(folder, name);
    return new ListeningSocket(Deno.listen({ transport: "unix", path }), `unix:${path}`);
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return new ListeningSocket(listener, `tcp://127.0.0.1:${listener.addr.port}`);
}

class ListeningSocket implements OutputSocket {
  readonly #listener: Deno.Listener;
  #connection: Deno.Conn | undefined;
  #isClosed = false;

  constructor(listener: Deno.Listener, readonly url: string) {
    this.#listener = listener;
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    try {
      const connection = this.#connection = await this.#listener.accept();
      this.#listener.close();
      const buffer = new Uint8Array(READ_BYTES);
      for (;;) {
        const size = await connection.read(buffer);
        if (size === null) return;
        yield buffer.subarray(0, size);
      }
    } catch (thrown) {
      // Nobody came, or it broke: the end of ffmpeg says why.
      if (!this.#isClosed && !(thrown instanceof Deno.errors.ConnectionReset)) throw thrown;
    } finally {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#listener.close();
    } catch {
      // It is, since the connection came.
    }
    this.#connection?.close();
  }
}
