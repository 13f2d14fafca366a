/** Odd, so that stepping by it visits every 32-bit number before it meets one again; large, so that neighbours look unrelated. */
const STEP = 0x9e37_79b1;

/** Gives SSRCs that are unique in this server for 2^32 calls, without remembering them. Never 0. */
export class SsrcSource {
  #next: number;

  /** @param start Where to start: random, so that two runs of the server share few. */
  constructor(start: number) {
    this.#next = start >>> 0;
  }

  take(): number {
    const ssrc = this.#next;
    this.#next = (this.#next + STEP) >>> 0;
    return ssrc === 0 ? this.take() : ssrc;
  }
}
