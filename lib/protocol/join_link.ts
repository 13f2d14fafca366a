import { Refusal } from "@fusionmeet/base";
import { type Fingerprint, isFingerprint } from "./fingerprint_words.ts";
import { CONTROL_PORT, JOIN_LINK_LENGTH_MAX, ROOM_LENGTH_MAX } from "./limits.ts";
import { cleanName } from "./names.ts";

/** The room of whoever names none. */
export const DEFAULT_ROOM = "Main";

/** What a link leads to. It holds no PIN: a link is passed on, shown and kept. */
export interface JoinLink {
  /** A name or an address, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Clean, as `cleanName` gives it; absent: whoever follows the link chooses. */
  readonly room?: string;
  /** The key that the server must have. */
  readonly fingerprint: Fingerprint;
}

/** Not a computer called "fusionmeet" with a port behind it. */
const SCHEME = /^fusionmeet:(?!\d{1,5}$)/i;
const LABEL = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}])?$/u;
const HOSTNAME_LENGTH_MAX = 253;
/** What `encodeURIComponent` leaves as it is, but programs that make links clickable may leave out. */
const EASILY_LOST = /[!'()*.]/g;

/** True for what was meant to be a link, right or wrong. */
export function isJoinLink(text: string): boolean {
  return SCHEME.test(text.trim());
}

/**
 * `fusionmeet://host[:port]/[room]#fingerprint`, ASCII only. The port is left out where it is the usual one.
 *
 * @param link As `parseJoinLink` gives it.
 */
export function formatJoinLink({ hostname, port, room, fingerprint }: JoinLink): string {
  const host = hostname.includes(":") ? `[${hostname}]` : encodeURIComponent(hostname);
  const where = port === CONTROL_PORT ? host : `${host}:${port}`;
  return `fusionmeet://${where}/${room === undefined ? "" : encodeRoom(room)}#${fingerprint}`;
}

/** Where a browser finds the server's page about a room: it needs no fingerprint, for a page proves nothing. */
export function formatPageAddress(
  { hostname, port, room }: Omit<JoinLink, "fingerprint">,
): string {
  const host = hostname.includes(":") ? `[${hostname}]` : encodeURIComponent(hostname);
  return `http://${host}:${port}/${room === undefined ? "" : encodeRoom(room)}`;
}

/** A room's name as one segment of a path. */
export function encodeRoom(room: string): string {
  return encodeURIComponent(room).replace(
    EASILY_LOST,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The room that one segment of a path names; `undefined` for an empty one.
 *
 * @throws Refusal in words
 */
export function decodeRoom(segment: string): string | undefined {
  if (segment === "") return undefined;
  const room = cleanName(percentDecoded(segment, "room"), ROOM_LENGTH_MAX);
  if (typeof room !== "string") return room.name;
  throw new Refusal(
    "link-bad",
    room === "too-long"
      ? `The name of the room in the link is over ${ROOM_LENGTH_MAX} characters`
      : "The name of the room in the link is empty or has characters that cannot be seen",
  );
}

/**
 * Reads what people paste. Also takes a scheme in capitals, spaces around it, a fingerprint in capitals, and a room whose
 * letters were decoded on the way.
 *
 * Source: RFC 3986 for the parts and percent encoding; the fragment is the SHA-256 of the server's public key, in hex.
 *
 * @throws Refusal with what is wrong, in words
 */
export function parseJoinLink(pasted: string): JoinLink {
  const text = pasted.trim();
  if (text.length > JOIN_LINK_LENGTH_MAX) {
    throw bad(`The link is over ${JOIN_LINK_LENGTH_MAX} characters`);
  }
  const parts = /^fusionmeet:\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(?:#(.*))?$/is.exec(text);
  if (parts === null) throw bad("A link starts with fusionmeet://");
  const [, authority, path, query, fragment] = parts;
  if (query !== undefined) throw bad("A link has no part with a question mark");
  const fingerprint = (fragment ?? "").toLowerCase();
  if (fingerprint === "") {
    throw bad("The link has no fingerprint behind #: copy it to its end");
  }
  if (!isFingerprint(fingerprint)) {
    throw bad("The fingerprint behind # is not 64 hex digits: copy the link to its end");
  }
  const room = readPath(path);
  return { ...readAuthority(authority), ...(room !== undefined && { room }), fingerprint };
}

function readPath(path: string): string | undefined {
  const segment = path.slice(1);
  if (segment.includes("/")) throw bad("A link names one room: a / in its name is written %2F");
  return decodeRoom(segment);
}

function readAuthority(authority: string): { hostname: string; port: number } {
  if (authority.includes("@")) throw bad("A link holds no name and no PIN before the server");
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(authority) ?? [];
  if (host === undefined) throw bad("An IPv6 address in a link stands in brackets");
  return { hostname: readHost(host), port: port === undefined ? CONTROL_PORT : readPort(port) };
}

function readHost(host: string): string {
  if (host === "") throw bad("The link names no server");
  if (host.startsWith("[")) {
    const address = host.slice(1, -1).toLowerCase();
    if (address.includes("%")) {
      throw bad(`${address} is an address that works on one computer only`);
    }
    if (/^[0-9a-f:.]+$/.test(address) && URL.canParse(`http://[${address}]/`)) return address;
    throw bad(`${host} is not an IPv6 address`);
  }
  const hostname = percentDecoded(host, "server").normalize("NFC");
  const labels = hostname.split(".");
  const isNumeric = labels.every((label) => /^\d+$/.test(label));
  const isAddress = isNumeric && labels.length === 4 &&
    labels.every((label) => /^(0|[1-9]\d{0,2})$/.test(label) && Number(label) < 256);
  const isName = !isNumeric && hostname.length <= HOSTNAME_LENGTH_MAX &&
    labels.every((label) => LABEL.test(label));
  if (isAddress || isName) return hostname;
  throw bad(`${JSON.stringify(hostname)} in the link is not the name or address of a computer`);
}

function readPort(port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65_535) return number;
  throw bad("The port in the link is not a number from 1 to 65535");
}

function percentDecoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw bad(`The ${what} in the link has a % that stands for nothing`, cause);
  }
}

function bad(state: string, cause?: unknown): Refusal {
  return new Refusal("link-bad", state, { cause });
}
