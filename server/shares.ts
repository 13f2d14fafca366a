import { Refusal } from "@fusionmeet/base";
import { ROOMS_PER_ADDRESS_MAX, SEATS_PER_ADDRESS_MIN } from "@fusionmeet/protocol";

/** The server's own machine: its bots and kiosks share nothing with anybody. */
const OWN_MACHINE = new Set(["127.0.0.1", "::1", "::ffff:127.0.0.1"]);

/** Who is at the other end of a connection, where that is known. */
export type PeerAddress = string | undefined;

/** True for the server's own machine. */
export function isOwnMachine(address: PeerAddress): boolean {
  return address !== undefined && OWN_MACHINE.has(address);
}

/** @throws Refusal `full` when one more seat would be more than this address's share of a room. */
export function checkSeatShare(
  address: PeerAddress,
  { seats, participantsMax }: {
    seats: Iterable<{ address: PeerAddress }>;
    participantsMax: number;
  },
): void {
  const share = Math.max(SEATS_PER_ADDRESS_MIN, Math.floor(participantsMax / 2));
  if (countAt(address, seats) < share) return;
  throw new Refusal(
    "full",
    `Your address has ${share} of the room's ${participantsMax} places, its share`,
  );
}

/** @throws Refusal `rooms-full` when this address has opened enough of the rooms there are. */
export function checkRoomShare(
  address: PeerAddress,
  rooms: Iterable<{ address: PeerAddress }>,
): void {
  if (countAt(address, rooms) < ROOMS_PER_ADDRESS_MAX) return;
  throw new Refusal("rooms-full", `Your address has opened ${ROOMS_PER_ADDRESS_MAX} rooms`);
}

function countAt(address: PeerAddress, all: Iterable<{ address: PeerAddress }>): number {
  if (address === undefined || isOwnMachine(address)) return 0;
  let count = 0;
  for (const each of all) if (each.address === address) count++;
  return count;
}
