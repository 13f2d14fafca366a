/** What tests of chat share: who said what, and what was recorded of it. */
import { deepStrictEqual } from "node:assert/strict";
import type { Program } from "./programs.ts";

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

/** Numbered lines that some people say to each other in one room. */
export class Conversation {
  /** By sender, in the order they were said. */
  readonly said = new Map<string, string[]>();
  readonly #people: readonly Program[];

  /** @param people Who talks, and who hears it, unless others are named. */
  constructor(people: readonly Program[] = []) {
    this.#people = people;
  }

  get lineCount(): number {
    return [...this.said.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** Each of them says `count` lines more; waits for nothing. */
  async everyoneSays(count: number, people = this.#people): Promise<void> {
    for (let line = 0; line < count; line++) {
      for (const person of people) {
        const lines = this.said.getOrInsert(person.what, []);
        const text = `${person.what} says line ${lines.length + 1}`;
        lines.push(text);
        await person.send({ do: "chat", text });
      }
    }
  }

  /** Waits until everybody has all lines. */
  async isHeard(people = this.#people): Promise<void> {
    for (const person of people) {
      await person.waitFor(({ event, id }) => event === "chat" && id === this.lineCount, {
        what: `line ${this.lineCount}`,
      });
    }
  }

  /** That everybody recorded all of it, and in the same order; `directory` gives their `--record` folder. */
  wasRecorded(directory: (name: string) => string, people = this.#people): void {
    const [first, ...others] = people.map(({ what }) => recordedChat(directory(what)));
    assertChat(first, this.said, `the chat of ${people[0].what}`);
    others.forEach((lines, index) =>
      deepStrictEqual(lines, first, `the chat of ${people[index + 1].what}`)
    );
  }
}
