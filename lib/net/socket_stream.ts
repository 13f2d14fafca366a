import type { Duplex } from "node:stream";
import type { ByteStream } from "./byte_stream.ts";

/** Node's `Duplex` (a `node:net` or `node:tls` socket) as a `ByteStream`. */
export class SocketStream implements ByteStream {
  readonly #socket: Duplex;
  #rest: Uint8Array = new Uint8Array(0);
  #isEnded = false;
  #error: Error | undefined;
  #wakeReader: () => void = () => {};
  #failWriter: (error: Error) => void = () => {};
  /** Called when somebody starts to wait for bytes, and when they have got some. */
  onWanted: (isWanted: boolean) => void = () => {};
  /** Called when nothing more comes, with the error if there was one. */
  onEnded: (error: Error) => void = () => {};

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("readable", () => this.#wakeReader());
    socket.on("end", () => this.#end());
    socket.on("close", () => this.#end());
    socket.on("error", (error) => {
      this.#error ??= error;
      this.#end();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#rest.length === 0) {
      const piece: Uint8Array | null = this.#socket.read();
      if (piece !== null) {
        this.#rest = piece;
        break;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#isEnded) return null;
      this.onWanted(true);
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    this.onWanted(false);
    const size = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, size));
    this.#rest = this.#rest.subarray(size);
    return size;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#failWriter = reject;
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#failWriter = reject;
      this.#socket.end(() => resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
    this.#failWriter(new Error("the connection was closed"));
  }

  #end(): void {
    this.#isEnded = true;
    this.#wakeReader();
    this.onEnded(this.#error ?? new Error("the connection was closed"));
  }
}
