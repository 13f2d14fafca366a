import {
  CONNECTIONS_MAX,
  CONNECTIONS_PER_ADDRESS_MAX,
  CONNECTIONS_WITHOUT_HELLO_MAX,
} from "@fusionmeet/protocol";

/** What is limited: who is at the other end, and how to end it. */
export interface LimitedConnection {
  readonly address: string;
  destroy(reason: string): void;
}

/** How many connections may be open; tests take smaller ones. */
export interface ConnectionLimits {
  readonly all: number;
  readonly perAddress: number;
  readonly withoutHello: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  all: CONNECTIONS_MAX,
  perAddress: CONNECTIONS_PER_ADDRESS_MAX,
  withoutHello: CONNECTIONS_WITHOUT_HELLO_MAX,
};

/**
 * Counts the open connections. Those that have not said `hello` are many only in an attack: then the oldest one of the
 * address that has most of them goes, so that whoever means it still comes in. When there are as many as there may be,
 * the newest one of the address that has most gives way to one of an address that has fewer: a few machines cannot keep
 * everybody else out.
 */
export class ConnectionTable {
  readonly #limits: ConnectionLimits;
  readonly #all = new Set<LimitedConnection>();
  readonly #perAddress = new Map<string, number>();
  /** Oldest first. */
  readonly #withoutHello = new Set<LimitedConnection>();

  constructor(limits: ConnectionLimits = CONNECTION_LIMITS) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Makes room for one more from that address, at the cost of an address that has more. @returns false when there is none. */
  makeRoomFor(address: string): boolean {
    const own = this.#perAddress.get(address) ?? 0;
    if (own >= this.#limits.perAddress) return false;
    if (this.#all.size < this.#limits.all) return true;
    const [busiest, most] = [...this.#perAddress].reduce((one, other) =>
      other[1] > one[1] ? other : one
    );
    // As many afterwards as the newcomer's address at least: two addresses do not take it from each other in turns.
    if (most < own + 2) return false;
    const newest = [...this.#all].findLast((connection) => connection.address === busiest)!;
    this.remove(newest);
    newest.destroy("too many connections from its address");
    return true;
  }

  add(connection: LimitedConnection): void {
    this.#all.add(connection);
    this.#perAddress.set(
      connection.address,
      (this.#perAddress.get(connection.address) ?? 0) + 1,
    );
    this.#withoutHello.add(connection);
    if (this.#withoutHello.size <= this.#limits.withoutHello) return;
    const oldest = this.#oldestOfBusiestAddress();
    this.#withoutHello.delete(oldest);
    oldest.destroy("too many connections without hello");
  }

  /** It has said `hello`. */
  settle(connection: LimitedConnection): void {
    this.#withoutHello.delete(connection);
  }

  /** It is over. */
  remove(connection: LimitedConnection): void {
    if (!this.#all.delete(connection)) return;
    this.#withoutHello.delete(connection);
    const count = this.#perAddress.get(connection.address)! - 1;
    if (count === 0) this.#perAddress.delete(connection.address);
    else this.#perAddress.set(connection.address, count);
  }

  [Symbol.iterator](): Iterator<LimitedConnection> {
    return this.#all.values();
  }

  #oldestOfBusiestAddress(): LimitedConnection {
    const byAddress = Map.groupBy(this.#withoutHello, ({ address }) => address);
    const most = [...byAddress.values()].reduce((one, other) =>
      other.length > one.length ? other : one
    );
    return most[0];
  }
}
