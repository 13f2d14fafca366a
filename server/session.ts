import type { MemberLink, Seat } from "./seat.ts";
import type { Room } from "./room.ts";

/** Somebody with a seat, as the handlers see them. */
export interface Session {
  readonly room: Room;
  readonly seat: Seat;
  readonly link: MemberLink;
}
