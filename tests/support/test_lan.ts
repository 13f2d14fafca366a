import { FakeTimers } from "@fusionmeet/base";
import { type Channel, type ChannelOptions, ipv4Number, type Link } from "@fusionmeet/discovery";

/** From sending to arriving. */
const DELAY_MS = 1;

/** One datagram as it went over the network. */
export interface Datagram {
  readonly atMs: number;
  readonly source: string;
  readonly group: string;
  readonly bytes: Uint8Array;
}

/** A network with multicast in a test: what is sent to a group comes to all its members of the same /24, on the fake clock. */
export class TestLan {
  readonly timers = new FakeTimers();
  readonly sent: Datagram[] = [];
  /** Datagrams that are lost, by their index in `sent`. */
  loses: (datagram: Datagram) => boolean = () => false;
  /** Addresses at which no channel can be opened, and why. */
  readonly broken = new Map<string, string>();
  readonly #members = new Set<ChannelOptions>();

  openChannel = (options: ChannelOptions): Promise<Channel> => {
    const state = this.broken.get(`${options.address} ${options.group}`);
    if (state !== undefined) return Promise.reject(new Error(state));
    this.#members.add(options);
    const { group, port, address } = options;
    return Promise.resolve({
      send: (bytes) => this.send(bytes, { source: address, group, port }),
      close: () => {
        this.#members.delete(options);
        return Promise.resolve();
      },
    });
  };

  /** What somebody at `source` sends, whoever that is. */
  send(
    bytes: Uint8Array,
    { source, group, port }: { source: string; group: string; port: number },
  ): void {
    const datagram = { atMs: this.timers.nowMs(), source, group, bytes: bytes.slice() };
    this.sent.push(datagram);
    if (this.loses(datagram)) return;
    const to = [...this.#members].filter((member) =>
      member.group === group && member.port === port && isSameNetwork(member.address, source)
    );
    this.timers.after(DELAY_MS, () => {
      for (const member of to) {
        if (this.#members.has(member)) member.onDatagram(datagram.bytes, source);
      }
    });
  }

  /** Lets `ms` pass on the fake clock, and what waits for promises run in between. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 10) {
      await settled();
      this.timers.advance(Math.min(10, ms - passed));
    }
    await settled();
  }

  /** Open channels. */
  get memberCount(): number {
    return this.#members.size;
  }
}

/** One network with one address, /24. */
export function link(name: string, ...addresses: string[]): Link {
  return {
    name,
    addresses: addresses.map((address) => ({ address, netmask: "255.255.255.0" })),
  };
}

/** After all that waits for promises only. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function isSameNetwork(a: string, b: string): boolean {
  return ipv4Number(a)! >>> 8 === ipv4Number(b)! >>> 8;
}
