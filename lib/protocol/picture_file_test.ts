import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import {
  CONTROL_MESSAGE_BYTES_MAX,
  SHARED_NAME_LENGTH_MAX,
  THUMBNAIL_BYTES_MAX,
} from "./limits.ts";
import { pictureFormat, plainWebpSize, thumbnailFault } from "./picture_file.ts";
import { encodeMessage } from "./envelope.ts";

/** 2 x 1 pixels, made by libwebp. */
const WEBP = Uint8Array.fromBase64(
  "UklGRj4AAABXRUJQVlA4IDIAAACQAQCdASoCAAEAAsBMJaACdLoAA5gA/vDc8uyf/lyOOBrS5HHA1vqNbGuZ9REQUkYAAA==",
);
const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** A header that says so, and nothing behind it. */
function claiming(width: number, height: number, size = 30): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(WEBP.subarray(0, 30));
  const view = new DataView(bytes.buffer);
  view.setUint32(4, size - 8, true);
  view.setUint32(16, size - 20, true);
  view.setUint16(26, width, true);
  view.setUint16(28, height, true);
  return bytes;
}

Deno.test("pictureFormat() knows five kinds by their beginning, and no other", () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ["\xff\xd8\xff\xe0\0\x10JFIF", "jpeg"],
    ["\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "png"],
    ["GIF89a\x01\0", "gif"],
    ["GIF87a\x01\0", "gif"],
    ["RIFF\x10\0\0\0WEBPVP8 ", "webp"],
    ["\0\0\0\x1cftypavif", "avif"],
    ["\0\0\0\x1cftypheic", undefined],
    ["\0\0\0\x1cftypisom", undefined],
    ["RIFF\x10\0\0\0WAVEfmt ", undefined],
    ["<svg xmlns='http://www.w3.org/2000/svg'>", undefined],
    ["II*\0\x08\0\0\0", undefined],
    ["MM\0*\0\0\0\x08", undefined],
    ["%PDF-1.7", undefined],
    ["\xff\xd8", undefined],
    ["", undefined],
  ];
  for (const [beginning, format] of table) {
    strictEqual(pictureFormat(bytesOf(beginning)), format, JSON.stringify(beginning));
  }
});

Deno.test("plainWebpSize() reads one size, and takes nothing but one whole plain picture", () => {
  deepStrictEqual(plainWebpSize(WEBP), { width: 2, height: 1 });
  for (let length = 0; length < WEBP.length; length++) {
    strictEqual(typeof plainWebpSize(WEBP.subarray(0, length)), "string", `${length} bytes`);
  }
  strictEqual(plainWebpSize(Uint8Array.of(...WEBP, 0, 0)), "its sizes do not fit");
  strictEqual(plainWebpSize(claiming(0, 5)), "it has no pixels");
  const changed = (at: number, value: number) => {
    const bytes = WEBP.slice();
    bytes[at] = value;
    return plainWebpSize(bytes);
  };
  strictEqual(changed(15, 88), "it is not a plain WebP");
  strictEqual(changed(20, WEBP[20] | 1), "it does not begin with a key frame");
  strictEqual(changed(23, 0), "it does not begin with a key frame");
});

Deno.test("plainWebpSize() of anything gives a size in range or words", () => {
  const random = seededRandom(29);
  for (let turn = 0; turn < 10_000; turn++) {
    const bytes = WEBP.slice(0, turn % 2 === 0 ? WEBP.length : random.u32() % WEBP.length);
    for (let count = 0; count < 3; count++) {
      if (bytes.length > 0) bytes[random.u32() % bytes.length] = random.u32();
    }
    const size = plainWebpSize(bytes);
    if (typeof size === "string") continue;
    strictEqual(Math.max(size.width, size.height) < 1 << 14, true, bytes.toHex());
  }
});

Deno.test("thumbnailFault() lets nothing larger through than a thumbnail may be", () => {
  strictEqual(thumbnailFault(WEBP), undefined);
  strictEqual(thumbnailFault(claiming(320, 320)), undefined);
  match(thumbnailFault(claiming(321, 1))!, /^it is 321x1, larger than 320$/);
  match(thumbnailFault(claiming(1, 321))!, /larger than 320$/);
  strictEqual(thumbnailFault(claiming(1, 1, THUMBNAIL_BYTES_MAX)), undefined);
  match(thumbnailFault(claiming(1, 1, THUMBNAIL_BYTES_MAX + 1))!, /more than 12288$/);
});

Deno.test("the largest thumbnail fits one offer with the longest name", () => {
  const offer = {
    ...{
      type: "file.offer" as const,
      mark: "m".repeat(64),
      name: "語".repeat(SHARED_NAME_LENGTH_MAX),
    },
    ...{ size: 2 ** 53 - 1, hash: new Uint8Array(32).fill(1) },
    thumbnail: claiming(320, 320, THUMBNAIL_BYTES_MAX),
  };
  const envelope = encodeMessage(offer);
  strictEqual(envelope.length - 4 <= CONTROL_MESSAGE_BYTES_MAX, true, `${envelope.length} bytes`);
});
