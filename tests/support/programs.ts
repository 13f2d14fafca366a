import { TemporaryDirectory, WAIT_MS_MAX } from "./wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** One line a program printed with `--json`; its other fields by name. */
export interface ProgramEvent {
  readonly event: string;
  /** When this process read it, `performance.now()`. */
  readonly seenMs: number;
  // deno-lint-ignore no-explicit-any
  readonly [field: string]: any;
}

/** CPU time since the start and resident memory, as the kernel counts them. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
}

/** How people start it: the flags of the task of that name in deno.json. */
export function taskArguments(task: "server" | "client"): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
  return (tasks[task].command ?? tasks[task]).split(" ").slice(1);
}

/**
 * A real server or client process, its JSON events and its standard input. Ended (TERM, then KILL) when its
 * `await using` block ends.
 */
export class Program implements AsyncDisposable {
  readonly events: ProgramEvent[] = [];
  /** Lines of stdout that were no JSON. */
  readonly otherLines: string[] = [];
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #outputRead: Promise<unknown>;
  readonly #waiting = new Set<() => void>();
  #errorText = "";
  #status: Deno.CommandStatus | undefined;

  constructor(
    readonly what: string,
    options: {
      /** Deno when absent. */
      command?: string;
      args: string[];
      env?: Record<string, string>;
      clearEnv?: boolean;
      cwd?: string;
      /** What stands before it: a command that starts it elsewhere (`LanHost.inside()`). */
      inside?: string[];
    },
  ) {
    const [command, ...args] = [
      ...options.inside ?? [],
      options.command ?? Deno.execPath(),
      ...options.args,
    ];
    this.#process = new Deno.Command(command, {
      args,
      env: { NO_COLOR: "1", ...options.env },
      clearEnv: options.clearEnv,
      cwd: options.cwd ?? ROOT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#input.closed.catch(() => undefined);
    this.#outputRead = Promise.all([
      forEachLine(this.#process.stdout, (line) => this.#read(line)),
      forEachLine(this.#process.stderr, (line) => {
        this.#errorText += line + "\n";
        this.#wake();
      }),
    ]);
    this.ended = this.#end();
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** What it wrote to stderr so far. */
  get errorText(): string {
    return this.#errorText;
  }

  /** Its exit, once it has ended and all it printed was read. */
  get status(): Deno.CommandStatus | undefined {
    return this.#status;
  }

  /**
   * The first event, past or coming, that fits (a name, or a test).
   *
   * @param options.after Looks only at events from this index of `events` on.
   * @throws Error with all it printed, after `timeoutMs` or when the program ended without it.
   */
  async waitFor(
    wanted: string | ((event: ProgramEvent) => unknown),
    options: { timeoutMs?: number; after?: number; what?: string } = {},
  ): Promise<ProgramEvent> {
    const { timeoutMs = WAIT_MS_MAX, after = 0 } = options;
    const fits = typeof wanted === "string"
      ? (event: ProgramEvent) => event.event === wanted
      : wanted;
    const deadline = performance.now() + timeoutMs;
    for (let index = after;; index++) {
      while (index >= this.events.length) {
        const left = deadline - performance.now();
        if (left <= 0 || this.#status) {
          throw this.#missed(options.what ?? String(wanted), timeoutMs);
        }
        await this.#more(left);
      }
      if (fits(this.events[index])) return this.events[index];
    }
  }

  /** Sends one command line to its standard input: `{"do": …}`. */
  async send(command: Record<string, unknown>): Promise<void> {
    await this.#input.write(new TextEncoder().encode(JSON.stringify(command) + "\n"));
  }

  /** Ends its standard input. */
  async closeInput(): Promise<void> {
    await this.#input.close();
  }

  signal(name: Deno.Signal): void {
    try {
      this.#process.kill(name);
    } catch (thrown) {
      if (!(thrown instanceof TypeError) && !(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }

  /** Asks it to end with `name` and waits; kills it after `timeoutMs` and throws. */
  async stop(name: Deno.Signal = "SIGTERM", timeoutMs = 5_000): Promise<Deno.CommandStatus> {
    this.signal(name);
    return await this.exit(timeoutMs);
  }

  /** Waits for its end by itself. */
  async exit(timeoutMs = WAIT_MS_MAX): Promise<Deno.CommandStatus> {
    const status = await within(timeoutMs, this.ended);
    if (status) return status;
    await this.kill();
    throw this.#missed("its end", timeoutMs);
  }

  /** CPU and memory from /proc (Linux). Counts the process itself, not its children. */
  usage(): Usage {
    return usageOf(this.pid);
  }

  /** The pids of its living children (its ffmpeg). */
  children(): number[] {
    return childrenOf(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#status) {
      this.signal("SIGTERM");
      if (!await within(3_000, this.ended)) await this.kill();
    }
  }

  async #end(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#outputRead;
    await this.#input.close().catch(() => undefined);
    this.#status = status;
    this.#wake();
    return status;
  }

  #read(line: string): void {
    if (!line.startsWith("{")) this.otherLines.push(line);
    else this.events.push({ ...JSON.parse(line), seenMs: performance.now() });
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  async #more(timeoutMs: number): Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#waiting.add(woken.resolve);
    await within(timeoutMs, woken.promise);
    this.#waiting.delete(woken.resolve);
  }

  #missed(what: string, timeoutMs: number): Error {
    const end = this.#status ? `it ended with code ${this.#status.code}` : `${timeoutMs} ms passed`;
    const seen = this.events.slice(-40).map(({ seenMs: _, ...event }) => JSON.stringify(event));
    return new Error(
      `Cannot see ${what} from ${this.what}: ${end}\nEvents (last ${seen.length}):\n${
        seen.join("\n")
      }\nstdout:\n${this.otherLines.slice(-20).join("\n")}\nstderr:\n${
        this.#errorText.slice(-4_000)
      }`,
    );
  }
}

