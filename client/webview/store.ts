import { batch, computed, signal } from "@preact/signals";
import {
  type JoinState,
  type LeftState,
  type MeetingState,
  NO_NEARBY,
  type ProgramMessage,
  type ScreenChoiceState,
  type Theme,
  type WindowState,
  type WindowStatistics,
} from "@fusionmeet/bridge";
import { ChatColumn } from "./chat_column.ts";
import { FileShelf } from "./file_shelf.ts";
import { Levels } from "./levels.ts";
import { Toasts } from "./toasts.ts";

/**
 * How the page stands with its program: `connecting` for the first time, `ready`, `lost` for a moment, `gone` for
 * longer than that, `refused` when the link does not open it, `elsewhere` when another page took its place.
 */
export type LinkState = "connecting" | "ready" | "lost" | "gone" | "refused" | "elsewhere";

type Shown = Exclude<ProgramMessage, { type: "file.wanted" | "file.unwanted" }>;

/** What the page knows: a copy of the program's state, and what belongs to the page alone. */
export class Store {
  readonly link = signal<LinkState>("connecting");
  /** Why the program refused the page: a sentence. */
  readonly refusal = signal("");
  readonly screen = signal<WindowState["screen"]>("join");
  readonly join = signal<JoinState>(NO_JOIN);
  readonly meeting = signal<MeetingState | null>(null);
  readonly left = signal<LeftState | null>(null);
  readonly leaveQuestion = signal<string | null>(null);
  readonly theme = signal<Theme>("system");
  /** What can be shown; null until it is known, and while nobody picks. */
  readonly screens = signal<ScreensState | null>(null);
  readonly statistics = signal<WindowStatistics | null>(null);
  readonly chat = new ChatColumn();
  readonly shelf = new FileShelf();
  readonly toasts = new Toasts();
  readonly levels = new Levels();
  /** One's own id in the meeting. */
  readonly self = computed(() => this.meeting.value?.self);

  /** Takes over what the program says. */
  apply(message: Shown): void {
    batch(() => this.#take(message));
  }

  #take(message: Shown): void {
    switch (message.type) {
      case "ready":
        this.link.value = "ready";
        return this.#merge(message.state);
      case "refused":
        this.link.value = "refused";
        this.refusal.value = message.message;
        return;
      case "state":
        return this.#merge(message.state);
      case "chat.reset":
        return this.chat.reset(message.entries, message.hasOlder);
      case "chat":
        return this.chat.add(message.entries);
      case "chat.gone":
        return this.chat.remove(message.mark);
      case "chat.older":
        return this.chat.addOlder(message.entries, message.hasOlder);
      case "files.reset":
        return this.shelf.reset(message);
      case "file.thumbnail":
        return this.shelf.thumbnailCame(message.file, message.picture);
      case "file.preview":
        this.shelf.preview.value = message;
        return;
      case "place":
        this.shelf.place.value = message;
        return;
      case "files":
        return this.shelf.change(message);
      case "files.coming":
        this.shelf.coming.value = message.coming;
        return;
      case "levels":
        return this.levels.set(message.own, message.people);
      case "statistics":
        this.statistics.value = message.statistics;
        return;
      case "screens":
        this.screens.value = { list: message.list, problem: message.problem };
        return;
      case "toast":
        return this.toasts.show(message.kind, message.message);
    }
  }

  #merge(state: Partial<WindowState>): void {
    if (state.screen !== undefined) this.screen.value = state.screen;
    if (state.join !== undefined) this.join.value = state.join;
    if (state.meeting !== undefined) this.meeting.value = state.meeting;
    if (state.left !== undefined) this.left.value = state.left;
    if (state.leaveQuestion !== undefined) this.leaveQuestion.value = state.leaveQuestion;
    if (state.theme !== undefined) this.theme.value = state.theme;
    if (this.meeting.value === null) this.statistics.value = null;
  }
}

export interface ScreensState {
  readonly list: readonly ScreenChoiceState[];
  readonly problem: string | null;
}

const NO_JOIN: JoinState = {
  server: "",
  name: "",
  room: "",
  pin: "",
  ownerPin: "",
  microphone: false,
  camera: false,
  microphoneSource: null,
  cameraSource: null,
  expected: null,
  recentServers: [],
  nearby: NO_NEARBY,
  busy: false,
  failure: null,
  introduction: null,
  lobby: null,
};
