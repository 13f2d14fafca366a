import {
  MEDIA_SOCKET_PATH,
  type PageDecoders,
  type PageMessage,
  type ProgramMessage,
  STATE_SOCKET_PATH,
} from "@fusionmeet/bridge";
import type { Store } from "./store.ts";

/** Pauses between attempts to reach the program again. */
export const REDIAL_MS = 500;
/** Away for longer than this, the program counts as gone; the attempts go on. */
export const GONE_AFTER_MS = 4_000;

/** The program closes with this code when another page took the place of this one. */
const ELSEWHERE_CODE = 4009;
const KEY_ITEM = "fusionmeet.key";

type FileMessage = Extract<ProgramMessage, { type: "file.wanted" | "file.unwanted" }>;

/** What the connection needs of the browser. */
export interface PagePlace {
  /** Origin of the page with the scheme of a socket: `ws://127.0.0.1:1234`. */
  readonly socketOrigin: string;
  /** The token of the link; empty after a reload. */
  readonly token: string;
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  openSocket(url: string): StateSocket;
  setTimer(run: () => void, ms: number): void;
  now(): number;
}

/** As much of a WebSocket as is used. */
export interface StateSocket {
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  readonly readyState: number;
  send(data: string): void;
}

/**
 * The state socket: says hello with the token of the link, or after a reload with the key it was exchanged for;
 * comes back by itself as long as the page is open.
 */
export class Connection {
  readonly #place: PagePlace;
  readonly #store: Store;
  readonly #decoders: PageDecoders;
  readonly #onFile: (message: FileMessage) => void;
  readonly #onReady: (key: string, mediaUrl: string) => void;
  #token: string;
  #socket: StateSocket | undefined;
  #isReady = false;
  #lostAt: number | undefined;

  constructor(options: {
    place: PagePlace;
    store: Store;
    decoders: PageDecoders;
    /** The program knows the page: `key` opens the media socket at `mediaUrl`. */
    onReady: (key: string, mediaUrl: string) => void;
    /** The program wants a file of the page, or does not any more. */
    onFile: (message: FileMessage) => void;
  }) {
    this.#place = options.place;
    this.#store = options.store;
    this.#decoders = options.decoders;
    this.#onReady = options.onReady;
    this.#onFile = options.onFile;
    this.#token = options.place.token;
    this.#dial();
  }

  /** Says it to the program; while that cannot be reached nothing is said, and the page shows why. */
  readonly send = (message: PageMessage): void => {
    if (this.#isReady) this.#socket?.send(JSON.stringify(message));
  };

  /** Takes the place of the other page that took the place of this one. */
  readonly takeBack = (): void => {
    this.#store.link.value = "lost";
    this.#dial();
  };

  #dial(): void {
    const socket = this.#place.openSocket(this.#place.socketOrigin + STATE_SOCKET_PATH);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data) as ProgramMessage);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #hello(): PageMessage {
    const decoders = this.#decoders;
    if (this.#token) return { do: "hello", token: this.#token, decoders };
    return { do: "hello", key: this.#place.storage.getItem(KEY_ITEM) ?? "", decoders };
  }

  #receive(message: ProgramMessage): void {
    if (message.type === "file.wanted" || message.type === "file.unwanted") {
      return this.#onFile(message);
    }
    if (message.type === "ready") {
      this.#isReady = true;
      this.#lostAt = undefined;
      this.#token = "";
      this.#place.storage.setItem(KEY_ITEM, message.key);
      this.#onReady(message.key, this.#place.socketOrigin + MEDIA_SOCKET_PATH);
    }
    if (message.type === "refused") this.#place.storage.removeItem(KEY_ITEM);
    this.#store.apply(message);
  }

  #closed(code: number): void {
    this.#isReady = false;
    const { link } = this.#store;
    if (code === ELSEWHERE_CODE) {
      link.value = "elsewhere";
      return;
    }
    if (link.value === "refused") return;
    this.#lostAt ??= this.#place.now();
    const isGone = this.#place.now() - this.#lostAt >= GONE_AFTER_MS;
    link.value = isGone ? "gone" : link.value === "connecting" ? "connecting" : "lost";
    this.#place.setTimer(() => this.#dial(), REDIAL_MS);
  }
}
