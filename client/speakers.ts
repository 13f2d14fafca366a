import type { Person } from "./people.ts";

/** Somebody begins to speak at this level and goes on at the other, dBov. */
const BEGINS_LEVEL = -45;
const GOES_ON_LEVEL = -55;
/** A shorter pause is one between two words. */
const PAUSE_MS = 1_000;

/** Who speaks, made of levels that come several times a second: at once when somebody begins, and only changes. */
export class Speakers {
  readonly #changed: (person: Person, on: boolean) => void;
  readonly #speaking = new Map<number, { person: Person; heardAtMs: number }>();

  constructor(changed: (person: Person, on: boolean) => void) {
    this.#changed = changed;
  }

  /** @param heard Who is audible just now, and how loud: -127..0 dBov. */
  update(heard: readonly { person: Person; level: number }[], nowMs: number): void {
    for (const { person, level } of heard) {
      const isNew = !this.#speaking.has(person.id);
      if (level < (isNew ? BEGINS_LEVEL : GOES_ON_LEVEL)) continue;
      this.#speaking.set(person.id, { person, heardAtMs: nowMs });
      if (isNew) this.#changed(person, true);
    }
    for (const [id, { heardAtMs }] of this.#speaking) {
      if (nowMs - heardAtMs >= PAUSE_MS) this.stop(id);
    }
  }

  /** They cannot speak any more: gone, or the microphone is off. */
  stop(id: number): void {
    const speaker = this.#speaking.get(id);
    if (!speaker) return;
    this.#speaking.delete(id);
    this.#changed(speaker.person, false);
  }
}
