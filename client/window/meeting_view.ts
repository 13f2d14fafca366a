import type {
  MeetingState,
  OwnShareState,
  PersonState,
  PictureQuality,
  ProgramMessage,
  SourceState,
} from "@fusionmeet/bridge";
import { fingerprintWords, SHARE_START_MS, type ShareEnd } from "@fusionmeet/protocol";
import type { CaptureKind, EngineEvent } from "../media/commands.ts";
import type { MeetingEvent } from "../meeting_types.ts";
import type { Person, PersonChange } from "../people.ts";
import { invitationTo } from "../invitation.ts";
import { ChatFeed } from "./chat_feed.ts";

export interface MeetingViewOptions {
  /** As the user gave it. */
  readonly server: string;
  readonly port: number;
  readonly microphone: Pick<SourceState, "exists" | "on">;
  readonly camera: Pick<SourceState, "exists" | "on">;
  readonly quality: PictureQuality;
  /** What the user may choose from. */
  readonly qualities: readonly PictureQuality[];
  readonly epochMs: () => number;
  /** The state changed. */
  readonly change: (meeting: MeetingState) => void;
  readonly send: (message: ProgramMessage) => void;
}

/** Codes of warnings that tell of one's own microphone or camera. */
const SOURCE_TROUBLE = /^(microphone|camera)\.(retrying|failed)$/;

/** Turns what happens in a meeting into what its window shows. Pure: it asks nobody and decides nothing. */
export class MeetingView {
  readonly chat: ChatFeed;
  readonly #options: MeetingViewOptions;
  /** In the order of joining. */
  readonly #people = new Map<number, Person>();
  readonly #speaking = new Set<number>();
  /** Those of the first list were there before: nobody announces them. */
  #isListed = false;
  #host: number | undefined;
  /** When one's own turn to present is over unless something is shown, epoch ms. */
  #turnEndsAt = 0;
  /** What was shown when something else was chosen. */
  #shareBefore: OwnShareState | null = null;
  #state: MeetingState;

