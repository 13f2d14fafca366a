import { concatBytes } from "@fusionmeet/base";
import { type ByteStream, TlsListener, writeAll } from "@fusionmeet/net";
import {
  type ClientMessage,
  encodeMessage,
  encodeScreenMessage,
  EnvelopeReader,
  PROTOCOL_VERSION,
  readClientMessage,
  ScreenMessageReader,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { loadServerIdentity } from "@fusionmeet/store";
import { TemporaryDirectory } from "./wait.ts";

const ADA = { id: 7, name: "Ada", microphone: false, camera: false, away: false };

/** What a presenter sends besides. */
const CONTENT = ["format", "picture", "tiles", "stale", "status"] as const;

/** Bytes that a flood writes at once. */
const FLOOD_BYTES = 256 * 1024;

type HostileMessage = ServerMessage | { readonly type: string };

const encoded = (messages: readonly HostileMessage[]) =>
  concatBytes(...messages.map((message) => encodeMessage(message as ServerMessage)));

/** One connection of a client at a hostile server. */
export class HostileConnection {
  readonly #stream: ByteStream;
  #writing: Promise<void> = Promise.resolve();
  #isOver = false;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  /** Done when the network has taken it. Messages of types that nobody knows are as welcome. */
  send(...messages: HostileMessage[]): Promise<void> {
    return this.#write(encoded(messages));
  }

  /** Says these again and again, as fast as the network takes them, until the connection is over. */
  async flood(...messages: HostileMessage[]): Promise<void> {
    const once = encoded(messages);
    const bytes = concatBytes(...Array(Math.ceil(FLOOD_BYTES / once.length)).fill(once));
    while (!this.#isOver) await this.#write(bytes);
  }

  /** Lets the client in: alone in the room, whose chat has lines up to `chatLatest`. */
  welcome(chatLatest = 0): Promise<void> {
    return this.send({
      type: "welcome",
      version: PROTOCOL_VERSION,
      participant: ADA.id,
      name: ADA.name,
      room: "Main",
      resume: new Uint8Array(16),
      resumed: false,
      mediaPort: 9,
      voice: "opus",
      epoch: 0,
      linkKey: new Uint8Array(28),
      pictureKey: new Uint8Array(28),
      ssrcs: { feedback: 1, serverFeedback: 2, microphone: 3, camera: 4, cameraLow: 5 },
      chatLatest,
      at: 0,
    }, { type: "participants", list: [ADA], last: true });
  }

  async end(): Promise<void> {
    await this.#writing;
    this.#stream.close();
  }

  /** Takes what a presenter sends on the connection of a share, to its end. @param came So many bytes. */
  async takeScreen(came: (bytes: number) => void): Promise<void> {
    await this.send({ type: "ticket.accepted" });
    const reader = new ScreenMessageReader(["clock.ask", ...CONTENT]);
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (let size; (size = await this.#stream.read(buffer)) !== null;) {
        came(size);
        for (const message of reader.push(buffer.subarray(0, size))) {
          await writeAll(
            this.#stream,
            encodeScreenMessage(
              message.type === "clock.ask"
                ? { ...message, type: "clock.answer", sequence: 0, serverAtMs: 1 }
                : { type: "acknowledge", sequence: message.sequence },
            ),
          );
        }
      }
    } catch {
      // The client ended it.
    }
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.#writing = this.#writing.then(() => writeAll(this.#stream, bytes))
      .catch(() => void (this.#isOver = true));
    return this.#writing;
  }

  /** Until the client ends it. */
  async *messages(): AsyncGenerator<ClientMessage, void, void> {
    const envelopes = new EnvelopeReader();
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let size; (size = await this.#stream.read(buffer)) !== null;) {
        envelopes.push(buffer.subarray(0, size));
        for (let raw; (raw = envelopes.next()) !== undefined;) {
          const message = readClientMessage(raw);
          if (message !== undefined) yield message;
        }
      }
    } catch {
      // It was ended here.
    } finally {
      this.#isOver = true;
    }
  }
}

/** What looks to clients like a server, with its TLS, and answers what the test says. */
export class HostileServer implements AsyncDisposable {
  readonly #listener: TlsListener;
  readonly #folder: TemporaryDirectory;
  readonly #accepting: Promise<void>;
  readonly #streams = new Set<ByteStream>();
  /** That came so far. */
  connectionCount = 0;

  /** @param serve What it does with each connection. */
  static async start(serve: (connection: HostileConnection) => Promise<void>) {
    const folder = new TemporaryDirectory();
    const identity = await loadServerIdentity(folder.path, ["127.0.0.1"]);
    const listener = new TlsListener({ hostname: "127.0.0.1", port: 0, ...identity });
    return new HostileServer(identity.fingerprint, { listener, folder, serve });
  }

  private constructor(
    readonly fingerprint: string,
    { listener, folder, serve }: {
      listener: TlsListener;
      folder: TemporaryDirectory;
      serve: (connection: HostileConnection) => Promise<void>;
    },
  ) {
    this.#listener = listener;
    this.#folder = folder;
    this.#accepting = this.#accept(serve);
  }

  get port(): number {
    return this.#listener.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const stream of this.#streams) stream.close();
    await this.#accepting;
    await this.#folder[Symbol.asyncDispose]();
  }

  async #accept(serve: (connection: HostileConnection) => Promise<void>): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const { stream } of this.#listener.connections()) {
      this.connectionCount++;
      this.#streams.add(stream);
      serving.push(serve(new HostileConnection(stream)).finally(() => stream.close()));
    }
    await Promise.all(serving);
  }
}
