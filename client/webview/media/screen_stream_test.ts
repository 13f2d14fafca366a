import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import {
  encodeScreenMessage,
  type ScreenMessage,
  TILE_BYTES_MAX,
  TileEncoder,
  TileGrid,
  type TileRect,
  TileSet,
} from "@fusionmeet/protocol";
import { ScreenStream } from "./screen_stream.ts";

/** SPS of 64x64 and an IDR slice, Annex B. */
const KEYFRAME = Uint8Array.fromBase64(
  "AAAAAWdCwAraEJsBEAAAAwAQAAADA8jxImoAAAABaM4PyAAAAWWIhDoRigACGPHAAED2OAAIeUnEYoAAhRxwABFOjgACI/J1109dddPXXXT14A==",
);
const DELTA = Uint8Array.of(0, 0, 0, 1, 0x41, 9);
/** One tile; the coded picture has even sides. */
const SMALL = { width: 63, height: 63 };

/** A stream whose decoder, screen and clock the test holds; what it paints is written down. */
class Stage {
  readonly painted: string[] = [];
  readonly held: number[] = [];
  nowMs = 1_000;
  openImages = 0;
  changes = 0;
  #init: VideoDecoderInit | undefined;
  #frames: (() => void)[] = [];
  sequence = 1;
  readonly stream: ScreenStream;

  constructor(decodesH264 = true) {
    this.stream = new ScreenStream(9, {
      surface: {
        resize: (width, height) => this.painted.push(`size ${width}x${height}`),
        drawPicture: (image) => this.painted.push(`picture ${(image as any).name}`),
        putTile: ({ x, y }: TileRect, rgba) =>
          this.painted.push(`tile ${x},${y} ${rgba.subarray(0, 4).join(" ")}`),
        clearTile: ({ x, y }: TileRect) => this.painted.push(`clear ${x},${y}`),
      },
      codecs: {
        openVideo: (init) => {
          this.#init = init;
          const { held } = this;
          held.length = 0;
          return {
            ...{ state: "configured", configure: () => {}, close: () => {} },
            get decodeQueueSize() {
              return held.length;
            },
            decode: ({ timestamp }: EncodedVideoChunk) => held.push(timestamp),
          } as unknown as VideoDecoder;
        },
        chunk: ({ timestamp }) => ({ timestamp }) as EncodedVideoChunk,
        openJpeg: () => Promise.reject(new Error("no JPEG here")),
      },
      decodesH264,
      onFrame: (draw) => void this.#frames.push(draw),
      nowMs: () => this.nowMs,
      changed: () => void this.changes++,
    });
  }

  /** Numbers the message, and takes it. */
  say(message: Record<string, unknown>, offsetMs = 0): number {
    const sequence = this.sequence++;
    this.take({ ...message, sequence } as unknown as ScreenMessage, offsetMs);
    return sequence;
  }

  take(message: ScreenMessage, offsetMs = 0): void {
    this.stream.take(encodeScreenMessage(message), offsetMs);
  }

  format(size: { width: number; height: number } = SMALL): number {
    return this.say({ type: "format", ...size, scaled: false, title: "Screen 1" });
  }

  picture(keyframe: boolean, options: { changed?: TileSet; capturedAtMs?: number } = {}): number {
    const { changed, capturedAtMs = this.nowMs } = options;
    const accessUnit = keyframe ? KEYFRAME : DELTA;
    const bits = changed?.bits ?? new Uint8Array();
    return this.say({ type: "picture", keyframe, capturedAtMs, changed: bits, accessUnit });
  }

  /** Tiles of one colour. */
  tiles(tiles: readonly number[], colour: number, size = SMALL): number {
    const grid = new TileGrid(size.width, size.height);
    const picture = {
      pixels: new Uint32Array(size.width * size.height).fill(colour),
      stride: size.width,
    };
    const raw = new Uint8Array(tiles.length * TILE_BYTES_MAX);
    const encoder = new TileEncoder();
    let end = 0;
    for (const tile of tiles) end = encoder.write(picture, grid.rect(tile), raw, end);
    return this.deflated(tiles, raw.subarray(0, end));
  }

  deflated(tiles: readonly number[], raw: Uint8Array): number {
    return this.say({ type: "tiles", capturedAtMs: 0, tiles, deflated: deflateRawSync(raw) });
  }

  /** The decoder gives everything it holds. */
  decodeAll(): void {
    for (const timestamp of this.held.splice(0)) {
      this.openImages++;
      const name = Math.round(timestamp * 90 / 1_000);
      const image = { timestamp, name, close: () => this.openImages-- };
      this.#init!.output(image as unknown as VideoFrame);
    }
  }

