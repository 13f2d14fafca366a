/** A small JSON file that is either wholly the old or wholly the new one, also after a crash or a full disk. */
export class JsonFile<T> {
  constructor(
    _path: string,
    _options: { empty: () => T; read: (value: unknown) => T; secret?: boolean },
  ) {}
  /** What it holds; `empty()` where there is none. @throws Error in words when it is damaged: it is not overwritten. */
  load(): Promise<T> {
    throw new Error("not yet");
  }
  /** Replaces it; saves of one `JsonFile` follow each other. */
  save(_value: T): Promise<void> {
    throw new Error("not yet");
  }
}
