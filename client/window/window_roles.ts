import { Refusal } from "@fusionmeet/base";
import type { PageMessage } from "@fusionmeet/bridge";
import type { RoomRoles } from "../room_roles.ts";
import type { MeetingView } from "./meeting_view.ts";

/** What the page asks of the host and of the presenter, showing a screen aside. */
export type RoleMessage = Extract<
  PageMessage,
  {
    do:
      | "host.mute"
      | "host.remove"
      | "host.give"
      | "host.unshare"
      | "host.lock"
      | "host.readmit"
      | "present.ask"
      | "present.answer"
      | "present.give";
  }
>;

export type RoleAsks = Pick<
  RoomRoles,
  | "mute"
  | "remove"
  | "giveHost"
  | "endShare"
  | "lock"
  | "readmit"
  | "ask"
  | "answer"
  | "giveScreen"
>;

/** Carries out what the page asks about who leads and who presents. The page knows people by number, the room's roles by name. */
export class WindowRoles {
  readonly #roles: RoleAsks;
  readonly #view: MeetingView;

  constructor(roles: RoleAsks, view: MeetingView) {
    this.#roles = roles;
    this.#view = view;
  }

  /** @throws Refusal */
  carryOut(message: RoleMessage): void {
    const roles = this.#roles;
    switch (message.do) {
      case "host.mute": {
        const { participant } = message;
        return roles.mute(participant === null ? undefined : this.#nameOf(participant));
      }
      case "host.remove":
        return roles.remove(this.#nameOf(message.participant));
      case "host.give":
        return roles.giveHost(this.#nameOf(message.participant));
      case "host.unshare":
        return roles.endShare();
      case "host.lock":
        return roles.lock(message.on);
      case "host.readmit":
        return roles.readmit(message.name);
      case "present.ask":
        roles.ask();
        return this.#view.asked();
      case "present.answer":
        this.#view.answered(message.participant);
        return roles.answer(this.#nameOf(message.participant), message.accept);
      case "present.give":
        return roles.giveScreen(this.#nameOf(message.participant));
    }
  }

  #nameOf(participant: number): string {
    const person = this.#view.state.people.find(({ id }) => id === participant);
    if (person === undefined) throw new Refusal("no-such-person", "They have left the room");
    return person.name;
  }
}
