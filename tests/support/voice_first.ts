/**
 * How a voice gets through while files travel the same cable: a server behind one of a known rate, a talker, a listener
 * whose packets are captured on their own computer, one who sends a file and one who fetches another.
 */
import { Lan, type LanHost } from "./namespaces.ts";
import { type ClientProgram, launchClient, Program, startServer } from "./programs.ts";
import { passRealTime, TemporaryDirectory, until } from "./wait.ts";

/** How the packets of a voice came in one span of time. */
export interface Came {
  readonly packets: number;
  /** Between two of them; 20 ms apart when nothing is in their way. */
  readonly gapMsP99: number;
  readonly gapMsMax: number;
  /** How late they came, against the earliest of the meeting: a queue in their way makes them late together. */
  readonly lateMsP50: number;
  readonly lateMsP99: number;
}

/** What became of a voice in one span of time. */
export interface Heard {
  /** The talker's packets, on the server's computer. */
  readonly atServer: Came;
  /** The mix, on the computers of a third person and of who fetches a file. */
  readonly atListener: Came;
  readonly atFetcher: Came;
  /** Frames that the third person had to make up. */
  readonly concealed: number;
}

export interface VoiceFirst {
  /** Without files, and with them. */
  readonly calm: Heard;
  readonly busy: Heard;
  /** While it was busy, bytes. */
  readonly sentPerSecond: number;
  readonly fetchedPerSecond: number;
}

const HOSTS = ["server", "talker", "listener", "sender", "fetcher"] as const;
type Host = typeof HOSTS[number];

export interface VoiceFirstOptions {
  /** Whose cables are slow, and how slow, as tc writes it. Absent: all five are on one computer, over loopback. */
  readonly slow?: Partial<Record<Host, string>>;
  readonly seconds: number;
  /** Each of the two files. It should not be through before the time is. */
  readonly fileBytes: number;
}

/** Until the files have found their pace, and the voice is steady. */
const SETTLE_MS = 2_000;

/** Holds such a meeting, without files and with them. */
export async function voiceFirst(
  { slow, seconds, fileBytes }: VoiceFirstOptions,
): Promise<VoiceFirst> {
  await using ends = new AsyncDisposableStack();
  const directory = ends.use(new TemporaryDirectory());
  const lan = slow === undefined ? undefined : ends.use(await Lan.create({ hosts: HOSTS }));
  for (const host of lan?.hosts ?? []) {
    // As on Windows, macOS and most of Linux, whatever this machine is set to.
    const route = [lan!.subnet, "dev", "eth0", "src", host.address, "congctl", "cubic"];
    await host.run("ip", ["route", "replace", ...route]);
  }
  const place = (name: Host) => placeOf(lan?.host(name));
  const [toSend, toFetch] = ["sent.bin", "fetched.bin"].map(directory.file, directory);
  const written = Promise.all([toSend, toFetch].map((path) => writeNoise(path, fileBytes)));
  const server = ends.use(
    await startServer({
      data: directory.file("server"),
      inside: place("server").inside,
      args: ["--host", place("server").hostname, "--announce", "off"],
    }),
  );
  const { port, fingerprint, mediaPort } = server;
  const at = { hostname: place("server").hostname, port, fingerprint };
  const record = directory.file("listener");
  const start = (name: Host, more: { mic?: string; record?: string } = {}) =>
    ends.use(launchClient({ name, server: at, inside: place(name).inside, ...more }));
  const talker = start("talker", { mic: "tone:440" });
  const listener = start("listener", { record });
  const [sender, fetcher] = [start("sender"), start("fetcher", { record: directory.file("got") })];
  for (const one of [talker, listener, sender, fetcher]) await one.waitFor("joined");
  const capture = (name: Host, way: "src" | "dst") =>
    ends.use(new Capture(place(name).inside, `udp ${way} port ${mediaPort}`));
  const captures = {
    atServer: capture("server", "dst"),
    atListener: capture("listener", "src"),
    atFetcher: capture("fetcher", "src"),
  };
  await written;
  await talker.send({ do: "share", path: toFetch });
  await talker.waitFor((event) => event.event === "transfer" && event.state === "done", {
    timeoutMs: 120_000,
  });
  for (const [name, rate] of Object.entries(slow ?? {})) {
    for (const way of ["up", "down"] as const) await lan!.host(name).limit(way, rate);
  }
  for (const each of Object.values(captures)) {
    await until("packets of the voice", () => each.packets().length > 50);
  }
  const ear = new Ear(captures, record);
  await passRealTime(SETTLE_MS);
  const calm = await ear.hear(seconds);
  await sender.send({ do: "share", path: toSend });
  await fetcher.send({ do: "fetch", name: "fetched.bin" });
  for (const one of [sender, fetcher]) await moving(one);
  await passRealTime(SETTLE_MS);
  const before = [sender, fetcher].map(moved);
  const busy = await ear.hear(seconds);
  const [sentPerSecond, fetchedPerSecond] = [sender, fetcher].map(moved)
    .map(({ bytes, at }, which) => (bytes - before[which].bytes) * 1_000 / (at - before[which].at));
  return { calm, busy, sentPerSecond, fetchedPerSecond };
}

