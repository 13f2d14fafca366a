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
