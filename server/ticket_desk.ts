import { type Counters, Refusal } from "@fusionmeet/base";
import type { ByteStream } from "@fusionmeet/net";
import { TICKETED_PER_PARTICIPANT_MAX, type TicketPurpose } from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import type { Room } from "./room.ts";
import type { Seat } from "./seat.ts";
import type { Session } from "./session.ts";
import { TicketBook } from "./ticket_book.ts";

/** What a connection of its own is for, and whose it is. */
export interface TicketGrant {
  readonly participant: number;
  readonly room: Room;
  readonly seat: Seat;
  readonly purpose: TicketPurpose;
  /** The id of the share or the file. */
  readonly subject: number;
  readonly address: string;
  /** Aborts when the control connection that got the ticket is over: left, lost, removed, taken over. */
  readonly signal: AbortSignal;
}

/** Such a connection, behind `ticket.accepted`. */
export interface TicketedConnection extends TicketGrant {
  /** Closed by the desk when `signal` aborts, and when `serve` is done. */
  readonly stream: ByteStream;
}

/** Who serves the connections of a purpose. */
export interface TicketOwner {
  /** May they? Asked when the ticket is asked for, and again when it comes. @throws Refusal */
  check(grant: Pick<TicketGrant, "room" | "seat" | "purpose" | "subject">): void;
  /** Serves one to its end. What the stream throws may be thrown on: the network is nobody's mistake. */
  serve(connection: TicketedConnection): Promise<void>;
}

/** Gives tickets out, and hands the connections that come with one to whoever serves their purpose. */
export class TicketDesk {
  readonly #parts: Pick<ServerParts, "timers" | "random" | "log">;
  readonly #counters: Counters;
  readonly #book: TicketBook<TicketGrant>;
  readonly #owners = new Map<TicketPurpose, TicketOwner>();
  /** Connections that are open, by participant. */
  readonly #open = new Map<number, number>();
  /** Control connections whose end is watched. */
  readonly #watched = new WeakSet<AbortSignal>();

  constructor(
    parts: Pick<ServerParts, "timers" | "random" | "log">,
    { counters }: { counters: Counters },
  ) {
    this.#parts = parts;
    this.#counters = counters;
    this.#book = new TicketBook(parts.random);
  }

  /** From now on `owner` serves the connections of that purpose. */
  own(purpose: TicketPurpose, owner: TicketOwner): void {
    this.#owners.set(purpose, owner);
  }

  /** Connections by ticket that are open. */
  get openCount(): number {
    return this.#open.values().reduce((sum, count) => sum + count, 0);
  }

  /** @throws Refusal `too-many-tickets`, `not-here`, and those of the owner */
  issue(
    { room, seat, address, signal }: Pick<Session, "room" | "seat" | "address" | "signal">,
    { purpose, subject }: { purpose: TicketPurpose; subject: number },
  ): Uint8Array {
    const grant = { participant: seat.id, room, seat, address, signal, purpose, subject };
    this.#ownerOf(purpose).check(grant);
    const ticket = this.#book.issue(grant, this.#parts.timers.nowMs());
    if (!this.#watched.has(signal)) {
      this.#watched.add(signal);
      signal.addEventListener("abort", () => this.#book.forget(seat.id), { once: true });
    }
    this.#counters.add("tickets.issued");
    return ticket;
  }

  /** Takes a ticket from whoever opened a connection with it. @throws Refusal `ticket-bad`, `too-many-connections`, and those of the owner */
  take(ticket: Uint8Array, { address }: { address: string }): TicketGrant {
    const nowMs = this.#parts.timers.nowMs();
    const grant = this.#book.take(ticket, { address, nowMs });
    if (typeof grant === "string") {
      this.#counters.add(`tickets.${grant}`);
      throw new Refusal("ticket-bad", "The ticket is not good, or not any more: ask for a new one");
    }
    this.#ownerOf(grant.purpose).check(grant);
    if ((this.#open.get(grant.participant) ?? 0) >= TICKETED_PER_PARTICIPANT_MAX) {
      throw new Refusal(
        "too-many-connections",
        `You have ${TICKETED_PER_PARTICIPANT_MAX} screens and files under way, the limit`,
      );
    }
    this.#counters.add("tickets.taken");
    this.#count(grant.participant, 1);
    return grant;
  }

  /** The connection of a ticket that was taken did not come about. */
  drop({ participant }: TicketGrant): void {
    this.#count(participant, -1);
  }

  /** Serves the connection of a ticket that was taken, to its end. Never throws. */
  async serve(grant: TicketGrant, stream: ByteStream): Promise<void> {
    const { signal, purpose } = grant;
    const close = () => stream.close();
    signal.addEventListener("abort", close);
    try {
      if (!signal.aborted) await this.#ownerOf(purpose).serve({ ...grant, stream });
    } catch (thrown) {
      if (isMistake(thrown)) this.#parts.log.mistake(`Cannot serve ${purpose}`, thrown);
      else this.#counters.add(`tickets.broken.${purpose}`);
    } finally {
      signal.removeEventListener("abort", close);
      close();
      this.drop(grant);
    }
  }

  #ownerOf(purpose: TicketPurpose): TicketOwner {
    const owner = this.#owners.get(purpose);
    if (owner !== undefined) return owner;
    throw new Refusal("not-here", `This server does not know how to do that: ${purpose}`);
  }

  #count(participant: number, change: number): void {
    const count = (this.#open.get(participant) ?? 0) + change;
    if (count === 0) this.#open.delete(participant);
    else this.#open.set(participant, count);
  }
}

/** Ours, where neither the network nor the peer can be at fault. */
function isMistake(thrown: unknown): boolean {
  return thrown instanceof TypeError || thrown instanceof RangeError ||
    thrown instanceof ReferenceError || (thrown as Error | undefined)?.name === "AssertionFailure";
}
