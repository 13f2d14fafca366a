import { ProtocolError } from "@fusionmeet/base";
import type { TicketedConnection, TicketOwner } from "../ticket_desk.ts";
import type { ScreenParts } from "./screen_parts.ts";
import { SharedScreen } from "./shared_screen.ts";

/** The connections on which screens are shown and seen. */
export class Screens implements TicketOwner {
  readonly #parts: ScreenParts;
  /** By share, whose numbers are unique on a server. */
  readonly #screens = new Map<number, SharedScreen>();

  constructor(parts: ScreenParts) {
    this.#parts = parts;
  }

  /** @throws Refusal `no-such-share`, `not-presenter` */
  check({ room, seat, purpose, subject }: Parameters<TicketOwner["check"]>[0]): void {
    const isSending = purpose === "screen.send";
    room.presenter.checkTicket(seat, isSending ? "screen.send" : "screen.view", subject);
  }

  async serve(connection: TicketedConnection): Promise<void> {
    const { purpose, subject: share, room, stream, participant } = connection;
    const screen = this.#screenOf(connection);
    try {
      if (purpose === "screen.view") return await screen?.show(stream, participant);
      const connected = (isConnected: boolean) => room.presenter.connected(share, isConnected);
      await screen?.present(stream, connected);
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      this.#parts.counters.add(`screen.protocol.${thrown.code}`);
    }
  }

  /** @returns absent: that share is over. */
  #screenOf({ room, subject: share }: TicketedConnection): SharedScreen | undefined {
    const known = this.#screens.get(share);
    const over = room.presenter.signalOf(share);
    if (known !== undefined || over.aborted) return known;
    const screen = new SharedScreen(this.#parts);
    this.#screens.set(share, screen);
    over.addEventListener("abort", () => {
      this.#screens.delete(share);
      screen.close();
    }, { once: true });
    return screen;
  }
}
