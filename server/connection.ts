import { type Counters, ProtocolError, Refusal } from "@fusionmeet/base";
import { type ByteStream, ControlConnection, type IncomingConnection } from "@fusionmeet/net";
import {
  type ClientMessage,
  type ClientMessages,
  CONTROL_MESSAGES_BURST,
  CONTROL_MESSAGES_PER_SECOND,
  HELLO_TIMEOUT_MS,
  PROTOCOL_VERSION,
  readClientMessage,
  type ServerMessage,
  type ValuesOf,
} from "@fusionmeet/protocol";
import type { Admission } from "./admission.ts";
import { COSTS, HANDLERS } from "./handlers.ts";
import { otherVersion, refusalMessage } from "./refusals.ts";
import type { ServerParts } from "./parts.ts";
import type { MemberLink } from "./seat.ts";
import type { Session } from "./session.ts";
import type { TicketDesk, TicketGrant } from "./ticket_desk.ts";

type Connection = ControlConnection<ClientMessage, ServerMessage>;

/** One control connection at the server, from the first byte of its TLS to its end. The only place where errors become messages. */
export class ServerConnection {
  readonly #parts: ServerParts;
  readonly #admission: Admission;
  readonly #tickets: TicketDesk;
  readonly #incoming: IncomingConnection;
  /** How connections end, and what is refused. */
  readonly #counters: Counters;
  readonly #connection: Connection;
  readonly #acceptedAtMs: number;
  #session: Session | undefined;
  /** What the connection is for, where it is no control connection. */
  #grant: TicketGrant | undefined;
  /** Called once, when the peer has said a `hello` or a `ticket` that was accepted. */
  onHello: () => void = () => {};

