import { setImmediate } from "node:timers";
import type { Datagram, MediaAddress } from "@fusionmeet/media";
import { DATAGRAM_BYTES_MAX } from "@fusionmeet/protocol";

/** A UDP socket as the media plane wants it. Back ends differ in speed only; all pass the same tests. */
export interface DatagramPort extends Disposable {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly address: MediaAddress;
  /** Datagrams that could not be sent, by reason, since the start. */
  readonly dropped: Readonly<Record<"sendQueueFull" | "sendFailed" | "receivedOversize", number>>;
  /**
   * The next datagram, in bytes of its own, or `undefined` once the port is closed. What is there already
   * comes without a turn of the event loop. One call at a time.
   *
   * @throws what the system says when it cannot receive at all.
   */
  receive(): Promise<Datagram | undefined>;
  /** Hands a datagram to the system without waiting; where it is full the datagram is dropped and counted. */
  send(datagram: Datagram): void;
  close(): void;
}

/** Datagrams that wait for the system to take them; more are dropped. */
const SENDS_WAITING_MAX = 2_048;
/** After so many sends timers and whatever came have their turn: a burst must not hold up a tick. */
const SENDS_PER_TURN = 16;
/**
 * Errors in a row until the port is given up, and what each of them waits. On Windows every datagram that was sent to
 * a peer who is gone comes back as one: that alone must never end a port.
 */
const ERRORS_IN_ROW_MAX = 10_000;
const ERROR_WAIT_MS = 1;

/** Opens a UDP port. @throws when the address is in use or not ours. */
export function openDatagramPort(address: MediaAddress): DatagramPort {
  return new DenoDatagramPort(address);
}

class DenoDatagramPort implements DatagramPort {
  readonly address: MediaAddress;
  readonly dropped = { sendQueueFull: 0, sendFailed: 0, receivedOversize: 0 };
  readonly #socket: Deno.DatagramConn;
  /** One byte more than we accept tells a datagram that was cut off from one that just fits. */
  readonly #buffer = new Uint8Array(DATAGRAM_BYTES_MAX + 1);
  /** What waits, from `#head` on. */
  #queue: Datagram[] = [];
  #head = 0;
  #sending = false;
  #closed = false;

  constructor({ hostname, port }: MediaAddress) {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    const { hostname: host, port: real } = this.#socket.addr as Deno.NetAddr;
    this.address = { hostname: host, port: real };
  }

  async receive(): Promise<Datagram | undefined> {
    for (let errors = 0; !this.#closed;) {
      try {
        const [bytes, from] = await this.#socket.receive(this.#buffer);
        errors = 0;
        if (bytes.length > DATAGRAM_BYTES_MAX) {
          this.dropped.receivedOversize++;
          continue;
        }
        const { hostname, port } = from as Deno.NetAddr;
        return { address: { hostname, port }, bytes: bytes.slice() };
      } catch (error) {
        if (this.#closed) return undefined;
        if (++errors > ERRORS_IN_ROW_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, ERROR_WAIT_MS));
      }
    }
    return undefined;
  }

  send({ address, bytes }: Datagram): void {
    if (this.#closed) return;
    if (this.#queue.length - this.#head >= SENDS_WAITING_MAX) {
      this.dropped.sendQueueFull++;
      return;
    }
    this.#queue.push({ address, bytes });
    if (!this.#sending) void this.#drain();
  }

  /** One at a time: of sends that were not waited for, a later one can overtake. */
  async #drain(): Promise<void> {
    this.#sending = true;
    for (let sends = 1; this.#head < this.#queue.length && !this.#closed; sends++) {
      const { address, bytes } = this.#queue[this.#head++];
      if (this.#head === SENDS_WAITING_MAX) {
        this.#queue.splice(0, this.#head);
        this.#head = 0;
      }
      try {
        await this.#socket.send(bytes, { transport: "udp", ...address });
      } catch {
        if (!this.#closed) this.dropped.sendFailed++;
      }
      if (sends % SENDS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#queue = [];
    this.#head = 0;
    this.#sending = false;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
