/**
 * Networks of their own for tests: hosts (Linux network namespaces) with a cable (veth) each to one switch (a bridge in
 * a namespace of its own). Nothing of it touches the network of the machine. Needs root, iproute2 and a kernel with
 * namespaces, veth and bridges; what is missing is an error with its reason.
 */
import { assert } from "@fusionmeet/base";
import { isAlive, run } from "./programs.ts";

/** What the names of all namespaces start with; then the process that made them, as `owner()` says. */
const PREFIX = "fusionmeet";
const NAMED = new RegExp(`^${PREFIX}-(\\d+-\\d+)-[0-9a-f]{8}-`);
const NAMESPACES = "/run/netns";
/** `ip netns exec` lays `NAME/resolv.conf` from here over /etc/resolv.conf. */
const CONFIGURATIONS = "/etc/netns";
const BRIDGE = "switch";
/** An interface's name in the kernel. */
const INTERFACE_NAME_LENGTH_MAX = 15;
const SUBNET = "10.77.0";
const SUBNET6 = "fd77:77:77:";
/** Bytes that a limited cable takes at once: two of the largest segments that the kernel hands over unsplit. */
const BURST_BYTES = 128 << 10;

export interface LanOptions {
  /** Names of the hosts, at most 12 letters each. They get 10.77.0.11, .12, … in this order. */
  readonly hosts: readonly string[];
}

/** Which way on a cable: to the switch or to the host. */
export type Way = "up" | "down";

/** Some hosts on one switch. The switch has the gateway's address and passes nothing on. */
export class Lan implements AsyncDisposable {
  /** What the hosts believe to be the way to the world, and to a name server: a hole. */
  readonly gateway = `${SUBNET}.1`;
  readonly gateway6 = `${SUBNET6}:1`;
  readonly subnet = `${SUBNET}.0/24`;
  readonly subnet6 = `${SUBNET6}:/64`;
  /** Everybody on the subnet. */
  readonly broadcast = `${SUBNET}.255`;
  /** The namespace of the switch. */
  readonly switch: string;
  readonly #hosts = new Map<string, LanHost>();
  readonly #namespaces: string[] = [];
  readonly #name: string;

  /**
   * Makes the network, after what is left of such networks of processes that are no more was removed.
   *
   * @throws Error with the reason where a network cannot be made. Nothing of it is left then.
   */
  static async create({ hosts }: LanOptions): Promise<Lan> {
    const lan = new Lan(`${PREFIX}-${owner(Deno.pid)}-${crypto.randomUUID().slice(0, 8)}`);
    try {
      await removeLeftovers();
      await lan.#addSwitch();
      for (const name of hosts) await lan.addHost(name);
      return lan;
    } catch (cause) {
      await lan[Symbol.asyncDispose]().catch(() => undefined);
      throw new Error(`Cannot make a network for a test: ${reason(cause)}`, { cause });
    }
  }

  private constructor(name: string) {
    this.#name = name;
    this.switch = `${name}-${BRIDGE}`;
  }

  get hosts(): LanHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string): LanHost {
    const host = this.#hosts.get(name);
    assert(host, `${name} is on the network`);
    return host;
  }

  /** Plugs one more host in; its name is not taken. */
  async addHost(name: string): Promise<LanHost> {
    const index = this.#hosts.size + 11;
    const namespace = await this.#addNamespace(name);
    const host = new LanHost(this, { name, namespace, index });
    this.#hosts.set(name, host);
    const folder = `${CONFIGURATIONS}/${namespace}`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${folder}/resolv.conf`, `nameserver ${this.gateway}\n`);
    await host.addInterface("eth0", { address: host.address, address6: host.address6 });
    await ip(namespace, [
      `route add default via ${this.gateway}`,
      `route add default via ${this.gateway6}`,
    ]);
    return host;
  }

  /** Runs a tool of the system on the switch: it sees all cables. @throws Error with its last words when it fails. */
  async run(command: string, args: string[], input?: Uint8Array): Promise<string> {
    return new TextDecoder().decode(await runInside(this.switch, [command, ...args], input));
  }

  /** Ends what still runs on the hosts and removes all. */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const namespace of this.#namespaces.splice(0).reverse()) {
      await removeNamespace(namespace).catch((failure) => failures.push(failure));
    }
    this.#hosts.clear();
    if (failures.length > 0) {
      throw new AggregateError(failures, `Cannot remove a test's network: ${failures.join("; ")}`);
    }
  }

  async #addSwitch(): Promise<void> {
    const namespace = await this.#addNamespace(BRIDGE);
    // Without snooping a group's packets go to everybody, as on most small switches.
    await ip(namespace, [
      `link add ${BRIDGE} type bridge forward_delay 0 mcast_snooping 0`,
      `addr add ${this.gateway}/24 dev ${BRIDGE}`,
      `addr add ${this.gateway6}/64 dev ${BRIDGE} nodad`,
      `link set ${BRIDGE} up`,
    ]);
  }

  async #addNamespace(name: string): Promise<string> {
    const namespace = `${this.#name}-${name}`;
    await tool("ip", ["netns", "add", namespace]);
    this.#namespaces.push(namespace);
    await ip(namespace, ["link set lo up"]);
    return namespace;
  }
}

