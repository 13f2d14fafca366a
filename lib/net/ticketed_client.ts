import {
  type Fingerprint,
  HELLO_TIMEOUT_MS,
  PROTOCOL_VERSION,
  readServerMessage,
} from "@fusionmeet/protocol";
import type { ByteStream } from "./byte_stream.ts";
import {
  type ClientConnection,
  ConnectFailure,
  type ConnectOptions,
  connectTls,
  READ_FROM_SERVER,
} from "./tls_client.ts";
import { ControlConnection } from "./control_connection.ts";
import { systemTimers } from "./timers.ts";

export interface TicketedOptions extends Omit<ConnectOptions, "acceptKey"> {
  /** The key of the server that gave the ticket: no other one is sent it. */
  readonly fingerprint: Fingerprint;
  /** From `ticket`; good once. */
  readonly ticket: Uint8Array;
}

/** A ticket was not taken; `message` is the server's sentence. */
export class TicketRefused extends Error {
  override readonly name = "TicketRefused";
  constructor(readonly code: string, message: string) {
    super(message);
  }
}

/**
 * Opens a connection of its own for what a ticket is for, to the very server that gave it.
 *
 * @returns the connection behind `ticket.accepted`; closing it is the caller's, and so is its silence.
 * @throws ConnectFailure, TicketRefused
 */
export async function openTicketed(options: TicketedOptions): Promise<ByteStream> {
  const { ticket, fingerprint, signal, timers = systemTimers } = options;
  const stream = await connectTls({ ...options, acceptKey: (key) => key === fingerprint });
  const connection: ClientConnection = new ControlConnection({
    ...{ stream, readMessage: readServerMessage, readAtMost: READ_FROM_SERVER, timers, signal },
  });
  let isLate = false;
  // Whatever else it says meanwhile.
  const cancelTimeout = timers.after(HELLO_TIMEOUT_MS, () => {
    isLate = true;
    connection.destroy(`no answer in ${HELLO_TIMEOUT_MS} ms`);
  });
  connection.send({ type: "ticket", version: PROTOCOL_VERSION, ticket });
  try {
    for await (const message of connection.messages()) {
      if (message.type === "ticket.accepted") return await connection.release();
      if (message.type === "refused" || message.type === "error") {
        throw new TicketRefused(message.code, message.message);
      }
    }
  } finally {
    cancelTimeout();
    connection.destroy("done");
  }
  if (signal?.aborted) throw new ConnectFailure("aborted", "Given up");
  const { reason, detail } = await connection.ended;
  const code = isLate || reason === "silent" ? "timeout" : "not-a-server";
  throw new ConnectFailure(code, `The server did not answer to a ticket: ${detail}`);
}
