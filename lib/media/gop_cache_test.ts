import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { GOP_AGE_MS_MAX, GOP_BYTES_MAX, NACK_TAIL_MS } from "@fusionmeet/protocol";
import { GopCache } from "./gop_cache.ts";

/** Pushes one packet of `size` bytes that carries its index in the first two. */
function push(
  cache: GopCache,
  index: number,
  options: { keyframeStart?: boolean; nowMs?: number; size?: number } = {},
) {
  const bytes = new Uint8Array(options.size ?? 2);
  bytes.set([index >> 8, index]);
  const { keyframeStart = false, nowMs = 0 } = options;
  cache.push(bytes, { index, keyframeStart, nowMs });
}

const indices = (packets: Uint8Array[]) => packets.map(([high, low]) => high * 256 + low);

Deno.test("GopCache.replay() gives the packets from the last keyframe on, in order", () => {
  const cache = new GopCache();
  deepStrictEqual(cache.replay(), []);
  push(cache, 9);
  deepStrictEqual(cache.replay(), []);
  push(cache, 10, { keyframeStart: true });
  for (const index of [11, 14, 12, 13]) push(cache, index);
  deepStrictEqual(indices(cache.replay()), [10, 11, 12, 13, 14]);
  push(cache, 21);
  push(cache, 20, { keyframeStart: true });
  deepStrictEqual(indices(cache.replay()), [20, 21]);
  push(cache, 10, { keyframeStart: true });
  push(cache, 15);
  deepStrictEqual(indices(cache.replay()), [20, 21]);
  cache.clear();
  deepStrictEqual(cache.replay(), []);
  strictEqual(cache.bytes, 0);
});

Deno.test("GopCache.find() answers by sequence, also in the wrap, and NACK_TAIL_MS into the last GOP", () => {
  const cache = new GopCache();
  push(cache, 0xfffe, { keyframeStart: true });
  push(cache, 0x10001);
  strictEqual(cache.find(0xfffe)?.[1], 0xfe);
  strictEqual(cache.find(1)?.[1], 1);
  strictEqual(cache.find(2), undefined);
  push(cache, 0x10002, { keyframeStart: true, nowMs: NACK_TAIL_MS });
  strictEqual(cache.find(1)?.[1], 1);
  push(cache, 0x10003, { nowMs: NACK_TAIL_MS + 1 });
  strictEqual(cache.find(1), undefined);
  strictEqual(cache.find(2)?.[1], 2);
});

Deno.test("GopCache.push() replaces a packet one turn of the sequence ago, never by an older one", () => {
  const cache = new GopCache();
  push(cache, 5, { size: 10 });
  push(cache, 0x10005, { size: 4 });
  push(cache, 5, { size: 20 });
  strictEqual(cache.bytes, 4);
});

for (const extra of [-1, 0, 1]) {
  Deno.test(`GopCache at GOP_AGE_MS_MAX ${extra}`, () => {
    const cache = new GopCache();
    push(cache, 1, { keyframeStart: true });
    push(cache, 2, { nowMs: GOP_AGE_MS_MAX - NACK_TAIL_MS });
    push(cache, 3, { nowMs: GOP_AGE_MS_MAX + extra });
    deepStrictEqual(indices(cache.replay()), extra > 0 ? [] : [1, 2, 3]);
    strictEqual(cache.overflowCount, extra > 0 ? 1 : 0);
    strictEqual(cache.find(3)?.[1], 3);
    push(cache, 4, { keyframeStart: true, nowMs: GOP_AGE_MS_MAX + 2 });
    deepStrictEqual(indices(cache.replay()), [4]);
  });

  Deno.test(`GopCache at GOP_BYTES_MAX ${extra}`, () => {
    const cache = new GopCache();
    push(cache, 1, { size: 1_000 });
    push(cache, 2, { keyframeStart: true, size: GOP_BYTES_MAX - 5 });
    strictEqual(cache.find(1), undefined, "the tail goes first");
    push(cache, 3, { size: 5 + extra });
    deepStrictEqual(indices(cache.replay()), extra > 0 ? [] : [2, 3]);
    strictEqual(cache.bytes <= GOP_BYTES_MAX, true);
    strictEqual(cache.find(3)?.[1], 3);
  });
}

Deno.test("GopCache stays bounded in a stream without keyframes", () => {
  const cache = new GopCache();
  for (let index = 0; index < 10_000; index++) push(cache, index, { size: 1_000, nowMs: index });
  strictEqual(cache.bytes, (NACK_TAIL_MS + 1) * 1_000);
  strictEqual(cache.overflowCount, 0);
});
