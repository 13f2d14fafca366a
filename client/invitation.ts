import type { Invitation } from "@fusionmeet/bridge";
import { isLinkLocal, isLoopback } from "@fusionmeet/net";
import {
  DEFAULT_ROOM,
  type Fingerprint,
  formatJoinLink,
  formatPageAddress,
} from "@fusionmeet/protocol";

/** Where somebody is, as far as others can follow. */
export interface Joined {
  readonly room: string;
  readonly fingerprint: Fingerprint;
  /** The server's numeric address, as reached from here. */
  readonly hostname: string;
  /** Where the server says others reach it, likeliest first. */
  readonly addresses: readonly string[];
}

/** How others come into the room: by the address that works here, unless that works on this computer alone. */
export function invitationTo(
  { room, fingerprint, hostname, addresses }: Joined,
  port: number,
): Invitation {
  const forOthers = [hostname, ...addresses].find(worksElsewhere);
  const where = { hostname: forOthers ?? withoutZone(hostname), port };
  return {
    link: formatJoinLink({ ...where, room, fingerprint }),
    page: formatPageAddress({ ...where, room: room === DEFAULT_ROOM ? undefined : room }),
    isOnlyHere: forOthers === undefined,
  };
}

/** A link-local IPv6 address needs a zone, which is another one on every computer; the IPv4 ones work on one cable. */
function worksElsewhere(address: string): boolean {
  return !isLoopback(address) && !(isLinkLocal(address) && address.includes(":"));
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}
