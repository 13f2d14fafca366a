import { assert } from "@fusionmeet/base";
import {
  type ClientConnection,
  connectControl,
  systemCryptography as cryptography,
  systemRandom,
} from "@fusionmeet/net";
import {
  type ClientMessage,
  isRtcp,
  type MasterKey,
  masterKeyFromBytes,
  parseRtcp,
  PROTOCOL_VERSION,
  type ServerMessage,
  SrtpReceiver,
  SrtpSender,
  SYNC_NONCE_BYTES,
  type SyncAnswer,
  VOICE_REPLAY_WINDOW,
  writeSyncRequest,
} from "@fusionmeet/protocol";
import { until } from "./wait.ts";

type Of<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** Where and how a peer connects. */
export interface PeerOptions {
  readonly server: {
    readonly port: number;
    readonly fingerprint: string;
    readonly hostname?: string;
  };
  /** Its own address, both for TCP and UDP; 127.0.0.1 unless said. */
  readonly localAddress?: string;
}

/** What it says first. */
export type Greeting = Partial<Omit<Extract<ClientMessage, { type: "hello" }>, "type">>;

/**
 * A participant made of the protocol alone: what it sends is up to the test, well-behaved or not. It keeps every message
 * and every datagram it is sent.
 */
export class Peer implements AsyncDisposable {
  readonly messages: ServerMessage[] = [];
  /** Datagrams from the server, as they came. */
  readonly datagrams: Uint8Array[] = [];
  readonly control: ClientConnection;
  socket: Deno.DatagramConn;
  /** Seals what goes up under the link key; there after `hello`. */
  link!: SrtpSender;
  /** Seals pictures. */
  pictures!: SrtpSender;
  #feedback!: SrtpReceiver;
  readonly #hostname: string;
  readonly #running: Promise<unknown>[];
  readonly #localAddress: string;
  #nonce: Uint8Array = new Uint8Array(SYNC_NONCE_BYTES);

  private constructor(control: ClientConnection, { server, localAddress }: PeerOptions) {
    this.control = control;
    this.#hostname = server.hostname ?? "127.0.0.1";
    this.#localAddress = localAddress ?? "127.0.0.1";
    this.socket = this.#openSocket();
    this.#running = [this.#readMessages(), this.#readDatagrams(this.socket)];
  }

  /** A control connection on which nothing was said yet. */
  static async connect(options: PeerOptions): Promise<Peer> {
    const { server, localAddress } = options;
    const control = await connectControl({
      hostname: server.hostname ?? "127.0.0.1",
      port: server.port,
      localAddress,
      acceptKey: (key) => key === server.fingerprint,
    });
    return new Peer(control, options);
  }

  /** Connects and joins. @throws Error with the refusal. */
  static async join(options: PeerOptions, greeting: Greeting): Promise<Peer> {
    const peer = await Peer.connect(options);
    const answer = await peer.greet(greeting);
    if (answer.type === "welcome") return peer;
    await peer[Symbol.asyncDispose]();
    throw new Error(`Cannot join: ${JSON.stringify(answer)}`);
  }

  /** Says hello, and gives what the server says to it; `undefined` fields of `greeting` are left out. */
  async greet(greeting: Greeting): Promise<Of<"welcome" | "refused" | "error">> {
    const defaults = { version: PROTOCOL_VERSION, name: "Peer", room: "Main" };
    this.control.send({ type: "hello", ...defaults, ...greeting });
    const answer = await this.next("welcome", "refused", "error");
    if (answer.type === "welcome") this.#take(answer);
    return answer;
  }

  get welcome(): Of<"welcome"> {
    const welcome = this.messages.find(({ type }) => type === "welcome");
    assert(welcome?.type === "welcome", "the peer has joined");
    return welcome;
  }

  get id(): number {
    return this.welcome.participant;
  }

  send(...messages: ClientMessage[]): void {
    for (const message of messages) this.control.send(message);
  }

  /** The messages of that type so far. */
  all<Type extends ServerMessage["type"]>(type: Type): Of<Type>[] {
    return this.messages.filter((each): each is Of<Type> => each.type === type);
  }

  /** The first message of one of these types, past or coming. */
  async next<Type extends ServerMessage["type"]>(...types: Type[]): Promise<Of<Type>> {
    return await this.find(
      types.join(" or "),
      (each): each is Of<Type> => (types as string[]).includes(each.type),
    );
  }

  /** The first message that fits, past or coming. @throws Error when the connection ends without it. */
  async find<M extends ServerMessage>(
    what: string,
    fits: (message: ServerMessage) => message is M,
  ): Promise<M> {
    const message = await until(`${what} from the server`, () => {
      const found = this.messages.find(fits);
      if (!found && this.control.signal.aborted) {
        throw new Error(`The connection ended without ${what}: ${this.control.signal.reason}`);
      }
      return found;
    }, { everyMs: 5 });
    return message!;
  }

