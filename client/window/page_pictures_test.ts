import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { decodePictureFrame } from "@fusionmeet/bridge";
import { PagePictures, PICTURE_QUEUE_BYTES_MAX } from "./page_pictures.ts";

class Socket {
  readonly frames: Uint8Array[] = [];
  queuedFrameBytes = 0;
  sendFrame(frame: Uint8Array): number {
    return this.frames.push(frame);
  }
}

const picture = (keyframe: boolean, participant = 1) => ({
  participant,
  codec: "h264",
  keyframe,
  timestamp: 90,
  bytes: new Uint8Array(100),
});

Deno.test("PagePictures passes pictures on with their wait", () => {
  const socket = new Socket();
  new PagePictures(socket, () => 5).push(picture(true), 80);
  const frame = decodePictureFrame(socket.frames[0])!;
  deepStrictEqual([frame.participant, frame.codec, frame.keyframe, frame.waitMs], [
    1,
    "h264",
    true,
    80,
  ]);
});

Deno.test("PagePictures drops whole groups of one person where the page does not keep up", () => {
  const socket = new Socket();
  const pictures = new PagePictures(socket, () => 5);
  pictures.push(picture(true), 0);
  socket.queuedFrameBytes = PICTURE_QUEUE_BYTES_MAX - 100;
  pictures.push(picture(false), 0);
  socket.queuedFrameBytes++;
  pictures.push(picture(false), 0);
  socket.queuedFrameBytes = 0;
  pictures.push(picture(false), 0);
  pictures.push(picture(true, 2), 0);
  pictures.push(picture(true), 0);
  pictures.push(picture(false), 0);
  strictEqual(socket.frames.length, 5);
  deepStrictEqual(pictures.counters.snapshot(), {
    "page-picture-queue-full": 1,
    "page-picture-no-keyframe": 1,
  });
});

Deno.test("PagePictures counts what no page can show", () => {
  const socket = new Socket();
  const pictures = new PagePictures(socket, () => 5);
  pictures.push({ ...picture(true), codec: "av1" }, 0);
  pictures.push({ ...picture(true), bytes: new Uint8Array((2 << 20) + 65) }, 0);
  strictEqual(socket.frames.length, 0);
  deepStrictEqual(pictures.counters.snapshot(), {
    "page-picture-codec": 1,
    "page-picture-too-large": 1,
  });
});

Deno.test("PagePictures.forget() keeps nothing of who is gone", () => {
  const socket = new Socket();
  const pictures = new PagePictures(socket, () => 5);
  pictures.push({ ...picture(true), codec: "av1" }, 0);
  pictures.push(picture(false), 0);
  strictEqual(socket.frames.length, 0, "they have to begin with a keyframe");
  pictures.forget(1);
  pictures.push(picture(false), 0);
  strictEqual(socket.frames.length, 1);
});
