/** Where a sample comes from. */
export const SILENT = 0, DECODED = 1, CONCEALED = 2;

const SIZE = 8_192;
const MASK = SIZE - 1;

/** Samples of the last 170 ms by their place on the timestamp line; unwritten places are silent. */
export class SampleRing {
  readonly #samples = new Int16Array(SIZE);
  readonly #origins = new Uint8Array(SIZE);

  at(place: number): number {
    return this.#samples[place & MASK];
  }

  set(place: number, sample: number, origin: number): void {
    this.#samples[place & MASK] = sample;
    this.#origins[place & MASK] = origin;
  }

  /** Writes `pcm`, whose first sample lands at `place`. */
  write(place: number, pcm: Int16Array, origin: number): void {
    const at = place & MASK;
    const fits = Math.min(pcm.length, SIZE - at);
    this.#samples.set(pcm.subarray(0, fits), at);
    this.#origins.fill(origin, at, at + fits);
    if (fits < pcm.length) this.write(place + fits, pcm.subarray(fits), origin);
  }

  /** Reads `out.length` samples from `place` on. @returns how many of them are of `DECODED` and `CONCEALED` origin. */
  read(place: number, out: Int16Array): { decoded: number; concealed: number } {
    const at = place & MASK;
    const fits = Math.min(out.length, SIZE - at);
    out.set(this.#samples.subarray(at, at + fits));
    let decoded = 0, concealed = 0;
    for (let index = at; index < at + fits; index++) {
      const origin = this.#origins[index];
      if (origin === DECODED) decoded++;
      else if (origin === CONCEALED) concealed++;
    }
    if (fits === out.length) return { decoded, concealed };
    const rest = this.read(place + fits, out.subarray(fits));
    return { decoded: decoded + rest.decoded, concealed: concealed + rest.concealed };
  }

  /** Silence everywhere. */
  clear(): void {
    this.#samples.fill(0);
    this.#origins.fill(SILENT);
  }
}
