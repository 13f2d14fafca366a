/** Levels in dBFS: a sine that just reaches full scale is 0 dBFS, in every function here. */
import { seededRandom } from "@fusionmeet/base";

const FULL_SCALE = 32_768;

/** A part of a recording, in samples; all of it when absent. */
export interface Span {
  readonly from?: number;
  readonly count?: number;
}

export function span(samples: Int16Array, { from = 0, count }: Span): Int16Array {
  return samples.subarray(from, count === undefined ? undefined : from + count);
}

/** The samples of a sine. @param options.atSeconds where in its phase it starts. */
export function tone(
  options: { hz: number; dbfs: number; seconds: number; rate?: number; atSeconds?: number },
): Int16Array<ArrayBuffer> {
  const { hz, dbfs, seconds, rate = 48_000, atSeconds = 0 } = options;
  const amplitude = (FULL_SCALE - 1) * 10 ** (dbfs / 20);
  const step = 2 * Math.PI * hz / rate;
  return Int16Array.from(
    { length: Math.round(seconds * rate) },
    (_, index) => Math.round(amplitude * Math.sin(step * (index + atSeconds * rate))),
  );
}

/** Adds `addition` to `samples` from `at` on, clipping at full scale. */
export function addInto(samples: Int16Array, addition: Int16Array, at = 0): void {
  for (let index = 0; index < addition.length && at + index < samples.length; index++) {
    const sum = samples[at + index] + addition[index];
    samples[at + index] = Math.max(-32_768, Math.min(32_767, sum));
  }
}

/** 20 ms of noise that is found again by `locate` to the sample, also after a codec: a click with a known place. */
export function clickPattern(seed = 1, dbfs = -6): Int16Array<ArrayBuffer> {
  const random = seededRandom(seed);
  const amplitude = FULL_SCALE * 10 ** (dbfs / 20);
  let low = 0;
  return Int16Array.from({ length: 960 }, (_, index) => {
    low += 0.5 * (2 * random.fraction() - 1 - low);
    return Math.round(amplitude * low * Math.sin(Math.PI * index / 960));
  });
}

/** The level of the sine of `hz` in the span (one bin of a DFT under a Hann window). */
export function levelAt(
  samples: Int16Array,
  hz: number,
  part: Span & { rate?: number } = {},
): number {
  const { rate = 48_000 } = part;
  const within = span(samples, part);
  const count = within.length;
  let real = 0;
  let imaginary = 0;
  // Both angles are turned on by a fixed one: a sine and cosine of each sample would take ten times as long.
  const step = 2 * Math.PI * hz / rate;
  const [stepCosine, stepSine] = [Math.cos(step), Math.sin(step)];
  const turn = 2 * Math.PI / count;
  const [turnCosine, turnSine] = [Math.cos(turn), Math.sin(turn)];
  let [toneCosine, toneSine, hannCosine, hannSine] = [1, 0, 1, 0];
  for (let index = 0; index < count; index++) {
    const weighted = (0.5 - 0.5 * hannCosine) * within[index];
    real += weighted * toneCosine;
    imaginary += weighted * toneSine;
    const tone = toneCosine * stepCosine - toneSine * stepSine;
    toneSine = toneSine * stepCosine + toneCosine * stepSine;
    toneCosine = tone;
    const hann = hannCosine * turnCosine - hannSine * turnSine;
    hannSine = hannSine * turnCosine + hannCosine * turnSine;
    hannCosine = hann;
  }
  return dbfs(4 * Math.hypot(real, imaginary) / count);
}

/**
 * The median of `levelAt` over pieces of 200 ms: what a listener hears of a tone, even where a jitter buffer cut a few
 * ms out of it (which breaks its phase, and with it one long `levelAt`).
 */
export function medianLevelAt(
  samples: Int16Array,
  hz: number,
  part: Span & { rate?: number } = {},
): number {
  const { rate = 48_000, from = 0, count = samples.length - from } = part;
  const piece = Math.round(0.2 * rate);
  const levels: number[] = [];
  for (let at = from; at + piece <= from + count; at += piece) {
    levels.push(levelAt(samples, hz, { rate, from: at, count: piece }));
  }
  return levels.sort((a, b) => a - b)[levels.length >> 1];
}

/** The largest sample. */
export function peakDbfs(samples: Int16Array, part: Span = {}): number {
  let peak = 0;
  for (const sample of span(samples, part)) peak = Math.max(peak, Math.abs(sample));
  return dbfs(peak);
}

/** The level of a sine of the same power. */
export function rmsDbfs(samples: Int16Array, part: Span = {}): number {
  const within = span(samples, part);
  let power = 0;
  for (const sample of within) power += sample * sample;
  return dbfs(Math.sqrt(2 * power / within.length));
}

function dbfs(amplitude: number): number {
  return 20 * Math.log10(amplitude / FULL_SCALE);
}

