import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import type { CameraPicture } from "../capture/camera.ts";
import { OwnPreview } from "./own_preview.ts";

const picture = (capturedAtMs: number, keyframe: boolean): CameraPicture => ({
  codec: "h264",
  bytes: Uint8Array.of(0, 0, 0, 1, capturedAtMs & 0xff),
  keyframe,
  capturedAtMs,
});

/** The capture times of what is shown. */
const shown = (preview: OwnPreview, pictures: CameraPicture[]) =>
  pictures.filter((each) => preview.take(each)).map(({ capturedAtMs }) => capturedAtMs);

Deno.test("OwnPreview shows nothing until it is wanted, and then from the next keyframe on", () => {
  const preview = new OwnPreview();
  const gop = (fromMs: number) => [0, 1, 2].map((nth) => picture(fromMs + nth, nth === 0));
  deepStrictEqual(shown(preview, gop(0)), []);
  preview.turn(true);
  deepStrictEqual(shown(preview, [...gop(10).slice(1), ...gop(20)]), [20, 21, 22]);
  preview.turn(true);
  deepStrictEqual(shown(preview, gop(30).slice(1)), [31, 32], "it was on");
  preview.restart();
  deepStrictEqual(shown(preview, [...gop(40).slice(1), ...gop(50)]), [50, 51, 52]);
  preview.turn(false);
  deepStrictEqual(shown(preview, gop(60)), []);
  preview.turn(true);
  deepStrictEqual(shown(preview, gop(70).slice(1)), []);
});

Deno.test("OwnPreview gives copies with 90 kHz timestamps that wrap", () => {
  const preview = new OwnPreview();
  preview.turn(true);
  const one = picture(1_700_000_000_000, true);
  const event = preview.take(one)!;
  deepStrictEqual(event, {
    event: "preview",
    codec: "h264",
    keyframe: true,
    bytes: one.bytes,
    timestamp: 1_700_000_000_000 * 90 % 2 ** 32,
  });
  notStrictEqual(event.bytes.buffer, one.bytes.buffer);
  const next = preview.take(picture(1_700_000_000_040, false))!;
  strictEqual((next.timestamp - event.timestamp) >>> 0, 3_600);
});
