import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { messageOf } from "@fusionmeet/base";
import {
  type ClientConnection,
  connectControl,
  ConnectFailure,
  type ConnectOptions,
  KnownCertificate,
} from "@fusionmeet/net";
import type { Fingerprint } from "@fusionmeet/protocol";
import type { PinStore } from "@fusionmeet/store";
import {
  addressText,
  EXIT,
  givenUp,
  JoinFailure,
  keyChanged,
  keyNotAsGiven,
  keyNotAsListed,
  keyUnknown,
  unreachable,
} from "./failures.ts";
import type { Opened } from "./meeting_types.ts";
import type { ServerAddress } from "./options.ts";

/** Which server keys are accepted. */
export interface Trust {
  readonly pins: Pick<PinStore, "check" | "get" | "knows" | "accept">;
  /** Where they are kept, for the user. */
  readonly pinsPath: string;
  /** A fingerprint the key must have, or `trust`: any key at first contact. */
  readonly fingerprint?: string;
  /**
   * The key of a server that was picked by it: no other is accepted; and where it is known it is, whatever was known
   * of the address before (two servers of a network may have changed theirs).
   */
  readonly identity?: Fingerprint;
  /** An accepted key could not be kept; why, as a sentence. It counts until the program ends. */
  readonly notKept?: (sentence: string) => void;
}

/** From the first packet to the end of the TLS handshake, for each address. */
const CONNECT_TIMEOUT_MS = 5_000;

/**
 * The same on the way back to a server that was reached before, up to the first answer: so long a network is silent that is
 * dead. A new attempt will notice sooner than TCP, which tries again after 1, 2, 4 s, when it is back.
 */
const REACH_AGAIN_MS = 1_200;

/** A connection, and which of a server's addresses it is to. */
export interface Reached extends Opened {
  readonly server: ServerAddress;
}

/** Says why a server's key is not accepted; nothing where it is. */
type JudgeKey = (seen: Fingerprint) => JoinFailure | undefined | Promise<JoinFailure | undefined>;

interface OpenOptions {
  readonly signal: AbortSignal;
  /** Gives up sooner on an address that does not answer: there are others to try. */
  readonly isOneOfMany?: boolean;
  /** Where the server was reached before: tried first, also when the name is not known any more. */
  readonly lastAddress?: string;
  readonly means?: ConnectMeans;
}

/** What `openControl` needs of the outside world. */
export interface ConnectMeans {
  /** Numeric addresses of a name, best first. @throws where there are none, and when `signal` aborts. */
  resolve(hostname: string, signal: AbortSignal): Promise<string[]>;
  connect(options: ConnectOptions): Promise<ClientConnection>;
}

export const SYSTEM_MEANS: ConnectMeans = {
  resolve: async (hostname, signal) => {
    if (isIP(hostname.split("%")[0])) return [hostname];
    const addresses = await unlessAborted(lookup(hostname, { all: true }), signal);
    return addresses.map(({ address }) => address);
  },
  connect: connectControl,
};

/**
 * One attempt to open a control connection: resolves the name, tries its addresses in turn, and checks the server's key
 * before anything is sent. `signal` gives up the attempt; it does not touch an open connection.
 *
 * @throws JoinFailure
 */
export function openControl(
  server: ServerAddress,
  trust: Trust,
  options: OpenOptions,
): Promise<Opened> {
  return openJudged(server, (seen) => judgeKey(server, seen, trust), options);
}

/**
 * As `openControl`, for a server that is at one of several addresses, tried in turn. Of a server picked by its key
 * (`trust.identity`) an address that shows another key is passed over.
 *
 * @throws JoinFailure: of another key, where there was one; else of the last address.
 */
export async function openOneOf(
  servers: readonly ServerAddress[],
  trust: Trust,
  options: OpenOptions,
): Promise<Reached> {
  const open = async (server: ServerAddress) => ({
    ...await openControl(server, trust, { ...options, isOneOfMany: servers.length > 1 }),
    server,
  });
  return await firstOf(servers, open);
}

/** What `ask` gives for the first of `servers` that is reached and has the right key. @throws JoinFailure */
export async function firstOf<T>(
  servers: readonly ServerAddress[],
  ask: (server: ServerAddress) => Promise<T>,
): Promise<T> {
  let telling: JoinFailure | undefined;
  for (const server of servers) {
    try {
      return await ask(server);
    } catch (thrown) {
      const mayBeElsewhere = thrown instanceof JoinFailure && thrown.code !== "aborted" &&
        (thrown.exitCode === EXIT.unreachable || thrown.code === "key-not-as-listed");
      if (!mayBeElsewhere) throw thrown;
      if (telling?.code !== "key-not-as-listed") telling = thrown;
    }
  }
  throw telling!;
}

