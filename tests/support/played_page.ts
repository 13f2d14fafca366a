import type {
  JoinState,
  MeetingState,
  PageMessage,
  ProgramMessage,
  WindowState,
} from "@fusionmeet/bridge";
import type { WindowProgram } from "./programs.ts";
import { until } from "./wait.ts";

type SaidAs<Type extends ProgramMessage["type"]> = Extract<ProgramMessage, { type: Type }>;

/** The page of a window program of this machine, played by the test: no browser, the same socket. */
export class PlayedPage implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #said: ProgramMessage[] = [];
  readonly #closed = Promise.withResolvers<void>();
  #state: Partial<WindowState> = {};

  /** Opens the page of a program that only tells where it is. */
  static async open(program: WindowProgram): Promise<PlayedPage> {
    const page = new PlayedPage(new URL(await program.link()));
    await until("the page's state", () => page.#state.screen);
    return page;
  }

  private constructor(link: URL) {
    const socket = new WebSocket(`ws://${link.host}/state`, { headers: { origin: link.origin } });
    this.#socket = socket;
    const token = link.hash.slice(1);
    socket.onopen = () =>
      socket.send(JSON.stringify({ do: "hello", token, decoders: { h264: true } }));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = () => this.#closed.resolve();
  }

  get state(): WindowState {
    return this.#state as WindowState;
  }

  get join(): JoinState {
    return this.state.join;
  }

  /** The meeting it is in. */
  get meeting(): MeetingState {
    return this.state.meeting!;
  }

  say(message: PageMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Waits until the state is so. */
  async shows<Value>(what: string, look: (state: WindowState) => Value): Promise<Value> {
    return (await until(what, () => look(this.state), { timeoutMs: 20_000 }))!;
  }

  /** Waits for a message that fits; past ones count. */
  async hears<Type extends ProgramMessage["type"]>(
    type: Type,
    fits: (message: SaidAs<Type>) => boolean = () => true,
  ): Promise<SaidAs<Type>> {
    const isMeant = (message: ProgramMessage): message is SaidAs<Type> =>
      message.type === type && fits(message as SaidAs<Type>);
    return (await until(`${type} to the page`, () => this.#said.findLast(isMeant), {
      timeoutMs: 20_000,
    }))!;
  }

  /** The id of somebody in the meeting. */
  idOf(name: string): number {
    return this.meeting.people.find((person) => person.name === name)!.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed.promise;
  }

  #take(message: ProgramMessage): void {
    this.#said.push(message);
    if (message.type === "ready" || message.type === "state") {
      this.#state = { ...this.#state, ...message.state };
    }
  }
}
