/** A program behind the page that a test writes: the real bridge with its links, keys and policy, and a state at will. */
import { isExecutableName } from "@fusionmeet/protocol";
import {
  type ChatEntry,
  type ComingEntry,
  type FileEntry,
  type MeetingState,
  NO_NEARBY,
  type PageMessage,
  type PersonState,
  type ProgramMessage,
  type TransferEntry,
  type WindowState,
} from "@fusionmeet/bridge";
import { systemRandom, systemTimers } from "@fusionmeet/net";
import { BridgeServer } from "../../client/window/bridge_server.ts";
import { readPageFiles } from "../../client/window/page_files.ts";
import { buildPage, PAGE_FOLDER } from "../../tools/build_page.ts";
import { until } from "./wait.ts";

type Said = Exclude<PageMessage, { do: "hello" }>;
type SaidAs<Do extends Said["do"]> = Extract<Said, { do: Do }>;

/** Serves the built page and says to it what the test says. */
export class FakeProgram implements AsyncDisposable {
  /** All that the page said, in order. */
  readonly said: Said[] = [];
  /** What the page posted, by mark: bytes. */
  readonly posted = new Map<string, number>();
  /** What the page is given when it asks for a thumbnail of a file, or looks at it: `data:image/webp;…`. */
  readonly pictures = new Map<number, string>();
  readonly #bridge: BridgeServer;
  #hasEnded = false;
  #state: WindowState;
  #chat: readonly ChatEntry[] = [];
  #hasOlder = false;
  #files: readonly FileEntry[] = [];
  #transfers: readonly TransferEntry[] = [];
  #coming: readonly ComingEntry[] = [];

  private constructor(bridge: (program: FakeProgram) => BridgeServer, state: WindowState) {
    this.#state = state;
    this.#bridge = bridge(this);
  }

  /** Builds the page if it is stale, and serves it. @param state what the page shows first. */
  static async start(state: WindowState = joinState()): Promise<FakeProgram> {
    await buildPage();
    const files = await readPageFiles(PAGE_FOLDER);
    return new FakeProgram((program) =>
      new BridgeServer({
        files,
        random: systemRandom,
        timers: systemTimers,
        handler: {
          opened: () => program.#opened(),
          message: (message) => program.#hear(message),
          file: (mark, bytes) => program.#file(mark, bytes),
          frame: () => {},
          gone: () => {},
          mediaOpened: () => {},
        },
      }), state);
  }

  /** A link that opens the page once. */
  link(): string {
    return this.#bridge.link();
  }

