/** Where chance comes from: the system's in programs, `seededRandom` in tests and simulations. */
export interface Random {
  /** Fills and returns `bytes`. */
  fill<T extends Uint8Array>(bytes: T): T;
  /** A whole number, 0..2^32-1. */
  u32(): number;
  /** A fraction in [0, 1). */
  fraction(): number;
}

/** A repeatable source of chance for tests; never for keys. Source: Mulberry32, public domain. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const u32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    u32,
    fraction: () => u32() / 2 ** 32,
    fill: (bytes) => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = u32();
      return bytes;
    },
  };
}
