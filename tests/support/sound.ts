import { until } from "./wait.ts";

const RATE = 48_000;

/** A sound server of its own: speakers that nobody hears, each of which can be recorded. */
export class SoundServer implements AsyncDisposable {
  readonly #server: Deno.ChildProcess;
  readonly #folder: string;

  /** @param folder of its own, empty. @param speakers their names; the first one is the default. */
  static async start(folder: string, speakers: readonly string[]): Promise<SoundServer> {
    const socket = `module-native-protocol-unix socket=${folder}/socket auth-anonymous=1`;
    const server = new Deno.Command("pulseaudio", {
      args: [
        ...["-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error", "-L", socket],
        ...speakers.flatMap((name) => ["-L", `module-null-sink sink_name=${name} rate=${RATE}`]),
      ],
      env: { XDG_RUNTIME_DIR: folder, HOME: folder },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const sound = new SoundServer(server, folder);
    await until("the sound server", () => sound.#isThere());
    return sound;
  }

  private constructor(server: Deno.ChildProcess, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  /** What a program that plays to `speaker` needs to be told. */
  env(speaker?: string): Record<string, string> {
    return {
      PULSE_SERVER: `unix:${this.#folder}/socket`,
      ...(speaker !== undefined && { PULSE_SINK: speaker }),
    };
  }

  /** Plays a file on a speaker until it is disposed of, with so much ahead: what a plain player gets from this machine. */
  play(path: string, { speaker, aheadMs }: { speaker: string; aheadMs: number }): AsyncDisposable {
    const player = new Deno.Command("paplay", {
      args: [`--device=${speaker}`, `--latency-msec=${aheadMs}`, path],
      env: this.env(),
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return {
      async [Symbol.asyncDispose]() {
        try {
          player.kill("SIGKILL");
        } catch (thrown) {
          if (!(thrown instanceof TypeError)) throw thrown; // It has ended.
        }
        await player.status;
      },
    };
  }

  /** Listens to a speaker from now on. */
  listen(speaker: string): Listener {
    return new Listener(speaker, this.env());
  }

  /** Ends as soon as nobody needs it: programs that play notice it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill("SIGKILL");
    await this.#server.status;
  }

  #isThere(): boolean {
    try {
      return Deno.statSync(`${this.#folder}/socket`).isSocket === true;
    } catch {
      return false;
    }
  }
}

/** What comes out of one speaker: 48 kHz mono s16. */
export class Listener implements AsyncDisposable {
  readonly #recorder: Deno.ChildProcess;
  readonly #chunks: Int16Array[] = [];
  readonly #read: Promise<void>;
  #count = 0;
  /** When sample 0 was played, epoch ms: by the chunk that came soonest. */
  #startedAtMs = Infinity;

  constructor(speaker: string, env: Record<string, string>) {
    this.#recorder = new Deno.Command("parec", {
      args: [
        ...[`--device=${speaker}.monitor`, "--raw", "--format=s16le", `--rate=${RATE}`],
        ...["--channels=1", "--latency-msec=10"],
      ],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#read = this.#collect();
  }

  /** Samples so far. */
  get count(): number {
    return this.#count;
  }

  /** When sample 0 was played, epoch ms; right within some 10 ms after a second of sound. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  /** The newest `count` samples, or all there are. */
  newest(count: number): Int16Array {
    const samples = new Int16Array(Math.min(count, this.#count));
    let end = samples.length;
    for (let index = this.#chunks.length - 1; end > 0; index--) {
      const chunk = this.#chunks[index].subarray(-end);
      samples.set(chunk, end -= chunk.length);
    }
    return samples;
  }

  /** Waits for `count` samples that are played from now on. */
  async next(count: number): Promise<Int16Array> {
    const target = this.#count + count;
    await until(`${count} samples of sound`, () => this.#count >= target, { timeoutMs: 30_000 });
    return this.newest(this.#count - target + count).subarray(0, count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#recorder.kill("SIGKILL");
    await this.#recorder.status;
    await this.#read;
  }

  async #collect(): Promise<void> {
    let rest = new Uint8Array();
    for await (const bytes of this.#recorder.stdout) {
      const whole = new Uint8Array(rest.length + bytes.length);
      whole.set(rest);
      whole.set(bytes, rest.length);
      const even = whole.length & ~1;
      rest = whole.slice(even);
      const samples = new Int16Array(whole.slice(0, even).buffer);
      this.#chunks.push(samples);
      this.#count += samples.length;
      const nowMs = performance.timeOrigin + performance.now();
      this.#startedAtMs = Math.min(this.#startedAtMs, nowMs - this.#count * 1_000 / RATE);
    }
  }
}