  get state(): WindowState {
    return this.#state;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Is to the next page as if it were started anew, at the address of before; the page that is there hears nothing. */
  startOver(state: WindowState = joinState()): void {
    this.#state = state;
    [this.#chat, this.#hasOlder] = [[], false];
    [this.#files, this.#transfers, this.#coming] = [[], [], []];
    this.pictures.clear();
    this.posted.clear();
    this.forget();
  }

  /** Changes sections of the state. */
  set(state: Partial<WindowState>): void {
    this.#state = { ...this.#state, ...state };
    this.send({ type: "state", state });
  }

  /** Changes the join screen. */
  setJoin(join: Partial<WindowState["join"]>): void {
    this.set({ join: { ...this.#state.join, ...join } });
  }

  /** Changes the meeting, which must be there. */
  setMeeting(meeting: Partial<MeetingState>): void {
    this.set({ meeting: { ...this.#state.meeting!, ...meeting } });
  }

  /** The chat begins anew with these; the page gets them again after a reload. */
  setChat(entries: readonly ChatEntry[], hasOlder = false): void {
    [this.#chat, this.#hasOlder] = [entries, hasOlder];
    this.send({ type: "chat.reset", entries, hasOlder });
  }

  /** The room's files and what is on its way, from now on; the page gets them again after a reload. */
  setFiles(files: readonly FileEntry[], transfers: readonly TransferEntry[] = []): void {
    [this.#files, this.#transfers, this.#coming] = [files, transfers, []];
    this.send({ type: "files.reset", files, transfers });
  }

  /** What is on its way from others, from now on; the page gets it again after a reload. */
  setComing(coming: readonly ComingEntry[]): void {
    this.#coming = coming;
    this.send({ type: "files.coming", coming });
  }

  /** Something changes, as the program says it. */
  changeFiles(change: Partial<Extract<ProgramMessage, { type: "files" }>>): void {
    const nothing = { files: [], filesGone: [], transfers: [], transfersGone: [] };
    this.send({ type: "files", ...nothing, ...change });
  }

  send(message: ProgramMessage): void {
    this.#bridge.send(message);
  }

  /** The page takes frames. */
  get hearsMedia(): boolean {
    return this.#bridge.sendFrame(Uint8Array.of(0)) > 0;
  }

  sendFrame(frame: Uint8Array): void {
    this.#bridge.sendFrame(frame);
  }

  /** The last that the page said of this kind; waits for one for which `matches` holds. */
  async heard<Do extends Said["do"]>(
    kind: Do,
    matches: (message: SaidAs<Do>) => boolean = () => true,
  ): Promise<SaidAs<Do>> {
    const isMeant = (message: Said): message is SaidAs<Do> =>
      message.do === kind && matches(message as SaidAs<Do>);
    return (await until(`the page's ${kind}`, () => this.said.findLast(isMeant)))!;
  }

  /** Forgets what the page said so far. */
  forget(): void {
    this.said.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    await this.#bridge.close();
  }

  #hear(message: Said): void {
    this.said.push(message);
    const picture = "file" in message ? this.pictures.get(message.file) : undefined;
    if (picture === undefined) return;
    if (message.do === "file.thumbnail") {
      this.send({ type: "file.thumbnail", file: message.file, picture });
    } else if (message.do === "file.preview") {
      const { file } = message;
      this.send({ type: "file.preview", file, state: "there", part: 1, picture, problem: null });
    }
  }

  async #file(mark: string, bytes: AsyncIterable<Uint8Array>): Promise<boolean> {
    let size = 0;
    for await (const chunk of bytes) size += chunk.length;
    this.posted.set(mark, size);
    return true;
  }

  #opened(): ProgramMessage[] {
    return [
      { type: "ready", key: "", state: this.#state },
      { type: "chat.reset", entries: this.#chat, hasOlder: this.#hasOlder },
      { type: "files.reset", files: this.#files, transfers: this.#transfers },
      { type: "files.coming", coming: this.#coming },
    ];
  }
}

/** The join screen as at the very first start, with both devices there. */
export function joinState(join: Partial<WindowState["join"]> = {}): WindowState {
  return {
    screen: "join",
    join: {
      server: "",
      name: "",
      room: "Main",
      pin: "",
      ownerPin: "",
      microphone: true,
      camera: true,
      microphoneSource: "Jabra Evolve2 65",
      cameraSource: "Integrated Webcam HD",
      expected: null,
      recentServers: [],
      nearby: NO_NEARBY,
      busy: false,
      failure: null,
      introduction: null,
      lobby: null,
      ...join,
    },
    meeting: null,
    left: null,
    leaveQuestion: null,
    theme: "system",
  };
}

/** In a meeting of `people`, the first of them oneself. */
export function meetingState(
  people: readonly PersonState[],
  meeting: Partial<MeetingState> = {},
): WindowState {
  const [self] = people;
  return {
    ...joinState({ server: "192.168.1.20", name: self.name }),
    screen: "meeting",
    meeting: {
      room: "Main",
      server: "192.168.1.20",
      fingerprintWords: ["velvet", "orbit", "candle", "thrive", "meadow", "pilot"],
      voice: "opus",
      self: self.id,
      people,
      microphone: { exists: true, on: self.microphone, problem: null },
      camera: { exists: true, on: self.camera, problem: null },
      quality: { width: 320, height: 240, framesPerSecond: 30 },
      qualities: [
        { width: 320, height: 240, framesPerSecond: 30 },
        { width: 640, height: 360, framesPerSecond: 30 },
        { width: 1280, height: 720, framesPerSecond: 30 },
      ],
      locked: false,
      presenting: null,
      askingToPresent: [],
      asked: false,
      ownShare: null,
      removed: [],
      comingBack: null,
      invitation: {
        link: `fusionmeet://192.168.1.20/Main#${"3f7ac2e81b90d456".repeat(4)}`,
        page: "http://192.168.1.20:65435/",
        isOnlyHere: false,
      },
      ...meeting,
    },
  };
}

const ROLES = { host: false, presenter: false };

/** Somebody with microphone and camera on, unless said otherwise. */
export function person(id: number, name: string, state: Partial<PersonState> = {}): PersonState {
  return {
    id,
    name,
    microphone: true,
    camera: true,
    away: false,
    speaking: false,
    ...ROLES,
    ...state,
  };
}

/** A stored line of the chat; its mark is `line ID`. */
export function line(
  id: number,
  from: string,
  text: string,
  rest: { at?: number; own?: boolean } = {},
): Extract<ChatEntry, { kind: "line" }> {
  const { at = Date.now(), own = false } = rest;
  return {
    kind: "line",
    mark: `line ${id}`,
    id,
    at,
    from,
    own,
    text,
    state: "stored",
    problem: null,
  };
}

/** A file of the room, Bob's unless said otherwise. */
export function sharedFile(id: number, name: string, rest: Partial<FileEntry> = {}): FileEntry {
  return {
    ...{ id, name, size: 1_000, owner: "Bob", own: false, at: Date.now(), fresh: false },
    ...{ executable: isExecutableName(name), thumbnail: false, ...rest },
  };
}

/** A file of Bob's, 40 % of it at the server, unless said otherwise. */
export function comingFile(id: number, name: string, rest: Partial<ComingEntry> = {}): ComingEntry {
  return {
    ...{ id, name, from: "Bob", state: "moving", bytes: 400, size: 1_000 },
    ...{ bytesPerSecond: 100, leftMs: 6_000, ...rest },
  };
}

/** A transfer half way, to here unless said otherwise. */
export function transfer(
  id: number,
  name: string,
  rest: Partial<TransferEntry> = {},
): TransferEntry {
  return {
    ...{ id, name, direction: "fetch", file: id, state: "moving", bytes: 500, size: 1_000 },
    ...{ bytesPerSecond: 100, leftMs: 5_000, message: null, folder: null },
    ...rest,
  };
}