  /** Waits until everything sent so far has been taken by the server. */
  async settle(): Promise<void> {
    const at = systemRandom.u32();
    this.send({ type: "ping", at });
    await this.find(
      "the pong",
      (each): each is Of<"pong"> => each.type === "pong" && each.at === at,
    );
  }

  /** What the server said of a stream; acknowledges it unless told not to. */
  async stream(
    fits: (stream: Of<"stream.ready">) => boolean,
    { acknowledge = true } = {},
  ): Promise<Of<"stream.ready">> {
    const ready = await this.find(
      "stream.ready",
      (each): each is Of<"stream.ready"> => each.type === "stream.ready" && fits(each),
    );
    if (acknowledge) this.send({ type: "stream.ack", ssrc: ready.ssrc });
    return ready;
  }

  /** Sends a datagram to the server's media port. */
  async post(bytes: Uint8Array, socket = this.socket): Promise<void> {
    const { mediaPort: port } = this.welcome;
    await socket.send(bytes, { transport: "udp", hostname: this.#hostname, port });
  }

  /** A sealed sync request with the nonce of the latest answer. */
  request(): Uint8Array {
    const { feedback: ssrc } = this.welcome.ssrcs;
    const sentAtMs = performance.now();
    return this.link.protectRtcp(writeSyncRequest({ ssrc, sentAtMs, nonce: this.#nonce }));
  }

  /** The server's answers to sync requests so far. */
  get answers(): SyncAnswer[] {
    return this.#answers;
  }
  readonly #answers: SyncAnswer[] = [];

  /** Proves its address to the server. */
  async bind(): Promise<void> {
    await until("the server to bind the peer's address", async () => {
      const seen = this.#answers.length;
      await this.post(this.request());
      await until("an answer", () => this.#answers.length > seen, { everyMs: 2, timeoutMs: 200 })
        .catch(() => undefined);
      return this.#answers.at(-1)?.bound;
    }, { everyMs: 0 });
  }

  /** Sends from another port from now on, and listens there only. */
  move(): void {
    this.socket.close();
    this.socket = this.#openSocket();
    this.#running.push(this.#readDatagrams(this.socket));
  }

  /** Leaves as people do. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.send({ type: "leave" });
    this.socket.close();
    await this.control.close();
    await Promise.all(this.#running);
  }

  #take({ linkKey, pictureKey, epoch, ssrcs }: Of<"welcome">): void {
    const link = masterKeyFromBytes(linkKey);
    this.link = new SrtpSender({ cryptography, master: link, epoch });
    this.pictures = new SrtpSender({
      cryptography,
      master: masterKeyFromBytes(pictureKey),
      epoch,
    });
    this.#feedback = opener(link, epoch, ssrcs.serverFeedback);
  }

  async #readMessages(): Promise<void> {
    for await (const message of this.control.messages()) this.messages.push(message);
  }

  #openSocket(): Deno.DatagramConn {
    return Deno.listenDatagram({ transport: "udp", hostname: this.#localAddress, port: 0 });
  }

  async #readDatagrams(socket: Deno.DatagramConn): Promise<void> {
    const buffer = new Uint8Array(2_048);
    try {
      while (true) {
        const [bytes] = await socket.receive(buffer);
        this.#keep(bytes.slice());
      }
    } catch (thrown) {
      const { BadResource, Interrupted } = Deno.errors;
      if (!(thrown instanceof BadResource || thrown instanceof Interrupted)) throw thrown;
    }
  }

  #keep(bytes: Uint8Array): void {
    this.datagrams.push(bytes);
    if (!isRtcp(bytes) || !this.#feedback) return;
    const opened = this.#feedback.openRtcp(bytes);
    if (typeof opened === "string") return;
    for (const packet of parseRtcp(opened.rtcp)) {
      if (typeof packet === "string" || packet.kind !== "syncAnswer") continue;
      this.#answers.push(packet);
      this.#nonce = packet.nonce.slice();
    }
  }
}

/** A socket of nobody's that keeps what comes. */
export class Ear implements Disposable {
  readonly datagrams: Uint8Array[] = [];
  readonly socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });

  constructor() {
    void this.#listen();
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  async #listen(): Promise<void> {
    try {
      for await (const [bytes] of this.socket) this.datagrams.push(bytes.slice());
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.BadResource)) throw thrown;
    }
  }
}

/** Opens one ssrc under one key, from its start or from a place one was told. */
export function opener(
  master: MasterKey,
  epoch: number,
  ssrc: number,
  from?: { roc: number; sequence: number },
): SrtpReceiver {
  const receiver = new SrtpReceiver({ cryptography, windowPackets: VOICE_REPLAY_WINDOW });
  receiver.addKey(epoch, master);
  if (from) receiver.seed(ssrc, from.roc, from.sequence);
  else receiver.expect(ssrc);
  return receiver;
}
