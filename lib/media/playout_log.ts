/** Age and count of what is kept. */
const AGE_MS_MAX = 10_000;
const ENTRIES_MAX = 2_048;

const KINDS = [
  "arrival",
  "late",
  "lost",
  "fec",
  "conceal",
  "anchor",
  "rewind",
  "shorten",
  "lengthen",
  "target",
  "switch",
] as const;

/**
 * What happened to a stream, with two numbers:
 * `arrival`, `late`: packet index, RTP timestamp · `lost` (the last of a run), `fec`: packet index, samples filled · `conceal`: samples, run so far ·
 * `anchor`: position, delay ms · `rewind`, `shorten`, `lengthen`: samples, delay ms before · `target`: ms, jitter ms ·
 * `switch`: ssrc, packet index.
 */
export interface Decision {
  readonly atMs: number;
  readonly kind: DecisionKind;
  readonly a: number;
  readonly b: number;
}

export type DecisionKind = typeof KINDS[number];

/** The last ten seconds of arrivals and decisions of one stream; older ones are overwritten. */
export class PlayoutLog {
  readonly #atMs = new Float64Array(ENTRIES_MAX);
  readonly #kind = new Uint8Array(ENTRIES_MAX);
  readonly #a = new Float64Array(ENTRIES_MAX);
  readonly #b = new Float64Array(ENTRIES_MAX);
  #count = 0;

  add(atMs: number, kind: DecisionKind, a: number, b: number): void {
    const at = this.#count++ % ENTRIES_MAX;
    this.#atMs[at] = atMs;
    this.#kind[at] = KINDS.indexOf(kind);
    this.#a[at] = a;
    this.#b[at] = b;
  }

  /** A copy, oldest first, of what is at most ten seconds older than the newest. */
  dump(): Decision[] {
    const decisions: Decision[] = [];
    for (let nth = Math.max(0, this.#count - ENTRIES_MAX); nth < this.#count; nth++) {
      const at = nth % ENTRIES_MAX;
      decisions.push({
        atMs: this.#atMs[at],
        kind: KINDS[this.#kind[at]],
        a: this.#a[at],
        b: this.#b[at],
      });
    }
    const newest = decisions.at(-1)?.atMs ?? 0;
    return decisions.filter(({ atMs }) => atMs >= newest - AGE_MS_MAX);
  }
}
