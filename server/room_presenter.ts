import { Refusal } from "@fusionmeet/base";
import {
  type ServerMessage,
  SHARE_CLOSED_MS,
  SHARE_START_MS,
  type ShareEnd,
} from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import { PresenterLock, type Share } from "./presenter_lock.ts";
import type { Seat } from "./seat.ts";

/** How somebody's connection was lost: `closed` they, or their system, ended it; `cut` nothing came any more. */
export type Loss = "closed" | "cut";

/** The presenter lock of a room, with its clock and its messages. */
export class RoomPresenter {
  readonly #parts: Pick<ServerParts, "timers">;
  readonly #seats: ReadonlyMap<number, Seat>;
  readonly #lock: PresenterLock;
  #stopTimer: () => void = () => {};
  /** Says when the current share, or nobody's turn, is over. */
  #turn: { share?: number; ended: AbortController } = { ended: new AbortController() };

  constructor(
    parts: Pick<ServerParts, "timers">,
    options: { seats: ReadonlyMap<number, Seat>; nextShare: () => number },
  ) {
    this.#parts = parts;
    this.#seats = options.seats;
    this.#lock = new PresenterLock(options.nextShare);
  }

  /** Who presents; absent: nobody. */
  get share(): Share | undefined {
    return this.#lock.share;
  }

  get isPaused(): boolean {
    return this.#lock.isPaused;
  }

  /** @throws PresenterTaken */
  request(seat: Seat): void {
    const { share } = this;
    this.#lock.request(seat);
    if (this.share !== share) this.#changed();
    else seat.presence?.link.send(this.#message());
  }

  /** @throws Refusal */
  ask(seat: Seat): void {
    if (this.#lock.ask(seat)) this.#tellHolder(seat);
  }

  /** @throws Refusal */
  answer(seat: Seat, { participant, accept }: { participant: number; accept: boolean }): void {
    this.#lock.answer(seat, participant, accept);
    if (accept) return this.#changed();
    const asker = this.#seats.get(participant);
    asker?.presence?.link.send({
      type: "presenter.declined",
      participant: seat.id,
      name: seat.name,
    });
  }

  /** @throws Refusal */
  give(seat: Seat, { participant }: { participant: number }): void {
    const { share } = this;
    this.#lock.give(seat, requireHere(this.#seats, participant));
    if (this.share !== share) this.#changed();
  }

  /** The presenter stops that share; another one changes nothing. */
  stop(seat: Seat, { share }: { share: number }): void {
    if (this.share?.holder.id === seat.id) this.end(share, "stopped");
  }

  /** That share is over, if it is not already. */
  end(share: number, why: ShareEnd): void {
    if (this.#lock.end(share, why)) this.#changed();
  }

  /** The pictures of that share have a connection now, or none any more. */
  connected(share: number, isConnected: boolean): void {
    if (this.#lock.connected(share, isConnected)) this.#changed();
  }

  /**
   * Who may open a connection for a share's pictures: the presenter to send them, everybody to see them.
   *
   * @throws Refusal `no-such-share`, `not-presenter`
   */
  checkTicket(seat: Seat, purpose: "screen.send" | "screen.view", share: number): void {
    if (this.share?.id !== share) throw new Refusal("no-such-share", "That share is over");
    if (purpose === "screen.send" && this.share.holder.id !== seat.id) {
      throw new Refusal("not-presenter", `${this.share.holder.name} is presenting`);
    }
  }

  /** Aborts when that share is over. */
  signalOf(share: number): AbortSignal {
    return this.#turn.share === share ? this.#turn.ended.signal : AbortSignal.abort();
  }

  /** Somebody came, or came back. */
  entered(seat: Seat): void {
    if (this.#lock.back(seat.id)) {
      this.#changed();
      for (const asker of this.#lock.asking) this.#tellHolder(asker);
    } else seat.presence?.link.send(this.#message());
  }

  /** Their connection is lost. What was closed is not expected back for long: a program that means to come back does so at once. */
  lost(seat: Seat, how: Loss): void {
    if (!this.#lock.away(seat.id)) return;
    this.#changed();
    if (how === "cut") return;
    const { id } = this.share!;
    this.#stopTimer = this.#parts.timers.after(SHARE_CLOSED_MS, () => this.end(id, "lost"));
  }

  /** They are gone for good. */
  gone(seat: Seat, why: ShareEnd): void {
    if (this.#lock.gone(seat.id, why)) this.#changed();
  }

  /** The room is over. */
  close(): void {
    this.#stopTimer();
    this.#turn.ended.abort();
  }

  #changed(): void {
    const { share } = this;
    this.#stopTimer();
    this.#stopTimer = () => {};
    if (this.#turn.share !== share?.id) {
      this.#turn.ended.abort();
      this.#turn = { share: share?.id, ended: new AbortController() };
    }
    // Nobody keeps the lock without showing anything. While away the seat's own time runs.
    if (share !== undefined && !share.isAway && !share.isConnected) {
      const give = () => this.end(share.id, "not-started");
      this.#stopTimer = this.#parts.timers.after(SHARE_START_MS, give);
    }
    const message = this.#message();
    for (const { presence } of this.#seats.values()) presence?.link.send(message);
  }

  #message(): ServerMessage {
    const { share } = this;
    const paused = this.#lock.isPaused;
    const ended = this.#lock.lastEnd;
    if (share === undefined) return { type: "presenter", paused, ended };
    const { id, name } = share.holder;
    return { type: "presenter", share: share.id, participant: id, name, paused, ended };
  }

  #tellHolder({ id, name }: { id: number; name: string }): void {
    const holder = this.share && this.#seats.get(this.share.holder.id);
    holder?.presence?.link.send({ type: "presenter.asked", participant: id, name });
  }
}

/** @throws Refusal `no-such-person`, `away` */
export function requireHere(seats: ReadonlyMap<number, Seat>, participant: number): Seat {
  const seat = seats.get(participant);
  if (seat === undefined) {
    throw new Refusal("no-such-person", "Nobody in the room has that number");
  }
  if (seat.presence === undefined) {
    throw new Refusal("away", `${seat.name} has lost the connection: wait until they are back`);
  }
  return seat;
}
