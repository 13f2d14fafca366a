import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { TileGrid, TileSet } from "@fusionmeet/protocol";
import { FrameDiff, PIXEL_BYTES } from "./frame_diff.ts";
import { MotionSensor, sensorSize } from "./motion_sensor.ts";
import { RawFrames } from "./raw_frames.ts";
import { TilePacker } from "./tile_packer.ts";
import { SCREEN_TILES_BYTES_MAX } from "@fusionmeet/protocol";

const GRID = new TileGrid(200, 130);

Deno.test("FrameDiff names the tile of every single pixel, and no other", () => {
  const random = seededRandom(1);
  const before = new Uint8Array(GRID.width * GRID.height * PIXEL_BYTES);
  const diff = new FrameDiff(GRID);
  strictEqual(diff.compare(before, before.slice(), new TileSet(GRID.count)), false);
  const corners = [[0, 0], [63, 63], [64, 63], [199, 0], [199, 129], [0, 129], [128, 128]];
  const chance = Array.from({ length: 50 }, () => [random.u32() % 200, random.u32() % 130]);
  for (const [x, y] of [...corners, ...chance]) {
    const after = before.slice();
    after[(y * GRID.width + x) * PIXEL_BYTES + random.u32() % 3] ^= 1;
    const changed = new TileSet(GRID.count);
    strictEqual(diff.compare(before, after, changed), true);
    deepStrictEqual([...changed], [Math.floor(y / 64) * GRID.columns + Math.floor(x / 64)]);
  }
});

Deno.test("MotionSensor names every tile a changed sample may stand for, and none at first", () => {
  const { width, height } = sensorSize(GRID);
  const sensor = new MotionSensor(GRID);
  strictEqual(sensor.bytes, width * height);
  const still = new Uint8Array(width * height);
  strictEqual(sensor.push(still).isEmpty, true);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const moved = still.slice();
      moved[y * width + x] = 1;
      const changed = sensor.push(moved);
      const middle = { x: (x + 0.5) * GRID.width / width, y: (y + 0.5) * GRID.height / height };
      strictEqual(
        changed.has(Math.floor(middle.y / 64) * GRID.columns + Math.floor(middle.x / 64)),
        true,
      );
      strictEqual(changed.size <= 4, true);
      sensor.push(still);
    }
  }
});

Deno.test("RawFrames cuts frames out of pieces of any size, with the time of their first byte", () => {
  const frames = new RawFrames(10);
  const all = Uint8Array.from({ length: 35 }, (_, index) => index);
  const seen: number[][] = [];
  for (let at = 0, nowMs = 0; at < all.length; at += 3, nowMs++) {
    for (const { frame, atMs } of frames.push(all.subarray(at, at + 3), nowMs)) {
      seen.push([frame[0], frame[9], atMs]);
      frames.free(frame);
    }
  }
  deepStrictEqual(seen, [[0, 9, 0], [10, 19, 3], [20, 29, 6]]);
});

Deno.test("TilePacker keeps the limit of a message, also where nothing can be made smaller", () => {
  const random = seededRandom(2);
  const frame = new Uint8Array(1_920 * 192 * PIXEL_BYTES);
  random.fill(frame);
  const packer = new TilePacker(new TileGrid(1_920, 192));
  let due = Array.from({ length: 90 }, (_, tile) => tile);
  const packed: number[] = [];
  while (due.length > 0) {
    const { tiles, deflated } = packer.pack(frame, due);
    strictEqual(10 + 2 * tiles.length + deflated.length <= SCREEN_TILES_BYTES_MAX, true);
    packed.push(...tiles);
    due = due.slice(tiles.length);
  }
  strictEqual(packed.length, 90);
});
