import {
  type Fingerprint,
  fingerprintWords,
  NAME_LENGTH_MAX,
  type NameFault,
  PROTOCOL_VERSION,
  ROOM_LENGTH_MAX,
} from "@fusionmeet/protocol";
import type { ServerAddress } from "./options.ts";
import { serverCode, serverSentence } from "./printable.ts";

/** Exit codes of the program (see docs/CLIENT.md). */
export const EXIT = {
  asked: 0,
  /** Our own mistake. */
  fault: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  keyChanged: 5,
  lost: 6,
} as const;

export type FailureCode =
  | "no-such-host"
  | "connection-refused"
  | "no-route"
  | "timed-out"
  | "not-a-server"
  | "aborted"
  | "key-unknown"
  | "key-changed"
  | "key-not-as-given"
  | "key-not-as-listed"
  | "connection-lost"
  /** As the server says it: `pin-wrong`, `name-taken`, `room-full`, `version`… */
  | (string & Record<never, never>);

/** Why joining (or coming back) did not work: what happened, and what the user can do. */
export class JoinFailure extends Error {
  override readonly name = "JoinFailure";
  constructor(
    readonly code: FailureCode,
    readonly exitCode: number,
    /** What happened, a sentence without its full stop. */
    message: string,
    /** What to do next. */
    readonly advice: string,
    options?: ErrorOptions & {
      /** The next attempt may work by itself (when coming back). */
      mayPass?: boolean;
      /** Both keys, where that is the matter. */
      fingerprints?: { expected?: Fingerprint; seen: Fingerprint };
    },
  ) {
    super(message, options);
    this.mayPass = options?.mayPass ?? false;
    this.fingerprints = options?.fingerprints;
  }
  readonly mayPass: boolean;
  readonly fingerprints?: { expected?: Fingerprint; seen: Fingerprint };
}

/** `host:port`, with brackets where an IPv6 address needs them. */
export function addressText({ hostname, port }: ServerAddress): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A fingerprint for people: the words they can compare, and all of it. */
export function keyText(fingerprint: Fingerprint): string {
  return `${fingerprintWords(fingerprint).join(" ")} (${fingerprint})`;
}

/** Nobody can be reached there. `code` says how it failed. */
export function unreachable(
  code: "no-such-host" | "connection-refused" | "no-route" | "timed-out" | "not-a-server",
  server: ServerAddress,
  cause?: unknown,
): JoinFailure {
  const where = addressText(server);
  const [state, advice] = {
    "no-such-host": [
      `there is no computer named ${server.hostname} in this network`,
      "Check the spelling, or use the address that the server prints when it starts",
    ],
    "connection-refused": [
      `no program accepts connections on port ${server.port} there`,
      "Check that fusionmeet-server is running on that computer and which port it prints",
    ],
    "no-route": [
      "there is no way from this computer to that address",
      "Check that both computers are in the same network (Wi-Fi or cable) and the address is right",
    ],
    "timed-out": [
      "no answer",
      `Check the address, that both computers are in the same network, and that the server's firewall lets TCP port ${server.port} in`,
    ],
    "not-a-server": [
      "what answers there is not a FusionMeet server",
      "Check the port: fusionmeet-server prints its own when it starts",
    ],
  }[code];
  return new JoinFailure(code, EXIT.unreachable, `Cannot reach ${where}: ${state}`, advice, {
    cause,
    mayPass: true,
  });
}

/** Nobody wants the answer any more. */
export function givenUp(cause?: unknown): JoinFailure {
  const message = "Gave up an attempt to connect";
  return new JoinFailure("aborted", EXIT.unreachable, message, "", { cause, mayPass: true });
}

/** The key of a server never seen before, and nothing that vouches for it. */
export function keyUnknown(server: ServerAddress, seen: Fingerprint): JoinFailure {
  return new JoinFailure(
    "key-unknown",
    EXIT.refused,
    `Cannot join ${addressText(server)}: this computer does not know its key yet: ${keyText(seen)}`,
    `Compare the words with those the server prints. If they are the same, join with --fingerprint ${seen}; to accept any key this first time: --fingerprint trust`,
    { fingerprints: { seen } },
  );
}

/** A known address with another key than before. `pinsPath`: the file that holds the known ones. */
export function keyChanged(
  server: ServerAddress,
  keys: { expected: Fingerprint; seen: Fingerprint; pinsPath: string },
): JoinFailure {
  const where = addressText(server);
  return new JoinFailure(
    "key-changed",
    EXIT.keyChanged,
    `Cannot join ${where}: its key has changed, somebody else may be answering there; known: ${
      keyText(keys.expected)
    }; now: ${keyText(keys.seen)}`,
    `Ask whoever runs the server. Only if they set it up anew and read you the new words: remove ${where} from ${keys.pinsPath}, then join with --fingerprint ${keys.seen}`,
    { fingerprints: keys },
  );
}

/** The server's key is not the one of the link or `--fingerprint`. */
export function keyNotAsGiven(
  server: ServerAddress,
  keys: { expected: Fingerprint; seen: Fingerprint },
): JoinFailure {
  return new JoinFailure(
    "key-not-as-given",
    EXIT.keyChanged,
    `Cannot join ${addressText(server)}: its key is not the one it should have; given: ${
      keyText(keys.expected)
    }; the server's: ${keyText(keys.seen)}`,
    "Check the address, and the link or --fingerprint: ask for a new one, and compare the words with those the server prints",
    { fingerprints: keys },
  );
}