/** One computer on a `Lan`. */
export class LanHost {
  readonly name: string;
  readonly namespace: string;
  /** Of its first interface, `eth0`. */
  readonly address: string;
  readonly address6: string;
  readonly #lan: Lan;
  /** By the name of the interface: the other end of its cable. */
  readonly #ports = new Map<string, string>();

  constructor(lan: Lan, options: { name: string; namespace: string; index: number }) {
    const { name, namespace, index } = options;
    this.#lan = lan;
    this.name = name;
    this.namespace = namespace;
    this.address = `${SUBNET}.${index}`;
    this.address6 = `${SUBNET6}:${index}`;
  }

  /** What stands before a program and its arguments to start it here, as root; `asOrdinaryUser()` may follow. */
  inside(): string[] {
    return insideOf(this.namespace);
  }

  /** Runs a program here to its end. @throws Error with its last words when it fails. */
  async run(command: string, args: string[]): Promise<string> {
    return new TextDecoder().decode(await runInside(this.namespace, [command, ...args]));
  }

  /**
   * Plugs one more cable into the same switch.
   *
   * @param options.address IPv4, with the length of its prefix unless that is 24.
   */
  async addInterface(
    name: string,
    options: { address?: string; address6?: string } = {},
  ): Promise<void> {
    const port = `${this.name}${this.#ports.size === 0 ? "" : this.#ports.size}`;
    assert(port.length <= INTERFACE_NAME_LENGTH_MAX && port !== BRIDGE, `${port} names a port`);
    const { switch: theSwitch } = this.#lan;
    await ip(this.namespace, [`link add ${name} type veth peer name ${port} netns ${theSwitch}`]);
    this.#ports.set(name, port);
    await ip(theSwitch, [`link set ${port} master ${BRIDGE}`, `link set ${port} up`]);
    if (options.address) await this.addAddress(options.address, name);
    if (options.address6) {
      await ip(this.namespace, [`addr add ${options.address6}/64 dev ${name} nodad`]);
    }
    await ip(this.namespace, [`link set ${name} up`]);
  }

  /** Takes an interface with its cable away. */
  async removeInterface(name: string): Promise<void> {
    this.#port(name);
    await ip(this.namespace, [`link del ${name}`]);
    this.#ports.delete(name);
  }

  /** @param address IPv4, with the length of its prefix unless that is 24. */
  async addAddress(address: string, name = "eth0"): Promise<void> {
    // With `brd +` nobody is told of another broadcast address than that of the prefix.
    await ip(this.namespace, [`addr add ${prefixed(address)} brd + dev ${name}`]);
  }

  async removeAddress(address: string, name = "eth0"): Promise<void> {
    await ip(this.namespace, [`addr del ${prefixed(address)} dev ${name}`]);
  }

