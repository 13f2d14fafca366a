import { Counters } from "@fusionmeet/base";
import { TlsListener } from "@fusionmeet/net";
import type { Fingerprint } from "@fusionmeet/protocol";
import type { ServerIdentity } from "@fusionmeet/store";
import { Admission } from "./admission.ts";
import { Arrival } from "./arrival.ts";
import { CONNECTION_LIMITS, type ConnectionLimits, ConnectionTable } from "./connection_limits.ts";
import { answerFor, type PageAnswer } from "./join_page.ts";
import type { ServerParts } from "./parts.ts";
import { Transfers } from "./files/transfers.ts";
import { Rooms } from "./rooms.ts";
import { Screens } from "./screen/screens.ts";
import { TicketDesk } from "./ticket_desk.ts";

/** Takes control connections, and browsers that ask for the page, and serves them until it is closed. */
export class ControlServer {
  readonly #parts: ServerParts;
  readonly #listener: TlsListener;
  readonly #admission: Admission;
  readonly #connections: ConnectionTable;
  readonly #serving = new Set<Promise<void>>();
  readonly #open = new Set<Arrival>();
  readonly #fingerprint: Fingerprint;
  readonly rooms: Rooms;
  readonly counters = new Counters();
  /** Files that come and go. */
  readonly transfers: Transfers;
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
    this.transfers = new Transfers({ ...parts, counters: this.counters });
    this.tickets.own("file.send", this.transfers);
    this.tickets.own("file.fetch", this.transfers);
    const screens = new Screens({ ...parts, counters: this.counters });
    this.tickets.own("screen.send", screens);
    this.tickets.own("screen.view", screens);
    const { hostname, port, identity } = options;
    this.#fingerprint = identity.fingerprint;
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
    for (const arrival of this.#open) void arrival.close(reason);
    await Promise.all(this.#serving);
  }

  async #accept(): Promise<void> {
    for await (const incoming of this.#listener.connections()) {
      if (!this.#connections.makeRoomFor(incoming.address)) {
        this.counters.add("connections-over-limit");
        incoming.tcp.close();
        continue;
      }
      const arrival = new Arrival(this.#parts, {
        admission: this.#admission,
        tickets: this.tickets,
        incoming,
        counters: this.counters,
        page: (asked) => this.#page(asked),
      });
      let isSettled = false;
      const limited = {
        address: incoming.address,
        destroy: (reason: string) => {
          this.counters.add(
            isSettled ? "connections-given-way" : "connections-without-hello-dropped",
          );
          arrival.destroy(reason);
        },
      };
      this.#connections.add(limited);
      this.#open.add(arrival);
      arrival.onHello = () => {
        isSettled = true;
        this.#connections.settle(limited);
      };
      const serving = arrival.serve().finally(() => {
        this.#connections.remove(limited);
        this.#open.delete(arrival);
        this.#serving.delete(serving);
      });
      this.#serving.add(serving);
    }
  }

  /** What a browser gets that came here instead of a client. */
  #page({ path, localAddress }: { path: string; localAddress: string }): PageAnswer {
    const { addresses, settings } = this.#parts;
    return answerFor(path, {
      serverName: settings.serverName,
      needsPin: settings.pin !== undefined,
      fingerprint: this.#fingerprint,
      port: this.port,
      addresses: bestFirst(addresses(), localAddress),
    });
  }
}

/** The address at which somebody reached us comes first: others of that network reach it, too. */
function bestFirst(addresses: readonly string[], reachedAt: string): readonly string[] {
  if (!addresses.includes(reachedAt)) return addresses;
  return [reachedAt, ...addresses.filter((address) => address !== reachedAt)];
}
