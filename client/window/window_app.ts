import { messageOf, Refusal } from "@fusionmeet/base";
import {
  decodeConsumption,
  type JoinProblem,
  type JoinState,
  type PageDecoders,
  type PageMessage,
  type ProgramMessage,
} from "@fusionmeet/bridge";
import { systemRandom, systemTimers } from "@fusionmeet/net";
import { PinStore } from "@fusionmeet/store";
import { fingerprintWords } from "@fusionmeet/protocol";
import { describeSources } from "../capture/describe.ts";
import type { ListedServer } from "../attendance.ts";
import { firstOf } from "../connect.ts";
import { EXIT, JoinFailure } from "../failures.ts";
import type { Output } from "../headless.ts";
import { askLobby } from "../lobby.ts";
import { NearbyServers } from "../nearby.ts";
import { parseServer, type ServerAddress, UsageError, type WindowOptions } from "../options.ts";
import { pageFolder, pinsPathIn, remembered, rememberMeeting, rememberTheme } from "../places.ts";
import { leaveOnSignals } from "../signals.ts";
import { BridgeServer } from "./bridge_server.ts";
import { keyFor } from "./given_key.ts";
import { readPageFiles } from "./page_files.ts";
import { StateFeed } from "./state_feed.ts";
import { WindowFrame } from "./window_frame.ts";
import { WindowMeeting } from "./window_meeting.ts";
import { emptyState, joinProblem, leftProblem } from "./window_state.ts";

type JoinForm = Extract<PageMessage, { do: "join" }>;
type LobbyQuestion = Extract<PageMessage, { do: "lobby" }>;

/** A page in a browser that does not come back in this time was closed: nobody stays behind with a live microphone. */
const PAGE_GONE_MS = 15_000;

/**
 * The client with a window: the join screen, meetings one after the other, until the window is closed.
 *
 * @param means.folder For known servers, seats and settings.
 * @returns the exit code. @throws UsageError when a folder or file cannot be used.
 */
export async function runWindow(
  options: WindowOptions,
  means: { folder: string; output: Output },
): Promise<number> {
  return await new WindowApp(options, means).run();
}

class WindowApp {
  readonly #options: WindowOptions;
  readonly #folder: string;
  readonly #output: Output;
  readonly #finished = Promise.withResolvers<void>();
  readonly #feed: StateFeed;
  #bridge!: BridgeServer;
  #frame!: WindowFrame;
  #meeting: WindowMeeting | undefined;
  /** From the click on Join until the devices are released. */
  #attending: Promise<void> | undefined;
  #decoders: PageDecoders = { h264: true };
  #visible: readonly number[] = [];
  readonly #nearby: NearbyServers;
  /** Known servers, for the list; `undefined` until they are read, and where they cannot be. */
  #pins: PinStore | undefined;
  #lobby = new AbortController();
  #isCancelled = false;
  #unreadCount = 0;
  /** The question whether to leave was asked because the window is to be closed. */
  #closesAfterLeaving = false;
  #cancelGone = () => {};