/** When a packet came, epoch ms, and that less the time of its sound. */
interface Packet {
  readonly atMs: number;
  readonly transitMs: number;
}

/** The packets of the busiest voice on a computer, by somebody else's program. */
class Capture implements AsyncDisposable {
  readonly #program: Program;

  constructor(inside: string[] | undefined, filter: string) {
    this.#program = new Program("tshark", {
      inside,
      command: "tshark",
      args: [
        ...["-l", "-i", inside ? "eth0" : "lo", "-s", "96", "-f", filter],
        ...["-T", "fields", "-e", "frame.time_epoch", "-e", "udp.payload"],
      ],
    });
  }

  packets(): Packet[] {
    const streams = new Map<string, Packet[]>();
    for (const line of this.#program.otherLines) {
      const [time, payload] = line.split("\t");
      const type = Number.parseInt(payload?.slice(2, 4), 16);
      // RTCP shares the port (RFC 5761).
      if (!(type < 192 || type > 223)) continue;
      const ssrc = payload.slice(16, 24);
      const packets = streams.get(ssrc) ?? [];
      const atMs = Number(time) * 1_000;
      // No meeting here lasts until the ticks of the sound begin anew.
      const transitMs = atMs - Number.parseInt(payload.slice(8, 16), 16) / 48;
      packets.push({ atMs, transitMs });
      streams.set(ssrc, packets);
    }
    return [...streams.values()].toSorted((one, other) => other.length - one.length)[0] ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}

/** Everywhere where the voice is listened to. */
class Ear {
  readonly #captures: Record<"atServer" | "atListener" | "atFetcher", Capture>;
  /** The listener's folder. */
  readonly #record: string;

  constructor(
    captures: Record<"atServer" | "atListener" | "atFetcher", Capture>,
    record: string,
  ) {
    this.#captures = captures;
    this.#record = record;
  }

  async hear(seconds: number): Promise<Heard> {
    const concealedBefore = await this.#concealed();
    const fromMs = Date.now();
    await passRealTime(seconds * 1_000);
    const toMs = Date.now();
    for (const capture of Object.values(this.#captures)) {
      await until("the capture", () => (capture.packets().at(-1)?.atMs ?? 0) > toMs);
    }
    const came = (capture: Capture) => cameOf(capture.packets(), { fromMs, toMs });
    const { atServer, atListener, atFetcher } = this.#captures;
    return {
      atServer: came(atServer),
      atListener: came(atListener),
      atFetcher: came(atFetcher),
      concealed: await this.#concealed() - concealedBefore,
    };
  }

  /** Up to 2 s ago: the recorder writes so often. */
  async #concealed(): Promise<number> {
    const { streams } = JSON.parse(await Deno.readTextFile(`${this.#record}/stats.json`));
    const mix = streams.filter(({ kind }: { kind: string }) => kind === "mix");
    return mix.reduce((sum: number, each: { concealed: number }) => sum + each.concealed, 0);
  }
}

function cameOf(all: readonly Packet[], span: { fromMs: number; toMs: number }): Came {
  const earliestMs = Math.min(...all.map(({ transitMs }) => transitMs));
  const came = all.filter(({ atMs }) => atMs >= span.fromMs && atMs <= span.toMs);
  const gaps = came.slice(1).map(({ atMs }, index) => atMs - came[index].atMs);
  const lates = came.map(({ transitMs }) => transitMs - earliestMs);
  return {
    ...{ packets: came.length, gapMsP99: quantile(gaps, 0.99), gapMsMax: quantile(gaps, 1) },
    ...{ lateMsP50: quantile(lates, 0.5), lateMsP99: quantile(lates, 0.99) },
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

function placeOf(host: LanHost | undefined): { hostname: string; inside?: string[] } {
  return host ? { hostname: host.address, inside: host.inside() } : { hostname: "127.0.0.1" };
}

async function moving(client: ClientProgram): Promise<void> {
  await client.waitFor(({ event, state, bytes }) =>
    event === "transfer" && state === "moving" && bytes > 0
  );
}

/** The newest report of the transfer. */
function moved(client: ClientProgram): { bytes: number; at: number } {
  const { bytes, at } = client.events.findLast(({ event, bytes }) =>
    event === "transfer" && bytes !== undefined
  )!;
  return { bytes, at };
}

/** A file that cannot be made smaller on its way. */
async function writeNoise(path: string, size: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const piece = new Uint8Array(65_536);
  for (let left = size; left > 0;) {
    crypto.getRandomValues(piece);
    left -= await file.write(piece.subarray(0, Math.min(left, piece.length)));
  }
}
