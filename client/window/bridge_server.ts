import { timingSafeEqual } from "node:crypto";
import {
  FILE_PATH,
  KEY_HEADER,
  MEDIA_SOCKET_PATH,
  PAGE_HELLO_TIMEOUT_MS,
  PAGE_MESSAGE_LENGTH_MAX,
  type PageDecoders,
  type PageMessage,
  type ProgramMessage,
  STATE_SOCKET_PATH,
} from "@fusionmeet/bridge";
import type { Random } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import type { PageFiles } from "./page_files.ts";
import { FILE_MARK, parsePageMessage } from "./page_messages.ts";

/** Sockets that have not shown a token or key; one more is refused. */
export const STRANGERS_MAX = 16;
/** What may wait unsent in the state socket of a page that does not read. */
const STATE_QUEUE_BYTES_MAX = 8 << 20;
const SECRET_BYTES = 32;
const LOOPBACK = "127.0.0.1";

/** What the program does with its page. One page at a time: a newer one takes the place of an older one. */
export interface BridgeHandler {
  /** A page is there (again): answers what it is to be told first. */
  opened(decoders: PageDecoders): readonly ProgramMessage[];
  message(message: Exclude<PageMessage, { do: "hello" }>): void;
  /** The page's media socket is there (again): what was sent into one before may be lost. */
  mediaOpened(): void;
  /** The page posts a file. @returns once it was read; false where it is not wanted, or broke off. */
  file(mark: string, bytes: AsyncIterable<Uint8Array>): Promise<boolean>;
  /** A binary frame of the media socket. */
  frame(frame: Uint8Array): void;
  /** The page is gone, and no other has taken its place. */
  gone(): void;
}

export interface BridgeOptions {
  readonly files: PageFiles;
  readonly random: Random;
  readonly timers: Timers;
  readonly handler: BridgeHandler;
}

/**
 * The page's web server: on the loopback, on a port nobody knows beforehand. The files are no secret; the sockets are
 * for the page alone. A link carries a token in its fragment, which no server and no log ever sees; the page shows
 * it once on its state socket and gets a key, for its media socket and for coming back after a reload.
 */
export class BridgeServer {
  readonly #options: BridgeOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Tokens of links that were not used yet. */
  readonly #tokens = new Set<string>();
  readonly #key: string;
  #strangers = 0;
  #page: WebSocket | undefined;
  #media: WebSocket | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#key = this.#secret();
    this.#server = Deno.serve(
      { hostname: LOOPBACK, port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get #origin(): string {
    return `http://${LOOPBACK}:${this.port}`;
  }

  /** A new link to the page; it opens it once. */
  link(): string {
    const token = this.#secret();
    this.#tokens.add(token);
    return `${this.#origin}/#${token}`;
  }

  /** To the page, if there is one. A page that does not read is let go of. */
  send(message: ProgramMessage): void {
    const page = this.#page;
    if (page?.readyState !== WebSocket.OPEN) return;
    if (page.bufferedAmount > STATE_QUEUE_BYTES_MAX) page.close(4008, "too slow");
    else page.send(JSON.stringify(message));
  }