  constructor(
    parts: ServerParts,
    { admission, tickets, incoming, counters, acceptedAtMs }: {
      admission: Admission;
      tickets: TicketDesk;
      incoming: IncomingConnection;
      counters: Counters;
      /** On the clock of `parts.timers`: from then on `hello` is waited for. */
      acceptedAtMs: number;
    },
  ) {
    this.#parts = parts;
    this.#admission = admission;
    this.#tickets = tickets;
    this.#incoming = incoming;
    this.#counters = counters;
    this.#acceptedAtMs = acceptedAtMs;
    this.#connection = new ControlConnection({
      stream: incoming.stream,
      readMessage: readClientMessage,
      farewell: ({ code, message }) => ({ type: "error", code, message: message.slice(0, 1024) }),
      readAtMost: {
        perSecond: CONTROL_MESSAGES_PER_SECOND,
        burst: CONTROL_MESSAGES_BURST,
        cost: ({ type }) => COSTS.get(type) ?? 1,
      },
      timers: parts.timers,
    });
  }

  /** Ends it at once. */
  destroy(reason: string): void {
    this.#connection.destroy(reason);
  }

  /** Ends it after what was sent. */
  async close(reason: string): Promise<void> {
    await this.#connection.close(reason);
  }

  /** Serves the peer to the end of the connection. Never throws. */
  async serve(): Promise<void> {
    let isLate = false;
    const { timers } = this.#parts;
    const leftMs = this.#acceptedAtMs + HELLO_TIMEOUT_MS - timers.nowMs();
    const stopTimer = timers.after(Math.max(0, leftMs), () => {
      isLate = true;
      this.destroy(`no hello in ${HELLO_TIMEOUT_MS} ms`);
    });
    try {
      await this.#incoming.stream.handshake();
      for await (const message of this.#connection.messages()) {
        this.#take(message);
        if (this.#grant !== undefined) break;
        if (this.#session !== undefined) stopTimer();
      }
      if (this.#grant !== undefined) await this.#handOver(this.#grant, stopTimer);
    } catch (thrown) {
      this.#connection.end(thrown);
    } finally {
      stopTimer();
    }
    const { reason, detail, error } = await this.#connection.ended;
    this.#counters.add(`ended.${reason}`);
    if (error) this.#counters.add(`protocol.${error.code}`);
    // Who was silent from the start is as often found by the one timer as by the other.
    const isNobody = this.#session === undefined && this.#grant === undefined;
    const isSilent = isNobody && reason === "silent";
    if (isLate || isSilent) this.#counters.add("no-hello");
    const { unknownMessages } = this.#connection.counts;
    if (unknownMessages > 0) this.#counters.add("unknown-messages", unknownMessages);
    try {
      this.#depart(reason, detail);
    } catch (thrown) {
      this.#parts.log.mistake("Cannot take somebody out of a room", thrown);
    }
  }

  /** From here on the connection is its purpose's. */
  async #handOver(grant: TicketGrant, stopTimer: () => void): Promise<void> {
    let stream: ByteStream;
    try {
      stream = await this.#connection.release();
    } catch (thrown) {
      this.#tickets.drop(grant);
      throw thrown;
    }
    stopTimer();
    await this.#tickets.serve(grant, stream);
  }

  #take(message: ClientMessage): void {
    try {
      if (this.#session !== undefined) handle(this.#session, message);
      else this.#beforeHello(message);
    } catch (thrown) {
      if (thrown instanceof Refusal) this.#refuse(thrown, message);
      else if (thrown instanceof ProtocolError) this.#connection.end(thrown);
      else this.#admitMistake(thrown, message);
    }
  }

  #beforeHello(message: ClientMessage): void {
    if (message.type === "ping") {
      this.#connection.send({ type: "pong", at: message.at });
      return;
    }
    if (message.type === "lobby") {
      this.#counters.add("lobby");
      const { address } = this.#incoming;
      this.#connection.send({ type: "lobby", ...this.#admission.lobby(message, { address }) });
      void this.#connection.close("lobby answered");
      return;
    }
    if (message.type === "ticket") {
      this.#grant = this.#redeem(message);
      this.#connection.send({ type: "ticket.accepted" });
      this.onHello();
      return;
    }
    if (message.type !== "hello") {
      throw new ProtocolError(
        "unexpected",
        `Cannot take ${message.type}: hello, lobby or ticket comes first`,
      );
    }
    const link: MemberLink = {
      send: (each) => this.#connection.send(each),
      end: (reason) => void this.#connection.close(reason),
    };
    const { address } = this.#incoming;
    const { room, seat } = this.#admission.admit(message, { address, link });
    const signal = seat.presence!.ended.signal;
    this.#session = { room, seat, link, address, signal, tickets: this.#tickets };
    this.#parts.log.event("joined", {
      room: room.name,
      participant: seat.id,
      name: seat.name,
      address,
    });
    this.onHello();
  }

  #redeem({ version, ticket }: Extract<ClientMessage, { type: "ticket" }>): TicketGrant {
    if (version !== PROTOCOL_VERSION) throw otherVersion(version);
    return this.#tickets.take(ticket, { address: this.#incoming.address });
  }

  #refuse(refusal: Refusal, message: ClientMessage): void {
    const { code } = refusal;
    this.#counters.add(`refused.${code}`);
    this.#connection.send(refusalMessage(refusal, message));
    if (this.#session !== undefined) return;
    this.#parts.log.event("refused", { code, address: this.#incoming.address });
    void this.#connection.close("refused");
  }

  #admitMistake(thrown: unknown, message: ClientMessage): void {
    this.#parts.log.mistake(`Cannot take ${message.type}`, thrown);
    this.#connection.send({
      type: "error",
      code: "internal",
      message: "The server made a mistake and ends this connection",
    });
    void this.#connection.close("internal");
  }

  #depart(reason: string, detail: string): void {
    if (this.#session === undefined) return;
    const { room, seat, link } = this.#session;
    const isLost = seat.presence?.link === link;
    // Who fell silent, or could not be written to, may be back later; who closed, or was closed, is back at once or not at all.
    room.lose(seat, link, reason === "silent" || reason === "outbox-full" ? "cut" : "closed");
    this.#parts.log.event(isLost ? "lost" : "left", {
      room: room.name,
      participant: seat.id,
      name: seat.name,
      how: isLost ? `${reason}: ${detail}` : detail,
    });
  }
}

function handle<Type extends keyof ClientMessages>(
  session: Session,
  message: { type: Type } & ValuesOf<ClientMessages[Type]>,
): void {
  HANDLERS[message.type](session, message);
}
