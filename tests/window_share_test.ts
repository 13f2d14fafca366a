/** A shared screen on the page, to the pixel, before a program that the test plays. Judges no real time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { TileSet } from "@fusionmeet/protocol";
import type { Browser, Page } from "playwright-core";
import { openWindow } from "../client/window/open_window.ts";
import { startChromium } from "./support/browser.ts";
import { Display } from "./support/display.ts";
import { FakeProgram, meetingState, person } from "./support/fake_program.ts";
import { run } from "./support/programs.ts";
import {
  changedTiles,
  codePictures,
  drawText,
  type Pixels,
  TestShare,
} from "./support/test_share.ts";
import { TemporaryDirectory, until, WAIT_MS_MAX } from "./support/wait.ts";

/** Both sides odd: the coded picture is a pixel larger, and the last tiles are smaller. */
const SCREEN = { width: 601, height: 341 };
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
      page.setDefaultTimeout(WAIT_MS_MAX);
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

/** A canvas as R, G, B, A; empty as long as nothing was painted, and it has no size. */
async function canvas(page: Page, name: "picture" | "tiles"): Promise<Uint8Array> {
  return Uint8Array.fromBase64(
    await page.evaluate<string>(`(() => {
      const canvas = document.querySelector(".screen-${name}");
      if (!canvas || canvas.width === 0 || canvas.height === 0) return "";
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
  if (rgba.length !== 4 * expected.length) return expected.length;
  let wrong = 0;
  for (let pixel = 0; pixel < expected.length; pixel++) {
    const at = 4 * pixel;
    const colour = rgba[at] << 16 | rgba[at + 1] << 8 | rgba[at + 2];
    const alpha = rgba[at + 3];
    const isRight = isCovered(pixel) ? alpha === 255 && colour === expected[pixel] : alpha === 0;
    if (!isRight) wrong++;
  }
  return wrong;
}

/** The average difference of the lower canvas from `expected`, of 255; of another size it differs altogether. */
function difference(rgba: Uint8Array, expected: Pixels): number {
  if (rgba.length !== 4 * expected.length) return 255;
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

shareTest(
  "Exact tiles go with the picture that changed them, also with one that is skipped",
  async ({ page, share }) => {
    const changed = (state: number) => changedTiles(share.grid, DRAWN[state - 1], DRAWN[state]);
    share.format();
    share.picture(CODED[0], undefined);
    share.tiles(DRAWN[0]);
    await isExact(page);
    await shown(page, 1);
    // Three at once: what the skipped ones changed is cleared with the last.
    for (const state of [1, 2, 3]) share.picture(CODED[state], changed(state));
    const cleared = new TileSet(share.grid.count);
    for (const state of [1, 2, 3]) cleared.addAll(changed(state));
    await until("the last picture", async () => {
      const rgba = await canvas(page, "tiles");
      return wrongPixels(rgba, DRAWN[0], (pixel) => !cleared.has(share.tileOf(pixel))) === 0;
    });
    strictEqual((await figures(page)).exact, false);
    const picture = await canvas(page, "picture");
    ok(difference(picture, DRAWN[3]) < 4, `the picture is off by ${difference(picture, DRAWN[3])}`);
    // Their exact pixels, before the next picture that changes others.
    share.tiles(DRAWN[3], cleared);
    share.picture(CODED[4], changed(4));
    const gone = changed(4);
    await until("the picture after them", async () => {
      const rgba = await canvas(page, "tiles");
      return wrongPixels(rgba, DRAWN[3], (pixel) => !gone.has(share.tileOf(pixel))) === 0;
    });
  },
);

shareTest(
  "Who comes late gets all pictures since the keyframe at once, and sees the last",
  async ({ page, share }) => {
    share.format();
    for (const [state, picture] of CODED.entries()) {
      const changed = state === 0
        ? undefined
        : changedTiles(share.grid, DRAWN[state - 1], DRAWN[state]);
      share.picture(picture, changed, share.serverNowMs - 60_000);
    }
    await until("the last picture", async () => {
      const received = (await figures(page))?.received;
      const picture = await canvas(page, "picture");
      return received === 60 && difference(picture, DRAWN[59]) < 6;
    });
    const { pictures, decoderErrors, delayMs, faults } = await figures(page);
    deepStrictEqual([decoderErrors, delayMs, faults], [0, null, 0]);
    ok(pictures <= 60);
    share.tiles(DRAWN[59]);
    await isExact(page);
    strictEqual(differing(await seen(page), DRAWN[59]), 0);
  },
);

shareTest(
  "A share is fitted, enlarged, moved and shown full screen with keyboard, wheel and mouse",
  async ({ page, share }) => {
    const pane = page.locator(".share-pane");
    const picture = page.locator(".share-picture");
    const width = async () => (await picture.boundingBox())!.width;
    const hasWidth = (expected: number) =>
      until(`a width of ${expected}`, async () => Math.abs(await width() - expected) < 1);
    const scrolled = () =>
      pane.evaluate(({ scrollLeft, scrollTop }: any) => [scrollLeft, scrollTop]);
    share.format();
    share.picture(CODED[0], undefined);
    share.tiles(DRAWN[0]);
    await isExact(page);
    // It fits, and is not blown up.
    await hasWidth(601);
    await page.setViewportSize({ width: 660, height: 560 });
    await until("a smaller one", async () => await width() < 600);
    const fitted = await width();
    await page.keyboard.press("1");
    await hasWidth(601);
    await page.keyboard.press("+");
    await hasWidth(751);
    await page.keyboard.press("0");
    await hasWidth(fitted);
    await page.keyboard.press("-");
    await until("a still smaller one", async () => await width() < fitted);
    await page.getByRole("button", { name: /^View:/ }).click();
    await page.getByRole("radio", { name: "200 %" }).click();
    await hasWidth(1202);
    strictEqual(
      await picture.evaluate((element: any) =>
        (globalThis as any).getComputedStyle(element.firstChild).imageRendering
      ),
      "pixelated",
    );
    // The middle stays the middle; keys and mouse move it.
    const [left, top] = await scrolled();
    ok(left > 100, `${left}`);
    await pane.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    await until("the arrow keys", async () => {
      const [x, y] = await scrolled();
      return x === left + 80 && y === top - 80;
    });
    const { x, y } = (await pane.boundingBox())!;
    await page.mouse.move(x + 200, y + 100);
    await page.mouse.down();
    await page.mouse.move(x + 230, y + 90);
    await page.mouse.up();
    deepStrictEqual(await scrolled(), [left + 50, top - 70]);
    // What is under the pointer stays there.
    const before = (await picture.boundingBox())!;
    await page.mouse.move(x + 200, y + 100);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -120);
    await page.keyboard.up("Control");
    await hasWidth(1700);
    const after = (await picture.boundingBox())!;
    const under = ({ x: at, width }: { x: number; width: number }) => (x + 200 - at) / width;
    ok(Math.abs(under(before) - under(after)) < 0.002, `${under(before)} and ${under(after)}`);
    await pane.dblclick();
    await hasWidth(fitted);

    await page.keyboard.press("f");
    await until("full screen", () => page.evaluate<boolean>("document.fullscreenElement !== null"));
    strictEqual(await page.locator(".bar").isVisible(), false);
    strictEqual(await page.locator(".strip").count(), 0);
    const screen = await page.evaluate<{ height: number }>("({ height: innerHeight })");
    await until("all of the screen", async () => {
      const space = (await page.locator(".share-space").boundingBox())!;
      return space.y < 60 && Math.abs(space.y + space.height - screen.height) < 2;
    });
    await page.getByRole("button", { name: "Leave full screen" }).click();
    await until(
      "no full screen",
      () => page.evaluate<boolean>("document.fullscreenElement === null"),
    );
    await page.locator(".strip").waitFor();
    // Where the browser refuses, the share has the window.
    await page.evaluate(
      "document.documentElement.requestFullscreen = () => Promise.reject(new Error())",
    );
    await page.keyboard.press("f");
    await page.locator(".bar").waitFor({ state: "hidden" });
    strictEqual((await page.locator(".share").boundingBox())!.y, 0);
    await page.keyboard.press("Escape");
    await page.locator(".bar").waitFor();
    // In a text the keys are letters.
    await page.getByRole("button", { name: "Chat", exact: true }).click();
    await page.keyboard.type("f10");
    strictEqual(await page.locator(".bar").isVisible(), true);
    strictEqual(await page.getByLabel("Message to everyone").inputValue(), "f10");
  },
);

shareTest(
  "What keeps a share from being seen is said, over what was seen last",
  async ({ page, program, share }) => {
    const message = page.locator(".share-message");
    const says = (text: string) =>
      until(text, async () => (await message.textContent())?.includes(text));
    program.setMeeting({ comingBack: { reason: "cut", lostAt: 0, givesUpAt: 1 } });
    await page.getByText("Connection lost").first().waitFor();
    await says("Waiting");
    program.setMeeting({ comingBack: null });
    share.format();
    share.picture(CODED[0], undefined);
    await message.waitFor({ state: "detached" });
    share.status("hidden");
    await says("minimised");
    share.status("failed");
    await says("cannot be captured");
    share.status("showing");
    await message.waitFor({ state: "detached" });
    program.setMeeting({ comingBack: { reason: "cut", lostAt: 0, givesUpAt: 1 } });
    await says("Your connection is lost");
    program.setMeeting({ comingBack: null });
    await message.waitFor({ state: "detached" });
    program.setMeeting({ presenting: { ...PRESENTING, paused: true } });
    await says("paused");
    strictEqual(await page.locator(".share-picture").getAttribute("data-old"), "");
    // Another share begins with nothing of this one.
    program.setMeeting({ presenting: { ...PRESENTING, share: 8 } });
    await says("Waiting");
    strictEqual(await page.locator(".share-picture canvas").count(), 0);
    share.picture(CODED[1], undefined);
    program.setMeeting({ presenting: null });
    await page.locator(".share").waitFor({ state: "detached" });
    await page.locator(".grid").waitFor();
    strictEqual(await figures(page), null);
  },
);

shareTest(
  "Who presents sees their own share when they ask for it, and each time anew",
  async ({ page, program, share }) => {
    const own = { ...PRESENTING, participant: 1, name: "Me" };
    const ownShare = { title: "Screen 1", state: "showing", endsAt: null } as const;
    program.setMeeting({ presenting: own, ownShare });
    const toggle = page.getByRole("switch", { name: "Show what others see" });
    await toggle.waitFor();
    strictEqual(await page.locator(".share").count(), 0, "no tunnel");
    deepStrictEqual(program.said.filter(({ do: what }) => what === "screen.view"), []);
    await toggle.click();
    deepStrictEqual(await program.heard("screen.view"), { do: "screen.view", on: true });
    share.format();
    share.picture(CODED[0], undefined);
    await shown(page, 1);
    await page.getByText("Your screen, as others see it").waitFor();
    await page.getByRole("button", { name: "Hide" }).click();
    await program.heard("screen.view", ({ on }) => !on);
    await toggle.click();
    await program.heard("screen.view", ({ on }) => on);
    program.forget();
    program.setMeeting({ presenting: { ...own, share: 9 }, ownShare });
    await program.heard("screen.view", ({ on }) => !on);
    strictEqual(await toggle.getAttribute("aria-checked"), "false");
  },
);

shareTest("A page without H.264 shows what stands still, and says so", async ({ page, share }) => {
  await page.addInitScript("delete globalThis.VideoDecoder");
  await page.reload();
  await page.getByText("Waiting for Ada's screen").waitFor();
  share.format();
  await until("the media socket", async () => (share.format(), await figures(page)));
  share.picture(CODED[0], undefined);
  share.tiles(DRAWN[0]);
  await isExact(page);
  await page.getByText("You see it whenever it stands still").waitFor();
  strictEqual(differing(await seen(page), DRAWN[0]), 0);
  strictEqual((await figures(page)).pictures, 0);
});

/** Whether `drawn` is somewhere on a screen, to the pixel. */
function isOn(screen: Pixels, width: number, drawn: Pixels): boolean {
  const placed = Uint32Array.from(
    drawn,
    (_, pixel) => Math.floor(pixel / SCREEN.width) * width + pixel % SCREEN.width,
  );
  // Ink first: paper is in many places.
  const ink = [...drawn.keys()].filter((pixel) => drawn[pixel] !== drawn[0]);
  const order = [...ink, ...drawn.keys()];
  for (let from = 0; from + placed[drawn.length - 1] < screen.length; from++) {
    let at = 0;
    while (at < order.length && screen[from + placed[order[at]]] === drawn[order[at]]) at++;
    if (at === order.length) return true;
  }
  return false;
}

Deno.test("The system's webview shows moves and exact pixels, too, on its display", async () => {
  await using folder = new TemporaryDirectory();
  await using display = await Display.start(1_280, 800);
  const before = Deno.env.toObject();
  for (const [name, value] of Object.entries(display.env)) Deno.env.set(name, value);
  await using program = await FakeProgram.start(meetingState(PEOPLE, { presenting: PRESENTING }));
  const url = program.link();
  const sizeFile = folder.file("window.json");
  const window = await openWindow({ url, title: "Share", sizeFile, onCloseAsked: () => {} });
  const look = async () => {
    await display.savePng(folder.file("screen.png"));
    const raw = await run("ffmpeg", [
      ...["-v", "error", "-i", folder.file("screen.png"), "-pix_fmt", "bgr0"],
      ...["-f", "rawvideo", "pipe:1"],
    ]);
    return new Uint32Array(raw.slice().buffer).map((pixel) => pixel & 0xffffff);
  };
  try {
    await until("the media socket", () => program.hearsMedia);
    const send = (frame: Uint8Array) => program.sendFrame(frame);
    const share = new TestShare({ ...SCREEN, share: 7, send });
    share.format();
    share.picture(CODED[0], undefined);
    share.tiles(DRAWN[0]);
    const shows = (drawn: Pixels) =>
      until("every pixel", async () => isOn(await look(), display.width, drawn), {
        timeoutMs: 20_000,
        everyMs: 200,
      });
    await shows(DRAWN[0]);
    const one = DRAWN[0].slice();
    one[200 * SCREEN.width + 300] ^= 1;
    strictEqual(isOn(await look(), display.width, one), false, "one changed pixel is seen");
    // All of it changes, and only what changed is sent exactly: the rest is from the picture.
    const changed = changedTiles(share.grid, DRAWN[0], DRAWN[9]);
    for (let state = 1; state <= 9; state++) share.picture(CODED[state], changed);
    await until("the exact tiles to go", async () => !isOn(await look(), display.width, DRAWN[0]), {
      everyMs: 200,
    });
    share.tiles(DRAWN[9], changed);
    await shows(DRAWN[9]);
  } finally {
    await window.close();
    for (const name of Object.keys(display.env)) {
      if (before[name] === undefined) Deno.env.delete(name);
      else Deno.env.set(name, before[name]);
    }
  }
});

Deno.test({
  name: "The browser ends",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => await (await browser()).close(),
});
