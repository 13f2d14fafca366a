/** Samples compared, and crossfaded where the join is made: 5 ms. */
export const OVERLAP_SAMPLES = 240;
/** Shortest and longest piece left out or repeated: 2.5 and 12.5 ms, a pitch period of any voice. */
export const LAG_SAMPLES_MIN = 120;
export const LAG_SAMPLES_MAX = 600;
/** Sounds this quiet (mean square) may be joined anywhere. */
const QUIET_POWER = 30 * 30;

/** A distance and how alike the sound is at it, -1..1. */
export interface Lag {
  readonly samples: number;
  readonly likeness: number;
}

/**
 * The distance at which a sound resembles itself best: where a piece can be left out or repeated unheard.
 *
 * @param at The sound by place.
 * @param from Place of the `OVERLAP_SAMPLES` compared.
 * @param direction 1 looks at what follows (to shorten), -1 at what went before (to lengthen, to continue).
 *
 * Source: WSOLA, Verhelst and Roelands 1993; the half-rate search keeps it below 0.1 ms.
 */
export function bestLag(
  at: (place: number) => number,
  from: number,
  options: { direction: 1 | -1; samplesMax?: number },
): Lag {
  const { direction } = options;
  const longest = Math.min(LAG_SAMPLES_MAX, options.samplesMax ?? LAG_SAMPLES_MAX);
  // Looked at hundreds of times below: read once.
  const start = direction === 1 ? from : from - longest;
  const sound = new Int32Array(longest + OVERLAP_SAMPLES);
  for (let index = 0; index < sound.length; index++) sound[index] = at(start + index);
  const compared = from - start;
  let best: Lag = { samples: LAG_SAMPLES_MIN, likeness: -1 };
  for (let lag = LAG_SAMPLES_MIN; lag <= longest; lag += 2) {
    const likeness = alike(sound, compared, compared + direction * lag, 2);
    if (likeness > best.likeness) best = { samples: lag, likeness };
  }
  const coarse = best.samples;
  best = { samples: coarse, likeness: -1 };
  for (let lag = coarse - 1; lag <= Math.min(coarse + 1, longest); lag++) {
    const likeness = alike(sound, compared, compared + direction * lag, 1);
    if (likeness > best.likeness) best = { samples: lag, likeness };
  }
  return best;
}

function alike(sound: Int32Array, one: number, other: number, step: number): number {
  let cross = 0, power = 0, otherPower = 0;
  for (let index = 0; index < OVERLAP_SAMPLES; index += step) {
    const a = sound[one + index], b = sound[other + index];
    cross += a * b;
    power += a * a;
    otherPower += b * b;
  }
  const quiet = QUIET_POWER * OVERLAP_SAMPLES / step;
  if (power <= quiet && otherPower <= quiet) return 1;
  return cross / Math.sqrt(Math.max(power, quiet) * Math.max(otherPower, quiet));
}
