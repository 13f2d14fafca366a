/**
 * `deno task bench files`, or `deno run -A bench/files.ts [MB] [one] [eight] [resume] [kills]` for a part: files of 1 GB
 * over TLS on this machine, against nginx in the same run: upload with hashes and storing, download; eight at once;
 * resuming against rsync; kills. nginx and rsync are Debian's (`apt-get install nginx-light rsync curl openssl`); without
 * them only our own figures are printed. Exit code 1 when a limit is passed.
 *
 * nginx and curl end when the last byte is in memory. A file here is on the disk and its hash is checked when it is said
 * to be there: so the limit is for the same of theirs, `sync` and `sha256sum` of what came included. Both ratios are
 * printed.
 */
import { createHash } from "node:crypto";
import { seededRandom } from "@fusionmeet/base";
import { writeAll } from "@fusionmeet/net";
import { isInstalled } from "../tools/setup.ts";
import {
  type ClientProgram,
  launchClient,
  run,
  type ServerProgram,
  startClient,
  startServer,
} from "../tests/support/programs.ts";
import { median } from "../tests/support/voices.ts";
import { TemporaryDirectory, until } from "../tests/support/wait.ts";

const SIZE = Number(Deno.args.find((each) => /^\d+$/.test(each)) ?? 1_000) * 1e6;
/** A link of 1 Gbit/s, full. */
const BYTES_PER_SECOND_MIN = 112e6;
/** Of nginx's rate, where what it brought is checked and on the disk too. */
const OF_NGINX_MIN = 0.5;
/** One run is not enough: disks and memory of virtual machines are twice as slow at times. The median of so many counts. */
const ROUNDS = 3;
/**
 * A program that waits has 105-115 MB, of which about 55 MB are pages of Deno's executable: those the system drops when it
 * needs the place, and programs of one machine share them.
 */
const RESIDENT_BYTES_MAX = { one: 140e6, eight: 150e6 };
const AT_ONCE = 8;
const KILLS = 20;
/** A chunk, and what handshakes and the control connection say meanwhile. */
const AGAIN_BYTES_MAX = (1 << 20) + 16 * 1024;
/** A TLS record of 16 KiB has 22 bytes more. */
const RECORD_OVERHEAD = 1 + 22 / 16_384;

const parts = Deno.args.filter((each) => /^[a-z]+$/.test(each));
const isChosen = (part: string) => parts.length === 0 || parts.includes(part);
const lines: string[] = [];
const missed: string[] = [];

function tell(what: string, line: string, isWithin = true): void {
  lines.push(`${what.padEnd(44)} ${line}${isWithin ? "" : "   MISSED"}`);
  console.log(lines.at(-1));
  if (!isWithin) missed.push(what);
}

const mega = (bytes: number) => (bytes / 1e6).toFixed(0);

async function writeNoise(path: string, size: number): Promise<string> {
  using file = await Deno.open(path, { write: true, create: true });
  const hash = createHash("sha256");
  const piece = new Uint8Array(65_536);
  for (let left = size; left > 0;) {
    crypto.getRandomValues(piece);
    const part = piece.subarray(0, Math.min(left, piece.length));
    hash.update(part);
    left -= await file.write(part);
  }
  return hash.digest("hex");
}

async function hashOf(path: string): Promise<string> {
  const [hash] = new TextDecoder().decode(await run("sha256sum", [path])).split(" ");
  return hash;
}

const transferIs = (state: string, name: string) => (event: Record<string, unknown>) =>
  event.event === "transfer" && event.state === state && event.name === name;

/** Peak memory of programs while `during` takes. */
async function peaks<T>(
  programs: readonly { usage(): { residentBytes: number } }[],
  during: () => Promise<T>,
): Promise<{ result: T; bytes: number[] }> {
  const bytes = programs.map(() => 0);
  const timer = setInterval(() => {
    programs.forEach((program, which) => {
      bytes[which] = Math.max(bytes[which], program.usage().residentBytes);
    });
  }, 100);
  try {
    return { result: await during(), bytes };
  } finally {
    clearInterval(timer);
  }
}

/** Waits for the end of a transfer. @returns bytes a second from when it began to move. */
async function rateOf(client: ClientProgram, name: string, after: number): Promise<number> {
  const options = { after, timeoutMs: 300_000 };
  const from = await client.waitFor(transferIs("moving", name), options);
  const to = await client.waitFor(transferIs("done", name), options);
  return to.size * 1_000 / (to.at - from.at);
}

async function serve(directory: TemporaryDirectory, args: string[] = []): Promise<ServerProgram> {
  const limits = ["--max-file-mb", String(2 * SIZE / 1e6), "--max-room-mb", "100000"];
  return await startServer({ data: directory.file("server"), args: [...limits, ...args] });
}

