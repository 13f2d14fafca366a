import { shownName } from "@fusionmeet/discovery";
import { systemTimers, type Timers } from "@fusionmeet/net";
import {
  cleanName,
  type Fingerprint,
  HELLO_TIMEOUT_MS,
  PROTOCOL_VERSION,
  ROOM_LENGTH_MAX,
  SCAN_REACH_MS,
} from "@fusionmeet/protocol";
import { type ConnectMeans, openJudged, SYSTEM_MEANS, type Trust } from "./connect.ts";
import {
  addressText,
  givenUp,
  type JoinFailure,
  keyChanged,
  keyNotAsGiven,
  keyNotAsListed,
  noAnswer,
} from "./failures.ts";
import type { Opened } from "./meeting_types.ts";
import type { ServerAddress } from "./options.ts";

/** What a server says about itself before one joins. */
export interface LobbyAnswer {
  readonly fingerprint: Fingerprint;
  /**
   * The server's key is known, or trusted by what the user gave. False: anybody could have answered. No PIN was sent
   * then, and the rooms are what whoever it is says.
   */
  readonly isKnown: boolean;
  /** What people call the server, where it says so. */
  readonly name?: string;
  /** The server's version of the protocol: one may ask whom one could not join. */
  readonly version: number;
  readonly needsPin: boolean;
  /** Whether the PIN is the right one; absent when it was not sent or is not needed. */
  readonly pinAccepted?: boolean;
  /** Rooms with somebody in them, the fullest first; none without the PIN, where one is needed. */
  readonly rooms: readonly { readonly name: string; readonly people: number }[];
}

export interface AskLobbyOptions {
  readonly trust: Trust;
  readonly signal: AbortSignal;
  /** Gives up sooner on an address that does not answer: there are others to try. */
  readonly isOneOfMany?: boolean;
  /** Sent to a server with a known key only. */
  readonly pin?: string;
  readonly means?: ConnectMeans;
  readonly timers?: Timers;
}

/**
 * Asks a server which rooms are open. The key is judged as on joining, with one difference: an unknown one may be
 * asked, without the PIN, for the question holds nothing secret. Asking makes no key known.
 *
 * @throws JoinFailure when it cannot be reached, does not answer, or its key is not the known or given one.
 */
export async function askLobby(
  server: ServerAddress,
  { trust, signal, pin, isOneOfMany, means, timers = systemTimers }: AskLobbyOptions,
): Promise<LobbyAnswer> {
  let isKnown = false;
  const judge = (seen: Fingerprint) => {
    const { refused, known } = judgeForAsking(server, seen, trust);
    isKnown = known;
    return refused;
  };
  const opened = await openJudged(server, judge, { signal, isOneOfMany, means });
  const answer = await question(opened, {
    ...{ server, signal, timers },
    pin: isKnown && pin !== "" ? pin : undefined,
  });
  return { ...answer, isKnown };
}

/**
 * Asks whoever answers at an address whether it is a server, and which: whatever its key, nothing is sent but the question.
 * For a search of the network: an address where nobody is is given up soon.
 *
 * @throws JoinFailure
 */
export async function askAnybody(
  server: ServerAddress,
  signal: AbortSignal,
): Promise<Omit<LobbyAnswer, "isKnown">> {
  const connect: ConnectMeans["connect"] = (options) =>
    SYSTEM_MEANS.connect({ ...options, reachTimeoutMs: SCAN_REACH_MS });
  const means = { ...SYSTEM_MEANS, connect };
  const opened = await openJudged(server, () => undefined, { signal, means });
  return await question(opened, { server, signal, timers: systemTimers });
}

/** Asks, and ends the connection. @throws JoinFailure */
async function question(
  { link, fingerprint }: Opened,
  { server, signal, timers, pin }: {
    server: ServerAddress;
    signal: AbortSignal;
    timers: Timers;
    pin?: string;
  },
): Promise<Omit<LobbyAnswer, "isKnown">> {
  const onAbort = () => link.destroy("given up");
  const cancelTimeout = timers.after(HELLO_TIMEOUT_MS, () => link.destroy("no answer to lobby"));
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    link.send({ type: "lobby", version: PROTOCOL_VERSION, pin });
    for await (const message of link.messages()) {
      if (message.type === "error") break;
      if (message.type !== "lobby") continue;
      const { version, needsPin, pinAccepted, rooms, name } = message;
      const shown = rooms.filter(({ name }) => isCleanRoom(name));
      return {
        ...{ fingerprint, version, needsPin, pinAccepted, rooms: shown },
        ...(name === undefined ? {} : { name: shownName(name) }),
      };
    }
    if (signal.aborted) throw givenUp();
    throw noAnswer(`${addressText(server)} did not say which rooms it has`);
  } finally {
    cancelTimeout();
    signal.removeEventListener("abort", onAbort);
    link.destroy("done");
  }
}

/** As `judgeKey`, but an unknown key is no refusal, and nothing is remembered. */
function judgeForAsking(
  server: ServerAddress,
  seen: Fingerprint,
  { pins, pinsPath, fingerprint, identity }: Trust,
): { refused?: JoinFailure; known: boolean } {
  const address = addressText(server);
  if (identity !== undefined && seen !== identity) {
    return { refused: keyNotAsListed(server, { expected: identity, seen }), known: false };
  }
  if (identity !== undefined && pins.knows(seen)) return { known: true };
  const contact = pins.check(address, seen);
  if (contact === "changed") {
    const keys = { expected: pins.get(address)!, seen, pinsPath };
    return { refused: keyChanged(server, keys), known: false };
  }
  if (fingerprint !== undefined && fingerprint !== "trust" && fingerprint !== seen) {
    const keys = { expected: fingerprint, seen };
    return { refused: keyNotAsGiven(server, keys), known: false };
  }
  return { known: contact === "same" || fingerprint !== undefined || pins.knows(seen) };
}

function isCleanRoom(name: string): boolean {
  const clean = cleanName(name, ROOM_LENGTH_MAX);
  return typeof clean !== "string" && clean.name === name;
}
