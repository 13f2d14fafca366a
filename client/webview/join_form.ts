import type { Lobby, Nearby, NearbyServer } from "@fusionmeet/bridge";
import { Refusal } from "@fusionmeet/base";
import { CONTROL_PORT, isJoinLink, type JoinLink, parseJoinLink } from "@fusionmeet/protocol";

/** What the join screen asks for. */
export interface JoinForm {
  readonly server: string;
  readonly name: string;
  readonly room: string;
  readonly pin: string;
  /** Empty where one does not claim to lead the room. */
  readonly ownerPin: string;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Fingerprint of the server of this network that was picked; absent once another one is typed. */
  readonly picked?: string;
  /** The fingerprint that a link names for `server`; absent once another one is typed or picked. */
  readonly expected?: string;
}

/** A whole link among other words: in a message, or pasted behind what stood in the field. */
const LINK_INSIDE = /fusionmeet:\/\/[^#]*#[0-9a-f]{64}(?![0-9a-f])/i;

/** The form after something was typed or pasted into the field of the server: a link fills in all that it names. */
export function withServer(form: JoinForm, typed: string): JoinForm {
  const plain = { ...form, server: typed, picked: undefined, expected: undefined };
  const link = readLink(LINK_INSIDE.exec(typed)?.[0] ?? typed);
  if (link === undefined || "fault" in link) return plain;
  const { hostname, port, room = form.room, fingerprint } = link;
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const server = port === CONTROL_PORT ? host : `${host}:${port}`;
  return { ...plain, server, room, expected: fingerprint };
}

/**
 * The owner PIN after another server was typed or picked: the one that came with the first server is that one's, and
 * no other server learns it. One that was typed here stays.
 */
export function ownerPinFor(
  form: Pick<JoinForm, "server" | "ownerPin">,
  first: Pick<JoinForm, "server" | "ownerPin">,
): string {
  const isForeign = first.server !== "" && serverKey(form.server) !== serverKey(first.server);
  return isForeign && form.ownerPin === first.ownerPin ? "" : form.ownerPin;
}

/** What is wrong with the link in the field of the server, in words; `undefined` where there is none, or a good one. */
export function linkFault(server: string): string | undefined {
  const link = readLink(server);
  return link && "fault" in link ? link.fault : undefined;
}

/** `undefined` for what is not meant to be a link. */
function readLink(text: string): JoinLink | { fault: string } | undefined {
  if (!isJoinLink(text)) return undefined;
  try {
    return parseJoinLink(text);
  } catch (thrown) {
    if (thrown instanceof Refusal) return { fault: thrown.message };
    throw thrown;
  }
}

/** The fields one types into, in the order in which they are looked at. */
export const JOIN_FIELDS = ["server", "name", "room", "pin", "ownerPin"] as const;
export type JoinField = typeof JOIN_FIELDS[number];
/** Those that may have to be filled in. */
export type NeededField = Exclude<JoinField, "ownerPin">;

/** The first field that must not be empty and is. */
export function missingField(
  form: JoinForm,
  { needsPin }: { needsPin: boolean },
): NeededField | undefined {
  const needed: readonly NeededField[] = [
    "server",
    "name",
    "room",
    ...(needsPin ? ["pin" as const] : []),
  ];
  return needed.find((field) => form[field].trim() === "");
}

/**
 * The listed server that the field means although none was picked: the known one at that address; with `isKept` (nobody
 * typed it, it is of an earlier meeting) also the known one that was there and is at another address now. Nobody who
 * is not known is ever meant.
 */
export function meantServer(
  { servers }: Nearby,
  { server, picked, expected }: JoinForm,
  { isKept }: { isKept: boolean },
): NearbyServer | undefined {
  if (picked !== undefined || expected !== undefined) return undefined;
  const typed = serverKey(server);
  const isAt = ({ address }: NearbyServer) => serverKey(address) === typed;
  const known = servers.filter((each) =>
    each.known && each.formerly.some((address) => serverKey(address) === typed)
  );
  const isTaken = servers.some(isAt);
  return known.find(isAt) ?? (isKept && !isTaken ? known[0] : undefined);
}

/** One form of an address as it is typed and as it is kept. */
function serverKey(address: string): string {
  const trimmed = address.trim().toLowerCase();
  return trimmed === "" || /:\d+$/.test(trimmed) ? trimmed : `${trimmed}:${CONTROL_PORT}`;
}

/** What is known about the server that stands in the field now; an answer about another one says nothing. */
export function lobbyFor(lobby: Lobby | null, server: string): Lobby | undefined {
  return lobby?.server === server.trim() ? lobby : undefined;
}