/** Bytes a second. */
interface Rates {
  readonly up: number;
  readonly down: number;
}

/** What a run with our programs gave. */
interface OwnRun extends Rates {
  /** Bytes a second, where the sender's hashing counts too. */
  readonly whole: number;
  /** Peaks: server and sender, server and fetcher. */
  readonly resident: readonly number[];
  readonly isRight: boolean;
}

/** With new programs and a new file: the same one would be there at once. */
async function ownRun(): Promise<OwnRun> {
  await using directory = new TemporaryDirectory();
  const path = directory.file("one.dat");
  const hash = await writeNoise(path, SIZE);
  await using server = await serve(directory);
  await using ada = await startClient({ name: "Ada", server });
  await using bob = await startClient({ name: "Bob", server, record: directory.file("bob") });
  await warmMemory(directory);
  const upload = await peaks([server, ada], async () => {
    await ada.send({ do: "share", path });
    const rate = await rateOf(ada, "one.dat", 0);
    const hashing = await ada.waitFor(transferIs("hashing", "one.dat"));
    const done = await ada.waitFor(transferIs("done", "one.dat"));
    return { rate, whole: SIZE * 1_000 / (done.at - hashing.at) };
  });
  await warmMemory(directory);
  const download = await peaks([server, bob], async () => {
    await bob.send({ do: "fetch", name: "one.dat" });
    return await rateOf(bob, "one.dat", 0);
  });
  return {
    up: upload.result.rate,
    whole: upload.result.whole,
    down: download.result,
    resident: [...upload.bytes, ...download.bytes],
    isRight: await hashOf(directory.file("bob/files/one.dat")) === hash,
  };
}

/**
 * A virtual machine's memory is slow where it is used for the first time (measured: 288 MB/s, later 1.1 to 1.5 GB/s). Done
 * before each leg, ours and theirs.
 */
async function warmMemory(directory: TemporaryDirectory): Promise<void> {
  const path = directory.file("warm.dat");
  await run("dd", ["if=/dev/zero", `of=${path}`, "bs=1M", `count=${Math.ceil(SIZE * 1.2 / 1e6)}`]);
  await Deno.remove(path);
}

/** Ours and theirs in turn. */
async function oneAtATime(): Promise<void> {
  const own: OwnRun[] = [];
  const theirs: NginxRun[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(await ownRun());
    const run = await nginx();
    if (run !== undefined) theirs.push(run);
  }
  const [up, down, whole] = (["up", "down", "whole"] as const)
    .map((key) => median(own.map((run) => run[key])));
  tell("upload, checked and stored", `${mega(up)} MB/s`, up >= BYTES_PER_SECOND_MIN);
  tell("  with hashing before", `${mega(whole)} MB/s`);
  tell("download, checked and stored", `${mega(down)} MB/s`, down >= BYTES_PER_SECOND_MIN);
  const isRight = own.every((run) => run.isRight);
  tell("  hash of what came", isRight ? "right" : "WRONG", isRight);
  const resident = own[0].resident.map((_, at) => Math.max(...own.map((run) => run.resident[at])));
  tell(
    "memory: server, sender; server, fetcher",
    resident.map((bytes) => `${mega(bytes)} MB`).join(", "),
    resident.every((bytes) => bytes <= RESIDENT_BYTES_MAX.one),
  );
  if (theirs.length === 0) return tell("nginx", "is not installed");
  for (
    const [what, ofRun, isWithin] of [
      ["nginx and curl, checked and on the disk", ({ kept }: NginxRun) => kept, true],
      ["nginx and curl alone", ({ bare }: NginxRun) => bare, false],
    ] as const
  ) {
    const [theirUp, theirDown] = (["up", "down"] as const)
      .map((key) => median(theirs.map((run) => ofRun(run)[key])));
    tell(what, `up ${mega(theirUp)} MB/s, down ${mega(theirDown)} MB/s`);
    const [uploads, downloads] = [up / theirUp, down / theirDown];
    tell(
      "  ours beside it",
      `up ${uploads.toFixed(2)}, down ${downloads.toFixed(2)}`,
      !isWithin || Math.min(uploads, downloads) >= OF_NGINX_MIN,
    );
  }
}

