/** Where a sample comes from. */
export const SILENT = 0, DECODED = 1, CONCEALED = 2;

/** Samples of the last 170 ms by their place on the timestamp line; unwritten places are silent. */
export class SampleRing {
  static readonly SIZE = 8_192;
  readonly #samples = new Int16Array(SampleRing.SIZE);
  readonly #origins = new Uint8Array(SampleRing.SIZE);

  at(place: number): number {
    return this.#samples[place & (SampleRing.SIZE - 1)];
  }

  originAt(place: number): number {
    return this.#origins[place & (SampleRing.SIZE - 1)];
  }

  set(place: number, sample: number, origin: number): void {
    this.#samples[place & (SampleRing.SIZE - 1)] = sample;
    this.#origins[place & (SampleRing.SIZE - 1)] = origin;
  }

  /** Writes `pcm` from its `skip`th sample on, which lands at `place`. */
  write(place: number, pcm: Int16Array, options: { skip: number; origin: number }): void {
    for (let index = options.skip; index < pcm.length; index++) {
      const at = (place + index - options.skip) & (SampleRing.SIZE - 1);
      this.#samples[at] = pcm[index];
      this.#origins[at] = options.origin;
    }
  }

  /** Silence everywhere. */
  clear(): void {
    this.#samples.fill(0);
    this.#origins.fill(SILENT);
  }
}