  /** Pulls the cable: both ends notice, addresses stay. */
  async cut(name = "eth0"): Promise<void> {
    await ip(this.#lan.switch, [`link set ${this.#port(name)} down`]);
  }

  /** Puts the cable back. */
  async restore(name = "eth0"): Promise<void> {
    await ip(this.#lan.switch, [`link set ${this.#port(name)} up`]);
  }

  /**
   * Makes the cable slower one way, or as fast as ever.
   *
   * @param rate as tc writes it (`2mbit`); `undefined`: no limit.
   * @param options.queueMs how long a packet waits for its turn before it is lost instead.
   */
  async limit(
    way: Way,
    rate: string | undefined,
    options: { queueMs?: number; name?: string } = {},
  ): Promise<void> {
    const { queueMs = 100, name = "eth0" } = options;
    const [namespace, device] = way === "up"
      ? [this.namespace, name]
      : [this.#lan.switch, this.#port(name)];
    const limit = rate &&
      ["tbf", "rate", rate, "burst", `${BURST_BYTES}`, "latency", `${queueMs}ms`];
    // A device that never had a limit has none to delete.
    const change = limit ? ["replace", ...limit] : ["replace", "noqueue"];
    const [action, ...rest] = change;
    await runInside(namespace, ["tc", "qdisc", action, "dev", device, "root", ...rest]);
  }

  #port(name: string): string {
    const port = this.#ports.get(name);
    assert(port, `${this.name} has the interface ${name}`);
    return port;
  }
}

/** Removes the networks of processes that were killed before they could do it; those of living ones stay. */
export async function removeLeftovers(): Promise<void> {
  for (const namespace of namespaces()) {
    const made = NAMED.exec(namespace)?.[1];
    if (made === undefined || made === owner(Number(made.split("-")[0]))) continue;
    await removeLeftover(namespace);
  }
}

/** How often it is tried: another process may be removing it, too, and is half through. */
const REMOVE_TRIES = 3;

async function removeLeftover(namespace: string): Promise<void> {
  for (let left = REMOVE_TRIES - 1;; left--) {
    try {
      return await removeNamespace(namespace);
    } catch (thrown) {
      if (!namespaces().includes(namespace)) return;
      if (left === 0) throw thrown;
    }
  }
}

/** The names of the machine's network namespaces. */
export function namespaces(): string[] {
  try {
    return [...Deno.readDirSync(NAMESPACES)].map(({ name }) => name);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return [];
    throw thrown;
  }
}

/** The process as a part of a name: another process that gets the same pid has another. `undefined` without one. */
function owner(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The 22nd field: when it started, in clock ticks since the machine did.
  return `${pid}-${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
}

async function removeNamespace(namespace: string): Promise<void> {
  await killAllIn(namespace);
  await tool("ip", ["netns", "del", namespace]);
  await Deno.remove(`${CONFIGURATIONS}/${namespace}`, { recursive: true }).catch((thrown) => {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  });
}

/** A namespace goes when its last process has: with one left it would live on without a name. */
async function killAllIn(namespace: string): Promise<void> {
  const pids = (await tool("ip", ["netns", "pids", namespace])).split("\n").filter((pid) => pid);
  for (const pid of pids.map(Number)) {
    try {
      Deno.kill(pid, "SIGKILL");
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
}

function prefixed(address: string): string {
  return address.includes("/") ? address : `${address}/24`;
}

function insideOf(namespace: string): string[] {
  // By its path: what is started may have a PATH of its own, without it.
  return ["/usr/sbin/ip", "netns", "exec", namespace];
}

async function runInside(
  namespace: string,
  [command, ...args]: readonly string[],
  input?: Uint8Array,
): Promise<Uint8Array> {
  const [ip, ...inside] = insideOf(namespace);
  return await run(ip, [...inside, command, ...args], input);
}

/** Runs lines of `ip` in a namespace, all or up to the first that fails. */
async function ip(namespace: string, lines: readonly string[]): Promise<void> {
  const script = new TextEncoder().encode(lines.join("\n") + "\n");
  await run("ip", ["-netns", namespace, "-batch", "-"], script);
}

async function tool(command: string, args: string[]): Promise<string> {
  return new TextDecoder().decode(await run(command, args));
}

/** What a person needs to hear of why it does not work. */
function reason(thrown: unknown): string {
  if (Deno.build.os !== "linux") return `only Linux has network namespaces, not ${Deno.build.os}`;
  if (Deno.uid() !== 0) return "it needs root: run the tests as root, as on the build machine";
  if (thrown instanceof Deno.errors.NotFound) {
    return "there is no ip: `deno task setup --tests` installs iproute2";
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}
