import type { Lobby, Nearby, NearbyServer } from "@fusionmeet/bridge";
import { CONTROL_PORT } from "@fusionmeet/protocol";

/** What the join screen asks for. */
export interface JoinForm {
  readonly server: string;
  readonly name: string;
  readonly room: string;
  readonly pin: string;
  readonly microphone: boolean;
  readonly camera: boolean;
  /** Fingerprint of the server of this network that was picked; absent once another one is typed. */
  readonly picked?: string;
}

/** The fields one types into, in the order in which they are looked at. */
export const JOIN_FIELDS = ["server", "name", "room", "pin"] as const;
export type JoinField = typeof JOIN_FIELDS[number];

/** The first field that must not be empty and is. */
export function missingField(
  form: JoinForm,
  { needsPin }: { needsPin: boolean },
): JoinField | undefined {
  return JOIN_FIELDS.filter((field) => field !== "pin" || needsPin)
    .find((field) => form[field].trim() === "");
}

/**
 * The listed server that the field means although none was picked: the known one at that address; with `isKept` (nobody
 * typed it, it is of an earlier meeting) also the known one that was there and is at another address now. Nobody who
 * is not known is ever meant.
 */
export function meantServer(
  { servers }: Nearby,
  { server, picked }: JoinForm,
  { isKept }: { isKept: boolean },
): NearbyServer | undefined {
  if (picked !== undefined) return undefined;
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