async function eightAtOnce(): Promise<void> {
  await using directory = new TemporaryDirectory();
  await using server = await serve(directory);
  await using ends = new AsyncDisposableStack();
  const size = SIZE / AT_ONCE;
  const people: ClientProgram[] = [];
  for (let which = 0; which < AT_ONCE / 2; which++) {
    people.push(ends.use(
      await startClient({ name: `P${which}`, server, record: directory.file(`p${which}`) }),
    ));
  }
  const names = Array.from({ length: AT_ONCE }, (_, which) => `${which}.dat`);
  for (const name of names) await writeNoise(directory.file(name), size);
  const all = async (work: (client: ClientProgram, name: string) => Promise<void>) => {
    const fromMs = performance.now();
    const { bytes } = await peaks(
      [server, ...people],
      () => Promise.all(names.map((name, which) => work(people[which >> 1], name))),
    );
    return { rate: SIZE * 1_000 / (performance.now() - fromMs), bytes };
  };
  const up = await all(async (client, name) => {
    await client.send({ do: "share", path: directory.file(name) });
    await client.waitFor(transferIs("done", name), { timeoutMs: 300_000 });
  });
  const events = people.map((each) => each.events.length);
  const down = await all(async (client, name) => {
    await client.send({ do: "fetch", name });
    await client.waitFor(transferIs("done", name), {
      after: events[people.indexOf(client)],
      timeoutMs: 300_000,
    });
  });
  for (const [what, { rate, bytes: [atServer, ...atClients] }] of Object.entries({ up, down })) {
    const most = Math.max(...atClients);
    tell(
      `eight at once, ${what}: all together`,
      `${mega(rate)} MB/s, server ${mega(atServer)} MB, client ${mega(most)} MB of memory`,
      Math.max(atServer, most) <= RESIDENT_BYTES_MAX.eight,
    );
  }
}

/** What a run with nginx gave: by itself, and with what makes it as good. */
interface NginxRun {
  readonly bare: Rates;
  readonly kept: Rates;
}