  constructor(options: MeetingViewOptions) {
    const { server, microphone, camera, quality, qualities, send } = options;
    this.#options = options;
    this.chat = new ChatFeed(send);
    this.#state = {
      room: "",
      server,
      fingerprintWords: [],
      voice: "opus",
      self: 0,
      people: [],
      microphone: { ...microphone, problem: null },
      camera: { ...camera, problem: null },
      quality,
      qualities,
      locked: false,
      presenting: null,
      askingToPresent: [],
      asked: false,
      ownShare: null,
      removed: [],
      comingBack: null,
      invitation: null,
    };
  }

  get state(): MeetingState {
    return this.#state;
  }

  /** Who leads the room, where somebody does. */
  get hostName(): string | undefined {
    return this.#people.get(this.#host ?? NaN)?.name;
  }

  meetingEvent(event: MeetingEvent): void {
    switch (event.event) {
      case "joined":
      case "reconnected":
        // On a new seat one is not there twice.
        if (event.participant !== this.#state.self) this.#people.delete(this.#state.self);
        return this.#change({
          room: event.room,
          self: event.participant,
          voice: event.voice,
          fingerprintWords: fingerprintWords(event.fingerprint),
          comingBack: null,
          invitation: invitationTo(event, this.#options.port),
        });
      case "participant":
        return this.#personChanged(event.change);
      case "speaking":
        if (event.on) this.#speaking.add(event.person.id);
        else this.#speaking.delete(event.person.id);
        return this.#change({ people: this.#peopleState() });
      case "chat":
        return this.chat.stored(event.line, {
          own: event.line.from === this.ownName,
          past: event.isPast ?? false,
        });
      case "file": {
        if (event.state === "gone" || !event.isNew) return;
        const { id, name, owner } = event.file;
        const at = this.#options.epochMs();
        return this.chat.notice({ notice: "shared", name: owner, at, file: { id, name } });
      }
      case "refused":
        if (event.mark !== undefined && this.chat.declined(event.mark, event.message)) return;
        if (event.request === "presenter.ask") this.#change({ asked: false });
        if (event.request === "presenter.request") this.notShown();
        return this.#toast("warning", event.code, event.message);
      case "reconnecting": {
        const { reason, lostAt, givesUpAt } = event;
        // The server does not keep what somebody asked who was away.
        return this.#change({ comingBack: { reason, lostAt, givesUpAt }, asked: false });
      }
      case "host":
        this.#host = event.participant;
        return this.#change({
          people: this.#peopleState(),
          removed: event.you ? this.#state.removed : [],
        });
      case "locked":
        return this.#change({ locked: event.on });
      case "removed.list":
        return this.#change({ removed: event.names });
      case "presenter":
        return this.#presenterChanged(event);
      case "screen":
        return this.#ownScreen(event);
      case "presenter.asked": {
        const { participant, name } = event;
        const askingToPresent = [...this.#othersAsking(participant), { participant, name }];
        return this.#change({ askingToPresent });
      }
      case "presenter.declined":
        this.#change({ asked: false });
        return this.#toast(
          "info",
          "presenter-declined",
          `${event.name} does not hand over now and goes on presenting`,
        );
      case "muted":
        return this.#toast(
          "info",
          "muted",
          `${event.by} muted you: switch your microphone on when you want to speak`,
        );
      case "source":
        return this.#source(event.kind, { on: event.on, problem: null });
      case "warning":
        if (event.code === "chat-restarted") this.chat.restart();
        // It is shown with the source for as long as it lasts.
        if (SOURCE_TROUBLE.test(event.code)) return;
        return this.#toast("warning", event.code, event.message);
    }
  }

  engineEvent(event: EngineEvent): void {
    switch (event.event) {
      case "capture.running":
        return this.#source(event.kind, { problem: null });
      case "capture.retrying":
      case "capture.failed":
        return this.#source(event.kind, { problem: event.message });
      case "levels": {
        const idOf = new Map([...this.#people.values()].map(({ id, voice }) => [voice, id]));
        const people = event.list.flatMap(({ ssrc, level }) => {
          const id = idOf.get(ssrc);
          return id === undefined ? [] : [{ id, level: Math.round(level) }];
        });
        return this.#options.send({ type: "levels", own: Math.round(event.own), people });
      }
    }
  }

  /** A line was said here. */
  said(mark: string, text: string): void {
    this.chat.said({ mark, text, at: this.#options.epochMs(), from: this.ownName });
  }

  /** Another size or rate of one's own pictures. */
  qualityChosen(quality: PictureQuality): void {
    this.#change({ quality });
  }

  /** The presenter was asked to hand over. */
  asked(): void {
    this.#change({ asked: true });
  }

  /** Somebody who asks to present was given an answer. */
  answered(participant: number): void {
    this.#change({ askingToPresent: this.#othersAsking(participant) });
  }

  /** A screen or window was chosen; nobody sees it yet. */
  showing(title: string): void {
    const { ownShare } = this.#state;
    if (ownShare?.state !== "starting") this.#shareBefore = ownShare;
    this.#change({ ownShare: { title, state: "starting", endsAt: null } });
  }

  /** It cannot be shown: what was shown before still is; else whoever has the turn may choose again. */
  notShown(): void {
    this.#change({ ownShare: this.#presents ? this.#shareBefore ?? this.#freshTurn() : null });
  }

  /** One ended one's own turn. */
  stopped(): void {
    this.#change({ ownShare: null });
  }

  /** One has the turn to present. */
  get #presents(): boolean {
    return this.#state.presenting?.participant === this.#state.self;
  }

  #freshTurn(): OwnShareState {
    return { title: null, state: "turn", endsAt: this.#turnEndsAt };
  }

  #othersAsking(participant: number) {
    return this.#state.askingToPresent.filter((each) => each.participant !== participant);
  }

  #presenterChanged({ presenting, you, ended }: Extract<MeetingEvent, { event: "presenter" }>) {
    const before = this.#state.presenting;
    const presented = this.#presents;
    this.#state = { ...this.#state, presenting: presenting ?? null };
    const { ownShare } = this.#state;
    const wasShown = ownShare !== null && !["turn", "starting"].includes(ownShare.state);
    const isSame = before?.share === presenting?.share;
    if (!isSame || ownShare === null) this.#turnEndsAt = this.#options.epochMs() + SHARE_START_MS;
    if (isSame) {
      return this.#change({
        people: this.#peopleState(),
        ownShare: you ? ownShare ?? this.#freshTurn() : null,
      });
    }
    this.#shareBefore = null;
    this.#change({
      people: this.#peopleState(),
      askingToPresent: [],
      asked: false,
      ownShare: !you ? null : ownShare?.state === "starting" ? ownShare : this.#freshTurn(),
    });
    // A server that was started anew knows of no share that is over.
    const why = ended ?? (wasShown && !you ? "lost" : undefined);
    const sentence = (presented || wasShown) && why ? this.#shareEnded(why) : undefined;
    if (sentence !== undefined) this.#toast("warning", `share-${why}`, sentence);
  }

  /** Pictures of one's own screen go to the server, or not any more; who has the turn is said by `presenter`. */
  #ownScreen(event: Extract<MeetingEvent, { event: "screen" }>): void {
    const { ownShare } = this.#state;
    if (event.on) {
      const { title, status: state } = event;
      this.#change({ ownShare: { title, state, endsAt: null } });
    } else {
      this.#shareBefore = null;
      if (ownShare !== null && !["turn", "starting"].includes(ownShare.state)) this.stopped();
    }
  }

  /** What the presenter did not do themselves. */
  #shareEnded(why: ShareEnd): string | undefined {
    switch (why) {
      case "host":
        return `${this.hostName ?? "The host"} stopped your share`;
      case "not-started":
        return `Your turn to present is over: nothing was shown for ${SHARE_START_MS / 1000} s`;
      case "lost":
        return "Your share is over: the connection was lost. You can present again";
    }
  }

  /** One's own, in the room. */
  get ownName(): string {
    return this.#people.get(this.#state.self)?.name ?? "";
  }

  #personChanged(change: PersonChange): void {
    const { person: { id, name } } = change;
    const at = this.#options.epochMs();
    if (change.state === "left") {
      this.#people.delete(id);
      this.#speaking.delete(id);
      this.chat.notice({ notice: change.reason, name, at });
    } else {
      this.#people.set(id, change.person);
      if (this.#isListed && change.before === undefined && id !== this.#state.self) {
        this.chat.notice({ notice: "joined", name, at });
      }
      // The whole first list comes in one turn.
      if (id === this.#state.self) queueMicrotask(() => this.#isListed = true);
    }
    const isHere = change.state === "here";
    this.#change({
      people: this.#peopleState(),
      ...(!isHere && { askingToPresent: this.#othersAsking(id) }),
    });
  }

  #peopleState(): PersonState[] {
    const { self } = this.#state;
    return [...this.#people.values()]
      .sort((a, b) => Number(b.id === self) - Number(a.id === self))
      .map(({ id, name, microphone, camera, away }) => ({
        ...{ id, name, microphone, camera, away },
        speaking: this.#speaking.has(id),
        host: id === this.#host,
        presenter: id === this.#state.presenting?.participant,
      }));
  }

  #source(kind: CaptureKind, change: Partial<SourceState>): void {
    this.#change({ [kind]: { ...this.#state[kind], ...change } });
  }

  #toast(kind: "info" | "warning" | "problem", code: string, message: string): void {
    this.#options.send({ type: "toast", kind, code, message });
  }

  #change(change: Partial<MeetingState>): void {
    this.#state = { ...this.#state, ...change };
    this.#options.change(this.#state);
  }
}