  constructor(options: WindowOptions, { folder, output }: { folder: string; output: Output }) {
    this.#options = options;
    this.#folder = folder;
    this.#output = output;
    this.#nearby = new NearbyServers({
      pins: () => this.#pins,
      onChange: (nearby) => this.#changeJoin({ nearby }),
      onProblem: (sentence) => output.problem(sentence),
    });
    const state = emptyState();
    const { theme } = remembered(folder);
    this.#feed = new StateFeed({ ...state, theme, join: this.#firstJoinState(state.join) }, {
      timers: systemTimers,
      send: (message) => this.#bridge.send(message),
    });
  }

  async run(): Promise<number> {
    const files = await readPageFiles(pageFolder()).catch((thrown) => {
      throw new UsageError(messageOf(thrown), { cause: thrown });
    });
    this.#bridge = new BridgeServer({
      files,
      random: systemRandom,
      timers: systemTimers,
      handler: this,
    });
    this.#frame = new WindowFrame({
      folder: this.#folder,
      browser: this.#options.browser,
      output: this.#output,
      link: () => this.#bridge.link(),
      title: () => this.#title,
      onCloseAsked: () => this.#leave({ sure: false, close: true }),
      onClosed: () => this.#finished.resolve(),
      toast: (message) => this.#toast("warning", "window", message),
    });
    const release = leaveOnSignals(() => this.#finished.resolve());
    try {
      void this.#describeSources();
      this.#look();
      await this.#frame.open();
      await this.#finished.promise;
      this.#lobby.abort();
      this.#isCancelled = true;
      this.#meeting?.leave("window closed");
      await this.#attending;
      return EXIT.asked;
    } finally {
      release();
      await this.#nearby.stop();
      await this.#frame.close();
      await this.#bridge.close();
    }
  }

  // ---- the page

  opened(decoders: PageDecoders): readonly ProgramMessage[] {
    this.#cancelGone();
    this.#decoders = decoders;
    this.#output.report({ event: "page", decoders });
    this.#feed.given();
    // Behind what the page is told first.
    queueMicrotask(() => this.#meeting?.files.uploads.askAgain());
    const state: ProgramMessage = { type: "ready", key: "", state: this.#feed.state };
    return this.#meeting?.isJoined ? [state, ...this.#meeting.reset()] : [state];
  }

  gone(): void {
    this.#visible = [];
    this.#meeting?.watch([]);
    this.#meeting?.screens.close();
    if (!this.#frame.isBrowser) return;
    this.#cancelGone = systemTimers.after(PAGE_GONE_MS, () => {
      this.#output.note("The page was closed");
      this.#finished.resolve();
    });
  }

  mediaOpened(): void {
    this.#meeting?.viewScreenAgain();
  }

  async file(mark: string, bytes: AsyncIterable<Uint8Array>): Promise<boolean> {
    return await this.#meeting?.files.uploads.came(mark, bytes) ?? false;
  }

  frame(frame: Uint8Array): void {
    const consumption = decodeConsumption(frame);
    if (consumption) this.#meeting?.played(consumption);
  }

  message(message: Exclude<PageMessage, { do: "hello" }>): void {
    try {
      this.#carryOut(message);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      this.#toast("warning", thrown.code, thrown.message);
    }
  }

  #carryOut(message: Exclude<PageMessage, { do: "hello" }>): void {
    const meeting = this.#meeting;
    switch (message.do) {
      case "lobby":
        return void this.#askLobby(message);
      case "search":
        if (message.on) void this.#nearby.search();
        else this.#nearby.stopSearch();
        return;
      case "join":
        return this.#join(message);
      case "join.cancel":
        this.#isCancelled = true;
        this.#meeting?.leave("cancelled");
        return this.#changeJoin({ introduction: null });
      case "leave":
        return this.#leave({ sure: message.sure, close: message.sure && this.#closesAfterLeaving });
      case "stay":
        return this.#feed.change({ leaveQuestion: null });
      case "again":
        this.#look();
        return this.#feed.change({ screen: "join", left: null });
      case "source":
        return meeting?.setSource(message.kind, message.on);
      case "quality":
        return meeting?.setQuality(message.quality);
      case "watch":
        this.#visible = message.participants;
        return meeting?.watch(message.participants);
      case "chat.post":
        return meeting?.post(message.text);
      case "chat.retry":
        return meeting?.retry(message.mark);
      case "chat.discard":
        return meeting?.view.chat.discarded(message.mark);
      case "chat.older":
        return meeting && this.#bridge.send(meeting.view.chat.older(message.mark));
      case "files.add":
        return meeting?.files.add(message.files);
      case "file.lost":
        return meeting?.files.uploads.lost(message.mark);
      case "file.save":
        return meeting?.files.save(message.file, message.place);
      case "file.browse":
        return void meeting?.files.browse(message.file);
      case "place":
        return meeting?.files.place(message.file, message.place);
      case "file.thumbnail":
        return void meeting?.files.previews.thumbnail(message.file);
      case "file.preview":
        return void meeting?.files.previews.show(message.file);
      case "file.preview.stop":
        return meeting?.files.previews.hide();
      case "file.delete":
        return meeting?.files.delete(message.file);
      case "transfer.cancel":
        return meeting?.files.cancel(message.transfer);
      case "transfer.forget":
        return meeting?.files.forget(message.transfer);
      case "transfer.folder":
        return meeting?.files.showFolder(message.transfer);
      case "host.mute":
      case "host.remove":
      case "host.give":
      case "host.unshare":
      case "host.lock":
      case "host.readmit":
      case "present.ask":
      case "present.answer":
      case "present.give":
        return meeting?.roles.carryOut(message);
      case "screen.view":
        return meeting?.viewOwnScreen(message.on);
      case "screens.list":
      case "present":
      case "present.stop":
        return meeting?.screens.carryOut(message);
      case "theme":
        this.#feed.change({ theme: message.theme });
        return this.#keep(() => rememberTheme(this.#folder, message.theme));
      case "unread":
        this.#unreadCount = message.count;
        return this.#frame.setTitle(this.#title);
      case "problem":
        return this.#output.problem(`The window says: ${message.message}`);
    }
  }

  // ---- joining and leaving

  #join(form: JoinForm): void {
    if (this.#attending !== undefined) return;
    this.#lobby.abort();
    this.#isCancelled = false;
    const { server, name, room, pin, ownerPin, microphone, camera } = form;
    this.#changeJoin({
      ...{ server, name, room, pin, microphone, camera },
      // One that was typed is for this once.
      ownerPin: ownerPin === this.#options.ownerPin ? ownerPin : "",
      expected: form.expected ?? null,
      busy: true,
      failure: null,
      introduction: null,
    });
    this.#attending = this.#attend(form)
      .catch((thrown) => this.#broken(thrown))
      .finally(() => {
        this.#meeting = this.#attending = undefined;
        this.#changeJoin({ busy: false });
        this.#frame.setTitle(this.#title);
      });
  }

  async #attend(form: JoinForm): Promise<void> {
    try {
      const meeting = await this.#prepare(form);
      this.#meeting = meeting;
      if (this.#isCancelled) meeting.leave("cancelled");
      const { end, wasJoined } = await meeting.run();
      const { state: { room }, hostName } = meeting.view;
      const problem = end.failure ? leftProblem(end.failure, { room, hostName }) : null;
      if (wasJoined) this.#left(room, problem);
      else if (end.failure) this.#notJoined(form, end.failure);
    } catch (thrown) {
      if (thrown instanceof JoinFailure) this.#notJoined(form, thrown);
      else if (thrown instanceof UsageError) this.#changeJoin({ failure: usageProblem(thrown) });
      else throw thrown;
    }
  }

  async #prepare(form: JoinForm): Promise<WindowMeeting> {
    const { name, room, pin, ownerPin, trust, microphone, camera } = form;
    const { server, ...listed } = this.#picked(form);
    const meeting = await WindowMeeting.prepare({
      ...this.#options,
      ...{ name, room },
      ...{ server, ...listed },
      pin: pin === "" ? undefined : pin,
      ownerPin: ownerPin === "" ? undefined : ownerPin,
      fingerprint: form.expected ?? trust ?? keyFor(form, this.#options),
    }, {
      folder: this.#folder,
      serverText: form.server,
      on: { microphone, camera },
      decoders: this.#decoders,
      socket: this.#bridge,
      change: (state) => {
        if (this.#meeting?.isJoined) this.#feed.change({ meeting: state });
      },
      send: (message) => this.#bridge.send(message),
      note: (text) => this.#output.note(text),
      joined: () => this.#joined(form),
    });
    meeting.watch(this.#visible);
    return meeting;
  }

  #joined(form: JoinForm): void {
    const meeting = this.#meeting!;
    void this.#nearby.stop();
    for (const message of meeting.reset()) this.#bridge.send(message);
    this.#feed.change({ screen: "meeting", meeting: meeting.view.state, left: null });
    this.#changeJoin({ busy: false });
    this.#frame.setTitle(this.#title);
    const { server, name, microphone, camera } = form;
    this.#keep(() => {
      const { room } = meeting.view.state;
      rememberMeeting(this.#folder, { server, name, room, microphone, camera });
      this.#changeJoin({ recentServers: remembered(this.#folder).servers });
    });
  }

  /** Writes to the settings; where that cannot be done, the next window does not know it. */
  #keep(write: () => void): void {
    try {
      write();
    } catch (thrown) {
      this.#toast("warning", "settings", `Cannot keep your settings: ${messageOf(thrown)}`);
    }
  }

  #notJoined(form: JoinForm, failure: JoinFailure): void {
    if (this.#isCancelled) return;
    const seen = failure.fingerprints?.seen;
    if (failure.code === "key-unknown" && seen !== undefined) {
      const words = fingerprintWords(seen);
      this.#changeJoin({ introduction: { server: form.server, fingerprint: seen, words } });
    } else this.#changeJoin({ failure: joinProblem(failure, form) });
  }

  #left(room: string, problem: JoinProblem | null): void {
    this.#unreadCount = 0;
    this.#feed.change({
      screen: "left",
      meeting: null,
      left: { problem, room },
      leaveQuestion: null,
    });
  }

  /** What broke in this program ends the meeting, not the window. */
  #broken(thrown: unknown): void {
    this.#output.problem(thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown));
    const problem: JoinProblem = {
      code: "fault",
      message: `FusionMeet made a mistake: ${messageOf(thrown)}`,
      advice: "Join again; if it happens again, report it with what the terminal shows",
      field: null,
    };
    if (this.#meeting?.isJoined) this.#left(this.#meeting.view.state.room, problem);
    else this.#changeJoin({ failure: problem });
  }

  /** @param how.close The program ends, too. @param how.sure Whatever it breaks off. */
  #leave({ sure, close }: { sure: boolean; close: boolean }): void {
    this.#closesAfterLeaving = close;
    const question = sure ? null : this.#meeting?.leaveQuestion ?? null;
    this.#feed.change({ leaveQuestion: question });
    if (question !== null) return;
    this.#meeting?.leave("asked");
    if (close) this.#finished.resolve();
  }

  // ---- the join screen

  #firstJoinState(empty: JoinState): JoinState {
    const kept = remembered(this.#folder);
    const { server, name, room, pin, ownerPin, fingerprint } = this.#options;
    const isNamed = server !== undefined && fingerprint !== undefined && fingerprint !== "trust";
    return {
      ...empty,
      expected: isNamed ? fingerprint : null,
      server: server ?? kept.server ?? "",
      name: name ?? kept.name ?? "",
      room: room ?? kept.room ?? empty.room,
      pin: pin ?? "",
      ownerPin: ownerPin ?? "",
      microphone: kept.microphone ?? true,
      camera: kept.camera ?? true,
      recentServers: kept.servers,
    };
  }

  async #describeSources(): Promise<void> {
    const { microphone, camera } = await describeSources(this.#options);
    this.#changeJoin({ microphoneSource: microphone, cameraSource: camera });
  }

  async #askLobby(question: LobbyQuestion): Promise<void> {
    const { server: text, pin, picked } = question;
    this.#lobby.abort();
    this.#lobby = new AbortController();
    const { signal } = this.#lobby;
    const nothing = { server: text, needsPin: false, rooms: [] };
    this.#changeJoin({ lobby: { ...nothing, state: "asking" } });
    try {
      const pinsPath = pinsPathIn(this.#folder);
      const pins = await PinStore.open(pinsPath);
      const fingerprint = keyFor(question, this.#options);
      const { server, elsewhere = [], identity } = this.#picked({ server: text, picked });
      const { needsPin, rooms } = await firstOf([server, ...elsewhere], (each) =>
        askLobby(each, {
          trust: { pins, pinsPath, fingerprint, identity },
          pin: pin === "" ? undefined : pin,
          isOneOfMany: elsewhere.length > 0,
          signal,
        }));
      if (signal.aborted) return;
      this.#changeJoin({ lobby: { server: text, state: "known", needsPin, rooms } });
    } catch {
      // Whatever it is (a damaged pins.json, too), joining says why.
      if (!signal.aborted) this.#changeJoin({ lobby: { ...nothing, state: "unknown" } });
    }
  }

  // ---- servers of this network

  /** Looks which servers there are, from now on until a meeting is joined. */
  #look(): void {
    if (!this.#options.discovery) return;
    this.#nearby.start();
    // Joining says what is wrong with the file.
    PinStore.open(pinsPathIn(this.#folder)).then((pins) => {
      this.#pins = pins;
      this.#nearby.refresh();
    }, () => undefined);
  }

  /**
   * Where the server is that the form means. One that was picked from the list is at all the addresses announced for it;
   * where its key is known, or was accepted now, no other key will do. What the list says vouches for nobody else.
   *
   * @throws JoinFailure
   */
  #picked(
    { server: text, picked, trust }: { server: string; picked?: string; trust?: string },
  ): { server: ServerAddress } & ListedServer {
    const typed = this.#server(text);
    if (picked === undefined) return { server: typed };
    const isKnown = this.#pins?.knows(picked) ?? false;
    const [server = typed, ...elsewhere] = this.#nearby.find(picked)?.endpoints ?? [];
    return { server, elsewhere, identity: isKnown ? picked : trust };
  }

  /** @throws JoinFailure */
  #server(text: string) {
    try {
      return parseServer(text.trim());
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      throw new JoinFailure(
        "bad-address",
        EXIT.unreachable,
        text.trim() === "" ? "No server is given" : `${text.trim()} is not the address of a server`,
        "Type its name or address, like 192.168.1.20 or meet.local:65435",
        { cause: thrown },
      );
    }
  }

  #changeJoin(change: Partial<JoinState>): void {
    this.#feed.change({ join: { ...this.#feed.state.join, ...change } });
  }

  #toast(kind: "info" | "warning" | "problem", code: string, message: string): void {
    this.#bridge.send({ type: "toast", kind, code, message });
  }

  get #title(): string {
    const { meeting } = this.#feed.state;
    if (meeting === null) return "FusionMeet";
    return `${this.#unreadCount > 0 ? `(${this.#unreadCount}) ` : ""}${meeting.room} - FusionMeet`;
  }
}

function usageProblem(thrown: UsageError): JoinProblem {
  const advice = "Start FusionMeet with another file or folder";
  return { code: "usage", message: thrown.message, advice, field: null };
}
