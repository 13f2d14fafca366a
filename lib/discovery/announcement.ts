import { cleanName, type Fingerprint, SERVER_NAME_LENGTH_MAX } from "@fusionmeet/protocol";

/** What a server says about itself to everybody on its network. Nothing of it is proven: anybody can say it. */
export interface Announcement {
  /** Of its key: who it says it is. Finds a known server again, vouches for nobody. */
  readonly fingerprint: Fingerprint;
  /** What people call it. */
  readonly name: string;
  /** Of the program: printable ASCII. */
  readonly version: string;
  /** TCP port of its control connections. */
  readonly port: number;
  /** Rooms with somebody in them, and the people in all of them. */
  readonly rooms: number;
  readonly people: number;
  /** IPv4 addresses at which it is reached, best first; none: the one it was heard from. */
  readonly addresses: readonly string[];
}

/** What a server is called that calls itself nothing that could be shown. */
export const NAMELESS = "FusionMeet server";

/** A server's name as it can be shown, whoever wrote it: one line, nothing invisible, cut to its limit. */
export function shownName(claimed: string): string {
  const cut = claimed.slice(0, SERVER_NAME_LENGTH_MAX).toWellFormed().replaceAll("\ufffd", "");
  const clean = cleanName(cut, SERVER_NAME_LENGTH_MAX);
  return typeof clean === "string" ? NAMELESS : clean.name;
}
