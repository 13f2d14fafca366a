/** What tests of chat share: who said what, and what was recorded of it. */
import { deepStrictEqual } from "node:assert/strict";
import type { ClientProgram } from "./programs.ts";

/** A line of chat.jsonl. */
export interface RecordedLine {
  readonly id: number;
  readonly at: number;
  readonly from: string;
  readonly text: string;
}

/** The chat.jsonl in a `--record` folder. */
export function recordedChat(directory: string): RecordedLine[] {
  return Deno.readTextFileSync(`${directory}/chat.jsonl`).split("\n")
    .filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** That ids go from 1 up without gaps, and what each said is there once and in the order they said it. */
export function assertChat(
  lines: readonly RecordedLine[],
  said: ReadonlyMap<string, readonly string[]>,
  what: string,
): void {
  deepStrictEqual(lines.map(({ id }) => id), lines.map((_, index) => index + 1), `ids of ${what}`);
  for (const [name, texts] of said) {
    const own = lines.filter(({ from }) => from === name).map(({ text }) => text);
    deepStrictEqual(own, texts, `${what}: the lines of ${name}`);
  }
  const senders = new Set(lines.map(({ from }) => from));
  deepStrictEqual([...senders.difference(new Set(said.keys()))], [], `${what}: other senders`);
}

/** Numbered lines that some people say to each other. */
export class Conversation {
  readonly said = new Map<string, string[]>();
  readonly #people: readonly ClientProgram[];

  constructor(people: readonly ClientProgram[]) {
    this.#people = people;
    for (const { what } of people) this.said.set(what, []);
  }

  get lineCount(): number {
    return [...this.said.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Each of them says `count` lines more; waits for nothing. */
  async everyoneSays(count: number): Promise<void> {
    for (let line = 0; line < count; line++) {
      for (const person of this.#people) {
        const lines = this.said.get(person.what)!;
        const text = `${person.what} says line ${lines.length + 1}`;
        lines.push(text);
        await person.send({ do: "chat", text });
      }
    }
  }

  /** Waits until everybody has all lines. */
  async isHeard(): Promise<void> {
    for (const person of this.#people) {
      await person.waitFor(({ event, id }) => event === "chat" && id === this.lineCount, {
        what: `line ${this.lineCount}`,
      });
    }
  }

  /** What everybody recorded, in order of the people; `directory` gives their `--record` folder. */
  wasRecorded(directory: (name: string) => string): void {
    const [first, ...others] = this.#people.map(({ what }) => recordedChat(directory(what)));
    assertChat(first, this.said, `the chat of ${this.#people[0].what}`);
    others.forEach((lines, index) =>
      deepStrictEqual(lines, first, `the chat of ${this.#people[index + 1].what}`)
    );
  }
}
