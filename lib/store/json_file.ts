import { messageOf } from "@fusionmeet/base";
import { readTextIfThere, writeFileAtomically } from "./atomic_file.ts";

/** A small JSON file that is either wholly the old or wholly the new one, also after a crash or a full disk. */
export class JsonFile<T> {
  readonly #path: string;
  readonly #empty: () => T;
  readonly #read: (value: unknown) => T;
  readonly #isSecret: boolean;
  #saving: Promise<void> = Promise.resolve();

  /**
   * @param options.empty What it holds before it was ever saved.
   * @param options.read Checks what was parsed; throws a sentence where it is not what it should be.
   * @param options.secret Readable by its owner alone.
   */
  constructor(
    path: string,
    options: { empty: () => T; read: (value: unknown) => T; secret?: boolean },
  ) {
    this.#path = path;
    this.#empty = options.empty;
    this.#read = options.read;
    this.#isSecret = options.secret ?? false;
  }

  /** What it holds; `empty()` where there is none. @throws Error in words when it is damaged: it is not overwritten. */
  async load(): Promise<T> {
    const text = await readTextIfThere(this.#path);
    if (text === undefined) return this.#empty();
    try {
      return this.#read(JSON.parse(text));
    } catch (cause) {
      throw new Error(`Cannot read ${this.#path}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Replaces it; saves of one `JsonFile` follow each other. The folder must exist. */
  save(value: T): Promise<void> {
    const bytes = new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
    const saved = this.#saving.then(() =>
      writeFileAtomically(this.#path, bytes, { secret: this.#isSecret })
    );
    this.#saving = saved.catch(() => {});
    return saved;
  }
}

/** Checks for `JsonFile`'s `read`: a map of text to text. @throws Error in words. */
export function readTextMap(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("not a map");
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new Error(`${key} is not text`);
  }
  return value as Record<string, string>;
}
