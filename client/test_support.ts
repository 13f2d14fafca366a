import { type ProtocolError, seededRandom } from "@fusionmeet/base";
import { type ConnectionEnd, FakeTimers } from "@fusionmeet/net";
import type { ClientMessage, ServerMessage } from "@fusionmeet/protocol";
import type { EngineCommand, EngineEvent } from "./media/commands.ts";
import { Meeting } from "./meeting.ts";
import type {
  ControlLink,
  MeetingEnd,
  MeetingEvent,
  MeetingOptions,
  Opened,
} from "./meeting_types.ts";

/** A control connection whose server is the test. */
export class FakeLink implements ControlLink {
  readonly sent: ClientMessage[] = [];
  readonly #incoming: ServerMessage[] = [];
  readonly #end = Promise.withResolvers<ConnectionEnd>();
  #wake = Promise.withResolvers<void>();
  isOver = false;

  get ended(): Promise<ConnectionEnd> {
    return this.#end.promise;
  }

  send(message: ClientMessage): void {
    if (!this.isOver) this.sent.push(message);
  }

  /** What was sent of one type. */
  sentOf<T extends ClientMessage["type"]>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.sent.filter((message) => message.type === type) as never;
  }

  async *messages(): AsyncGenerator<ServerMessage> {
    while (!this.isOver) {
      const message = this.#incoming.shift();
      if (message !== undefined) yield message;
      else await this.#wake.promise;
    }
  }

  /** The server says something; done when the meeting has dealt with it. */
  async say(...messages: ServerMessage[]): Promise<void> {
    this.#incoming.push(...messages);
    this.#notify();
    await settle();
  }

  close(detail = "closed"): Promise<ConnectionEnd> {
    this.#over({ reason: "closed-here", detail });
    return this.ended;
  }

  end(fault: ProtocolError): void {
    this.#over({ reason: "protocol", detail: fault.message, error: fault });
  }

  destroy(detail: string): void {
    this.#over({ reason: "closed-here", detail });
  }

  /** The network breaks. */
  async breakDown(detail = "the network broke"): Promise<void> {
    this.#over({ reason: "broken", detail });
    await settle();
  }

  #over(end: ConnectionEnd): void {
    this.isOver = true;
    this.#end.resolve(end);
    this.#notify();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/** An engine that only notes what it is told, and says at once that it has taken effect, unless it is held up. */
export class FakeEngine {
  /** Without fences. */
  readonly commands: EngineCommand[] = [];
  #heldUp: EngineEvent[] | undefined;
  readonly #listeners: ((event: EngineEvent) => void)[] = [];

  command(command: EngineCommand): void {
    if (command.do !== "fence") return void this.commands.push(command);
    const passed = { event: "fence", number: command.number } as const;
    if (this.#heldUp) this.#heldUp.push(passed);
    else this.happen(passed);
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#listeners.push(listener);
  }

  happen(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Nothing takes effect until `goOn`. */
  holdUp(): void {
    this.#heldUp = [];
  }

  goOn(): void {
    const events = this.#heldUp ?? [];
    this.#heldUp = undefined;
    for (const event of events) this.happen(event);
  }

  told<D extends EngineCommand["do"]>(what: D): Extract<EngineCommand, { do: D }>[] {
    return this.commands.filter((command) => command.do === what) as never;
  }
}

/** Lets everything that waits only for promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

export const SSRCS = {
  feedback: 1,
  serverFeedback: 2,
  microphone: 3,
  camera: 4,
  cameraLow: 5,
} as const;

/** The server's answer to a good `hello`. */
export function welcome(
  values: Partial<Extract<ServerMessage, { type: "welcome" }>> = {},
): ServerMessage {
  return {
    type: "welcome",
    version: 1,
    participant: 7,
    name: "Ada",
    room: "Main",
    resume: new Uint8Array(16).fill(9),
    resumed: false,
    mediaPort: 65_436,
    voice: "opus",
    epoch: 0,
    linkKey: new Uint8Array(28).fill(1),
    pictureKey: new Uint8Array(28).fill(2),
    ssrcs: SSRCS,
    chatLatest: 0,
    at: 0,
    ...values,
  };
}

/** A meeting whose server, engine, clock and network are the test. */
export class MeetingBench {
  readonly timers = new FakeTimers();
  readonly engine = new FakeEngine();
  readonly events: MeetingEvent[] = [];
  readonly links: FakeLink[] = [];
  readonly seat = {
    saved: [] as Uint8Array[],
    forgotten: 0,
    load: () => Promise.resolve(this.storedToken),
    save: (token: Uint8Array) => void this.seat.saved.push(token),
    forget: () => Promise.resolve(void this.seat.forgotten++),
  };
  readonly meeting: Meeting;
  storedToken: Uint8Array | undefined;
  /** What an attempt to connect comes to; by default a new link. */
  connect: (signal: AbortSignal) => Promise<FakeLink> = () => Promise.resolve(new FakeLink());
  attempts = 0;
  end: MeetingEnd | undefined;
  /** What `run` rejected with. */
  fault: unknown;

  constructor(options: Partial<MeetingOptions> = {}) {
    this.meeting = new Meeting({
      name: "Ada",
      room: "Main",
      open: (signal) => this.#open(signal),
      engine: this.engine,
      seat: this.seat,
      microphone: true,
      camera: { codec: "h264", width: 320, height: 240, fps: 30 },
      timers: this.timers,
      random: seededRandom(1),
      ...options,
    });
    this.meeting.onEvent((event) => this.events.push(event));
  }

  /** The newest connection. */
  get link(): FakeLink {
    return this.links.at(-1)!;
  }

  /** Starts it; the connection is up, `hello` is sent. */
  async start(): Promise<this> {
    this.meeting.run().then((end) => this.end = end, (thrown) => this.fault = thrown);
    await settle();
    return this;
  }

  /** Starts it and lets the server accept. */
  async join(values: Parameters<typeof welcome>[0] = {}): Promise<this> {
    await this.start();
    await this.link.say(welcome(values));
    return this;
  }

  /** Lets time pass in small steps, so that what waits for promises keeps up. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.timers.advance(Math.min(100, left));
      await settle();
    }
  }

  eventsOf<E extends MeetingEvent["event"]>(event: E): (MeetingEvent & { event: E })[] {
    return this.events.filter((each) => each.event === event) as never;
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    this.attempts++;
    const link = await this.connect(signal);
    this.links.push(link);
    return { link, hostname: "192.0.2.1", port: 65_435, fingerprint: "ab".repeat(32) };
  }
}
