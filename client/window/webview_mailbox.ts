/** Bytes of one line between the two threads of the window's process. */
export const MAILBOX_BYTES_MAX = 64 * 1024;

const EMPTY = 0;
const ENDED = -1;
const HEADER_BYTES = 4;

/**
 * Hands lines from the thread that reads stdin to the one that runs the window. The latter is inside the system's event
 * loop and gets no messages; it is woken by `webview_dispatch` and looks here.
 *
 * Layout: an int32, the bytes of the line that waits (0: none, -1: there will be no more), then the line in UTF-8.
 */
export class Mailbox {
  readonly #length: Int32Array;
  readonly #bytes: Uint8Array;

  /** @param memory `Mailbox.memory()`, the same one on both sides. */
  constructor(memory: SharedArrayBuffer) {
    this.#length = new Int32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, HEADER_BYTES);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEADER_BYTES + MAILBOX_BYTES_MAX);
  }

  /** Waits until the last line was taken; a line that is too long is left out. @param line `undefined`: the last. */
  put(line: string | undefined): void {
    const bytes = new TextEncoder().encode(line ?? "");
    if (bytes.length > MAILBOX_BYTES_MAX) return;
    for (let waits = this.#load(); waits > EMPTY; waits = this.#load()) {
      Atomics.wait(this.#length, 0, waits);
    }
    this.#bytes.set(bytes);
    Atomics.store(this.#length, 0, line === undefined ? ENDED : bytes.length);
  }

  /** Never waits. @returns the line; `ended` when there will be no more; `undefined` when there is none now. */
  take(): { readonly line: string } | "ended" | undefined {
    const length = this.#load();
    if (length === ENDED) return "ended";
    if (length === EMPTY) return undefined;
    const line = new TextDecoder().decode(this.#bytes.slice(0, length));
    Atomics.store(this.#length, 0, EMPTY);
    Atomics.notify(this.#length, 0);
    return { line };
  }

  #load(): number {
    return Atomics.load(this.#length, 0);
  }
}
