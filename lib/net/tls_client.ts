import { type Fingerprint, PING_INTERVAL_MS, readServerMessage } from "@fusionmeet/protocol";
import type { ClientMessage, ServerMessage } from "@fusionmeet/protocol";
import { ControlConnection } from "./control_connection.ts";
import type { Timers } from "./timers.ts";

/** A client's control connection. */
export type ClientConnection = ControlConnection<ServerMessage, ClientMessage>;

/** Why no control connection came about. `message` is a sentence for people. */
export class ConnectFailure extends Error {
  override readonly name = "ConnectFailure";
  constructor(
    readonly code:
      | "no-such-host"
      | "refused"
      | "unreachable"
      | "timeout"
      | "not-a-server"
      | "key-refused"
      | "aborted",
    message: string,
    options?: ErrorOptions & { fingerprint?: Fingerprint },
  ) {
    super(message, options);
    this.fingerprint = options?.fingerprint;
  }
  /** `key-refused`: the key the server showed. */
  readonly fingerprint?: Fingerprint;
}

export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  /**
   * Called with the server's key before a byte of ours is sent; false (or a rejection) closes the connection:
   * `ConnectFailure` `key-refused`. May ask a person.
   */
  readonly acceptKey: (fingerprint: Fingerprint) => boolean | Promise<boolean>;
  /** Its abort gives up the attempt, or ends the connection. */
  readonly signal?: AbortSignal;
  /** From the first packet to the end of the TLS handshake. */
  readonly timeoutMs?: number;
  readonly timers?: Timers;
}

/**
 * Opens a TLS connection to a server, whose key must please `acceptKey` before anything is sent. Pings by itself.
 *
 * @throws ConnectFailure
 */
export function connectControl(_options: ConnectOptions): Promise<ClientConnection> {
  void [ControlConnection, PING_INTERVAL_MS, readServerMessage];
  throw new Error("not yet");
}