/** A running `fusionmeet-server --json` with what its `ready` event said. */
export class ServerProgram extends Program {
  ready!: ProgramEvent;

  get port(): number {
    return this.ready.port;
  }

  get mediaPort(): number {
    return this.ready.mediaPort;
  }

  get fingerprint(): string {
    return this.ready.fingerprint;
  }
}

/**
 * Starts a server on 127.0.0.1 and any free ports and waits until it is ready. Its data directory is `data`.
 */
export async function startServer(
  options: { data: string; args?: string[]; env?: Record<string, string>; inside?: string[] },
): Promise<ServerProgram> {
  const given = options.args ?? [];
  const unless = (flag: string, value: string) => given.includes(flag) ? [] : [flag, value];
  const server = new ServerProgram("the server", {
    env: options.env,
    inside: options.inside,
    args: [
      ...taskArguments("server"),
      "--json",
      ...unless("--host", "127.0.0.1"),
      ...unless("--port", "0"),
      ...unless("--media-port", "0"),
      ...["--data", options.data],
      ...given,
    ],
  });
  try {
    server.ready = await server.waitFor("ready");
  } catch (thrown) {
    await server.kill();
    throw thrown;
  }
  return server;
}

/** What `startClient` needs; every other flag of the client goes into `args`. */
export interface ClientOptions {
  readonly name: string;
  /** Where it connects to: the server, or a proxy in front of it. */
  readonly server: {
    readonly port: number;
    readonly fingerprint: string;
    readonly hostname?: string;
  };
  /** Its own directory (pins, settings); a temporary one when absent. */
  readonly data?: string;
  readonly record?: string;
  readonly mic?: string;
  readonly camera?: string;
  readonly room?: string;
  readonly args?: string[];
  readonly env?: Record<string, string>;
  readonly inside?: string[];
}

/** A headless client; `joined` is its event of that name. */
export class ClientProgram extends Program {
  joined!: ProgramEvent;
  /** Removed with the client when it was made for it. */
  ownData: TemporaryDirectory | undefined;

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.ownData?.[Symbol.asyncDispose]();
  }
}

