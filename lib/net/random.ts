import type { Random } from "@fusionmeet/base";

/** The most `crypto.getRandomValues()` fills at once. */
const FILL_BYTES_MAX = 65_536;

/** Chance from the operating system: fit for keys. */
export const systemRandom: Random = {
  fill: (bytes) => {
    for (let at = 0; at < bytes.length; at += FILL_BYTES_MAX) {
      const part = new Uint8Array(Math.min(FILL_BYTES_MAX, bytes.length - at));
      bytes.set(crypto.getRandomValues(part), at);
    }
    return bytes;
  },
  u32: () => crypto.getRandomValues(new Uint32Array(1))[0],
  fraction: () => systemRandom.u32() / 2 ** 32,
};
