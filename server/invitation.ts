import {
  DEFAULT_ROOM,
  type Fingerprint,
  formatJoinLink,
  formatPageAddress,
} from "@fusionmeet/protocol";

/** A server as others on the network find it. */
export interface Reachable {
  /** Likeliest first. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly fingerprint: Fingerprint;
}

/** How people come in by one of the addresses of a server. */
export interface Invitation {
  readonly link: string;
  /** A page that says how, for a phone or a computer without FusionMeet. */
  readonly page: string;
}

/** One for each address, in their order. */
export function invitationsOf(
  { addresses, port, fingerprint }: Reachable,
  room = DEFAULT_ROOM,
): Invitation[] {
  return addresses.map((hostname) => ({
    link: formatJoinLink({ hostname, port, room, fingerprint }),
    page: formatPageAddress({ hostname, port, room: room === DEFAULT_ROOM ? undefined : room }),
  }));
}
