import { seededRandom } from "@fusionmeet/base";
import { ImpairedPath, type Impairment } from "./impairment.ts";
import { type CapturedDatagram, pcapBytes } from "./pcap.ts";

/**
 * A network between clients and a server on 127.0.0.1, as seen at `hostname` on the same two ports. Each client
 * address has its own address towards the server, so the server can tell them apart. `impair` harms datagrams;
 * TCP only knows `delayMs` and `cut` (bytes wait, as behind a pulled cable; nobody is told).
 */
export class Proxy implements AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  readonly mediaPort: number;
  readonly fingerprint: string;
  /** From clients to the server, and back. */
  readonly up: ImpairedPath;
  readonly down: ImpairedPath;
  /** Datagrams as clients sent and were sent them, while `capture` is on. */
  readonly captured: CapturedDatagram[] = [];
  capture = false;
  /** Everything that went over TCP, either way, while `capture` is on. */
  readonly capturedStreams: Uint8Array[] = [];
  /** Changes what passes, after it was captured on its way up, before it is on its way down. */
  alter: (bytes: Uint8Array, way: "up" | "down") => Uint8Array = (bytes) => bytes;
  /** Datagrams that got through, per direction. */
  readonly passed = { up: 0, down: 0 };
  readonly #listener: Deno.TcpListener;
  readonly #socket: Deno.DatagramConn;
  readonly #links = new Map<string, Deno.DatagramConn>();
  readonly #connections = new Set<Deno.Conn>();
  /** What each timer that runs will do. */
  readonly #timers = new Map<ReturnType<typeof setTimeout>, () => void>();
  readonly #running: Promise<unknown>[] = [];
  #closed = false;
  #cut: PromiseWithResolvers<void> | undefined;

  /** @param server what is behind it; on 127.0.0.1. */
  constructor(
    server: { port: number; mediaPort: number; fingerprint: string },
    options: { seed?: number; hostname?: string; both?: Partial<Impairment> } = {},
  ) {
    const { seed = 1, hostname = "127.0.0.2", both } = options;
    this.hostname = hostname;
    ({ port: this.port, mediaPort: this.mediaPort, fingerprint: this.fingerprint } = server);
    this.up = new ImpairedPath(seededRandom(seed), both);
    this.down = new ImpairedPath(seededRandom(seed + 1), both);
    this.#listener = Deno.listen({ hostname, port: this.port });
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port: this.mediaPort });
    this.#running.push(this.#acceptAll(), this.#receiveUp());
  }

  /** Changes both directions from now on. */
  impair(both: Partial<Impairment>): void {
    for (const path of [this.up, this.down]) path.impairment = { ...path.impairment, ...both };
  }

  /** Nothing passes until `restore`. */
  cut(): void {
    this.#cut ??= Promise.withResolvers();
  }

  restore(): void {
    this.#cut?.resolve();
    this.#cut = undefined;
  }

  /** Ends every TCP connection that goes through it. */
  resetConnections(): void {
    for (const connection of this.#connections) close(connection);
  }

  /** Gives every client another address towards the server, as a router that forgot its translations. */
  rebind(): void {
    for (const link of this.#links.values()) close(link);
    this.#links.clear();
  }

  /** What was captured, as a pcap file. */
  pcap(): Uint8Array<ArrayBuffer> {
    return pcapBytes(this.captured);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.restore();
    close(this.#listener);
    close(this.#socket);
    this.rebind();
    this.resetConnections();
    // What is on its way arrives now, at closed doors.
    for (const [timer, then] of this.#timers) {
      clearTimeout(timer);
      then();
    }
    await Promise.all(this.#running);
  }

  async #acceptAll(): Promise<void> {
    for await (const connection of this.#listener) this.#running.push(this.#connect(connection));
  }

  async #connect(near: Deno.Conn): Promise<void> {
    this.#connections.add(near);
    try {
      await this.#cut?.promise;
      if (this.#closed) return;
      const far = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#connections.add(far);
      await Promise.all([this.#pump(near, far, this.up), this.#pump(far, near, this.down)]);
      this.#connections.delete(far);
      close(far);
    } catch (thrown) {
      if (!isOver(thrown)) throw thrown;
    } finally {
      this.#connections.delete(near);
      close(near);
    }
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, path: ImpairedPath): Promise<void> {
    const chunk = new Uint8Array(64 * 1024);
    try {
      while (true) {
        const size = await from.read(chunk);
        if (size === null) break;
        if (this.capture) this.capturedStreams.push(chunk.slice(0, size));
        await this.#cut?.promise;
        if (path.impairment.delayMs > 0) await this.#pass(path.impairment.delayMs);
        for (let at = 0; at < size;) at += await to.write(chunk.subarray(at, size));
      }
      await to.closeWrite();
    } catch (thrown) {
      close(from);
      close(to);
      if (!isOver(thrown)) throw thrown;
    }
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, resolve));
  }

  #later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.set(timer, then);
  }

  async #receiveUp(): Promise<void> {
    await forEachDatagram(this.#socket, (bytes, client) => {
      if (this.capture) this.#capture(bytes, client, this.#here());
      const key = `${client.hostname}:${client.port}`;
      let link = this.#links.get(key);
      if (!link) {
        link = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
        this.#links.set(key, link);
        this.#running.push(this.#receiveDown(link, client));
      }
      const open = link;
      const server: Deno.NetAddr = {
        transport: "udp",
        hostname: "127.0.0.1",
        port: this.mediaPort,
      };
      this.#deliver(this.up, () => {
        this.passed.up++;
        return open.send(this.alter(bytes, "up"), server);
      });
    });
  }

  async #receiveDown(link: Deno.DatagramConn, client: Deno.NetAddr): Promise<void> {
    await forEachDatagram(link, (bytes) => {
      this.#deliver(this.down, () => {
        this.passed.down++;
        const altered = this.alter(bytes, "down");
        if (this.capture) this.#capture(altered, this.#here(), client);
        return this.#socket.send(altered, client);
      });
    });
  }

  #deliver(path: ImpairedPath, send: () => Promise<number>): void {
    if (this.#cut) return;
    const nowMs = performance.now();
    const quietly = () => void send().catch((thrown) => isOver(thrown) || reportError(thrown));
    for (const atMs of path.arrivals(nowMs)) {
      if (atMs - nowMs < 0.5) quietly();
      else this.#later(atMs - nowMs, quietly);
    }
  }

  #here(): Deno.NetAddr {
    return { transport: "udp", hostname: this.hostname, port: this.mediaPort };
  }

  #capture(bytes: Uint8Array, from: Deno.NetAddr, to: Deno.NetAddr): void {
    this.captured.push({ atMs: performance.timeOrigin + performance.now(), from, to, bytes });
  }
}

async function forEachDatagram(
  socket: Deno.DatagramConn,
  each: (bytes: Uint8Array, from: Deno.NetAddr) => void,
): Promise<void> {
  const buffer = new Uint8Array(2_048);
  while (true) {
    try {
      const [bytes, from] = await socket.receive(buffer);
      each(bytes.slice(), from as Deno.NetAddr);
    } catch (thrown) {
      // A refused port says so on the next receive; the socket lives on.
      if (thrown instanceof Deno.errors.ConnectionRefused) continue;
      if (isOver(thrown)) return;
      throw thrown;
    }
  }
}

function close(what: { close(): void }): void {
  try {
    what.close();
  } catch (thrown) {
    if (!isOver(thrown)) throw thrown;
  }
}

/** A socket that was closed, here or there. */
function isOver(thrown: unknown): boolean {
  const { BadResource, Interrupted, ConnectionReset, BrokenPipe, ConnectionRefused, NotConnected } =
    Deno.errors;
  return [BadResource, Interrupted, ConnectionReset, BrokenPipe, ConnectionRefused, NotConnected]
    .some((kind) => thrown instanceof kind);
}
