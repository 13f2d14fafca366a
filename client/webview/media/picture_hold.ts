/** Pictures of one person that wait; beyond it the oldest waits no longer. */
export const PICTURES_HELD_MAX = 64;

/** As much of a picture as is asked here. */
export interface HeldPicture {
  readonly participant: number;
  readonly waitMs: number;
}

interface Held<P> {
  readonly picture: P;
  readonly dueMs: number;
}

/** Holds pictures until their sound is heard; those of one person never overtake each other. */
export class PictureHold<P extends HeldPicture> {
  readonly #people = new Map<number, Held<P>[]>();

  /** Takes a picture that came at `nowMs`. */
  push(picture: P, nowMs: number): void {
    const { participant, waitMs } = picture;
    const line = this.#people.get(participant) ?? [];
    const dueMs = Math.max(nowMs + waitMs, line.at(-1)?.dueMs ?? 0);
    line.push({ picture, dueMs });
    if (line.length > PICTURES_HELD_MAX) line[0] = { ...line[0], dueMs: nowMs };
    this.#people.set(participant, line);
  }

  /** When `take` gives the next one; `Infinity` where nothing waits. */
  get nextDueMs(): number {
    return Math.min(...[...this.#people.values()].map(([first]) => first.dueMs));
  }

  /** Gives what has waited long enough, each person's in order. */
  take(nowMs: number): P[] {
    const due: P[] = [];
    for (const [participant, line] of this.#people) {
      while (line.length > 0 && line[0].dueMs <= nowMs) due.push(line.shift()!.picture);
      if (line.length === 0) this.#people.delete(participant);
    }
    return due;
  }
}