  /** A binary frame to the page. @returns the bytes that wait, this one included; 0 where nobody listens. */
  sendFrame(frame: Uint8Array): number {
    if (this.#media?.readyState !== WebSocket.OPEN) return 0;
    this.#media.send(frame as Uint8Array<ArrayBuffer>);
    return this.#media.bufferedAmount;
  }

  /** Bytes that wait in the media socket. */
  get queuedFrameBytes(): number {
    return this.#media?.bufferedAmount ?? 0;
  }

  async close(): Promise<void> {
    for (const socket of [this.#page, this.#media]) socket?.close(1001, "the program ends");
    this.#page = this.#media = undefined;
    await Promise.race([this.#server.shutdown(), this.#server.finished]);
  }

  #secret(): string {
    return this.#options.random.fill(new Uint8Array(SECRET_BYTES)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  }

  #answer(request: Request): Response | Promise<Response> {
    const { pathname } = new URL(request.url);
    // A name that leads here (DNS rebinding) is not our address.
    if (request.headers.get("host") !== `${LOOPBACK}:${this.port}`) {
      return refuse(421, "This is not the address of FusionMeet's window");
    }
    if (pathname === STATE_SOCKET_PATH || pathname === MEDIA_SOCKET_PATH) {
      return this.#upgrade(request, pathname);
    }
    if (pathname.startsWith(FILE_PATH)) return this.#takeFile(request, pathname);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refuse(405, "Only GET is answered here");
    }
    return this.#file(pathname);
  }

  #file(pathname: string): Response {
    const file = this.#options.files.get(pathname === "/" ? "/index.html" : pathname);
    if (file === undefined) return refuse(404, "There is nothing here");
    return new Response(file.bytes as Uint8Array<ArrayBuffer>, {
      headers: { ...this.#headers(), "content-type": file.type },
    });
  }

  /** A body is read only of the page's own request, and only of a file that it was asked for. */
  async #takeFile(request: Request, pathname: string): Promise<Response> {
    const { method, headers, body } = request;
    const mark = pathname.slice(FILE_PATH.length);
    if (method !== "POST") return refuse(405, "Only POST is answered here");
    const isPage = headers.get("origin") === this.#origin &&
      isSame(headers.get(KEY_HEADER) ?? "", this.#key);
    if (!isPage) return refuse(403, "Only FusionMeet's own page may send files");
    const isTaken = FILE_MARK.test(mark) &&
      await this.#options.handler.file(mark, body ?? new ReadableStream(NO_BYTES));
    return isTaken
      ? new Response(null, { status: 204, headers: PLAIN_HEADERS })
      : refuse(409, "This file is not wanted now");
  }

  #headers(): Record<string, string> {
    const policy = [
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "style-src 'self'",
      "img-src 'self' data: blob:",
      "font-src 'self'",
      `connect-src 'self' ws://${LOOPBACK}:${this.port}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; ");
    return { ...PLAIN_HEADERS, "content-security-policy": policy };
  }

  #upgrade(request: Request, pathname: string): Response {
    if (request.headers.get("origin") !== this.#origin) {
      return refuse(403, "Only FusionMeet's own page may connect here");
    }
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return refuse(426, "This is a WebSocket");
    }
    if (this.#strangers >= STRANGERS_MAX) return refuse(503, "Too many connections");
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    this.#meet(socket, pathname === STATE_SOCKET_PATH ? "state" : "media");
    return response;
  }

  /** The first message says who it is; whoever does not say it in time, or says it wrong, is gone. */
  #meet(socket: WebSocket, kind: "state" | "media"): void {
    this.#strangers++;
    let isKnown = false;
    const known = () => {
      if (isKnown) return;
      isKnown = true;
      cancel();
      this.#strangers--;
    };
    const cancel = this.#options.timers.after(PAGE_HELLO_TIMEOUT_MS, () => {
      known();
      socket.close(4001, "no hello in time");
    });
    socket.onerror = () => {};
    socket.onclose = known;
    socket.onmessage = ({ data }) => {
      known();
      if (kind === "state") this.#greetPage(socket, data);
      else this.#greetMedia(socket, data);
    };
  }

  #greetPage(socket: WebSocket, data: unknown): void {
    const hello = typeof data === "string" ? readMessage(data) : undefined;
    if (hello?.do !== "hello" || !this.#isWelcome(hello)) {
      const message =
        "This link was used already, or is not from this program: open the window from FusionMeet again";
      socket.send(JSON.stringify({ type: "refused", message } satisfies ProgramMessage));
      socket.close(4003, "not welcome");
      return;
    }
    const before = this.#page;
    this.#page = socket;
    before?.close(4009, "the page was opened somewhere else");
    socket.onmessage = ({ data }) => this.#pageSaid(socket, data);
    socket.onclose = () => {
      if (this.#page !== socket) return;
      this.#page = undefined;
      this.#options.handler.gone();
    };
    const { opened } = this.#options.handler;
    for (const message of opened.call(this.#options.handler, hello.decoders)) {
      this.send(message.type === "ready" ? { ...message, key: this.#key } : message);
    }
  }

  #pageSaid(socket: WebSocket, data: unknown): void {
    const message = typeof data === "string" ? readMessage(data) : undefined;
    if (message === undefined || message.do === "hello") {
      socket.close(4002, "not a message of this version");
    } else if (this.#page === socket) this.#options.handler.message(message);
  }

  #greetMedia(socket: WebSocket, data: unknown): void {
    if (typeof data !== "string" || !isSame(data, this.#key)) {
      socket.close(4003, "not welcome");
      return;
    }
    this.#media?.close(4009, "opened somewhere else");
    this.#media = socket;
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.#options.handler.frame(new Uint8Array(data));
    };
    socket.onclose = () => {
      if (this.#media === socket) this.#media = undefined;
    };
    this.#options.handler.mediaOpened();
  }

  #isWelcome({ token, key }: Extract<PageMessage, { do: "hello" }>): boolean {
    if (key !== undefined && isSame(key, this.#key)) return true;
    const known = [...this.#tokens].find((each) => token !== undefined && isSame(token, each));
    return known !== undefined && this.#tokens.delete(known);
  }
}

const NO_BYTES: UnderlyingDefaultSource<Uint8Array> = { start: (stream) => stream.close() };

const PLAIN_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

function refuse(status: number, message: string): Response {
  return new Response(`${message}.\n`, {
    status,
    headers: { ...PLAIN_HEADERS, "content-type": "text/plain; charset=utf-8" },
  });
}

function readMessage(json: string): PageMessage | undefined {
  return json.length <= PAGE_MESSAGE_LENGTH_MAX ? parsePageMessage(json) : undefined;
}

function isSame(said: string, secret: string): boolean {
  const [a, b] = [said, secret].map((each) => new TextEncoder().encode(each));
  return a.length === b.length && timingSafeEqual(a, b);
}
