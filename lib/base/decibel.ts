/** The amplitude ratio of a level in dB. */
export function decibelToGain(decibel: number): number {
  return 10 ** (decibel / 20);
}

/** The level in dB of an amplitude ratio; -Infinity for 0. */
export function gainToDecibel(gain: number): number {
  return 20 * Math.log10(gain);
}
