import { Program } from "./programs.ts";
import { TemporaryDirectory, until } from "./wait.ts";

/** Everybody may say and own everything: it is a bus of the test alone. */
const busSettings = (socket: string) =>
  `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
`;

const DAEMON_SETTINGS = `[server]
host-name=oracle
use-ipv4=yes
use-ipv6=no
enable-dbus=yes
[publish]
publish-hinfo=no
publish-workstation=no
`;

/** One line of `avahi-browse -p`: an instance that came (`+`), is gone (`-`), or was resolved (`=`). */
export interface BrowseLine {
  readonly sign: string;
  /** As avahi writes it: other than ASCII letters and digits as `\ddd`. */
  readonly label: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** Sorted. */
  readonly txt: readonly string[];
}

/** Avahi, somebody else's mDNS, in a namespace: a bus of its own, the daemon, and what is asked of it. */
export class Avahi implements AsyncDisposable {
  readonly #inside: string[];
  readonly #ends = new AsyncDisposableStack();
  readonly #folder = this.#ends.use(new TemporaryDirectory());

  /** @param inside What stands before a program to start it in the namespace. */
  static async start(inside: string[]): Promise<Avahi> {
    const avahi = new Avahi(inside);
    try {
      await avahi.#start();
      return avahi;
    } catch (thrown) {
      await avahi[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  private constructor(inside: string[]) {
    this.#inside = inside;
  }

  /** Lists instances of `type` until it is disposed of; `lines` grows. */
  browse(type: string): Program & { lines: () => BrowseLine[] } {
    const browser = this.#run("avahi-browse", ["-rp", type]);
    return Object.assign(browser, { lines: () => browser.otherLines.flatMap(parseLine) });
  }

  /** What it knows of the instances of `type` now. */
  async resolved(type: string): Promise<BrowseLine[]> {
    await using browser = this.#run("avahi-browse", ["-rpt", type]);
    await browser.exit();
    return browser.otherLines.flatMap(parseLine).filter(({ sign }) => sign === "=");
  }

  /** Publishes a service until it is disposed of. */
  publish(name: string, type: string, port: number, txt: readonly string[]): Program {
    return this.#run("avahi-publish", ["-s", name, type, String(port), ...txt]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }

  async #start(): Promise<void> {
    const [bus, settings] = ["bus", "avahi.conf"].map((name) => this.#folder.file(name));
    await Deno.writeTextFile(`${bus}.conf`, busSettings(bus));
    await Deno.writeTextFile(settings, DAEMON_SETTINGS);
    this.#ends.use(
      this.#run("dbus-daemon", [`--config-file=${bus}.conf`, "--nofork", "--nopidfile"]),
    );
    await until("the bus", () => Deno.stat(bus).catch(() => undefined));
    // The machine's own avahi may be running: in the namespace nobody sees its files.
    const alone = "mkdir -p /run/avahi-daemon && mount -t tmpfs tmpfs /run/avahi-daemon && " +
      `exec avahi-daemon -f ${settings} --no-drop-root --no-chroot --no-rlimits --no-proc-title`;
    const daemon = this.#ends.use(this.#run("sh", ["-c", alone]));
    await until("avahi", () => {
      if (daemon.status) throw new Error(`Cannot start avahi: ${daemon.errorText}`);
      return daemon.errorText.includes("Server startup complete");
    }).catch((thrown) => {
      throw new Error(`${thrown.message}; it says: ${daemon.errorText}`, { cause: thrown });
    });
  }

  #run(program: string, args: string[]): Program {
    const bus = `unix:path=${this.#folder.file("bus")}`;
    return new Program(program, {
      command: program,
      args,
      inside: this.#inside,
      env: { DBUS_SYSTEM_BUS_ADDRESS: bus },
    });
  }
}

function parseLine(line: string): BrowseLine[] {
  const [sign, _interface, _protocol, label, _type, _domain, host = "", address = "", port, txt] =
    line.split(";");
  if (label === undefined) return [];
  const texts = [...(txt ?? "").matchAll(/"([^"]*)"/g)].map(([, text]) => text).sort();
  return [{ sign, label, host, address, port: Number(port), txt: texts }];
}
