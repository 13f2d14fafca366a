/**
 * `deno task screenshots [NAME…]`: every screen and state of the window, light and dark, as pictures in
 * docs/screenshots. The people are drawings, sent to the page as a camera's pictures would be.
 */
import type { Browser, Page } from "playwright-core";
import { startChromium } from "../tests/support/browser.ts";
import { FakeProgram, joinState } from "../tests/support/fake_program.ts";
import { until } from "../tests/support/wait.ts";
import { Cameras } from "./screenshot_cameras.ts";
import { NOW, type Scene, SCENES } from "./screenshot_scenes.ts";

const FOLDER = "docs/screenshots";
const LARGE = { width: 1280, height: 800 };
const SMALL = { width: 800, height: 500 };
/** Each picture in the repository, bytes. */
const PICTURE_BYTES_MAX = 150_000;

async function picture(
  browser: Browser,
  cameras: Cameras,
  options: { scene: Scene; scheme: "light" | "dark"; size: typeof LARGE; name: string },
): Promise<void> {
  const { scene, scheme, size, name } = options;
  const program = await FakeProgram.start(scene.state ?? joinState());
  const page = await browser.newPage({
    viewport: size,
    colorScheme: scheme,
    reducedMotion: "reduce",
    locale: "en-GB",
  });
  await page.clock.setFixedTime(NOW);
  page.on("pageerror", (error) => console.error(`${name}: ${error}`));
  try {
    if (scene.link === "used") await openOnce(browser, program);
    await page.goto(scene.link === "used" ? USED.get(program)! : program.link());
    await scene.before?.({ program, page });
    await showPictures(page, program, cameras);
    await scene.after?.({ program, page });
    await page.locator("h1").waitFor({ state: "attached" });
    await page.evaluate(SETTLED);
    const path = `${FOLDER}/${name}.png`;
    const png = await page.screenshot({ animations: "disabled", caret: "initial" });
    await writeWithPalette(png, path);
    const { size: bytes } = await Deno.stat(path);
    if (bytes > PICTURE_BYTES_MAX) throw new Error(`${path} has ${bytes} bytes: too large`);
  } finally {
    await page.close();
    await program[Symbol.asyncDispose]();
  }
}

/** Fulfilled when nothing fades in any more; what turns for ever does not count. */
const SETTLED = `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
  .then(() => Promise.allSettled(document.getAnimations()
    .filter((each) => each.effect.getComputedTiming().endTime !== Infinity)
    .map((each) => each.finished)))
  .then(() => undefined)`;

/** Writes a picture with the 256 colours that suit it: a third of the size, and no difference to see. */
async function writeWithPalette(png: Uint8Array, path: string): Promise<void> {
  const palette = "split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none";
  const ffmpeg = new Deno.Command("ffmpeg", {
    args: [
      ..."-v error -y -f image2pipe -c:v png -i pipe:0 -vf".split(" "),
      palette,
      ...["-update", "1", path],
    ],
    stdin: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = ffmpeg.stdin.getWriter();
  await writer.write(png);
  await writer.close();
  if (!(await ffmpeg.status).success) throw new Error(`Cannot write ${path}`);
}

/** Links that were used, by the program they opened. */
const USED = new WeakMap<FakeProgram, string>();

async function openOnce(browser: Browser, program: FakeProgram): Promise<void> {
  const link = program.link();
  USED.set(program, link);
  const page = await browser.newPage();
  await page.goto(link);
  await page.getByRole("heading").first().waitFor();
  await page.close();
}

/** Pictures for every canvas there is, until all show one. */
async function showPictures(page: Page, program: FakeProgram, cameras: Cameras): Promise<void> {
  if (program.state.screen !== "meeting") return;
  await page.locator(".tile").first().waitFor();
  await until("all pictures", async () => {
    const missing = await page.locator(".tile:has(canvas:not([data-shown]))").evaluateAll(
      (tiles: { dataset: Record<string, string> }[]) =>
        tiles.map((tile) => tile.dataset.participant),
    );
    for (const id of missing) program.sendFrame(cameras.frame(Number(id), NOW));
    return missing.length === 0;
  }, { everyMs: 100 });
}

async function main(chosen: string[]): Promise<void> {
  await Deno.mkdir(FOLDER, { recursive: true });
  const browser = await startChromium({ args: ["--force-device-scale-factor=1"] });
  try {
    const cameras = await Cameras.draw(browser);
    for (const scene of SCENES) {
      if (chosen.length > 0 && !chosen.some((part) => scene.name.includes(part))) continue;
      for (const scheme of ["light", "dark"] as const) {
        const name = `${scene.name}-${scheme}`;
        await picture(browser, cameras, { scene, scheme, size: LARGE, name });
        if (!scene.small) continue;
        await picture(browser, cameras, { scene, scheme, size: SMALL, name: `${name}-800x500` });
      }
      console.log(scene.name);
    }
  } finally {
    await browser.close();
  }
}

if (import.meta.main) await main(Deno.args);
