import type { MemberLink, Seat } from "./seat.ts";
import type { Room } from "./room.ts";
import type { TicketDesk } from "./ticket_desk.ts";

/** Somebody with a seat, as the handlers see them. */
export interface Session {
  readonly room: Room;
  readonly seat: Seat;
  readonly link: MemberLink;
  /** Their IP address. */
  readonly address: string;
  /** Aborts when this connection no longer holds the seat. */
  readonly signal: AbortSignal;
  readonly tickets: Pick<TicketDesk, "issue">;
}
