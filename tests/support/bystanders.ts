import { ok, strictEqual } from "node:assert/strict";
import { levelAt, type Span } from "./audio.ts";
import { readWav } from "./audio_files.ts";
import { type ClientProgram, type ServerProgram, startClient } from "./programs.ts";
import { TemporaryDirectory, until } from "./wait.ts";

/** What each of the two says: neither a harmonic nor a mixing product of the other. */
const HZ = [431, 617];
const LEVEL_DBFS = -20;
const WINDOW = 4_800;
/** A window is whole when the other's tone is in it at this level, give or take. */
const TOLERANCE_DB = 3;

export interface BystanderOptions {
  readonly server: ServerProgram;
  /** Where the first of them connects; the second goes to the server itself. */
  readonly through?: { hostname: string; port: number; fingerprint: string };
  readonly args?: string[];
}

/** A small meeting of two real clients which somebody's hostility beside it must not disturb. */
export class Bystanders implements AsyncDisposable {
  readonly room = "Main";
  readonly folder = new TemporaryDirectory();
  readonly people: ClientProgram[] = [];
  readonly #server: ServerProgram;
  #warmBytes = 0;
  #lines = 0;

  private constructor(server: ServerProgram) {
    this.#server = server;
  }

  /** Joins, and waits until each has heard the other and the server is warm. */
  static async meet({ server, through, args = [] }: BystanderOptions): Promise<Bystanders> {
    const meeting = new Bystanders(server);
    for (const [index, name] of ["Ada", "Bea"].entries()) {
      meeting.people.push(
        await startClient({
          name,
          server: index === 0 && through ? through : server,
          mic: `tone:${HZ[index]}@${LEVEL_DBFS}`,
          record: meeting.folder.file(name),
          args,
        }),
      );
    }
    for (let warm = 0; warm < 10; warm++) await meeting.chat();
    await until("the recordings to have sound", () => meeting.#recordedSeconds() > 2);
    meeting.isWarm();
    return meeting;
  }

  /** Each says a line and the other one has it. @returns the slower way, ms. */
  async chat(): Promise<number> {
    const line = `line ${++this.#lines}`;
    const [ada, bea] = this.people;
    const ways = [[ada, bea], [bea, ada]].map(async ([from, to]) => {
      const startMs = performance.now();
      const text = `${line} of ${from.what}`;
      await from.send({ do: "chat", text });
      await to.waitFor(({ event, text: said }) => event === "chat" && said === text, {
        what: text,
        timeoutMs: 5_000,
      });
      return performance.now() - startMs;
    });
    return Math.max(...await Promise.all(ways));
  }

  /** From here on the server's memory may not grow. */
  isWarm(): void {
    this.#warmBytes = this.#server.usage().residentBytes;
  }

  /**
   * Ends the meeting and looks at what each of them recorded.
   *
   * @param options.growthMiB what the server may have more memory of than when it was warm.
   * @param options.harmed how many tenths of a second of the other's voice may be harmed; each may hear as much made up.
   */
  async wereUndisturbed(
    { harmed, growthMiB }: { harmed: number; growthMiB: number },
  ): Promise<void> {
    await this.chat();
    strictEqual(this.#server.status, undefined, "the server is up");
    const grownMiB = this.#growthBytes / 2 ** 20;
    console.error(`the server's memory grew by ${grownMiB.toFixed(1)} MiB`);
    ok(grownMiB < growthMiB, `the server's memory grew by ${grownMiB} MiB`);
    for (const person of this.people) await person.send({ do: "leave" });
    for (const [index, person] of this.people.entries()) {
      strictEqual((await person.exit()).code, 0);
      const names = person.events.map(({ event }) => event);
      ok(!names.includes("reconnecting"), `${person.what} stayed connected`);
      await this.#heardAll(person, { hz: HZ[1 - index], harmed });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.people.map((person) => person[Symbol.asyncDispose]()));
    await this.folder[Symbol.asyncDispose]();
  }

  async #heardAll(
    { what }: ClientProgram,
    { hz, harmed: harmedMax }: { hz: number; harmed: number },
  ): Promise<void> {
    const file = (name: string) => this.folder.file(`${what}/${name}`);
    const { samples } = await readWav(file("mix.wav"));
    // The first two seconds belong to joining, the last one to the other's leaving.
    const span = { from: 2 * 48_000, count: samples.length - 3 * 48_000 };
    const harmed = harmedWindows(samples, hz, span);
    const { streams } = JSON.parse(await Deno.readTextFile(file("stats.json")));
    const { concealed, lost, late, packets } = streams.find(({ kind }: { kind: string }) =>
      kind === "mix"
    );
    const figures = `${what} of ${span.count / WINDOW} windows: ${harmed} harmed; of ${packets} ` +
      `packets: ${lost} lost, ${late} late, ${concealed} concealed`;
    console.error(figures);
    ok(span.count > 48_000 && packets > 0, figures);
    ok(harmed <= harmedMax, figures);
    ok(concealed <= harmedMax * WINDOW / 960, figures);
  }

  get #growthBytes(): number {
    return this.#server.usage().residentBytes - this.#warmBytes;
  }

  #recordedSeconds(): number {
    const sizes = this.people.map(({ what }) => {
      try {
        return Deno.statSync(this.folder.file(`${what}/mix.wav`)).size;
      } catch {
        return 0;
      }
    });
    return Math.min(...sizes) / 96_000;
  }
}

/** How many tenths of a second do not have the tone at its level. */
function harmedWindows(samples: Int16Array, hz: number, { from = 0, count = 0 }: Span): number {
  let harmed = 0;
  for (let at = from; at + WINDOW <= from + count; at += WINDOW) {
    const level = levelAt(samples, hz, { from: at, count: WINDOW });
    if (Math.abs(level - LEVEL_DBFS) > TOLERANCE_DB) harmed++;
  }
  return harmed;
}