/** Another server than the one that was picked from those of the network. */
export function keyNotAsListed(
  server: ServerAddress,
  keys: { expected: Fingerprint; seen: Fingerprint },
): JoinFailure {
  return new JoinFailure(
    "key-not-as-listed",
    EXIT.keyChanged,
    `Cannot join ${
      addressText(server)
    }: whoever answers there is not the server that was picked; that one: ${
      keyText(keys.expected)
    }; who answers: ${keyText(keys.seen)}`,
    "Pick the server again in a moment, or use the address that it prints when it starts; if this happens again, somebody on this network announces it falsely: tell whoever runs it",
    { fingerprints: keys },
  );
}

/** A name that nobody can have; the server would say the same. */
export function badName(what: "name" | "room", typed: string, fault: NameFault): JoinFailure {
  const label = what === "name" ? "The name" : "The name of the room";
  const lengthMax = what === "name" ? NAME_LENGTH_MAX : ROOM_LENGTH_MAX;
  const [state, advice] = {
    empty: ["is empty", `Give one with --${what}`],
    "too-long": [`${JSON.stringify(typed)} is too long`, `Use at most ${lengthMax} characters`],
    "bad-characters": [
      `${JSON.stringify(typed)} has characters that cannot be seen or change the text's direction`,
      "Use letters, digits, spaces and signs",
    ],
  }[fault];
  const code = what === "name" && fault === "empty" ? "name-empty" : `${what}-bad`;
  return new JoinFailure(code, EXIT.refused, `${label} ${state}`, advice);
}

/** What the server declined `hello` with. */
export function declined(
  refusal: { code: string; message: string; version?: number },
  asked: { name: string; room: string },
): JoinFailure {
  const code = serverCode(refusal.code);
  const { version } = refusal;
  const state = version === undefined
    ? serverSentence(refusal.message).replace(
      /^(The|This|You|Your|Somebody|Too) /,
      (word) => word.toLowerCase(),
    )
    : `this program speaks version ${PROTOCOL_VERSION} of the protocol, the server version ${version}`;
  const advice = version === undefined
    ? ADVICE.get(code) ?? "Ask whoever runs the server"
    : `Update ${version > PROTOCOL_VERSION ? "this program" : "the server"} to the other's version`;
  return new JoinFailure(
    code,
    EXIT.refused,
    `Cannot join ${asked.room} as ${asked.name}: ${state}`,
    advice,
    { mayPass: PASSING.has(code) },
  );
}

const ADVICE: ReadonlyMap<string, string> = new Map(Object.entries({
  "pin-needed": "Ask whoever runs the server for the PIN and give it with --pin",
  "pin-wrong": "Check the PIN with whoever runs the server",
  "too-many-wrong-pins":
    "Check the PIN with whoever runs the server, and wait before you try again",
  "name-empty": "Give a name with --name",
  "name-bad": "Choose another name with --name: letters, digits, spaces and signs",
  "name-taken":
    "Choose another name with --name; if that is you, over a connection that broke, wait 20 s",
  "room-bad": "Choose another room with --room: letters, digits, spaces and signs",
  "owner-pin-wrong": "Check the owner PIN with whoever runs the server, or join without it",
  "removed": "Ask the host of the room",
  "locked": "Ask somebody in the room, or wait until its host opens it",
  "full": "Wait until somebody leaves, or choose another room with --room",
  "rooms-full": "Choose a room that is open already, or wait until one is empty",
}));
/** Reasons that may be gone at the next attempt, when coming back: first of all one's own seat, not free yet. */
const PASSING: ReadonlySet<string> = new Set([
  "name-taken",
  "full",
  "rooms-full",
  "too-many-wrong-pins",
  "locked",
]);

/**
 * The server ended the connection with an `error`.
 *
 * @param options.isSettled It had lasted a while: what we sent is no mistake that would end the next one at once.
 */
export function endedByServer(
  error: { code: string; message: string },
  { isSettled }: { isSettled: boolean },
): JoinFailure {
  const code = serverCode(error.code);
  const message = serverSentence(error.message);
  if (code === "taken-over") {
    const advice = "Leave the meeting there, or join here with another name";
    return new JoinFailure(
      code,
      EXIT.lost,
      `You joined from somewhere else: ${message}`,
      advice,
    );
  }
  if (code === "removed") {
    return new JoinFailure(code, EXIT.refused, message, "Ask whoever runs the meeting");
  }
  return new JoinFailure(
    code,
    EXIT.lost,
    `The server ended the connection: ${message}`,
    "Join again; if it happens again, report it: it is a mistake in this program",
    { mayPass: isSettled },
  );
}

/** The connection was ended here for what the server sent. @param fault A sentence: what was wrong with it. */
export function brokenByServer(fault: string): JoinFailure {
  return new JoinFailure(
    "protocol",
    EXIT.lost,
    `The server broke the protocol: ${fault}`,
    "Update this program and the server to the newest version; if it happens again, tell whoever runs the server",
    { mayPass: true },
  );
}

/** The connection ended before the server answered `hello`. */
export function noAnswer(detail: string): JoinFailure {
  return new JoinFailure(
    "no-answer",
    EXIT.unreachable,
    `Cannot join: the connection ended before the server answered: ${detail}`,
    "Try again; if it happens again, look at what the server prints",
    { mayPass: true },
  );
}
