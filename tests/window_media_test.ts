/** Sound and pictures in a real browser: the page's worker, worklet and decoders, fed by a program that only has media. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import { findClicks, levelAt, rmsDbfs } from "./support/audio.ts";
import { canvasPicture, startChromium } from "./support/browser.ts";
import { connected, type Figures, makeFilm, MediaPage } from "./support/media_page.ts";
import { pictureMaker, readNumber, ssim, type TestVideo } from "./support/picture.ts";
import { SoundServer } from "./support/sound.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const VIDEO: TestVideo = { width: 320, height: 240, source: 9, seed: 1 };
/** A browser and what it starts outlive the step that began them. */
const LOOSE = { sanitizeOps: false, sanitizeResources: false };

function figures(page: Page): Promise<Figures> {
  return page.evaluate(() => (globalThis as any).fusionmeetFigures());
}

/** What the tile shows: its number, and how like it is to the picture of that number. */
async function shown(
  page: Page,
  tile: number,
): Promise<{ frame: number; likeness: number } | undefined> {
  const picture = await canvasPicture(page, `#tile-${tile}`);
  const number = picture && readNumber(picture);
  if (!picture || !number || number.source !== VIDEO.source) return undefined;
  const { width, height } = VIDEO;
  deepStrictEqual([picture.width, picture.height], [width, height]);
  const grey = pictureMaker(VIDEO)(number.frame).subarray(0, width * height);
  return { frame: number.frame, likeness: ssim(picture, { width, height, grey }) };
}

Deno.test(
  "a page plays what it is sent without a gap, and its device clocks what is sent",
  LOOSE,
  async () => {
    await using folder = new TemporaryDirectory();
    await using sound = await SoundServer.start(folder.path, ["ear"]);
    await using program = await MediaPage.start();
    const browser = await startChromium({ env: sound.env("ear") });
    try {
      const page = await browser.newPage();
      await page.goto(program.url(0));
      await connected(program);
      strictEqual((await figures(page)).voice.state, "off");
      await page.click("button");
      await until("sound", () => program.sentBlocks > 50);
      await using ear = sound.listen("ear");
      const before = program.sentBlocks;
      const heard = await ear.next(3 * 48_000);
      strictEqual((await figures(page)).voice.state, "playing");
      ok(Math.abs(levelAt(heard, program.hz) - program.dbfs) < 1, `${levelAt(heard, program.hz)}`);
      deepStrictEqual(findClicks(heard), [], "clicks");
      ok(Math.abs(rmsDbfs(heard) - program.dbfs) < 1, "nothing but the tone");
      ok(
        Math.abs(program.sentBlocks - before - 300) <= 15,
        `${program.sentBlocks - before} blocks`,
      );
      strictEqual((await figures(page)).voice.underruns, 0);

      // The socket breaks: silence, then the same again under another generation.
      const [{ generation }] = program.reports;
      program.breakSocket();
      await until("a new start", () => program.deviceStarts === 2);
      await until("sound again", async () => levelAt(await ear.next(9_600), program.hz) > -13);
      deepStrictEqual(findClicks(await ear.next(48_000)), [], "clicks after the break");
      strictEqual(program.reports.at(-1)!.generation, (generation + 1) >>> 0);
      strictEqual(program.keys.length, 2);
    } finally {
      await browser.close();
    }
  },
);

for (const codec of ["h264", "jpeg"] as const) {
  Deno.test(
    `a page shows ${codec} pictures as they were taken, each tile its own, and goes on`,
    LOOSE,
    async () => {
      await using program = await MediaPage.start();
      const film = await makeFilm(codec, VIDEO, 90);
      const browser = await startChromium();
      try {
        const page = await browser.newPage();
        await page.goto(program.url(2));
        await connected(program);
        program.show(1, film);
        const frames = new Set<number>();
        await until("three different pictures", async () => {
          const now = await shown(page, 1);
          if (now) ok(now.likeness > 0.9, `picture ${now.frame} is like itself by ${now.likeness}`);
          return now && frames.add(now.frame).size === 3;
        }, { timeoutMs: 20_000 });
        strictEqual(await shown(page, 2), undefined, "the other tile is empty");
        const start = await figures(page);
        await until("thirty pictures more", async () => {
          const { pictures: [{ drawn }] } = await figures(page);
          return drawn >= start.pictures[0].drawn + 30;
        });
        const { pictures } = await figures(page);
        strictEqual(pictures.length, 1);
        const { participant, dropped, decoderErrors, width, height } = pictures[0];
        deepStrictEqual([participant, decoderErrors, width, height], [1, 0, 320, 240]);
        ok(dropped <= 15, `${dropped} pictures dropped`);
        const { decoders, problems } = await page.evaluate(() => {
          const { decoders, problems } = (globalThis as any).mediaPage;
          return { decoders, problems };
        });
        deepStrictEqual([decoders, problems], [{ h264: true }, []]);
      } finally {
        await browser.close();
      }
    },
  );
}

Deno.test(
  "a page holds pictures back for their sound, and a tile that comes back shows nothing old",
  LOOSE,
  async () => {
    await using program = await MediaPage.start();
    const film = await makeFilm("h264", VIDEO, 90);
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      await page.goto(program.url(1));
      await connected(program);
      program.show(1, film, 400);
      await until("pictures", async () => (await figures(page)).pictures[0]?.drawn >= 30);
      const drawn = await page.evaluate(() => (globalThis as any).mediaPage.takeDrawn());
      const delays = drawn.map(([participant, timestamp, atMs]: number[]) =>
        atMs - program.sentAt.get(`${participant}:${timestamp}`)!
      ).sort((a: number, b: number) => a - b);
      const median = delays[delays.length >> 1];
      ok(delays[0] >= 398 && median < 500, `held ${delays[0]} ms, ${median} in the median`);

      program.hide(1);
      await page.evaluate(() => (globalThis as any).mediaPage.detach(1));
      await page.evaluate(() => (globalThis as any).mediaPage.attach(1));
      strictEqual(
        await page.evaluate(() => (globalThis as any).mediaPage.media.hasPicture(1)),
        false,
      );
      program.show(1, film);
      await until("a picture", () => shown(page, 1));
      strictEqual(
        await page.evaluate(() => (globalThis as any).mediaPage.media.hasPicture(1)),
        true,
      );
    } finally {
      await browser.close();
    }
  },
);

Deno.test("a page goes on when a camera changes its size and then its codec", LOOSE, async () => {
  await using program = await MediaPage.start();
  const larger = { ...VIDEO, width: 640, height: 360 };
  const films = [
    { ...VIDEO, film: await makeFilm("h264", VIDEO, 60) },
    { ...larger, film: await makeFilm("h264", larger, 60) },
    { ...larger, film: await makeFilm("jpeg", larger, 60) },
  ];
  const browser = await startChromium();
  try {
    const page = await browser.newPage();
    await page.goto(program.url(1));
    await connected(program);
    for (const { film, width, height } of films) {
      program.show(1, film);
      await until(`${film.codec} of ${width}x${height}`, async () => {
        const picture = await canvasPicture(page, "#tile-1");
        const { pictures: [of] } = await figures(page);
        const fits = picture?.width === width && picture.height === height;
        return fits && of.codec === film.codec && readNumber(picture)?.source === VIDEO.source;
      });
    }
    const { pictures: [{ decoderErrors, dropped }] } = await figures(page);
    strictEqual(decoderErrors, 0);
    // Reading the canvas holds the page up.
    ok(dropped <= 15, `${dropped} pictures dropped`);
  } finally {
    await browser.close();
  }
});
