/** Whole for the first 20 ms, then fading; over after 100 ms. */
const WHOLE_SAMPLES = 960;
const RUN_SAMPLES_MAX = 4_800;
/** Length of every join, and of a last sample's way to zero: 5 ms. */
const JOIN_SAMPLES = 240;
const NOTHING = new Int16Array(0);

/**
 * What is played where nothing came, sample by sample: the codec's continuation of the last sound, faded out within
 * 100 ms; else, and then, the last sample on its way to zero. Also joins what is decoded next to it without a click.
 */
export class Concealment {
  readonly #nextFrame: () => Int16Array | undefined;
  #frame: Int16Array = NOTHING;
  #used = 0;
  #run = 0;
  #last = 0;
  #decayed = JOIN_SAMPLES;

  /** @param nextFrame The codec's next frame; undefined where there is nothing to continue. */
  constructor(nextFrame: () => Int16Array | undefined) {
    this.#nextFrame = nextFrame;
  }

  /** Samples given since the last decoded one, until they are over. */
  get run(): number {
    return this.#run;
  }

  /** The next sample of continued sound, or undefined where it is over: then `fade` goes on. */
  continue(): number | undefined {
    if (this.#run >= RUN_SAMPLES_MAX) return undefined;
    if (this.#used === this.#frame.length) {
      this.#frame = this.#nextFrame() ?? NOTHING;
      this.#used = 0;
      if (this.#frame.length === 0) return this.end();
    }
    return this.#last = this.#fromFrame();
  }

  /** The next sample on the way to zero. */
  fade(): number {
    if (this.#decayed >= JOIN_SAMPLES) return 0;
    return Math.round(this.#last * (1 - ++this.#decayed / JOIN_SAMPLES));
  }

  /** The sound is over: silence is meant. */
  end(): undefined {
    this.#run = RUN_SAMPLES_MAX;
  }

  /** Played from somewhere else from now on: what comes next is joined to the last sample. */
  cut(last: number): void {
    this.#last = last;
    this.#decayed = last === 0 ? JOIN_SAMPLES : 0;
    this.end();
  }

  /**
   * Takes note of decoded samples, from the `skip`th on, and changes the first 5 ms where sound that was made up went
   * before. A whole concealed frame of a codec that makes its own transition (`seamless`) needs none.
   */
  join(pcm: Int16Array, options: { skip: number; seamless: boolean }): void {
    const frameIsOver = this.#used === this.#frame.length;
    const done = options.seamless && frameIsOver && this.#run <= WHOLE_SAMPLES;
    const madeUp = this.#run > 0 && (this.#run < RUN_SAMPLES_MAX || this.#decayed < JOIN_SAMPLES);
    if (madeUp && !done) {
      const samples = Math.min(JOIN_SAMPLES, pcm.length - options.skip);
      for (let index = 0; index < samples; index++) {
        const share = (index + 1) / (samples + 1);
        const old = this.#used < this.#frame.length ? this.#fromFrame() : this.fade();
        const at = options.skip + index;
        pcm[at] = Math.round(pcm[at] * share + old * (1 - share));
      }
    }
    this.#frame = NOTHING;
    this.#used = this.#run = this.#decayed = 0;
    this.#last = pcm[pcm.length - 1];
  }

  #fromFrame(): number {
    const fading = (this.#run++ - WHOLE_SAMPLES) / (RUN_SAMPLES_MAX - WHOLE_SAMPLES);
    const sample = this.#frame[this.#used++];
    return fading <= 0 ? sample : Math.round(sample * Math.max(0, 1 - fading));
  }
}
