import { ProtocolError, Refusal } from "@fusionmeet/base";
import { type ByteStream, type ConnectionEnd, openTicketed, TicketRefused } from "@fusionmeet/net";
import {
  CAMERA_CODECS,
  type CameraCodec,
  CHAT_PER_SECOND,
  type ClientMessage,
  featuresOf,
  type Handlers,
  HELLO_TIMEOUT_MS,
  masterKeyFromBytes,
  MIXES_MAX,
  PARTICIPANTS_MAX,
  PROTOCOL_VERSION,
  type ServerMessage,
  type ServerMessages,
  type TicketPurpose,
  type ValuesOf,
} from "@fusionmeet/protocol";
import { ChatLog } from "./chat_log.ts";
import type { Quality } from "./capture/sources.ts";
import { ChatOutbox, type PendingLine } from "./chat_outbox.ts";
import {
  brokenByServer,
  declined,
  endedByServer,
  EXIT,
  JoinFailure,
  noAnswer,
} from "./failures.ts";
import { requireAtMost } from "./kept.ts";
import type { CaptureKind, EngineEvent } from "./media/commands.ts";
import type {
  ControlLink,
  MeetingEnd,
  MeetingEvent,
  MeetingOptions,
  Opened,
  OpenStream,
  WatchLayer,
} from "./meeting_types.ts";
import { SharedFiles } from "./files/shared_files.ts";
import { OwnSources } from "./own_sources.ts";
import { People, type Person, type PersonChange } from "./people.ts";
import { printable, serverCode, serverSentence } from "./printable.ts";
import {
  lostForGood,
  RECONNECT_FOR_MS,
  Redial,
  SHORT_CONNECTIONS_MAX,
  ShortConnections,
} from "./redial.ts";
import { RoomRoles } from "./room_roles.ts";
import { NO_SCREEN, OwnScreen } from "./screen/own_screen.ts";
import { ScreenView } from "./screen/screen_view.ts";
import { Speakers } from "./speakers.ts";
import { TicketRequests } from "./ticket_requests.ts";
import { UnshownCameras } from "./unshown_cameras.ts";
import { WatchList } from "./watch_list.ts";

type Received<Type extends keyof ServerMessages> = ValuesOf<ServerMessages[Type]>;

/** What the server waits for before it sends packets that nobody could open before. */
type Acknowledgement = Extract<ClientMessage, { type: "stream.ack" | "keys.ack" }>;

/** How one connection went. */
interface Outcome {
  /** From joining on; absent where it never came to that. */
  readonly lastedMs?: number;
  /** A sentence: why it is over. */
  readonly reason: string;
  /** `hello` was declined, or the server ended it for what we sent. */
  readonly failure?: JoinFailure;
}

/** How long the first packet from the server's media port may take before the user is told. */
const MEDIA_SILENT_MS = 5_000;
/** What the engine may have before it of what it was told; until then no more is read from the server. */
const FENCES_MAX = 64;
/** A server that ends a connection for what we sent, sooner than this after joining, would do so again. */
const SETTLED_MS = 10_000;
/** How long leaving waits for lines that the server has not accepted yet. */
const LAST_LINES_MS = 500;

/**
 * One person's meeting, from joining to leaving, over as many connections as it takes. Headless, window and tests
 * consume it: calls in, events out. It owns the control connection, chat and who is here; media is the engine's.
 */