  frame(): void {
    for (const draw of this.#frames.splice(0)) draw();
  }

  /** Until what is inflated is painted. */
  async inflated(): Promise<void> {
    const { tiles, inflateFailures } = this.stream.figures;
    while (true) {
      const now = this.stream.figures;
      if (now.tiles !== tiles || now.inflateFailures !== inflateFailures) return;
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

function set(count: number, ...tiles: number[]): TileSet {
  const set = new TileSet(count);
  for (const tile of tiles) set.add(tile);
  return set;
}

Deno.test("ScreenStream draws the newest picture once per frame of the screen and closes every one", () => {
  const stage = new Stage();
  stage.format();
  const first = stage.picture(true);
  stage.picture(false);
  const last = stage.picture(false);
  stage.decodeAll();
  stage.frame();
  stage.frame();
  deepStrictEqual(stage.painted, ["size 63x63", `picture ${last}`]);
  const { received, pictures, fps, width, hasPicture, exact } = stage.stream.figures;
  deepStrictEqual([received, pictures, fps, width, hasPicture, exact], [3, 1, 1, 63, true, false]);
  strictEqual(stage.openImages, 0);
  ok(first < last);
});

Deno.test("ScreenStream clears a tile with the picture that changed it, also where that is skipped", async () => {
  const stage = new Stage();
  stage.format();
  stage.picture(true);
  stage.tiles([0], 0x102030);
  await stage.inflated();
  stage.decodeAll();
  stage.frame();
  deepStrictEqual(stage.painted.slice(-2), ["tile 0,0 16 32 48 255", "picture 2"]);
  strictEqual(stage.stream.state.exact, true);
  stage.picture(false, { changed: set(1, 0) });
  stage.picture(false);
  strictEqual(stage.stream.state.exact, false);
  strictEqual(stage.painted.length, 3, "nothing is cleared before its picture is there");
  stage.decodeAll();
  stage.frame();
  deepStrictEqual(stage.painted.slice(3), ["picture 5", "clear 0,0"]);
});

Deno.test("ScreenStream keeps a tile that is newer than the picture, and counts since when it is exact", async () => {
  const stage = new Stage();
  stage.format();
  stage.picture(true, { changed: set(1, 0) });
  stage.nowMs = 2_345;
  stage.tiles([0], 0xffffff);
  await stage.inflated();
  strictEqual(stage.stream.figures.exactSinceMs, 2_345);
  stage.decodeAll();
  stage.frame();
  deepStrictEqual(stage.painted, ["size 63x63", "tile 0,0 255 255 255 255", "picture 2"]);
});

Deno.test("ScreenStream clears what `stale` names with the picture after it", async () => {
  const stage = new Stage();
  const size = { width: 64, height: 64 };
  stage.format(size);
  stage.picture(true);
  stage.tiles([0], 1, size);
  await stage.inflated();
  stage.decodeAll();
  stage.frame();
  stage.sequence += 20;
  stage.take({ type: "stale", sequence: stage.sequence - 1, changed: set(1, 0).bits });
  strictEqual(stage.stream.state.exact, false);
  strictEqual(stage.painted.length, 3);
  const next = stage.picture(true);
  stage.decodeAll();
  stage.frame();
  deepStrictEqual(stage.painted.slice(3), [`picture ${next}`, "clear 0,0"]);
});

Deno.test("ScreenStream shows the last of many pictures that come at once, and calls them neither late nor lost", () => {
  const stage = new Stage();
  stage.format();
  stage.picture(true, { capturedAtMs: -60_000 });
  for (let at = 1; at < 60; at++) stage.picture(false, { capturedAtMs: -50_000 });
  strictEqual(stage.held.length, 60);
  stage.decodeAll();
  stage.frame();
  deepStrictEqual(stage.painted, ["size 63x63", "picture 61"]);
  strictEqual(stage.stream.figures.delayMs, null);
  stage.nowMs += 100;
  stage.picture(false, { capturedAtMs: stage.nowMs });
  stage.nowMs += 40;
  stage.decodeAll();
  stage.frame();
  strictEqual(stage.stream.figures.delayMs, 40);
});

Deno.test("ScreenStream counts the delay by the server's clock, where that is known", () => {
  const stage = new Stage();
  stage.format();
  const accessUnit = KEYFRAME;
  const picture = { type: "picture", keyframe: true, changed: new Uint8Array(), accessUnit };
  const delay = (serverMinusLocalMs: number) => {
    stage.say({ ...picture, capturedAtMs: 7_000 }, serverMinusLocalMs);
    stage.nowMs += 25;
    stage.decodeAll();
    stage.frame();
    return stage.stream.figures.delayMs;
  };
  strictEqual(delay(NaN), null);
  strictEqual(delay(7_000 - 1_025), 25);
});

Deno.test("ScreenStream leaves hostile tiles alone, counts them, and goes on", async () => {
  const stage = new Stage();
  stage.format();
  const failed = async (raw: Uint8Array) => {
    stage.deflated([0], raw);
    await stage.inflated();
    return stage.stream.figures.inflateFailures;
  };
  strictEqual(await failed(new Uint8Array(TILE_BYTES_MAX + 1)), 1, "more than there may be");
  strictEqual(await failed(Uint8Array.of(0, 1, 2)), 2, "a tile that is cut");
  strictEqual(
    await failed(Uint8Array.of(2, ...new Uint8Array(6), ...new Uint8Array(63 * 63).fill(9))),
    3,
  );
  stage.say({ type: "tiles", capturedAtMs: 0, tiles: [1], deflated: new Uint8Array(9) });
  stage.say({
    type: "tiles",
    capturedAtMs: 0,
    tiles: [0],
    deflated: new Uint8Array(40).fill(0xff),
  });
  await stage.inflated();
  strictEqual(stage.stream.figures.faults, 1, "there is no tile 1");
  strictEqual(stage.stream.figures.inflateFailures, 4);
  deepStrictEqual(stage.painted, []);
  stage.tiles([0], 7);
  await stage.inflated();
  strictEqual(stage.stream.state.exact, true);
});

Deno.test("ScreenStream takes no message that is none, and no picture of another size", () => {
  const stage = new Stage();
  stage.stream.take(Uint8Array.of(2, 0, 0), 0);
  stage.picture(true);
  strictEqual(stage.held.length, 0, "before a format");
  stage.format({ width: 65, height: 64 });
  stage.picture(true);
  stage.say({ type: "acknowledge" });
  strictEqual(stage.held.length, 0);
  strictEqual(stage.stream.figures.faults, 3);
});

Deno.test("ScreenStream takes a set of tiles that is none for all of them", async () => {
  const stage = new Stage();
  stage.format();
  stage.tiles([0], 1);
  await stage.inflated();
  stage.say({
    type: "picture",
    keyframe: true,
    capturedAtMs: 0,
    changed: new Uint8Array(9),
    accessUnit: KEYFRAME,
  });
  strictEqual(stage.stream.state.exact, false);
  strictEqual(stage.stream.figures.faults, 1);
});

Deno.test("ScreenStream begins anew with a format, and paints nothing of before over it", async () => {
  const stage = new Stage();
  stage.format();
  stage.picture(true);
  stage.tiles([0], 1);
  stage.decodeAll();
  stage.format({ width: 64, height: 64 });
  stage.frame();
  stage.tiles([0], 2, { width: 64, height: 64 });
  await stage.inflated();
  deepStrictEqual(stage.painted, ["size 64x64", "tile 0,0 0 0 2 255"]);
  strictEqual(stage.openImages, 0);
  stage.picture(true);
  stage.stream.close();
  stage.decodeAll();
  stage.frame();
  stage.picture(true);
  strictEqual(stage.painted.length, 2, "nothing after close()");
  strictEqual(stage.openImages, 0);
});

Deno.test("ScreenStream shows a window again that was minimised: a format says so without a status", () => {
  const stage = new Stage();
  stage.format();
  for (const status of ["hidden", "failed"] as const) {
    stage.say({ type: "status", status });
    strictEqual(stage.stream.state.status, status);
    stage.format();
    strictEqual(stage.stream.state.status, "showing");
  }
});

Deno.test("ScreenStream without H.264 shows what stands still, and keeps it until there is more", async () => {
  const stage = new Stage(false);
  stage.format();
  stage.picture(true, { changed: set(1, 0) });
  stage.tiles([0], 3);
  await stage.inflated();
  stage.picture(false, { changed: set(1, 0) });
  const { exact, showsMoves, hasPicture } = stage.stream.state;
  deepStrictEqual([exact, showsMoves, hasPicture], [false, false, true]);
  stage.tiles([0], 4);
  await stage.inflated();
  deepStrictEqual(stage.painted, ["size 63x63", "tile 0,0 0 0 3 255", "tile 0,0 0 0 4 255"]);
  strictEqual(stage.stream.state.exact, true);
});