/** Where the silence (below `dbfs` peak in every 5 ms) that lasts to the end of the span starts, in samples. */
export function silentFrom(samples: Int16Array, belowDbfs: number, part: Span = {}): number {
  const within = span(samples, part);
  const block = 240;
  let end = within.length;
  while (
    end > 0 &&
    peakDbfs(within, { from: Math.max(0, end - block), count: Math.min(block, end) }) < belowDbfs
  ) {
    end -= block;
  }
  return (part.from ?? 0) + Math.max(0, end);
}

/**
 * Sample steps no voice band signal makes: where the second difference is over `times` its own RMS in the 20 ms
 * around, and over -40 dBFS. What a hard splice of two tones leaves.
 */
export function findClicks(samples: Int16Array, options: Span & { times?: number } = {}): number[] {
  const { times = 12, from = 0 } = options;
  const within = span(samples, options);
  const clicks: number[] = [];
  const second = new Float64Array(within.length);
  for (let index = 1; index < within.length - 1; index++) {
    second[index] = within[index - 1] - 2 * within[index] + within[index + 1];
  }
  const around = 480;
  for (let start = 0; start < within.length; start += around) {
    const lower = Math.max(0, start - around);
    const upper = Math.min(within.length, start + 2 * around);
    let power = 0;
    for (let index = lower; index < upper; index++) power += second[index] ** 2;
    const limit = Math.max(327, times * Math.sqrt(power / (upper - lower)));
    for (let index = start; index < Math.min(within.length, start + around); index++) {
      if (Math.abs(second[index]) > limit && from + index - (clicks.at(-1) ?? -around) >= 96) {
        clicks.push(from + index);
      }
    }
  }
  return clicks;
}

/** Where a pattern was found. */
export interface Found {
  /** Index of its first sample; may be negative. */
  readonly at: number;
  /** Normalised correlation there, -1..1; 1 is the pattern itself at any level. */
  readonly score: number;
}

/** The place in `samples` (in the span) where `pattern` fits best, by normalised cross-correlation. */
export function locate(pattern: Int16Array, samples: Int16Array, part: Span = {}): Found {
  const within = span(samples, part);
  const correlation = crossCorrelation(pattern, within);
  const energies = windowEnergies(within, pattern.length);
  const own = Math.sqrt(energy(pattern));
  // Quieter places are measured against this floor (-80 dBFS), so that silence does not fit everything.
  const floor = pattern.length * 3 ** 2;
  let best = { at: 0, score: -1 };
  for (let at = 0; at + pattern.length <= within.length; at++) {
    const score = correlation[at] / (own * Math.sqrt(Math.max(floor, energies[at])));
    if (score > best.score) best = { at: at + (part.from ?? 0), score };
  }
  return best;
}

/** Where words were found. */
export interface FoundWords {
  /** Index of their first sample. */
  readonly at: number;
  /** How far the correlation there stands above that everywhere else, in RMS of it: 4 to 9 where they are not. */
  readonly prominence: number;
}

/** Where speech is that differs from one voice to another; below are tones of tests. */
const WORDS_HZ = [600, 8_000] as const;
/** Of the place that was found, and no witness of what is elsewhere. */
const WORDS_NEAR_SAMPLES = 1_440;

/**
 * The place in `samples`, at 48 kHz, where `pattern` is said, also below others' voices and with pieces missing: all
 * frequencies count alike, however loud, so that neither a vowel of somebody else nor a codec's weaker high tones
 * decide.
 *
 * @param samples At least as long as `pattern`; each place where all of it fits is looked at.
 *
 * Source: Knapp and Carter, "The generalized correlation method for estimation of time delay" (phase transform), 1976.
 */
export function locateWords(pattern: Int16Array, samples: Int16Array): FoundWords {
  const size = 2 ** Math.ceil(Math.log2(samples.length));
  const spectrum = (of: Int16Array) => {
    const parts = { real: new Float64Array(size), imaginary: new Float64Array(size) };
    parts.real.set(of);
    fourier(parts.real, parts.imaginary, false);
    return parts;
  };
  const [heard, said] = [spectrum(samples), spectrum(pattern)];
  const phases = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  const [from, to] = WORDS_HZ.map((hz) => Math.round(hz * size / 48_000));
  for (let k = from; k <= to; k++) {
    const real = heard.real[k] * said.real[k] + heard.imaginary[k] * said.imaginary[k];
    const imaginary = heard.imaginary[k] * said.real[k] - heard.real[k] * said.imaginary[k];
    const magnitude = Math.hypot(real, imaginary);
    if (magnitude === 0) continue;
    phases.real[k] = real / magnitude;
    phases.imaginary[k] = imaginary / magnitude;
  }
  fourier(phases.real, phases.imaginary, true);
  const correlation = phases.real.subarray(0, samples.length - pattern.length + 1);
  let at = 0;
  correlation.forEach((each, place) => {
    if (Math.abs(each) > Math.abs(correlation[at])) at = place;
  });
  const elsewhere = correlation.filter((_, place) => Math.abs(place - at) >= WORDS_NEAR_SAMPLES);
  const power = elsewhere.reduce((sum, each) => sum + each ** 2, 0) / elsewhere.length;
  return { at, prominence: power > 0 ? Math.abs(correlation[at]) / Math.sqrt(power) : 0 };
}

