/** A shared screen on the page, to the pixel: Chromium before a program that the test plays. Judges no real time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { startChromium } from "./support/browser.ts";
import { FakeProgram, meetingState, person } from "./support/fake_program.ts";
import { run } from "./support/programs.ts";
import {
  changedTiles,
  codePictures,
  drawText,
  type Pixels,
  TestShare,
} from "./support/test_share.ts";
import { until } from "./support/wait.ts";

/** Both sides odd: the coded picture is a pixel larger, and the last tiles are smaller. */
const SCREEN = { width: 601, height: 341 };
const TIMEOUT_MS = 8_000;
const PRESENTING = { share: 7, participant: 2, name: "Ada", paused: false };
const PEOPLE = [person(1, "Me", { camera: false }), person(2, "Ada", { camera: false })];
/** Drawn and coded once: one page of text that grows line by line. */
const DRAWN = Array.from({ length: 60 }, (_, state) => drawText(SCREEN, state));
const CODED = await codePictures(SCREEN, DRAWN);

let running: Promise<Browser> | undefined;
const browser = () => running ??= startChromium();

interface Stage {
  readonly page: Page;
  readonly program: FakeProgram;
  readonly share: TestShare;
}

/** A test with a page on whose stage Ada presents. The browser outlives it, so nothing is counted. */
function shareTest(name: string, test: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const state = meetingState(PEOPLE, { presenting: PRESENTING });
      await using program = await FakeProgram.start(state);
      const viewport = { width: 1440, height: 900 };
      const page = await (await browser()).newPage({ viewport, reducedMotion: "reduce" });
      const faults: string[] = [];
      page.setDefaultTimeout(TIMEOUT_MS);
      page.on("pageerror", (error) => faults.push(String(error)));
      try {
        await page.goto(program.link());
        await page.getByText("Waiting for Ada's screen").waitFor();
        await until("the media socket", () => program.hearsMedia);
        const send = (frame: Uint8Array) => program.sendFrame(frame);
        await test({ page, program, share: new TestShare({ ...SCREEN, share: 7, send }) });
        deepStrictEqual(faults, []);
      } finally {
        await page.close();
      }
    },
  });
}

interface Figures {
  readonly width: number;
  readonly exact: boolean;
  readonly exactSinceMs: number | null;
  readonly received: number;
  readonly pictures: number;
  readonly tiles: number;
  readonly fps: number;
  readonly delayMs: number | null;
  readonly inflateFailures: number;
  readonly faults: number;
  readonly decoderErrors: number;
}

const figures = (page: Page) => page.evaluate<Figures>("fusionmeetFigures().screen");
const isExact = (page: Page) =>
  until("every pixel", async () => (await figures(page))?.exact === true);
const shown = (page: Page, pictures: number) =>
  until(`${pictures} pictures`, async () => (await figures(page))?.pictures >= pictures);

/** A canvas as R, G, B, A. */
async function canvas(page: Page, name: "picture" | "tiles"): Promise<Uint8Array> {
  return Uint8Array.fromBase64(
    await page.evaluate<string>(`(() => {
      const canvas = document.querySelector(".screen-${name}");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let binary = "";
      for (let at = 0; at < data.length; at += 8192) {
        binary += String.fromCharCode(...data.subarray(at, at + 8192));
      }
      return btoa(binary);
    })()`),
  );
}

/** Pixels of the upper canvas that are not those of `expected`, where there should be any. */
function wrongPixels(rgba: Uint8Array, expected: Pixels, isCovered: (pixel: number) => boolean) {
  let wrong = 0;
  for (let pixel = 0; pixel < expected.length; pixel++) {
    const [red, green, blue, alpha] = rgba.subarray(4 * pixel, 4 * pixel + 4);
    const colour = red << 16 | green << 8 | blue;
    const isRight = isCovered(pixel) ? alpha === 255 && colour === expected[pixel] : alpha === 0;
    if (!isRight) wrong++;
  }
  return wrong;
}

/** The average difference of the lower canvas from `expected`, of 255. */
function difference(rgba: Uint8Array, expected: Pixels): number {
  let sum = 0;
  for (let pixel = 0; pixel < expected.length; pixel++) {
    for (let part = 0; part < 3; part++) {
      sum += Math.abs(rgba[4 * pixel + part] - (expected[pixel] >> (16 - 8 * part) & 0xff));
    }
  }
  return sum / expected.length / 3;
}

/** Pixels that are not the same; all of them where it is another number. */
function differing(seen: Pixels, expected: Pixels): number {
  if (seen.length !== expected.length) return expected.length;
  return expected.filter((pixel, at) => pixel !== seen[at]).length;
}

/** What is really on the screen of whoever looks at it, at 100 %. */
async function seen(page: Page): Promise<Pixels> {
  const png = await page.locator(".share-picture").screenshot();
  const raw = await run("ffmpeg", [
    ..."-v error -f png_pipe -i pipe:0 -pix_fmt bgr0 -f rawvideo pipe:1".split(" "),
  ], png);
  return new Uint32Array(raw.slice().buffer).map((pixel) => pixel & 0xffffff);
}

shareTest(
  "A still screen is exact to the last pixel, and one changed pixel is not",
  async ({ page, share }) => {
    share.format();
    share.picture(CODED[0], undefined);
    await shown(page, 1);
    const picture = await canvas(page, "picture");
    ok(difference(picture, DRAWN[0]) < 4, `the picture is off by ${difference(picture, DRAWN[0])}`);
    share.tiles(DRAWN[0]);
    await isExact(page);
    strictEqual(wrongPixels(await canvas(page, "tiles"), DRAWN[0], () => true), 0);
    strictEqual(differing(await seen(page), DRAWN[0]), 0);
    await page.getByRole("img", { name: "Screen of Ada: notes.txt - Editor" }).waitFor();
    await page.getByText("Exact", { exact: true }).waitFor();

    const one = DRAWN[0].slice();
    one[300 * SCREEN.width + 555] ^= 1;
    strictEqual(wrongPixels(await canvas(page, "tiles"), one, () => true), 1);
    const changed = changedTiles(share.grid, DRAWN[0], one);
    strictEqual(changed.size, 1);
    share.tiles(one, changed);
    await until("the pixel", async () => (await figures(page)).tiles > share.grid.count);
    strictEqual(differing(await seen(page), one), 0);
  },
);

Deno.test({
  name: "The browser ends",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => await (await browser()).close(),
});