/** As `openControl`; `judge` decides about the key. @throws JoinFailure */
export async function openJudged(
  server: ServerAddress,
  judge: JudgeKey,
  { signal, lastAddress, isOneOfMany = false, means = SYSTEM_MEANS }: OpenOptions,
): Promise<Opened> {
  const isImpatient = lastAddress !== undefined || isOneOfMany;
  const reachTimeoutMs = isImpatient ? REACH_AGAIN_MS : undefined;
  let failure = unreachable("no-such-host", server);
  for await (const hostname of addressesOf(server, { signal, lastAddress, means })) {
    try {
      return await openAddress(server, { hostname, judge, signal, means, reachTimeoutMs });
    } catch (thrown) {
      if (!(thrown instanceof JoinFailure) || thrown.exitCode !== EXIT.unreachable) throw thrown;
      failure = thrown;
    }
  }
  throw failure;
}

/** In a dead network a name takes long to look up: the address that is known does not wait for it, and nobody does for long. */
async function* addressesOf(
  server: ServerAddress,
  { signal, lastAddress, means }: {
    signal: AbortSignal;
    lastAddress?: string;
    means: ConnectMeans;
  },
): AsyncGenerator<string> {
  const isBack = lastAddress !== undefined;
  const patience = isBack ? AbortSignal.any([signal, AbortSignal.timeout(REACH_AGAIN_MS)]) : signal;
  const resolving = means.resolve(server.hostname, patience);
  resolving.catch(() => undefined);
  if (isBack) yield lastAddress;
  let addresses: string[] = [];
  try {
    addresses = await resolving;
  } catch (thrown) {
    if (!isBack) throw unreachable("no-such-host", server, thrown);
  }
  for (const address of addresses) if (address !== lastAddress) yield address;
}

async function openAddress(
  server: ServerAddress,
  { hostname, judge, signal, means, reachTimeoutMs }: {
    hostname: string;
    judge: JudgeKey;
    signal: AbortSignal;
    means: ConnectMeans;
    reachTimeoutMs?: number;
  },
): Promise<Opened> {
  const attempt = new AbortController();
  const onAbort = () => attempt.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  let fingerprint: Fingerprint | undefined;
  let certificate: KnownCertificate | undefined;
  let refused: JoinFailure | undefined;
  try {
    const link = await means.connect({
      hostname,
      port: server.port,
      signal: attempt.signal,
      timeoutMs: CONNECT_TIMEOUT_MS,
      reachTimeoutMs,
      acceptKey: async (seen, shown) => {
        fingerprint = seen;
        certificate = new KnownCertificate(shown);
        refused = await judge(seen);
        return refused === undefined;
      },
    });
    return { link, hostname, port: server.port, fingerprint: fingerprint!, certificate };
  } catch (thrown) {
    if (refused) throw refused;
    throw asJoinFailure(thrown, server);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Accepts a server's key (remembering it at first contact) or says why not. What was accepted once at an address is the
 * only key accepted there; a known key at a new address is the same server that moved.
 */
export async function judgeKey(
  server: ServerAddress,
  seen: Fingerprint,
  trust: Trust,
): Promise<JoinFailure | undefined> {
  const { pins, pinsPath, fingerprint, identity } = trust;
  const address = addressText(server);
  const contact = pins.check(address, seen);
  if (identity !== undefined && seen !== identity) {
    return keyNotAsListed(server, { expected: identity, seen });
  }
  if (identity !== undefined && pins.knows(seen)) {
    if (contact === "first") await keepKey(trust, address, seen);
    return undefined;
  }
  if (contact === "changed") {
    return keyChanged(server, { expected: pins.get(address)!, seen, pinsPath });
  }
  if (fingerprint !== undefined && fingerprint !== "trust" && fingerprint !== seen) {
    return keyNotAsGiven(server, { expected: fingerprint, seen });
  }
  if (contact === "same") return undefined;
  if (fingerprint === undefined && !pins.knows(seen)) return keyUnknown(server, seen);
  await keepKey(trust, address, seen);
  return undefined;
}

/** Without a disk to keep it on, the key counts until the program ends. */
async function keepKey(
  { pins, pinsPath, notKept }: Trust,
  address: string,
  seen: Fingerprint,
): Promise<void> {
  try {
    await pins.accept(address, seen);
  } catch (thrown) {
    notKept?.(`Cannot keep this server's key in ${pinsPath}: ${messageOf(thrown)}`);
  }
}

function asJoinFailure(thrown: unknown, server: ServerAddress): unknown {
  if (!(thrown instanceof ConnectFailure)) return thrown;
  switch (thrown.code) {
    case "refused":
      return unreachable("connection-refused", server, thrown);
    case "unreachable":
      return unreachable("no-route", server, thrown);
    case "timeout":
      return unreachable("timed-out", server, thrown);
    case "no-such-host":
    case "not-a-server":
      return unreachable(thrown.code, server, thrown);
    case "aborted":
      return givenUp(thrown);
    default:
      return thrown;
  }
}

/** What `promise` gives, unless the signal is quicker. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  return Promise.race([promise, aborted.promise])
    .finally(() => signal.removeEventListener("abort", onAbort));
}
