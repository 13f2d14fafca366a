import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { decodeScreenMessage, SCREEN_STILL_MS, type ScreenMessage } from "@fusionmeet/protocol";
import { ExactPicture } from "./exact_picture.ts";
import { FRAME_SKEW_MS, IN_FLIGHT_MS_MAX, ScreenFeed } from "./screen_feed.ts";

/** 3 x 2 tiles, those at the edges cut. */
const SIZE = { width: 150, height: 100 };
const FORMAT = { ...SIZE, scaled: false, title: "Screen 1" };
const SENSOR_BYTES = 19 * 13;
const KEYFRAME = { bytes: Uint8Array.of(1, 2, 3), keyframe: true };
const PICTURE = { bytes: Uint8Array.of(4, 5), keyframe: false };

/** A feed, its clock, and a viewer that shows what comes. */
class Presenting {
  nowMs = 10_000;
  readonly sent: ScreenMessage[] = [];
  readonly viewer = new ExactPicture(SIZE);
  readonly frame = new Uint8Array(4 * SIZE.width * SIZE.height);
  readonly grey = new Uint8Array(SENSOR_BYTES);
  readonly feed: ScreenFeed;
  isAnswered = true;
  #sequence = 0;

  constructor() {
    this.feed = new ScreenFeed({
      format: FORMAT,
      nextSequence: () => ++this.#sequence,
      nowMs: () => this.nowMs,
      toServerMs: (localMs) => localMs + 5,
      post: (bytes) => {
        const message = decodeScreenMessage(bytes);
        this.sent.push(message);
        this.viewer.take({ ...message, bytes } as never);
        if (this.isAnswered) queueMicrotask(() => this.feed.acknowledged(message.sequence));
      },
    });
  }

  /** A pixel becomes another one. */
  paint(x: number, y: number, colour: number): void {
    const at = 4 * (y * SIZE.width + x);
    this.frame.set([colour, colour >> 8, colour >> 16], at);
  }

  /** The sensor's sample over a pixel becomes another one. */
  sense(x: number, y: number): void {
    this.grey[Math.floor(y * 13 / 100) * 19 + Math.floor(x * 19 / 150)]++;
  }

  /** ffmpeg gives a raw frame as things are. */
  grab(): void {
    this.feed.frame(this.frame.slice(), this.nowMs);
  }

  picture(picture = PICTURE): void {
    this.feed.picture(picture, this.grey.slice(), this.nowMs - 3);
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    while (this.feed.sendTiles());
    await Promise.resolve();
  }

  /** A screen that has been still for long. */
  static async still(): Promise<Presenting> {
    const presenting = new Presenting();
    presenting.picture(KEYFRAME);
    for (let count = 0; count < 4; count++) {
      presenting.grab();
      await presenting.pass(100);
    }
    presenting.sent.length = 0;
    return presenting;
  }

  tilesSent(): number[] {
    return this.sent.flatMap((message) => message.type === "tiles" ? [...message.tiles] : []);
  }

  /** What the viewer shows, as frames have it. */
  shown(): Uint8Array {
    const shown = this.viewer.rgba.slice();
    for (let at = 0; at < shown.length; at += 4) {
      [shown[at], shown[at + 2], shown[at + 3]] = [shown[at + 2], shown[at], 0];
    }
    return shown;
  }
}

Deno.test("A feed begins with its format, and all of a still screen is exact after SCREEN_STILL_MS", async () => {
  const presenting = new Presenting();
  deepStrictEqual(presenting.sent, [{ type: "format", sequence: 1, ...FORMAT }]);
  presenting.paint(149, 99, 0xfedcba);
  presenting.grab();
  await presenting.pass(SCREEN_STILL_MS - 1);
  presenting.grab();
  await presenting.pass(0);
  strictEqual(presenting.viewer.isWhole, false);
  await presenting.pass(1);
  strictEqual(presenting.viewer.isWhole, true);
  strictEqual(presenting.feed.pendingTiles, 0);
  deepStrictEqual(presenting.shown(), presenting.frame);
});

