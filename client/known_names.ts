import { PARTICIPANTS_MAX } from "@fusionmeet/protocol";
import type { PersonChange } from "./people.ts";

/** People who have left whose names are still known: the latest, as many as a room holds. */
export const LEFT_NAMES_MAX = PARTICIPANTS_MAX;

/** What people are called, by id, also when they have just left: what is told of them may come later. */
export class KnownNames {
  readonly #here = new Map<number, string>();
  /** Who left last is the last. */
  readonly #left = new Map<number, string>();

  of(id: number): string | undefined {
    return this.#here.get(id) ?? this.#left.get(id);
  }

  changed({ person: { id, name }, state }: PersonChange): void {
    this.#left.delete(id);
    if (state !== "left") {
      this.#here.set(id, name);
      return;
    }
    this.#here.delete(id);
    this.#left.set(id, name);
    const [oldest] = this.#left.keys();
    if (this.#left.size > LEFT_NAMES_MAX) this.#left.delete(oldest);
  }
}
