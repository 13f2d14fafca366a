import { join } from "node:path";

/** Of a log, and of the one before it, which is kept beside it. */
export const LOG_FILE_BYTES_MAX = 4 << 20;

/**
 * A log of lines in a folder that takes no more than twice `bytesMax`: when it is full it becomes `NAME.1`, and a new one
 * begins. A disk that takes nothing (a pulled stick) costs the log and nothing else.
 */
export class LogFile {
  readonly #path: string;
  readonly #bytesMax: number;
  readonly #encoder = new TextEncoder();

  constructor(folder: string, name: string, { bytesMax = LOG_FILE_BYTES_MAX } = {}) {
    this.#path = join(folder, name);
    this.#bytesMax = bytesMax;
  }

  /** Adds a line; it is with the system when this returns. */
  write(line: string): void {
    const bytes = this.#encoder.encode(`${line}\n`);
    try {
      if (this.#size() + bytes.length > this.#bytesMax) {
        Deno.renameSync(this.#path, `${this.#path}.1`);
      }
      Deno.writeFileSync(this.#path, bytes, { append: true });
    } catch {
      // Whoever wants to read it finds that out.
    }
  }

  #size(): number {
    try {
      return Deno.statSync(this.#path).size;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return 0;
      throw thrown;
    }
  }
}
