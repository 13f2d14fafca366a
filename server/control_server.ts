import { Counters } from "@fusionmeet/base";
import { TlsListener } from "@fusionmeet/net";
import type { ServerIdentity } from "@fusionmeet/store";
import { Admission } from "./admission.ts";
import { ServerConnection } from "./connection.ts";
import { CONNECTION_LIMITS, type ConnectionLimits, ConnectionTable } from "./connection_limits.ts";
import type { ServerParts } from "./parts.ts";
import { Rooms } from "./rooms.ts";
import { TicketDesk } from "./ticket_desk.ts";

/** Takes control connections and serves them, until it is closed. */
export class ControlServer {
  readonly #parts: ServerParts;
  readonly #listener: TlsListener;
  readonly #admission: Admission;
  readonly #connections: ConnectionTable;
  readonly #serving = new Set<Promise<void>>();
  readonly #open = new Set<ServerConnection>();
  readonly rooms: Rooms;
  readonly counters = new Counters();
  /** Whose owners take the connections for screens and files. */
  readonly tickets: TicketDesk;

  /** @throws Error in words when the address cannot be listened on. */
  constructor(
    parts: ServerParts,
    options: {
      hostname: string;
      port: number;
      identity: ServerIdentity;
      limits?: ConnectionLimits;
    },
  ) {
    this.#parts = parts;
    this.#connections = new ConnectionTable(options.limits ?? CONNECTION_LIMITS);
    this.rooms = new Rooms(parts);
    this.#admission = new Admission(parts, this.rooms);
    this.tickets = new TicketDesk(parts, { counters: this.counters });
    const { hostname, port, identity } = options;
    this.#listener = new TlsListener({ hostname, port, ...identity });
    void this.#accept();
  }

  get port(): number {
    return this.#listener.port;
  }

  get connectionCount(): number {
    return this.#connections.count;
  }

  /** Tells everybody, and ends when all connections are gone: in little over a second at most. */
  async close(reason: string): Promise<void> {
    this.#listener.close();
    this.rooms.close(reason);
    for (const connection of this.#open) void connection.close(reason);
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const incoming of this.#listener.connections()) {
      if (!this.#connections.hasRoomFor(incoming.address)) {
        this.counters.add("connections-over-limit");
        incoming.stream.close();
        continue;
      }
      const connection = new ServerConnection(this.#parts, {
        admission: this.#admission,
        tickets: this.tickets,
        incoming,
        counters: this.counters,
      });
      const limited = {
        address: incoming.address,
        destroy: (reason: string) => {
          this.counters.add("connections-without-hello-dropped");
          connection.destroy(reason);
        },
      };
      this.#connections.add(limited);
      this.#open.add(connection);
      connection.onHello = () => this.#connections.settle(limited);
      const serving = connection.serve().finally(() => {
        this.#connections.remove(limited);
        this.#open.delete(connection);
        this.#serving.delete(serving);
      });
      this.#serving.add(serving);
    }
  }
}
