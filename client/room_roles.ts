import { Refusal } from "@fusionmeet/base";
import {
  type ClientMessage,
  NAME_LENGTH_MAX,
  PARTICIPANTS_MAX,
  type ServerMessages,
  type ShareEnd,
  type ValuesOf,
} from "@fusionmeet/protocol";
import { requireAtMost } from "./kept.ts";
import type { Person } from "./people.ts";

type Received<Type extends keyof ServerMessages> = ValuesOf<ServerMessages[Type]>;

/** Who presents. */
export interface Presenting {
  /** The share's id: never used again. */
  readonly share: number;
  readonly participant: number;
  readonly name: string;
  /** No pictures come: the presenter is away, or their connection is. */
  readonly paused: boolean;
}

/** What changes about who leads and who presents. */
export type RoleEvent =
  /** `participant` is absent where nobody leads. */
  | { event: "host"; participant?: number; name?: string; you: boolean }
  | { event: "locked"; on: boolean }
  /** `presenting` is absent where nobody presents; `ended`: why the share before is over. */
  | { event: "presenter"; presenting?: Presenting; you: boolean; ended?: ShareEnd }
  /** To the presenter: somebody asks to present. */
  | { event: "presenter.asked"; participant: number; name: string }
  /** The presenter said no to what was asked here. */
  | { event: "presenter.declined"; participant: number; name: string }
  /** The host switched off one's own microphone. */
  | { event: "muted"; by: string }
  /** To the host: who was removed and cannot come back. */
  | { event: "removed.list"; names: readonly string[] };

export interface RoomRolesMeans {
  readonly send: (message: ClientMessage) => void;
  readonly emit: (event: RoleEvent) => void;
  readonly self: () => number | undefined;
  readonly byId: (id: number) => Person | undefined;
  readonly byName: (name: string) => Person | undefined;
}

/** Who leads the room and who presents in it, as the server last said; and what one may ask of both. The server decides. */
export class RoomRoles {
  readonly #means: RoomRolesMeans;
  #host: number | undefined;
  #isLocked = false;
  #presenting: Presenting | undefined;
  #asking: { participant: number; name: string }[] = [];
  #removed: readonly string[] = [];

  constructor(means: RoomRolesMeans) {
    this.#means = means;
  }

  /** The host's id. */
  get host(): number | undefined {
    return this.#host;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  get presenting(): Presenting | undefined {
    return this.#presenting;
  }

  /** Who asks to present; to the presenter alone. */
  get asking(): readonly { participant: number; name: string }[] {
    return this.#asking;
  }

  /** Who was removed; to the host alone. */
  get removed(): readonly string[] {
    return this.#removed;
  }

  roomSaid({ host, locked }: Received<"room">): void {
    const { self, byId, emit } = this.#means;
    if (host !== this.#host) {
      this.#host = host;
      if (host !== self()) this.#removed = [];
      const name = host === undefined ? undefined : byId(host)?.name;
      emit({ event: "host", participant: host, name, you: host !== undefined && host === self() });
    }
    if (locked === this.#isLocked) return;
    this.#isLocked = locked;
    emit({ event: "locked", on: locked });
  }

  removedSaid({ names }: Received<"room.removed">): void {
    this.#removed = names;
    this.#means.emit({ event: "removed.list", names });
  }

  presenterSaid({ share, participant, name, paused, ended }: Received<"presenter">): void {
    const before = this.#presenting;
    this.#presenting = share === undefined || participant === undefined
      ? undefined
      : { share, participant, name: name ?? "", paused };
    if (before?.share !== share) this.#asking = [];
    if (before?.share === share && before?.paused === this.#presenting?.paused) return;
    const you = participant !== undefined && participant === this.#means.self();
    this.#means.emit({ event: "presenter", presenting: this.#presenting, you, ended });
  }

  /** @throws ProtocolError when they are more than can be in the room. */
  asked(asker: Received<"presenter.asked">): void {
    const { participant, name } = asker;
    if (this.#asking.some((each) => each.participant === participant)) return;
    requireAtMost(this.#asking.length + 1, PARTICIPANTS_MAX, "people who ask to present");
    this.#asking.push({ participant, name });
    this.#means.emit({ event: "presenter.asked", participant, name });
  }

  declined({ participant, name }: Received<"presenter.declined">): void {
    this.#means.emit({ event: "presenter.declined", participant, name });
  }

  /** Somebody is gone, and with them what they asked for. */
  left(participant: number): void {
    this.#asking = this.#asking.filter((each) => each.participant !== participant);
  }

  /** Asks to present; the answer is `presenter` or `refused`. */
  request(): void {
    this.#means.send({ type: "presenter.request" });
  }

  /** Asks the presenter to hand over. */
  ask(): void {
    this.#means.send({ type: "presenter.ask" });
  }

  /** Says yes or no to somebody who asked. @throws Refusal */
  answer(name: string, accept: boolean): void {
    const participant = this.#idOf(name);
    this.#asking = this.#asking.filter((each) => each.participant !== participant);
    this.#means.send({ type: "presenter.answer", participant, accept });
  }

  /** Makes somebody else the presenter. @throws Refusal */
  giveScreen(name: string): void {
    this.#means.send({ type: "presenter.give", participant: this.#idOf(name) });
  }

  /** As the host: switches off everybody else's microphone, or one. @throws Refusal */
  mute(name?: string): void {
    const participant = name === undefined ? undefined : this.#idOf(name);
    this.#means.send({ type: "host.mute", participant });
  }

  /** As the host: ends the share there is. @throws Refusal */
  endShare(): void {
    const { share } = this.#presenting ?? {};
    if (share === undefined) throw new Refusal("nobody-presents", "Nobody is presenting");
    this.#means.send({ type: "host.unshare", share });
  }

  /** As the host: takes somebody out of the room. @throws Refusal */
  remove(name: string): void {
    this.#means.send({ type: "host.remove", participant: this.#idOf(name) });
  }

  /** As the host: lets somebody who was removed come in again. */
  readmit(name: string): void {
    this.#means.send({ type: "host.readmit", name: name.slice(0, NAME_LENGTH_MAX) });
  }

  /** As the host: nobody new comes in, or everybody does. */
  lock(on: boolean): void {
    this.#means.send({ type: "host.lock", on });
  }

  /** As the host: makes somebody else the host. @throws Refusal */
  giveHost(name: string): void {
    this.#means.send({ type: "host.give", participant: this.#idOf(name) });
  }

  #idOf(name: string): number {
    const person = this.#means.byName(name);
    if (person !== undefined) return person.id;
    throw new Refusal("no-such-person", `Nobody in the room is called ${name}`);
  }
}
