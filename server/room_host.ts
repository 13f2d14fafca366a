import { Refusal } from "@fusionmeet/base";
import { nameKey, REMOVED_MAX, type ServerMessage } from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import { networkOf } from "./pin_guard.ts";
import { requireHere } from "./room_presenter.ts";
import type { Seat } from "./seat.ts";
import { isOwnMachine, type PeerAddress } from "./shares.ts";

/** What the host does is done by the room. */
export interface HostActs {
  mute(seat: Seat): void;
  remove(seat: Seat): void;
  endShare(share: number): void;
}

/** Who was removed, as they would come back. */
interface Removed {
  readonly key: string;
  readonly name: string;
  /** Absent for the server's own machine, which many share. */
  readonly network?: string;
}

/**
 * Who leads a room, and what they may do. One host at most: who showed the owner PIN last; on a server without one, who was here first,
 * and then who has been here longest. docs/adr/0020 says why.
 */
export class RoomHost {
  readonly #seats: ReadonlyMap<number, Seat>;
  readonly #acts: HostActs;
  readonly #hasOwnerPin: boolean;
  #host: Seat | undefined;
  /** Whose role it is, while `#host` stands in for them. */
  #rightful: Seat | undefined;
  #isLocked = false;
  #removed: Removed[] = [];

  constructor(
    { settings }: Pick<ServerParts, "settings">,
    options: { seats: ReadonlyMap<number, Seat>; acts: HostActs },
  ) {
    this.#hasOwnerPin = settings.ownerPin !== undefined;
    this.#seats = options.seats;
    this.#acts = options.acts;
  }

  get host(): Seat | undefined {
    return this.#host;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** A newcomer, not one who comes back to their seat. @throws Refusal `removed`, `locked` */
  checkNewcomer(
    { name, address, isOwner }: { name: string; address?: string; isOwner?: boolean },
  ): void {
    if (isOwner) return;
    const key = nameKey(name);
    const network = networkKey(address);
    const isRemoved = ({ key: k, network: n }: Removed) =>
      k === key || (n !== undefined && n === network);
    if (this.#removed.some(isRemoved)) {
      throw new Refusal(
        "removed",
        "You were removed from this room, and its host can let you in again",
      );
    }
    if (this.#isLocked) {
      throw new Refusal("locked", "The room is locked");
    }
  }

  /** Somebody came, or came back. */
  entered(seat: Seat, { showedPin }: { showedPin: boolean }): void {
    if (showedPin) seat.isOwner = true;
    const before = this.#state();
    if (showedPin) this.#make(seat);
    else if (seat === this.#rightful) this.#host = seat;
    this.#settle();
    if (before !== this.#state()) this.#tellAll();
    else seat.presence?.link.send(this.#message());
    if (seat === this.#host && this.#removed.length > 0) this.#tellRemoved();
  }

  /** They have been away for so long that they are no longer on the list, or are gone. */
  missed(): void {
    this.#change(() => this.#settle());
  }

  /** Everybody else's microphone, or one person's, goes off; only they can switch it on again. @throws Refusal */
  mute(seat: Seat, { participant }: { participant?: number }): void {
    this.#require(seat, "mute others");
    if (participant !== undefined) return this.#acts.mute(requireHere(this.#seats, participant));
    for (const each of this.#seats.values()) {
      if (each !== seat && each.presence !== undefined) this.#acts.mute(each);
    }
  }

  /** @throws Refusal */
  endShare(seat: Seat, { share }: { share: number }): void {
    this.#require(seat, "stop somebody's share");
    this.#acts.endShare(share);
  }

  /** Takes somebody out, also who is away, and does not let them come back. @throws Refusal */
  remove(seat: Seat, { participant }: { participant: number }): void {
    this.#require(seat, "remove people");
    const other = this.#seats.get(participant);
    if (other === undefined) {
      throw new Refusal("no-such-person", "Nobody in the room has that number");
    }
    if (other === seat) throw new Refusal("self", "You cannot remove yourself: leave");
    const { key, name, address } = other;
    const network = networkKey(address);
    this.#removed = [...this.#removed.filter((each) => each.key !== key), { key, name, network }]
      .slice(-REMOVED_MAX);
    this.#acts.remove(other);
    this.#tellRemoved();
  }

  /** Lets somebody who was removed come in again. @throws Refusal */
  readmit(seat: Seat, { name }: { name: string }): void {
    this.#require(seat, "let people in again");
    const key = nameKey(name);
    const rest = this.#removed.filter((each) => each.key !== key);
    if (rest.length === this.#removed.length) {
      throw new Refusal("no-such-person", `Nobody called ${name} was removed`);
    }
    this.#removed = rest;
    this.#tellRemoved();
  }

  /** Nobody new comes in; who has a seat comes back. @throws Refusal */
  lock(seat: Seat, { on }: { on: boolean }): void {
    this.#require(seat, "lock the room");
    this.#change(() => this.#isLocked = on);
  }

  /** Somebody else is the host from now on. @throws Refusal */
  give(seat: Seat, { participant }: { participant: number }): void {
    this.#require(seat, "make somebody the host");
    const to = requireHere(this.#seats, participant);
    this.#change(() => this.#make(to));
  }

  #require(seat: Seat, what: string): void {
    if (seat === this.#host) return;
    const state = this.#host === undefined ? "there is none now" : `that is ${this.#host.name}`;
    throw new Refusal("not-host", `Only the host can ${what}: ${state}`);
  }

  #make(seat: Seat): void {
    this.#host = this.#rightful = seat;
  }

  /** Finds who leads now. Who is away keeps the role as long as they are on the list. */
  #settle(): void {
    const has = (seat: Seat | undefined) => seat !== undefined && this.#seats.get(seat.id) === seat;
    if (!has(this.#host)) this.#host = undefined;
    if (this.#host === undefined || !this.#host.isListed) {
      this.#host = this.#seats.values().find((seat) =>
        seat.presence !== undefined && (seat.isOwner || !this.#hasOwnerPin)
      ) ?? this.#host;
    }
    if (!has(this.#rightful)) this.#rightful = this.#host;
    // Nobody could open it again.
    if (this.#host === undefined) this.#isLocked = false;
  }

  #change(run: () => void): void {
    const before = this.#state();
    const host = this.#host;
    run();
    if (before !== this.#state()) this.#tellAll();
    if (this.#host !== host && this.#removed.length > 0) this.#tellRemoved();
  }

  #state(): string {
    return `${this.#host?.id} ${this.#isLocked}`;
  }

  #message(): ServerMessage {
    return { type: "room", host: this.#host?.id, locked: this.#isLocked };
  }

  #tellAll(): void {
    const message = this.#message();
    for (const { presence } of this.#seats.values()) presence?.link.send(message);
  }

  /** The host alone sees who was removed. */
  #tellRemoved(): void {
    const names = this.#removed.map(({ name }) => name);
    this.#host?.presence?.link.send({ type: "room.removed", names });
  }
}

function networkKey(address: PeerAddress): string | undefined {
  return address === undefined || isOwnMachine(address) ? undefined : networkOf(address);
}
