import { Refusal } from "@fusionmeet/base";
import type { PageMessage, ProgramMessage } from "@fusionmeet/bridge";
import type { Timers } from "@fusionmeet/net";
import type { ScreenChoice } from "../screen/screen_list.ts";
import type { MeetingView } from "./meeting_view.ts";
import { ScreenPick } from "./screen_pick.ts";

/** What the page asks about showing a screen. */
export type ScreenMessage = Extract<
  PageMessage,
  { do: "screens.list" | "present" | "present.stop" }
>;

/** Screens of this computer, and showing one. */
export interface ScreenSharing {
  /** @throws Refusal where none can be shown, in words. */
  list(): Promise<readonly ScreenChoice[]>;
  /** A small JPEG of it. @throws Refusal */
  thumbnail(choice: ScreenChoice): Promise<Uint8Array>;
  /** Shows that, and asks for the turn to where one does not have it. @throws Refusal */
  share(id: string): Promise<void>;
  /** Shows nothing more, and gives the turn back: at once, whatever the server says. */
  stop(): unknown;
}

export interface WindowScreensMeans {
  readonly sharing: ScreenSharing;
  readonly view: Pick<MeetingView, "showing" | "notShown" | "stopped">;
  readonly timers: Timers;
  readonly send: (message: ProgramMessage) => void;
}

/** Carries out what the page asks about showing a screen. */
export class WindowScreens {
  readonly #means: WindowScreensMeans;
  readonly #pick: ScreenPick;

  constructor(means: WindowScreensMeans) {
    this.#means = means;
    this.#pick = new ScreenPick(means);
  }

  carryOut(message: ScreenMessage): void {
    switch (message.do) {
      case "screens.list":
        return this.#pick.turn(message.on);
      case "present":
        return void this.#present(message.source);
      case "present.stop":
        this.#means.sharing.stop();
        return this.#means.view.stopped();
    }
  }

  /** Nobody looks at the list any more. */
  close(): void {
    this.#pick.turn(false);
  }

  async #present(id: string): Promise<void> {
    const { sharing, view, send } = this.#means;
    try {
      const title = this.#pick.titleOf(id);
      if (title === undefined) {
        throw new Refusal("no-such-screen", "That window is not there any more: choose again");
      }
      view.showing(title);
      await sharing.share(id);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      view.notShown();
      send({ type: "toast", kind: "problem", code: thrown.code, message: thrown.message });
    }
  }
}
