import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Signal } from "@preact/signals";
import type { PageMessage } from "@fusionmeet/bridge";
import type { Announcer } from "./announcer.ts";
import type { FileSender } from "./file_sender.ts";
import type { PageMedia, VoiceState } from "./media/page_media.ts";
import type { Store } from "./store.ts";
import type { Strings } from "./strings.ts";
import type { ThemeChoice } from "./theme.ts";

/** What every component may use. */
export interface App {
  readonly store: Store;
  readonly strings: Strings;
  readonly theme: ThemeChoice;
  readonly announcer: Announcer;
  /** Sound and pictures; there as soon as the program knows the page. */
  readonly media: Signal<PageMedia | undefined>;
  readonly voice: Signal<VoiceState>;
  readonly send: (message: PageMessage) => void;
  readonly files: FileSender;
  /** Takes the place of another page of the same program. */
  readonly takeBack: () => void;
  readonly isMac: boolean;
}

export const AppContext = createContext<App | undefined>(undefined);

/** The page's App. */
export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("A component was drawn outside the page");
  return app;
}