/**
 * Scale-invariant signal-to-distortion ratio in dB of `degraded` against `reference`, after moving it by the whole
 * number of samples (up to `shiftMax` each way) that fits best.
 *
 * Source: Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019.
 */
export function siSdr(
  reference: Int16Array,
  degraded: Int16Array,
  options: { shiftMax?: number } = {},
): { dB: number; shift: number } {
  const { shiftMax = 48_000 } = options;
  const shift = bestShift(reference, degraded, shiftMax);
  const from = Math.max(0, -shift);
  const to = Math.min(reference.length, degraded.length - shift);
  let dot = 0;
  let power = 0;
  for (let index = from; index < to; index++) {
    dot += reference[index] * degraded[index + shift];
    power += reference[index] ** 2;
  }
  const scale = dot / power;
  let target = 0;
  let distortion = 0;
  for (let index = from; index < to; index++) {
    const wanted = scale * reference[index];
    target += wanted ** 2;
    distortion += (degraded[index + shift] - wanted) ** 2;
  }
  return { dB: 10 * Math.log10(target / distortion), shift };
}

/** `degraded[index + shift]` fits `reference[index]` best. */
export function bestShift(reference: Int16Array, degraded: Int16Array, shiftMax: number): number {
  const padded = new Int16Array(degraded.length + shiftMax);
  padded.set(degraded, shiftMax);
  const correlation = crossCorrelation(reference, padded);
  let best = 0;
  for (let at = 0; at <= 2 * shiftMax && at < correlation.length; at++) {
    if (correlation[at] > correlation[best]) best = at;
  }
  return best - shiftMax;
}

function energy(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum;
}

/** The energy of `size` samples from each place on. */
function windowEnergies(samples: Int16Array, size: number): Float64Array {
  const energies = new Float64Array(Math.max(0, samples.length - size + 1));
  let sum = energy(samples.subarray(0, size));
  for (let at = 0; at < energies.length; at++) {
    energies[at] = sum;
    sum += (samples[at + size] ?? 0) ** 2 - samples[at] ** 2;
  }
  return energies;
}

/** `result[at]` = sum of pattern[i] * samples[at + i], for `at` from 0 to the last sample. */
function crossCorrelation(pattern: Int16Array, samples: Int16Array): Float64Array {
  const size = 2 ** Math.ceil(Math.log2(samples.length + pattern.length));
  const a = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  // Two real signals in one complex transform: samples in the real part, the reversed pattern in the imaginary one.
  for (let index = 0; index < samples.length; index++) a.real[index] = samples[index];
  for (let index = 0; index < pattern.length; index++) {
    a.imaginary[pattern.length - 1 - index] = pattern[index];
  }
  fourier(a.real, a.imaginary, false);
  const product = { real: new Float64Array(size), imaginary: new Float64Array(size) };
  for (let index = 0; index < size; index++) {
    // (F²(k) - conj(F²(-k))) / 4i = S(k) P(k)
    const mirror = (size - index) % size;
    const r = a.real[index];
    const i = a.imaginary[index];
    const mr = a.real[mirror];
    const mi = a.imaginary[mirror];
    const squareReal = r * r - i * i - (mr * mr - mi * mi);
    const squareImaginary = 2 * r * i + 2 * mr * mi;
    product.real[index] = squareImaginary / 4;
    product.imaginary[index] = -squareReal / 4;
  }
  fourier(product.real, product.imaginary, true);
  return product.real.slice(pattern.length - 1, pattern.length - 1 + samples.length);
}

/** In-place radix-2 FFT. Source: Cooley and Tukey 1965. */
function fourier(real: Float64Array, imaginary: Float64Array, inverse: boolean): void {
  const size = real.length;
  for (let index = 1, reversed = 0; index < size; index++) {
    let bit = size >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index < reversed) {
      const [r, i] = [real[index], imaginary[index]];
      real[index] = real[reversed];
      imaginary[index] = imaginary[reversed];
      real[reversed] = r;
      imaginary[reversed] = i;
    }
  }
  const angle = (inverse ? 2 : -2) * Math.PI / size;
  const cosines = new Float64Array(size >> 1);
  const sines = new Float64Array(size >> 1);
  for (let k = 0; k < cosines.length; k++) {
    cosines[k] = Math.cos(angle * k);
    sines[k] = Math.sin(angle * k);
  }
  for (let length = 2; length <= size; length <<= 1) {
    const half = length >> 1;
    const stride = size / length;
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < half; k++) {
        const [cosine, sine] = [cosines[k * stride], sines[k * stride]];
        const even = start + k;
        const odd = even + half;
        const r = real[odd] * cosine - imaginary[odd] * sine;
        const i = real[odd] * sine + imaginary[odd] * cosine;
        real[odd] = real[even] - r;
        imaginary[odd] = imaginary[even] - i;
        real[even] += r;
        imaginary[even] += i;
      }
    }
  }
  if (inverse) {
    for (let index = 0; index < size; index++) {
      real[index] /= size;
      imaginary[index] /= size;
    }
  }
}