/** Starts a headless client with microphone and camera off unless said, and does not wait for anything. */
export function launchClient(options: ClientOptions): ClientProgram {
  const ownData = options.data === undefined ? new TemporaryDirectory() : undefined;
  const { hostname = "127.0.0.1", port, fingerprint } = options.server;
  const args = [
    ...taskArguments("client"),
    ...["--headless", "--json", "--server", `${hostname}:${port}`, "--name", options.name],
    ...["--fingerprint", fingerprint, "--data", options.data ?? ownData!.path],
    ...["--mic", options.mic ?? "off", "--camera", options.camera ?? "off"],
    ...(options.room === undefined ? [] : ["--room", options.room]),
    ...(options.record === undefined ? [] : ["--record", options.record]),
    ...(options.args ?? []),
  ];
  const { env, inside } = options;
  const client = new ClientProgram(options.name, { args, env, inside });
  client.ownData = ownData;
  return client;
}

/** A client with a window. `url` is a link to its page for one use, where it shows one. */
export class WindowProgram extends ClientProgram {
  /** Waits until it says where its page is: only without a window of its own. */
  async link(): Promise<string> {
    return (await this.waitFor("link")).url;
  }
}

/**
 * Starts a client with a window, or with `browser` one that only tells where its page is. The join screen holds the
 * server and the name; microphone and camera are off unless said.
 */
export function launchWindow(options: ClientOptions & { browser: boolean }): WindowProgram {
  const ownData = options.data === undefined ? new TemporaryDirectory() : undefined;
  const { hostname = "127.0.0.1", port, fingerprint } = options.server;
  const window = new WindowProgram(options.name, {
    env: options.env,
    inside: options.inside,
    args: [
      ...taskArguments("client"),
      ...(options.browser ? ["--browser"] : []),
      ...["--json", "--server", `${hostname}:${port}`, "--name", options.name],
      ...["--fingerprint", fingerprint, "--data", options.data ?? ownData!.path],
      ...["--mic", options.mic ?? "off", "--camera", options.camera ?? "off"],
      ...(options.room === undefined ? [] : ["--room", options.room]),
      // A test asks no network that it did not make.
      ...(options.args?.includes("--discovery") ? [] : ["--discovery", "off"]),
      ...(options.record === undefined ? [] : ["--record", options.record]),
      ...(options.args ?? []),
    ],
  });
  window.ownData = ownData;
  return window;
}

/** `launchClient`, and waits until it has joined. */
export async function startClient(options: ClientOptions): Promise<ClientProgram> {
  const client = launchClient(options);
  try {
    client.joined = await client.waitFor("joined");
  } catch (thrown) {
    await client[Symbol.asyncDispose]();
    throw thrown;
  }
  return client;
}

/** CPU time and resident memory of a process from /proc (Linux). */
export function usageOf(pid: number): Usage {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const residentKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  // utime and stime, in clock ticks of 10 ms (USER_HZ).
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
    residentBytes: residentKib * 1024,
  };
}

/** The pids of the living direct children of `pid`. */
export function childrenOf(pid: number): number[] {
  const children: number[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${entry.name}/stat`);
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(parent) === pid && state !== "Z") children.push(Number(entry.name));
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
  return children;
}

/** True while a process of that pid lives (a zombie does not). */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => timeout.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function forEachLine(
  stream: ReadableStream<Uint8Array>,
  each: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) each(line);
  }
  if (rest !== "") each(rest);
}

/** Runs a tool of the system to its end. @throws Error with its last words when it fails. */
export async function run(
  command: string,
  args: string[],
  input?: Uint8Array,
): Promise<Uint8Array> {
  const child = new Deno.Command(command, {
    args,
    stdin: input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [{ success, code, stdout, stderr }] = await Promise.all([
    child.output(),
    input ? feed(child.stdin, input) : undefined,
  ]);
  if (!success) {
    const words = new TextDecoder().decode(stderr).slice(-2_000);
    throw new Error(`Cannot run ${command} ${args.join(" ")}: exit ${code}\n${words}`);
  }
  return stdout;
}

async function feed(stdin: WritableStream<Uint8Array>, input: Uint8Array): Promise<void> {
  const writer = stdin.getWriter();
  try {
    await writer.write(input);
    await writer.close();
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
  }
}
