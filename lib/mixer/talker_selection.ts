const HOLD_MS = 400;
const HYSTERESIS_DB = 3;
/** A pause between two words costs nobody a place: levels fall this slowly. */
const DECAY_DB_PER_SECOND = 20;

/** Someone whose voice was decoded in this tick. */
export interface Candidate {
  readonly id: number;
  /** Measured level of this frame, -127..0 dBov. */
  readonly level: number;
}

/** Who is in the mix in this tick. */
export interface Selection {
  /** Ids to mix, at most the maximum plus those leaving. */
  readonly talkers: readonly number[];
  /** Those of `talkers` who come in mid-word: ramp this frame 0 to 1. */
  readonly entering: readonly number[];
  /** Those of `talkers` who were displaced mid-word: ramp this frame 1 to 0, their last one. */
  readonly leaving: readonly number[];
}

interface Contender {
  readonly id: number;
  /** Peak level, falling slowly. */
  level: number;
  /** When it got its place; undefined without one. */
  placedAtMs: number | undefined;
  heardAtMs: number;
  /** It had sound in the tick before, and was not mixed. */
  waiting: boolean;
}

/**
 * Chooses the loudest talkers by measured level. A talker keeps the place for 400 ms at least, and then until another
 * is 3 dB louder; who is silent for 400 ms gives it up.
 */
export class TalkerSelection {
  readonly #talkersMax: number;
  readonly #contenders = new Map<number, Contender>();
  #lastMs: number | undefined;

  constructor(options: { talkersMax: number }) {
    this.#talkersMax = options.talkersMax;
  }

  /** @param candidates Everyone with sound in this tick, muted and silent people left out. */
  select(candidates: readonly Candidate[], nowMs: number): Selection {
    this.#listen(candidates, nowMs);
    const leaving = this.#place(nowMs);
    const talkers: number[] = [], entering: number[] = [];
    for (const contender of this.#contenders.values()) {
      if (contender.heardAtMs !== nowMs) contender.waiting = false;
      else if (contender.placedAtMs === undefined) contender.waiting = true;
      else {
        talkers.push(contender.id);
        if (contender.waiting) entering.push(contender.id);
        contender.waiting = false;
      }
    }
    return { talkers: [...talkers, ...leaving], entering, leaving };
  }

  #listen(candidates: readonly Candidate[], nowMs: number): void {
    const decay = DECAY_DB_PER_SECOND * (nowMs - (this.#lastMs ?? nowMs)) / 1_000;
    this.#lastMs = nowMs;
    for (const contender of this.#contenders.values()) contender.level -= decay;
    for (const { id, level } of candidates) {
      const known = this.#contenders.get(id);
      if (known) {
        known.level = Math.max(known.level, level);
        known.heardAtMs = nowMs;
      } else {
        const contender = { id, level, placedAtMs: undefined, heardAtMs: nowMs, waiting: false };
        this.#contenders.set(id, contender);
      }
    }
    for (const contender of this.#contenders.values()) {
      if (nowMs - contender.heardAtMs > HOLD_MS) this.#contenders.delete(contender.id);
    }
  }

  /** Gives the places; returns those displaced while they still sound. */
  #place(nowMs: number): number[] {
    const leaving: number[] = [];
    const byLevel = [...this.#contenders.values()].sort((a, b) => b.level - a.level);
    const placed = byLevel.filter((contender) => contender.placedAtMs !== undefined);
    for (const challenger of byLevel) {
      if (challenger.placedAtMs !== undefined || challenger.heardAtMs !== nowMs) continue;
      if (placed.length >= this.#talkersMax) {
        const weakest = placed.findLast((held) => nowMs - held.placedAtMs! >= HOLD_MS);
        if (!weakest || challenger.level < weakest.level + HYSTERESIS_DB) break;
        placed.splice(placed.indexOf(weakest), 1);
        weakest.placedAtMs = undefined;
        if (weakest.heardAtMs === nowMs) leaving.push(weakest.id);
      }
      challenger.placedAtMs = nowMs;
      placed.push(challenger);
      placed.sort((a, b) => b.level - a.level);
    }
    return leaving;
  }
}