Deno.test("A picture is sent at once with what changed, and its tiles when they have been still", async () => {
  const presenting = await Presenting.still();
  presenting.paint(100, 10, 0x102030);
  presenting.sense(100, 10);
  presenting.picture();
  const [message] = presenting.sent;
  ok(message.type === "picture" && !message.keyframe);
  strictEqual(message.capturedAtMs, presenting.nowMs - 3 + 5);
  strictEqual(message.changed.toHex(), "02");
  strictEqual(presenting.viewer.isWhole, false);
  await presenting.pass(60);
  presenting.grab();
  await presenting.pass(SCREEN_STILL_MS - 60 - 1);
  deepStrictEqual(presenting.tilesSent(), []);
  await presenting.pass(1);
  deepStrictEqual(presenting.tilesSent(), [1]);
  deepStrictEqual(presenting.shown(), presenting.frame);
});

Deno.test("A tile is not taken from a frame that may be older than its last change", async () => {
  const presenting = await Presenting.still();
  presenting.sense(100, 10);
  presenting.picture();
  await presenting.pass(FRAME_SKEW_MS - 1);
  presenting.grab();
  await presenting.pass(SCREEN_STILL_MS);
  deepStrictEqual(presenting.tilesSent(), []);
  presenting.grab();
  await presenting.pass(0);
  deepStrictEqual(presenting.tilesSent(), [1]);
});

Deno.test("One changed pixel that the sensor does not see comes exactly all the same", async () => {
  const presenting = await Presenting.still();
  presenting.paint(0, 99, 1);
  presenting.grab();
  await presenting.pass(SCREEN_STILL_MS);
  presenting.grab();
  await presenting.pass(0);
  deepStrictEqual(presenting.tilesSent(), [3]);
  deepStrictEqual(presenting.shown(), presenting.frame);
});

Deno.test("What changes on and on and is not seen by the sensor is stale with the next picture", async () => {
  const presenting = await Presenting.still();
  for (let count = 0; count < 4; count++) {
    presenting.paint(0, 0, count + 1);
    presenting.grab();
    await presenting.pass(SCREEN_STILL_MS - 10);
  }
  deepStrictEqual(presenting.tilesSent(), []);
  presenting.picture();
  const [message] = presenting.sent;
  ok(message.type === "picture");
  strictEqual(message.changed.toHex(), "01");
});

Deno.test("A server that does not keep up gets no pictures until a keyframe, which tells all that changed", async () => {
  const presenting = await Presenting.still();
  presenting.isAnswered = false;
  presenting.picture();
  const last = presenting.sent.at(-1)!;
  presenting.nowMs += IN_FLIGHT_MS_MAX;
  presenting.sense(0, 0);
  presenting.picture();
  presenting.feed.acknowledged(last.sequence);
  presenting.sense(149, 99);
  presenting.picture();
  strictEqual(presenting.feed.counts.skippedPictures, 2);
  strictEqual(presenting.sent.length, 1);
  presenting.picture(KEYFRAME);
  const [, message] = presenting.sent;
  ok(message.type === "picture" && message.keyframe);
  strictEqual(message.changed.toHex(), "21");
});

Deno.test("Tiles wait while much is under way, and go on when that has arrived", async () => {
  const presenting = await Presenting.still();
  presenting.isAnswered = false;
  const large = { bytes: new Uint8Array(600 << 10), keyframe: true };
  presenting.sense(0, 0);
  presenting.picture(large);
  presenting.nowMs += FRAME_SKEW_MS;
  presenting.grab();
  await presenting.pass(SCREEN_STILL_MS);
  deepStrictEqual(presenting.tilesSent(), []);
  presenting.feed.acknowledged(presenting.sent.at(-1)!.sequence);
  await presenting.pass(0);
  deepStrictEqual(presenting.tilesSent(), [0]);
});
