import type { Counters } from "@fusionmeet/base";
import type { IncomingConnection } from "@fusionmeet/net";
import { HELLO_TIMEOUT_MS } from "@fusionmeet/protocol";
import type { Admission } from "./admission.ts";
import { ServerConnection } from "./connection.ts";
import { beginsHttp, serveHttp } from "./http_exchange.ts";
import type { PageAnswer } from "./join_page.ts";
import type { ServerParts } from "./parts.ts";
import type { TicketDesk } from "./ticket_desk.ts";

export interface ArrivalOptions {
  readonly admission: Admission;
  readonly tickets: TicketDesk;
  readonly incoming: IncomingConnection;
  readonly counters: Counters;
  /** What a browser gets for a path. */
  readonly page: (asked: { path: string; localAddress: string }) => PageAnswer;
}

/**
 * Who comes to the control port, from accepting the connection to its end. The first byte says whether that is a client
 * (TLS) or a browser (HTTP without TLS); up to the `hello`, or to the end of the page, it all takes `HELLO_TIMEOUT_MS` at most.
 */
export class Arrival {
  readonly #parts: ServerParts;
  readonly #options: ArrivalOptions;
  readonly #acceptedAtMs: number;
  #connection: ServerConnection | undefined;
  /** Called once, when the peer has said a `hello` or a `ticket` that was accepted. */
  onHello: () => void = () => {};

  constructor(parts: ServerParts, options: ArrivalOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#acceptedAtMs = parts.timers.nowMs();
  }

  /** Ends it at once. */
  destroy(reason: string): void {
    if (this.#connection !== undefined) this.#connection.destroy(reason);
    else this.#options.incoming.tcp.close();
  }

  /** Ends it after what was sent. */
  async close(reason: string): Promise<void> {
    if (this.#connection !== undefined) await this.#connection.close(reason);
    else this.destroy(reason);
  }

  /** Serves the peer to the end of the connection. Never throws. */
  async serve(): Promise<void> {
    if (!await this.#isTls()) return;
    const { admission, tickets, incoming, counters } = this.#options;
    const acceptedAtMs = this.#acceptedAtMs;
    const connection = new ServerConnection(this.#parts, {
      ...{ admission, tickets, incoming, counters, acceptedAtMs },
    });
    connection.onHello = this.onHello;
    this.#connection = connection;
    await connection.serve();
  }

  /** True where a client is to be served; a browser has got its page before this ends. */
  async #isTls(): Promise<boolean> {
    const { incoming: { tcp, localAddress }, counters, page } = this.#options;
    let isLate = false;
    const stopTimer = this.#parts.timers.after(HELLO_TIMEOUT_MS, () => {
      isLate = true;
      this.destroy("late");
    });
    let isHttp = false;
    try {
      const first = await tcp.peek();
      if (first !== null && !beginsHttp(first)) return true;
      isHttp = first !== null;
      if (isHttp) {
        const status = await serveHttp(tcp, (path) => page({ path, localAddress }));
        counters.add(`page.${status}`);
      } else counters.add("ended.closed-by-peer");
    } catch {
      // Gone, or late: closing the connection ended the read.
      if (isHttp) counters.add(isLate ? "page.late" : "page.broken");
      else counters.add(isLate ? "no-hello" : "ended.broken");
    } finally {
      stopTimer();
    }
    this.destroy("served");
    return false;
  }
}
