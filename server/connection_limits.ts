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
 * address that has most of them goes, so that whoever means it still comes in.
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

  /** True when one more from that address fits. */
  hasRoomFor(address: string): boolean {
    return this.#all.size < this.#limits.all &&
      (this.#perAddress.get(address) ?? 0) < this.#limits.perAddress;
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
