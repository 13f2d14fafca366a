/**
 * What the sender saw acknowledged is kept once and in order, at whatever moment the server is killed.
 * Judges no real time. Mostly waits.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import { assertChat, recordedChat, type RecordedLine } from "./support/chat.ts";
import {
  type ClientProgram,
  type ServerProgram,
  startClient,
  startServer,
} from "./support/programs.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const KILLS = 50;
const NAMES = ["Ada", "Bob", "Cyd"];
/** Between a start of the server and its end: so many more lines are accepted, and then so much time passes, at most. */
const LINES_MAX = 9;
const DELAY_MS_MAX = 25;
/** A talker has so many lines on the way, so that every kill hits some. */
const PENDING_LINES = 3;
const WORDS = ["yes", "perhaps 🌧", "ça va", '"quoted"', "日本", "1;DROP TABLE chat", "\\n"];

Deno.test(`${KILLS} kills of the server under chat lose, double and reorder nothing that was accepted`, async () => {
  const seed = testSeed("chat_crash");
  const random = seededRandom(seed);
  const startedMs = performance.now();
  await using folder = new TemporaryDirectory();
  await using crashing = await CrashingServer.start(folder.file("server"));
  await using people = new AsyncDisposableStack();
  const talkers: Talker[] = [];
  for (const [index, name] of NAMES.entries()) {
    const client = await startClient({ name, server: crashing.ready, record: folder.file(name) });
    talkers.push(new Talker(people.use(client), seededRandom(seed + 1 + index)));
  }
  const accepted = () => talkers.reduce((sum, talker) => sum + talker.accepted.length, 0);
  for (let kill = 1; kill <= KILLS; kill++) {
    const goal = accepted() + below(LINES_MAX + 1, random);
    await until(`line ${goal} before kill ${kill}`, () => accepted() >= goal, { everyMs: 1 });
    await passRealTime(below(DELAY_MS_MAX + 1, random));
    await crashing.crash();
  }
  await Promise.all(talkers.map((talker) => talker.finish()));
  const total = accepted();

  const late = people.use(
    await startClient({ name: "Late", server: crashing.ready, record: folder.file("Late") }),
  );
  const everybody = [...talkers.map(({ client }) => client), late];
  for (const client of everybody) {
    await client.waitFor(({ event, id }) => event === "chat" && id === total, {
      what: `line ${total}`,
    });
    strictEqual((await client.stop()).code, 0);
  }

  const lines = recordedChat(folder.file("Late"));
  assertChat(lines, new Map(talkers.map(({ client, said }) => [client.what, said])), "the chat");
  const kept = new Map(lines.map((line) => [line.id, line]));
  for (const { client: { what }, accepted } of talkers) {
    deepStrictEqual(recordedChat(folder.file(what)), lines, `${what} has the same chat`);
    for (const { id, text } of accepted) strictEqual(kept.get(id)?.text, text, `line ${id}`);
  }
  const resent = talkers.reduce((sum, talker) => sum + talker.resent(kept, crashing.crashes), 0);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.error(
    `chat_crash: ${total} lines over ${KILLS} kills in ${seconds} s, ${resent} kept before a kill and acknowledged after`,
  );
});

/** A server that is killed and started again at the same place. */
class CrashingServer implements AsyncDisposable {
  /** When it was killed, epoch ms. */
  readonly crashes: number[] = [];
  readonly #data: string;
  #running: ServerProgram;

  private constructor(data: string, running: ServerProgram) {
    this.#data = data;
    this.#running = running;
  }

  static async start(data: string): Promise<CrashingServer> {
    return new CrashingServer(data, await startServer({ data }));
  }

  get ready() {
    const { port, mediaPort, fingerprint } = this.#running;
    return { port, mediaPort, fingerprint };
  }

  async crash(): Promise<void> {
    const { port, mediaPort } = this.#running;
    this.crashes.push(Date.now());
    await this.#running.kill();
    const args = ["--port", String(port), "--media-port", String(mediaPort)];
    this.#running = await startServer({ data: this.#data, args });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}

/** Somebody who says one numbered line after the other through standard input. */
class Talker {
  readonly client: ClientProgram;
  readonly said: string[] = [];
  readonly accepted: { id: number; text: string; at: number }[] = [];
  readonly #random: Random;
  readonly #talking: Promise<void>;
  #isFinishing = false;

  constructor(client: ClientProgram, random: Random) {
    this.client = client;
    this.#random = random;
    this.#talking = this.#talk();
    // `finish` reports it; until then the test may be elsewhere.
    this.#talking.catch(() => undefined);
  }

  /** Says nothing more, and waits until all that was said is accepted. */
  async finish(): Promise<void> {
    this.#isFinishing = true;
    await this.#talking;
    const events = new Set(this.client.events.map(({ event, code }) => code ?? event));
    ok(!events.has("refused") && !events.has("chat-restarted"), [...events].join());
  }

  /** How many of the accepted lines were kept by a server that was killed before it had said so. */
  resent(kept: ReadonlyMap<number, RecordedLine>, crashes: readonly number[]): number {
    return this.accepted.filter(({ id, at }) =>
      crashes.some((crash) => kept.get(id)!.at < crash && crash < at - DELAY_MS_MAX)
    ).length;
  }

  async #talk(): Promise<void> {
    const { client, said, accepted } = this;
    for (let after = 0;;) {
      while (!this.#isFinishing && said.length < accepted.length + PENDING_LINES) {
        const text = `${client.what} ${said.length + 1}: ${
          WORDS[below(WORDS.length, this.#random)]
        }`;
        said.push(text);
        await client.send({ do: "chat", text });
      }
      if (accepted.length === said.length) return;
      const next = await client.waitFor("chat.accepted", { after, timeoutMs: 30_000 });
      after = client.events.indexOf(next) + 1;
      const { id, text, at } = next;
      accepted.push({ id, text, at });
    }
  }
}

/** A whole number, 0..count-1. */
function below(count: number, random: Random): number {
  return Math.floor(random.fraction() * count);
}
