/** One RTP payload of a picture. `start`, `end`: the first, the last of it (frame marking S, E). */
export interface PictureFragment {
  readonly payload: Uint8Array;
  readonly start: boolean;
  readonly end: boolean;
}

/** Marks the first and the last of the payloads of one picture. */
export function markFragments(payloads: readonly Uint8Array[]): PictureFragment[] {
  return payloads.map((payload, index) => ({
    payload,
    start: index === 0,
    end: index === payloads.length - 1,
  }));
}