/** @returns `undefined` where it is not installed. */
async function nginx(): Promise<NginxRun | undefined> {
  if (!["nginx", "curl", "openssl"].every(isInstalled)) return undefined;
  await using directory = new TemporaryDirectory();
  await Deno.chmod(directory.path, 0o777);
  await Deno.mkdir(directory.file("files"));
  await Deno.chmod(directory.file("files"), 0o777);
  const [key, certificate] = [directory.file("key"), directory.file("certificate")];
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", certificate],
  ]);
  const port = freePort();
  await Deno.writeTextFile(
    directory.file("nginx.conf"),
    `daemon off; pid ${directory.file("pid")}; error_log stderr; worker_processes 1; events {}
     http { access_log off; client_max_body_size 0; sendfile on; client_body_buffer_size 1m;
       client_body_temp_path ${directory.file("body")};
       server { listen 127.0.0.1:${port} ssl; root ${directory.file("files")};
         ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.3;
         dav_methods PUT; create_full_put_path on; } }`,
  );
  const child = new Deno.Command("nginx", {
    args: ["-p", directory.path, "-c", directory.file("nginx.conf")],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const path = directory.file("one.dat");
    await writeNoise(path, SIZE);
    const url = `https://127.0.0.1:${port}/one.dat`;
    await until("nginx", () => connects(port));
    const rates = async (args: string[], came: string) => {
      await warmMemory(directory);
      const fromMs = performance.now();
      const rate = () => SIZE * 1_000 / (performance.now() - fromMs);
      await run("curl", ["-k", "-sS", "--fail", ...args]);
      const bare = rate();
      // Both at once, as there are two cores.
      await Promise.all([run("sync", [came]), run("sha256sum", [came])]);
      return { bare, kept: rate() };
    };
    const up = await rates(["-T", path, url], directory.file("files/one.dat"));
    const back = directory.file("back.dat");
    const down = await rates(["-o", back, url], back);
    return {
      bare: { up: up.bare, down: down.bare },
      kept: { up: up.kept, down: down.kept },
    };
  } finally {
    child.kill("SIGTERM");
    await child.output();
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function connects(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

/** Goes on from the middle. */
async function resuming(): Promise<void> {
  await using directory = new TemporaryDirectory();
  const path = directory.file("one.dat");
  await writeNoise(path, SIZE);
  await using server = await serve(directory);
  const part = directory.file("server/uploads/Main/one.dat.part");
  // With the same folder it is the same person, whose seat is kept.
  const data = directory.file("ada");
  const start = () => launchClient({ name: "Ada", server, data, args: ["--share", path] });
  {
    await using ada = start();
    await until("half of it", () => sizeOf(part) > SIZE / 2, { timeoutMs: 120_000, everyMs: 5 });
    await ada.kill();
  }
  const kept = sizeOf(part);
  const fromMs = performance.now();
  await using ada = start();
  await ada.waitFor(transferIs("done", "one.dat"), { timeoutMs: 120_000 });
  const seconds = (performance.now() - fromMs) / 1_000;
  tell(
    "goes on from the middle",
    `${seconds.toFixed(1)} s with the start of the program, ${mega(kept)} MB were there`,
  );
  if (!isInstalled("rsync")) return tell("rsync", "is not installed");
  const copy = directory.file("copy.dat");
  await Deno.copyFile(path, copy);
  await Deno.truncate(copy, kept);
  const rsyncFromMs = performance.now();
  await run("rsync", ["--append-verify", path, copy]);
  const rsync = (performance.now() - rsyncFromMs) / 1_000;
  tell("rsync --append-verify, without a network", `${rsync.toFixed(1)} s`);
}

/** Kills the sender or the server again and again. */
async function kills(): Promise<void> {
  await using directory = new TemporaryDirectory();
  const random = seededRandom(20);
  const path = directory.file("one.dat");
  const hash = await writeNoise(path, SIZE);
  const [whole, part] = ["", ".part"].map((end) =>
    directory.file(`server/uploads/Main/one.dat${end}`)
  );
  let server = await serve(directory);
  const { port, mediaPort, fingerprint } = server;
  using way = new CountedWay(port);
  const data = directory.file("ada");
  const to = { port: way.port, fingerprint };
  const start = () => launchClient({ name: "Ada", server: to, data, args: ["--share", path] });
  let ada = start();
  let [lost, count, again] = [0, 0, 0];
  /** Where the transfer went on, and what had been sent until then. */
  let from = { offset: 0, sent: 0 };
  try {
    for (; count < KILLS && sizeOf(whole) === 0; count++) {
      const wanted = Math.min(SIZE - 1, sizeOf(part) + random.fraction() * SIZE / KILLS);
      const options = { timeoutMs: 60_000, everyMs: 2 };
      await until("more of it", () => sizeOf(part) > wanted || sizeOf(whole) > 0, options);
      const before = sizeOf(part);
      let events = ada.events.length;
      if (random.fraction() < 0.5) {
        await ada.kill();
        ada = start();
        events = 0;
      } else {
        await server.kill();
        server = await serve(directory, [
          ...["--port", String(port), "--media-port", String(mediaPort)],
        ]);
      }
      const sent = way.bytesUp;
      lost += Math.max(0, before - sizeOf(part));
      const goesOn = ({ event, state, bytes }: Record<string, unknown>) =>
        event === "transfer" && state === "moving" && Number(bytes) >= before;
      const { bytes: offset } = await ada.waitFor(goesOn, { after: events, timeoutMs: 60_000 });
      again = Math.max(again, (sent - from.sent) / RECORD_OVERHEAD - (offset - from.offset));
      from = { offset, sent };
    }
    await until("all of it", () => sizeOf(whole) > 0, { timeoutMs: 120_000 });
    const isRight = await hashOf(whole) === hash;
    tell(
      `${count} kills of sender or server`,
      `${lost} bytes of what was there were lost, the hash is ${isRight ? "right" : "WRONG"}`,
      isRight && lost === 0,
    );
    const mean = Math.max(0, way.bytesUp - SIZE * RECORD_OVERHEAD) / count;
    tell(
      "  sent again, what was on its way too",
      `${(mean / 1024).toFixed(0)} KiB for each, ${(again / 1024).toFixed(0)} KiB at most`,
      again <= AGAIN_BYTES_MAX,
    );
  } finally {
    await ada[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  }
}

/** A port that leads to the server, and counts what clients send there. */
class CountedWay implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.Conn>();
  bytesUp = 0;

  constructor(port: number) {
    void this.#accept(port).catch(() => undefined);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#open) connection.close();
  }

  async #accept(port: number): Promise<void> {
    for await (const client of this.#listener) void this.#join(client, port);
  }

  async #join(client: Deno.TcpConn, port: number): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (server === undefined) return client.close();
    const ends = [client, server];
    for (const each of ends) {
      each.setNoDelay(true);
      this.#open.add(each);
    }
    const up = pass(client, server, (bytes) => this.bytesUp += bytes);
    await Promise.race([up, pass(server, client, () => {})]);
    for (const each of ends) if (this.#open.delete(each)) each.close();
  }
}

/** Passes on what comes, to the end of either connection. */
async function pass(from: Deno.Conn, to: Deno.Conn, took: (bytes: number) => void): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  try {
    for (let size; (size = await from.read(buffer)) !== null;) {
      took(size);
      await writeAll(to, buffer.subarray(0, size));
    }
  } catch {
    // One of them is gone.
  }
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

if (isChosen("one")) await oneAtATime();
if (isChosen("eight")) await eightAtOnce();
if (isChosen("resume")) await resuming();
if (isChosen("kills")) await kills();
console.log(missed.length === 0 ? "All within the limits" : `Missed: ${missed.join("; ")}`);
Deno.exit(missed.length === 0 ? 0 : 1);