export class Meeting {
  readonly #options: MeetingOptions;
  readonly #listeners: ((event: MeetingEvent) => void)[] = [];
  readonly #leaving = new AbortController();
  readonly #people: People;
  readonly #speakers = new Speakers((person, on) => this.#emit({ event: "speaking", person, on }));
  readonly #chatLog: ChatLog;
  readonly #chatOutbox: ChatOutbox;
  readonly #streams = new Map<number, OpenStream>();
  /** How far the engine is to come, in order, and what the server is told then. */
  readonly #unpassed: {
    readonly number: number;
    readonly message: Acknowledgement | undefined;
    readonly link: ControlLink | undefined;
  }[] = [];
  #fences = 0;
  /** Resolves when the engine has caught up; absent while it has. */
  #catchingUp: PromiseWithResolvers<void> | undefined;
  /** Cameras that were opened and have not shown a picture yet. */
  readonly #blankCameras = new Map<number, OpenStream>();
  readonly #watchList: WatchList;
  readonly #unshownCameras: UnshownCameras;
  readonly #sources: OwnSources;
  readonly #tickets: TicketRequests;
  /** The files of the room. */
  readonly files: SharedFiles;
  /** Who leads the room and who presents in it. */
  readonly roles: RoomRoles;
  /** One's own shared screen. */
  readonly screen: OwnScreen;
  /** The shared screen of whoever presents. */
  readonly screenView: ScreenView;
  #opened: Opened | undefined;
  #link: ControlLink | undefined;
  #self: { participant: number; token: Uint8Array } | undefined;
  /** What tells the server who one is; absent where that cannot be kept. */
  #person: Uint8Array | undefined;
  #leaveReason: string | undefined;
  #cancelMediaCheck = () => {};
  /** What broke in this program. */
  #fault: Error | undefined;

  constructor(options: MeetingOptions) {
    this.#options = options;
    this.#sources = new OwnSources({
      microphone: options.microphone,
      camera: options.camera,
      startsOff: options.startsOff ?? [],
      timers: options.timers,
      command: (command) => options.engine.command(command),
      send: (message) => this.#send(message),
    });
    this.#unshownCameras = new UnshownCameras({
      decodes: this.#decodes,
      timers: options.timers,
      isHere: (participant) => this.#people.byId(participant) !== undefined,
      unshown: (participant, codec) => this.#cameraUnshown(participant, codec),
    });
    this.#people = new People((change) => this.#personChanged(change));
    this.#chatLog = new ChatLog({
      fetch: (after) => this.#send({ type: "chat.fetch", after }),
      show: (line, isPast) => this.#emit({ event: "chat", line, isPast }),
    });
    this.#chatOutbox = new ChatOutbox({
      send: ({ mark, text }) => this.#send({ type: "chat.post", mark, text }),
    });
    this.#watchList = new WatchList({
      send: (watch) => this.#send({ type: "watch", ...watch }),
      timers: options.timers,
    });
    this.#tickets = new TicketRequests({
      send: (message) => this.#send(message),
      random: options.random,
      timers: options.timers,
    });
    this.files = new SharedFiles({
      send: (message) => this.#send(message),
      open: (purpose, subject, { signal }) => this.openTicketed(purpose, subject, { signal }),
      emit: (event) => this.#emit(event),
      depict: options.depict,
      timers: options.timers,
      random: options.random,
    });
    this.roles = new RoomRoles({
      send: (message) => this.#send(message),
      emit: (event) => this.#emit(event),
      self: () => this.self,
      byId: (id) => this.#people.byId(id),
      byName: (name) => this.#people.byName(name),
    });
    const screens = {
      timers: options.timers,
      epochMs: options.epochMs ?? systemEpochMs,
      warn: (code: string, message: string) => this.#warn(code, message),
    };
    this.screen = new OwnScreen({
      ...screens,
      means: options.screen ?? NO_SCREEN,
      open: (share, signal) => this.openTicketed("screen.send", share, { signal }),
      request: () => this.roles.request(),
      release: (share) => this.#send({ type: "presenter.stop", share }),
      unanswered: (message) => this.#requestUnanswered("presenter.request", message),
      emit: (event) => this.#emit(event),
      fault: (error) => this.#broke(error),
    });
    this.screenView = new ScreenView({
      ...screens,
      open: (share, signal) => this.openTicketed("screen.view", share, { signal }),
    });
    options.engine.onEvent((event) => this.#engineEvent(event));
  }

  get #decodes(): readonly CameraCodec[] {
    return this.#options.decodes ?? CAMERA_CODECS;
  }

  /** Everyone in the room, oneself included. */
  get people(): Person[] {
    return this.#people.all;
  }

  /** One's own id; `undefined` before joining. */
  get self(): number | undefined {
    return this.#self?.participant;
  }

  /** True while a connection has joined; false while coming back. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  onEvent(listener: (event: MeetingEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Joins, and stays until the end. To be called once. @throws what broke in this program; nothing else. */
  async run(): Promise<MeetingEnd> {
    try {
      return await this.#stay();
    } catch (thrown) {
      if (this.#leaving.signal.aborted) return await this.#leftAsAsked();
      if (!(thrown instanceof JoinFailure)) throw thrown;
      await this.#options.seat.forget();
      return { reason: thrown.code, exitCode: thrown.exitCode, failure: thrown };
    } finally {
      this.#disconnected();
      this.files.close();
      await this.screen.close();
    }
  }

  /**
   * Says a line; it is kept until the server has it, also over reconnects.
   *
   * @param mark That of a line that was refused, to say it again: behind all that wait, and never twice.
   * @returns its mark. @throws Refusal
   */
  post(text: string, mark = this.#options.random.fill(new Uint8Array(16)).toHex()): string {
    this.#chatOutbox.post({ mark, text });
    return mark;
  }

  /** Lines said here that the server has not accepted yet, in their order. */
  get pendingLines(): readonly PendingLine[] {
    return this.#chatOutbox.lines;
  }

  /** Takes back a line that waits. @returns false when it is under way already: its answer comes; or there is none. */
  discard(mark: string): boolean {
    return this.#chatOutbox.discard(mark);
  }

  /** Switches the microphone or camera. @throws Refusal when there is none. */
  setSource(kind: CaptureKind, on: boolean): void {
    if (this.#sources.set(kind, on)) this.#emit({ event: "source", kind, on });
  }

  /**
   * The camera sends another size and rate from now on; who watches it keeps its stream.
   *
   * @throws Refusal when there is no camera, or it cannot send that.
   */
  setQuality(quality: Quality): void {
    this.#sources.setQuality(quality);
  }

  /**
   * Receives exactly these people's cameras from now on: also over reconnects, and nobody's who comes later. The
   * server is told differences only, not faster than it reads. Without this call: everybody's.
   *
   * @param ids Those of nobody here are left out.
   */
  watchOnly(ids: readonly number[]): void {
    const people = ids.map((id) => this.#people.byId(id)).filter((person) => person !== undefined);
    this.#watchList.only(people.map(({ name }) => name));
  }

  /** Chooses whose camera to receive, by name. @throws Refusal when nobody is called that. */
  watch(name: string, layer: WatchLayer): void {
    const person = this.#people.byName(name);
    if (person === undefined || person.id === this.self) {
      throw new Refusal("no-such-person", `Nobody else in the room is called ${name}`);
    }
    this.#watchList.choose(person.id, layer);
  }

  /**
   * Opens a connection of its own for a screen or a file: to the same server, by a ticket. It ends with this connection to the meeting.
   *
   * @param subject The id of the share or file.
   * @throws Refusal with the server's sentence. @throws ConnectFailure
   */
  async openTicketed(
    purpose: TicketPurpose,
    subject: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ByteStream> {
    const opened = this.#link && this.#opened;
    if (opened === undefined) throw new Refusal("not-connected", "There is no connection now");
    const ticket = await this.#tickets.ask(purpose, subject, options);
    const { hostname, port, fingerprint, certificate } = opened;
    const { openTicketed: open = openTicketed } = this.#options;
    try {
      return await open({ hostname, port, fingerprint, certificate, ticket, ...options });
    } catch (thrown) {
      if (!(thrown instanceof TicketRefused)) throw thrown;
      throw serverRefusal(thrown, { cause: thrown });
    }
  }

  /**
   * Leaves: the others see it at once; `run` returns within about a second. Lines that were just said go first, if
   * they get through within `LAST_LINES_MS`.
   */
  leave(reason = "asked"): void {
    if (this.#leaveReason !== undefined) return;
    this.#leaveReason = reason;
    if (this.isConnected && this.pendingLines.length > 0) {
      this.#options.timers.after(LAST_LINES_MS, () => this.#leaveNow());
    } else this.#leaveNow();
  }

  #leaveNow(): void {
    this.#leaving.abort();
    // An engine that broke never catches up.
    this.#catchingUp?.resolve();
  }

  async #stay(): Promise<MeetingEnd> {
    const { open, timers, random, epochMs = systemEpochMs } = this.#options;
    let opened = await open(this.#leaving.signal);
    const loadedToken = await this.#options.seat.load(opened.fingerprint);
    this.#person = await this.#options.person?.(opened.fingerprint);
    const short = new ShortConnections();
    let redial: Redial<Opened> | undefined;
    for (;;) {
      const outcome = await this.#serve(opened, this.#self?.token ?? loadedToken);
      if (this.#leaving.signal.aborted) return await this.#leftAsAsked();
      if (this.#self === undefined || (outcome.failure && !outcome.failure.mayPass)) {
        throw outcome.failure;
      }
      const { lastedMs, reason, failure } = outcome;
      if (lastedMs !== undefined) {
        redial = undefined;
        short.lost(lastedMs);
        if (short.areTooMany) {
          throw lostForGood(`it was ended ${SHORT_CONNECTIONS_MAX} times at once`, failure);
        }
        const lostAt = Math.round(epochMs());
        const givesUpAt = lostAt + RECONNECT_FOR_MS;
        this.#emit({ event: "reconnecting", reason, lostAt, givesUpAt });
      }
      redial ??= new Redial({
        open,
        discard: ({ link }) => link.destroy("another attempt was faster"),
        timers,
        random,
        firstPauseMs: short.pauseMs(random),
      });
      if (failure) redial.failed(failure);
      opened = await redial.next(this.#leaving.signal);
    }
  }

  async #leftAsAsked(): Promise<MeetingEnd> {
    if (this.#fault) throw this.#fault;
    await this.#options.seat.forget();
    return { reason: this.#leaveReason ?? "asked", exitCode: EXIT.asked };
  }

  /** Lives one connection to its end. */
  async #serve(opened: Opened, resume: Uint8Array | undefined): Promise<Outcome> {
    const { name, room, pin, ownerPin, timers } = this.#options;
    const { link } = opened;
    let joinedAtMs: number | undefined;
    let lastedMs: number | undefined;
    let failure: JoinFailure | undefined;
    const onLeave = () => {
      link.send({ type: "leave" });
      void link.close("left");
    };
    this.#leaving.signal.addEventListener("abort", onLeave);
    const cancelTimeout = timers.after(HELLO_TIMEOUT_MS, () => link.destroy("no answer to hello"));
    link.send({
      type: "hello",
      version: PROTOCOL_VERSION,
      name,
      room,
      pin,
      ownerPin,
      resume,
      person: this.#person,
      features: featuresOf(this.#decodes),
      microphone: this.#sources.isOn("microphone"),
    });
    if (this.#leaving.signal.aborted) onLeave();
    try {
      for await (const message of link.messages()) {
        if (message.type === "error") {
          const isSettled = joinedAtMs !== undefined && timers.nowMs() - joinedAtMs >= SETTLED_MS;
          failure = endedByServer(message, { isSettled });
          if (joinedAtMs !== undefined && message.code === "removed") {
            this.#emit({ event: "removed" });
          }
        } else if (joinedAtMs !== undefined) {
          this.#handle(message);
          await this.#catchingUp?.promise;
        } else if (message.type === "welcome") {
          cancelTimeout();
          joinedAtMs = timers.nowMs();
          this.#welcomed(message, opened);
        } else if (message.type === "refused") {
          failure = declined(message, { name, room });
          link.destroy("declined");
        }
      }
    } finally {
      cancelTimeout();
      this.#leaving.signal.removeEventListener("abort", onLeave);
      if (joinedAtMs !== undefined) {
        lastedMs = timers.nowMs() - joinedAtMs;
        this.#disconnected();
      }
      // "leave" may still be on its way out.
      if (this.#leaving.signal.aborted) await link.close("left");
      else link.destroy("done");
    }
    const end = await link.ended;
    const reason = lossReason(end);
    if (joinedAtMs === undefined) failure ??= noAnswer(reason);
    else if (end.reason === "protocol") failure ??= brokenByServer(end.detail);
    return { lastedMs, reason: failure?.message ?? reason, failure };
  }

  #welcomed(welcome: Received<"welcome">, opened: Opened): void {
    const { link, hostname, fingerprint } = opened;
    this.#opened = opened;
    const { engine, seat, timers } = this.#options;
    const isFirst = this.#self === undefined;
    this.#link = link;
    this.#self = { participant: welcome.participant, token: welcome.resume };
    seat.save(welcome.resume);
    engine.command({
      do: "connect",
      participant: welcome.participant,
      hostname,
      port: welcome.mediaPort,
      epoch: welcome.epoch,
      linkKey: masterKeyFromBytes(welcome.linkKey),
      pictureKey: masterKeyFromBytes(welcome.pictureKey),
      ssrcs: welcome.ssrcs,
      voice: welcome.voice,
    });
    this.#cancelMediaCheck = timers.after(MEDIA_SILENT_MS, () => this.#mediaSilent(welcome));
    this.#sources.setCameraCodec(welcome.cameraCodec ?? "h264", { tell: false });
    if (isFirst) this.#sources.start();
    this.#sources.connected();
    this.#people.connected(welcome.participant);
    this.#watchList.connected();
    const { participant, name, room, resumed, voice } = welcome;
    this.#emit({
      event: isFirst ? "joined" : "reconnected",
      ...{ participant, name, room, resumed, voice, fingerprint, hostname },
      addresses: welcome.addresses ?? [],
    });
    if (!this.#chatLog.connected(welcome.chatLatest)) {
      this.#warn("chat-restarted", "The chat of this room began anew on the server");
    }
    this.#chatOutbox.connected();
    this.files.connected(welcome.features ?? [], welcome.participant);
    this.screen.connected();
    this.screenView.connected();
  }

  #disconnected(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#cancelMediaCheck();
    this.#sources.disconnected();
    this.#tickets.disconnected();
    this.files.disconnected();
    this.screen.disconnected();
    this.screenView.disconnected();
    this.#chatOutbox.disconnected();
    this.#watchList.disconnected();
    this.#unshownCameras.disconnected();
    this.#options.engine.command({ do: "disconnect" });
    this.#streams.clear();
    this.#blankCameras.clear();
  }

  #handle(message: ServerMessage): void {
    const handle = Meeting.#handlers[message.type] as (
      meeting: Meeting,
      message: ServerMessage,
    ) => void;
    try {
      handle(this, message);
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      this.#link?.end(thrown);
    }
  }

  /** What the messages of the server do, once joined. */
  static readonly #handlers = {
    welcome: () => {},
    error: () => {},
    pong: () => {},
    lobby: () => {},
    ticket: (meeting, { mark, ticket }) => meeting.#tickets.given(mark, ticket),
    "ticket.accepted": () => {},
    files: (meeting, { list, ...rest }) => meeting.files.list(list, rest),
    file: (meeting, file) => meeting.files.came(file),
    "file.gone": (meeting, { id }) => meeting.files.gone(id),
    "files.coming": (meeting, { list }) => meeting.files.coming(list),
    "file.planned": (meeting, { mark }) => meeting.files.planned(mark),
    "file.thumbnail": (meeting, thumbnail) => meeting.files.thumbnails.came(thumbnail),
    "file.offered": (meeting, offered) => meeting.files.offered(offered),
    room: (meeting, state) => meeting.roles.roomSaid(state),
    "room.removed": (meeting, list) => meeting.roles.removedSaid(list),
    presenter: (meeting, state) => {
      meeting.roles.presenterSaid(state);
      const { presenting } = meeting.roles;
      const isOwn = presenting !== undefined && presenting.participant === meeting.self;
      meeting.screen.presenterSaid(presenting, isOwn);
      meeting.screenView.presenterSaid(presenting, isOwn);
    },
    "presenter.asked": (meeting, asker) => meeting.roles.asked(asker),
    "presenter.declined": (meeting, presenter) => meeting.roles.declined(presenter),
    muted: (meeting, { mutes, by }) => meeting.#muted(mutes, by),
    refused: (meeting, refusal) => meeting.#declined(refusal),
    participants: (meeting, { list, last }) => {
      meeting.#people.part(list, last);
      if (last) { for (const person of meeting.people) meeting.#personCame(person); }
    },
    participant: (meeting, person) => {
      meeting.#people.update(person);
      meeting.#personCame(person);
    },
    "participant.left": (meeting, { id, reason }) => {
      meeting.roles.left(id);
      meeting.#people.left(id, reason);
    },
    chat: (meeting, line) => meeting.#chatLog.live(line),
    "chat.accepted": (meeting, { mark, id }) => {
      const line = meeting.#chatOutbox.settled(mark);
      if (line === undefined) return;
      meeting.#emit({ event: "chat.accepted", mark, id, text: line.text });
      if (meeting.#leaveReason !== undefined && meeting.pendingLines.length === 0) {
        meeting.#leaveNow();
      }
    },
    "chat.lines": (meeting, { lines, more }) => meeting.#chatLog.page(lines, more),
    "source.codec": (meeting, { codec }) => meeting.#sources.setCameraCodec(codec, { tell: true }),
    "stream.ready": (meeting, ready) => meeting.#streamReady(ready),
    "stream.ended": (meeting, { ssrc }) => meeting.#streamEnded(ssrc),
    keys: (meeting, { epoch, list, last }) => {
      const keys = list.map(({ participant, key }) => ({
        participant,
        key: masterKeyFromBytes(key),
      }));
      meeting.#options.engine.command({ do: "keys", epoch, list: keys });
      meeting.#fence(last ? { type: "keys.ack", epoch } : undefined);
    },
    "keys.use": (meeting, { epoch }) => meeting.#options.engine.command({ do: "keys.use", epoch }),
    "mix.map": (meeting, { list }) => meeting.#options.engine.command({ do: "mix.map", list }),
    closing: (meeting, { reason }) =>
      meeting.#warn("server-closing", `The server is stopping: ${serverSentence(reason)}`),
  } as const satisfies Handlers<ServerMessages, Meeting>;

  #declined({ request = "", mark, ...refusal }: Received<"refused">): void {
    const { code, message } = serverRefusal(refusal);
    if (mark !== undefined && this.#tickets.declined(mark, { code, message })) return;
    // Nobody waits for that ticket any more.
    if (request === "ticket.get") return;
    if (mark !== undefined && this.files.declined(mark, { code, message })) return;
    if (request === "chat.post" && code === "too-fast") {
      const link = this.#link;
      this.#options.timers.after(1000 / CHAT_PER_SECOND, () => {
        if (this.#link === link) this.#chatOutbox.resend();
      });
      return;
    }
    if (request === "presenter.request") this.screen.declined();
    // What cannot be had is not waited for; a later line may bring it along.
    if (request === "chat.fetch") this.#chatLog.page([], false);
    const line = mark === undefined ? undefined : this.#chatOutbox.settled(mark);
    this.#emit({ event: "refused", request: printable(request), code, message, mark, ...line });
  }

  #requestUnanswered(request: ClientMessage["type"], message: string): void {
    this.#emit({ event: "refused", request, code: "no-answer", message });
  }

  /** The server has switched the microphone off already; here it follows, and can be switched on again. */
  #muted(mutes: number, by: string): void {
    this.#sources.muted(mutes);
    this.setSource("microphone", false);
    this.#emit({ event: "muted", by });
  }

  #personChanged(change: PersonChange): void {
    const { person: { id, microphone }, state } = change;
    if (state !== "here" || !microphone) this.#speakers.stop(id);
    if (change.state === "left") {
      this.#watchList.left(id, { forGood: change.reason !== "lost" });
      this.#unshownCameras.left(id);
      for (const { ssrc, participant } of [...this.#streams.values()]) {
        if (participant === change.person.id) this.#streamEnded(ssrc);
      }
    }
    this.#emit({ event: "participant", change });
  }

  #personCame(person: { id: number; name: string }): void {
    if (person.id !== this.self) this.#watchList.came(person);
  }

  #streamReady(ready: Received<"stream.ready">): void {
    const { ssrc, participant, kind, layer, codec, width, height, fps, epoch, roc, sequence } =
      ready;
    if (kind === "camera" && !this.#unshownCameras.canShow(codec)) {
      return this.#unshownCameras.announced(ready);
    }
    const before = this.#streams.get(ssrc);
    if (before !== undefined && (before.participant !== participant || before.kind !== kind)) {
      this.#streamEnded(ssrc);
    }
    this.#requirePlace(kind, ssrc);
    const key = masterKeyFromBytes(ready.key);
    this.#options.engine.command({
      do: "stream.open",
      ...{ participant, kind, layer, ssrc, codec, epoch, key, roc, sequence },
    });
    this.#fence({ type: "stream.ack", ssrc });
    const stream = { ssrc, participant, kind, layer, codec, width, height, fps };
    this.#streams.set(ssrc, stream);
    if (kind === "camera") this.#blankCameras.set(participant, stream);
    this.#emit({ event: "stream", state: "open", stream });
  }

  /** @throws ProtocolError when the room cannot have so many streams. */
  #requirePlace(kind: OpenStream["kind"], ssrc: number): void {
    if (this.#streams.has(ssrc)) return;
    const open = [...this.#streams.values()].filter((stream) => stream.kind === kind).length;
    if (kind === "mix") requireAtMost(open + 1, MIXES_MAX, "mixes");
    else requireAtMost(open + 1, PARTICIPANTS_MAX, "cameras");
  }

  /**
   * Says so once the engine has done what it was told. What comes then may be all there is for a long time, and the
   * engine finds it in its socket before commands that were posted first. Nothing more is read while it is far behind.
   */
  #fence(message: Acknowledgement | undefined): void {
    const number = ++this.#fences;
    this.#unpassed.push({ number, message, link: this.#link });
    if (this.#unpassed.length >= FENCES_MAX) this.#catchingUp ??= Promise.withResolvers();
    this.#options.engine.command({ do: "fence", number });
  }

  #fencePassed(number: number): void {
    while (this.#unpassed[0]?.number <= number) {
      const { message, link } = this.#unpassed.shift()!;
      if (link === this.#link && message !== undefined) this.#send(message);
    }
    if (this.#unpassed.length >= FENCES_MAX) return;
    this.#catchingUp?.resolve();
    this.#catchingUp = undefined;
  }

  #streamEnded(ssrc: number): void {
    this.#unshownCameras.ended(ssrc);
    const stream = this.#streams.get(ssrc);
    if (stream === undefined) return;
    this.#streams.delete(ssrc);
    const { participant } = stream;
    if (this.#blankCameras.get(participant) === stream) this.#blankCameras.delete(participant);
    this.#options.engine.command({ do: "stream.close", ssrc });
    this.#emit({ event: "stream", state: "ended", stream });
  }

  #engineEvent(event: EngineEvent): void {
    switch (event.event) {
      case "bound":
        return this.#cancelMediaCheck();
      case "fence":
        return this.#fencePassed(event.number);
      case "picture":
        return this.#pictureCame(event);
      case "levels":
        return this.#levelsCame(event);
      case "capture.running":
        return this.#sources.capture(event);
      case "capture.retrying":
      case "capture.failed":
        this.#sources.capture(event);
        return this.#warn(event.event.replace("capture", event.kind), event.message);
      case "engine.failed": {
        const fault = new Error(event.message);
        fault.stack = event.stack ?? fault.stack;
        return this.#broke(fault);
      }
    }
  }

  /** A mistake of this program ends the meeting. */
  #broke(fault: Error): void {
    this.#fault ??= fault;
    this.#leaveNow();
  }

  /** What is heard may be older than the news that its microphone is off. */
  #levelsCame({ list, own, speaking }: Extract<EngineEvent, { event: "levels" }>): void {
    const levels = new Map(list.map(({ ssrc, level }) => [ssrc, level]));
    const heard = this.people.filter(({ microphone, away }) => microphone && !away)
      .map((person) => {
        const ofOthers = levels.get(person.voice ?? NaN) ?? -127;
        return { person, level: person.id !== this.self ? ofOthers : speaking ? own : -127 };
      });
    this.#speakers.update(heard, this.#options.timers.nowMs());
  }

  /** A stream begins with a keyframe: anything else is what was under way of the stream before. */
  #pictureCame({ participant, keyframe }: Extract<EngineEvent, { event: "picture" }>): void {
    const stream = keyframe ? this.#blankCameras.get(participant) : undefined;
    if (stream === undefined) return;
    this.#blankCameras.delete(participant);
    this.#emit({ event: "picture", stream });
  }

  #mediaSilent({ mediaPort }: Received<"welcome">): void {
    this.#warn(
      "media-silent",
      `No voice or pictures get through: the server does not answer on UDP port ${mediaPort}; check its firewall and this computer's`,
    );
  }

  #cameraUnshown(participant: number, codec: string): void {
    const name = this.#people.byId(participant)?.name ?? `participant ${participant}`;
    this.#warn(
      "camera-codec",
      `The camera of ${name} sends ${codec}, which cannot be shown here (${
        this.#decodes.join(", ") || "no pictures"
      } can): use the newest version of the program here and there`,
    );
  }

  #warn(code: string, message: string): void {
    this.#emit({ event: "warning", code, message });
  }

  #send(message: ClientMessage): void {
    this.#link?.send(message);
  }

  #emit(event: MeetingEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function serverRefusal(
  { code, message }: { code: string; message: string },
  options?: ErrorOptions,
): Refusal {
  return new Refusal(serverCode(code), serverSentence(message), options);
}

const systemEpochMs = () => performance.timeOrigin + performance.now();

/** What systems say, and the TLS library, where a connection ends without a word of the other side. */
const BROKEN_OFF = /reset|broken pipe|forcibly closed|aborted|close_notify|unexpected eof/i;

/** Why a connection is over, for people. */
function lossReason({ reason, detail }: ConnectionEnd): string {
  switch (reason) {
    case "closed-by-peer":
      return "the server closed it";
    case "silent":
      return "nothing came from the server any more";
    case "broken":
      return BROKEN_OFF.test(detail)
        ? "the server or the network broke it off"
        // The system's number of it, and the TLS library's web page.
        : detail.replace(/: https:.*| \(os error \d+\)/g, "");
    default:
      return detail;
  }
}
