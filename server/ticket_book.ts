import { type Random, Refusal } from "@fusionmeet/base";
import {
  TICKET_BYTES,
  TICKET_MS,
  TICKETS_PER_ADDRESS_MAX,
  TICKETS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";

/** Whom a ticket is for, and from where it has to come. */
export interface Ticketed {
  readonly participant: number;
  readonly address: string;
}

/** Why a ticket is not taken. `gone`: whoever had it is no longer connected. */
export type TicketFault = "unknown" | "used" | "expired" | "gone" | "other-address";

/** Tickets that are no longer good and can still be told from ones that never were. */
const SPENT_MAX = 1_024;

/** Which tickets are out. Each is good once, for `TICKET_MS`, from one address; nobody can guess one (128 bits of chance). */
export class TicketBook<Grant extends Ticketed> {
  readonly #random: Random;
  /** By the ticket in hex; the oldest first, and so the first to expire. */
  readonly #waiting = new Map<string, { grant: Grant; issuedMs: number }>();
  readonly #spent = new Map<string, TicketFault>();

  constructor(random: Random) {
    this.#random = random;
  }

  /** How many wait to be used. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** @throws Refusal `too-many-tickets` */
  issue(grant: Grant, nowMs: number): Uint8Array {
    this.#expire(nowMs);
    const { participant, address } = grant;
    if (this.#count((each) => each.participant === participant) >= TICKETS_PER_PARTICIPANT_MAX) {
      throw tooMany(`You have ${TICKETS_PER_PARTICIPANT_MAX}`);
    }
    if (this.#count((each) => each.address === address) >= TICKETS_PER_ADDRESS_MAX) {
      throw tooMany(`Your address has ${TICKETS_PER_ADDRESS_MAX}`);
    }
    const ticket = this.#random.fill(new Uint8Array(TICKET_BYTES));
    this.#waiting.set(ticket.toHex(), { grant, issuedMs: nowMs });
    return ticket;
  }

  /** Takes a ticket that came over a new connection: what it is for, or why it is not taken. */
  take(
    ticket: Uint8Array,
    { address, nowMs }: { address: string; nowMs: number },
  ): Grant | TicketFault {
    this.#expire(nowMs);
    const name = ticket.toHex();
    const entry = this.#waiting.get(name);
    if (entry === undefined) return this.#spent.get(name) ?? "unknown";
    if (entry.grant.address !== address) return "other-address";
    this.#spend(name, "used");
    return entry.grant;
  }

  /** Their connection is gone, and with it their tickets. */
  forget(participant: number): void {
    for (const [name, { grant }] of this.#waiting) {
      if (grant.participant === participant) this.#spend(name, "gone");
    }
  }

  #expire(nowMs: number): void {
    for (const [name, { issuedMs }] of this.#waiting) {
      if (nowMs - issuedMs < TICKET_MS) return;
      this.#spend(name, "expired");
    }
  }

  #spend(name: string, fault: TicketFault): void {
    this.#waiting.delete(name);
    this.#spent.set(name, fault);
    if (this.#spent.size > SPENT_MAX) this.#spent.delete(this.#spent.keys().next().value!);
  }

  #count(fits: (grant: Grant) => boolean): number {
    return this.#waiting.values().reduce((count, { grant }) => count + Number(fits(grant)), 0);
  }
}

function tooMany(who: string): Refusal {
  return new Refusal("too-many-tickets", `${who} tickets that were not used yet, the limit`);
}
