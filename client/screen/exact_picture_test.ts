import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { encodeScreenMessage, type ScreenMessage } from "@fusionmeet/protocol";
import { ExactPicture } from "./exact_picture.ts";
import type { ScreenContent } from "./screen_view.ts";

const received = (message: ScreenMessage) =>
  ({ ...message, bytes: encodeScreenMessage(message) }) as ScreenContent;

/** A message with one tile of one colour. */
const tile = (sequence: number, number: number, grey: number) =>
  received({
    ...{ type: "tiles", sequence, capturedAtMs: 0, tiles: [number] },
    deflated: new Uint8Array(deflateRawSync(Uint8Array.of(1, grey, grey, grey))),
  });
const picture = (sequence: number, changed: number) =>
  received({
    ...{ type: "picture", sequence, keyframe: true, capturedAtMs: 0 },
    ...{ changed: Uint8Array.of(changed), accessUnit: Uint8Array.of(1) },
  });

Deno.test("ExactPicture keeps a tile that is newer than the picture that names it, as who comes late gets them", () => {
  const exact = new ExactPicture({ width: 128, height: 64 });
  exact.take(tile(5, 0, 7));
  exact.take(tile(8, 1, 9));
  strictEqual(exact.isWhole, true);
  exact.take(picture(4, 3));
  strictEqual(exact.isWhole, true);
  exact.take(picture(6, 3));
  strictEqual(exact.isWhole, false);
  exact.take(tile(9, 0, 11));
  strictEqual(exact.isWhole, true);
  deepStrictEqual([exact.rgba[0], exact.rgba[4 * 64]], [11, 9]);
  exact.take(received({ type: "stale", sequence: 9, changed: Uint8Array.of(2) }));
  strictEqual(exact.isWhole, false);
});

Deno.test("ExactPicture.begin() is black again, in the memory it has", () => {
  const exact = new ExactPicture({ width: 128, height: 64 });
  exact.take(tile(1, 0, 7));
  exact.take(tile(1, 1, 7));
  const { buffer } = exact.rgba;
  exact.begin({ width: 64, height: 64 });
  strictEqual(exact.isWhole, false);
  deepStrictEqual([exact.rgba.length, exact.rgba.every((byte) => byte === 0)], [4 * 64 * 64, true]);
  strictEqual(exact.rgba.buffer, buffer);
  exact.begin({ width: 128, height: 64 });
  strictEqual(exact.rgba.buffer, buffer);
  exact.take(tile(2, 1, 9));
  exact.take(picture(3, 1));
  deepStrictEqual([exact.isWhole, exact.rgba[0], exact.rgba[4 * 64]], [false, 0, 9]);
  exact.begin({ width: 128, height: 128 });
  strictEqual(exact.rgba.length, 4 * 128 * 128);
});
