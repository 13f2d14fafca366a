/** People who speak between real programs, and what they hear of each other, all on one clock. */
import { levelAt } from "./audio.ts";
import { readWav } from "./audio_files.ts";
import {
  type ClientOptions,
  type ClientProgram,
  launchClient,
  type ServerProgram,
} from "./programs.ts";
import { passRealTime, until } from "./wait.ts";

/** Epoch ms on the clock that the programs of this machine stamp their recordings with. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Timers this late on average over `SETTLED_MS` are those of a machine with nothing else to do. */
const PUNCTUAL_MS = 3;
const SETTLED_MS = 300;
const SETTLING_MS_MAX = 6_000;
/** Programs that start at the same time take the processors from each other. */
const STARTED_TOGETHER = 4;

/**
 * Waits until the machine has time again, as after the start of many programs: until timers are punctual for a while.
 * Where they never are, the test has to do with what there is.
 */
export async function untilSettled(): Promise<void> {
  const deadline = performance.now() + SETTLING_MS_MAX;
  for (let settledMs = 0; settledMs < SETTLED_MS && performance.now() < deadline;) {
    const startMs = performance.now();
    await passRealTime(20);
    const lateMs = performance.now() - startMs - 20;
    settledMs = lateMs < PUNCTUAL_MS ? settledMs + 20 : 0;
  }
}

/** The people of one meeting, each a headless client; they leave when the `await using` block ends. */
export class Voices implements AsyncDisposable {
  readonly #people = new Map<string, ClientProgram>();

  /** Starts them, a few at a time and muted, and waits until all have joined and the machine has settled. */
  static async gather(people: readonly ClientOptions[]): Promise<Voices> {
    const voices = new Voices();
    try {
      for (let at = 0; at < people.length; at += STARTED_TOGETHER) {
        await Promise.all(people.slice(at, at + STARTED_TOGETHER).map((one) => voices.#join(one)));
      }
      await untilSettled();
    } catch (thrown) {
      await voices[Symbol.asyncDispose]();
      throw thrown;
    }
    return voices;
  }

  async #join(person: ClientOptions): Promise<void> {
    const client = launchClient(person);
    this.#people.set(person.name, client);
    await client.send({ do: "mic", on: false });
    client.joined = await client.waitFor("joined", { timeoutMs: 30_000 });
  }

  of(name: string): ClientProgram {
    return this.#people.get(name)!;
  }

  /** Switches microphones. @returns when, epoch ms. */
  async turn(names: readonly string[], on: boolean): Promise<number> {
    const atMs = epochMs();
    await Promise.all(names.map((name) => this.of(name).send({ do: "mic", on })));
    return atMs;
  }

  /** Everybody (or some) leaves; their recordings are complete then. */
  async leave(names: readonly string[] = [...this.#people.keys()]): Promise<void> {
    await Promise.all(names.map(async (name) => {
      const client = this.of(name);
      if (client.status) return;
      await client.send({ do: "leave" });
      await client.exit();
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#people.values()].map((client) => client[Symbol.asyncDispose]()));
  }
}

/** What one person heard: `mix.wav` and `stats.json` of their `--record` folder, while they are there or afterwards. */
export class Ear {
  private constructor(
    readonly name: string,
    readonly samples: Int16Array<ArrayBuffer>,
    // deno-lint-ignore no-explicit-any
    readonly statistics: any,
  ) {}

  static async open(name: string, directory: string): Promise<Ear> {
    const statistics = JSON.parse(await Deno.readTextFile(`${directory}/stats.json`));
    const { rate, samples } = await readWav(`${directory}/mix.wav`);
    if (rate !== 48_000) throw new Error(`Cannot read the mix of ${name}: ${rate} Hz`);
    return new Ear(name, samples, statistics);
  }

  /** Looks at what somebody who is still there has recorded, until it fits; gives that. */
  static async once(
    who: { name: string; directory: string },
    what: string,
    fits: (ear: Ear) => boolean | Promise<boolean>,
  ): Promise<Ear> {
    const look = async () => {
      const ear = await Ear.open(who.name, who.directory).catch(notYet);
      return ear && await fits(ear) ? ear : undefined;
    };
    const options = { timeoutMs: 20_000, everyMs: 250 };
    return (await until(`${who.name} to hear ${what}`, look, options))!;
  }

  /** Index of the sample that was played at `epochMs`. */
  at(epochMs: number): number {
    return Math.round((epochMs - this.statistics.mixStartedAt) * 48);
  }

  /** When a sample was played, epoch ms. */
  timeOf(at: number): number {
    return this.statistics.mixStartedAt + at / 48;
  }

  /** From then on for so long, as the functions of audio.ts take it. */
  span(fromMs: number, ms: number): { from: number; count: number } {
    return { from: this.at(fromMs), count: Math.round(ms * 48) };
  }

  /** When the last sample was played. */
  get endMs(): number {
    return this.timeOf(this.samples.length);
  }

  /**
   * The level of a tone from then on for so long (the last second unless said): the median of half seconds, so that one
   * glitch says nothing.
   */
  level(hz: number, part: { fromMs?: number; ms?: number } = {}): number {
    const { ms = 1_000, fromMs = this.endMs - ms } = part;
    const levels: number[] = [];
    for (let atMs = fromMs; atMs + 500 <= fromMs + ms + 1; atMs += 250) {
      levels.push(levelAt(this.samples, hz, this.span(atMs, 500)));
    }
    return median(levels);
  }

  // deno-lint-ignore no-explicit-any
  get mix(): any {
    return this.statistics.streams.find(({ kind }: { kind: string }) => kind === "mix");
  }
}

/** Its files are not there yet, or only in part. */
function notYet(thrown: unknown): undefined {
  if (thrown instanceof Deno.errors.NotFound || thrown instanceof RangeError) return;
  if (thrown instanceof Error && thrown.message.startsWith("Cannot read")) return;
  throw thrown;
}

/** What became of one claim about a meeting. */
export interface Verdict {
  readonly fine: boolean;
  readonly words: string;
}

const MEETINGS_MAX = 3;

/**
 * Holds a meeting and judges it. Where something is found wrong and the machine had no time for the server either, that
 * says nothing about the programs: then another one is held.
 *
 * @param hold gives the verdicts by claim, and whether the server was held up.
 */
export async function judge<Claim extends string>(
  hold: () => Promise<{ verdicts: Record<Claim, Verdict>; heldUp: boolean }>,
): Promise<Record<Claim, Verdict>> {
  for (let count = 1;; count++) {
    const { verdicts, heldUp } = await hold();
    const fine = Object.values<Verdict>(verdicts).every((verdict) => verdict.fine);
    if (fine || !heldUp || count === MEETINGS_MAX) return verdicts;
    console.log("The machine was too busy, once more:", verdicts);
  }
}

/** Whether the server's ticks came late more often than a server's of its own would, by what it said when it stopped. */
export function wasHeldUp(server: ServerProgram): boolean {
  const last = server.events.findLast(({ event }) => event === "statistics");
  return last === undefined || last.media["tick.stalls"] > 0 || last.tickLatenessMs.p99 > 8;
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
