import type { Lobby } from "@fusionmeet/bridge";

/** What the join screen asks for. */
export interface JoinForm {
  readonly server: string;
  readonly name: string;
  readonly room: string;
  readonly pin: string;
  readonly microphone: boolean;
  readonly camera: boolean;
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

/** What is known about the server that stands in the field now; an answer about another one says nothing. */
export function lobbyFor(lobby: Lobby | null, server: string): Lobby | undefined {
  return lobby?.server === server.trim() ? lobby : undefined;
}
