import { PARTICIPANTS_MAX } from "@fusionmeet/protocol";
import { requireAtMost } from "./kept.ts";

/** Somebody in the room, as the server last said. */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Their connection is lost and may come back. */
  readonly away: boolean;
  /** SSRC of their microphone; new with every connection of theirs. */
  readonly voice?: number;
}

export type LeaveReason = "left" | "lost" | "removed";

/** A change in who is here or what they have on. */
export type PersonChange =
  /** `before` is absent for somebody new. */
  | { readonly person: Person; readonly state: "here" | "away"; readonly before?: Person }
  | { readonly person: Person; readonly state: "left"; readonly reason: LeaveReason };

const PEOPLE = "people in the room";

/** Who is in the room, oneself included: at most `PARTICIPANTS_MAX`. Says only what changed, also over reconnects. */
export class People {
  readonly #people = new Map<number, Person>();
  readonly #changed: (change: PersonChange) => void;
  /** The list that is coming in parts, by id. */
  #coming = new Map<number, Person>();
  #self = NaN;

  constructor(changed: (change: PersonChange) => void) {
    this.#changed = changed;
  }

  get all(): Person[] {
    return [...this.#people.values()];
  }

  byId(id: number): Person | undefined {
    return this.#people.get(id);
  }

  byName(name: string): Person | undefined {
    return this.all.find((person) => person.name === name);
  }

  /** A new connection: what came of an unfinished list is void, and oneself is nobody who leaves. */
  connected(self: number): void {
    this.#coming.clear();
    if (self !== this.#self) this.#people.delete(this.#self);
    this.#self = self;
  }

  /** One part of the whole list; with the last one whoever is not in it has left. @throws ProtocolError when they are too many. */
  part(list: readonly Person[], last: boolean): void {
    for (const person of list) this.#coming.set(person.id, person);
    requireAtMost(this.#coming.size, PARTICIPANTS_MAX, PEOPLE);
    if (!last) return;
    const here = this.#coming;
    this.#coming = new Map();
    for (const { id } of this.all) if (!here.has(id)) this.left(id, "lost");
    for (const person of here.values()) this.update(person);
  }

  /** @throws ProtocolError when they are too many. */
  update({ id, name, microphone, camera, away, voice }: Person): void {
    // A server that was started anew counts its people from 1 again.
    if (this.#people.get(id)?.name !== name) this.left(id, "lost");
    const before = this.#people.get(id);
    if (before === undefined) requireAtMost(this.#people.size + 1, PARTICIPANTS_MAX, PEOPLE);
    const person = { id, name, microphone, camera, away, voice };
    const isSame = before !== undefined && before.away === away &&
      before.microphone === microphone && before.camera === camera;
    this.#people.set(id, person);
    if (!isSame) this.#changed({ person, state: away ? "away" : "here", before });
  }

  left(id: number, reason: LeaveReason): void {
    const person = this.#people.get(id);
    if (person === undefined) return;
    this.#people.delete(id);
    this.#changed({ person, state: "left", reason });
  }
}
