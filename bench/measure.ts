/** Time of one call in µs: the fastest of `rounds` rounds of `calls` each, so that other load counts little. */
export function microseconds(
  calls: number,
  call: (index: number) => void,
  options: { rounds?: number } = {},
): number {
  let fastest = Infinity;
  for (let round = 0; round < (options.rounds ?? 7); round++) {
    const startMs = performance.now();
    for (let index = 0; index < calls; index++) call(round * calls + index);
    fastest = Math.min(fastest, performance.now() - startMs);
  }
  return 1_000 * fastest / calls;
}

/** Prints named times under a title, each against the first, the baseline. */
export function printTimes(title: string, times: readonly (readonly [string, number])[]): void {
  const baseline = times[0][1];
  console.log(`\n${title}`);
  for (const [what, time] of times) {
    const factor = time === baseline ? "" : `${(time / baseline).toFixed(2)}x`;
    console.log(`  ${what.padEnd(56)} ${time.toFixed(2).padStart(9)} µs ${factor.padStart(8)}`);
  }
}
