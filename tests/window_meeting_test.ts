/**
 * Two people meet through windows: Ada's page in Chromium, Bob's in the window of the system's webview. Both click to
 * join; what each sees is read back from the picture, what each hears is recorded from the speaker.
 */
import { ok, strictEqual } from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { buildPage } from "../tools/build_page.ts";
import { levelAt } from "./support/audio.ts";
import { canvasPicture, startChromium } from "./support/browser.ts";
import { FILM_PICTURES, FPS } from "./support/cameras.ts";
import { Crowd } from "./support/crowd.ts";
import { Display } from "./support/display.ts";
import { readNumber } from "./support/picture.ts";
import { writeTestVideo } from "./support/picture_files.ts";
import {
  type ClientProgram,
  launchClient,
  launchWindow,
  type ServerProgram,
  startServer,
  type WindowProgram,
} from "./support/programs.ts";
import { findNumber } from "./support/screen_film.ts";
import { SoundServer } from "./support/sound.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const SECOND = 48_000;
const TONES = { Ada: 431, Bob: 617 } as const;
const TONE_DBFS = -20;
const NOTHING_DBFS = -60;
/** After a change the buffers may need this long until every sample is there. */
const SOUND_MS_MAX = 30_000;
/** Small windows and half the pictures: two browsers that draw without a graphics card share two cores. */
const SCREEN = { width: 800, height: 500 };
const QUALITY = `320x240@15`;
const FILM = { width: 320, height: 240, seed: 5 };
const SOURCES = { Ada: 1, Bob: 2 } as const;
/** Names and lines that would do harm where text is taken for markup, or confuse whoever reads. */
const HOSTILE = [
  '<img src=x onerror="document.title=1">',
  "שלום עולם (1) abc",
  "🙂".repeat(64),
  "a".repeat(200),
] as const;

type Name = keyof typeof TONES;

/** Everything two windows need, from the server to the sound. */
class Stage implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  readonly directory = this.#ends.use(new TemporaryDirectory());
  server!: ServerProgram;
  sound!: SoundServer;
  display!: Display;
  browser!: Browser;
  ada!: WindowProgram;
  bob!: WindowProgram;
  page!: Page;

  static async set(): Promise<Stage> {
    const stage = new Stage();
    try {
      await stage.#set();
      return stage;
    } catch (thrown) {
      await stage[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #set(): Promise<void> {
    await buildPage();
    const { directory } = this;
    await Deno.mkdir(directory.file("sound"));
    this.sound = this.#ends.use(await SoundServer.start(directory.file("sound"), ["ada", "bob"]));
    this.display = this.#ends.use(await Display.start(SCREEN.width, SCREEN.height));
    this.server = await this.#startServer(0, 0);
    this.#ends.defer(() => this.server[Symbol.asyncDispose]());
    for (const name of ["Ada", "Bob"] as const) {
      const video = { ...FILM, source: SOURCES[name] };
      await writeTestVideo(directory.file(`${name}.mkv`), video, {
        frames: FILM_PICTURES,
        fps: FPS,
      });
    }
    await Deno.mkdir(directory.file("Bob"));
    await Deno.writeTextFile(directory.file("Bob/window.json"), JSON.stringify(SCREEN));
    this.bob = this.#window("Bob", false, { ...this.display.env, ...this.sound.env("bob") });
    this.ada = this.#window("Ada", true, {});
    this.browser = await startChromium({ env: this.sound.env("ada") });
    this.#ends.defer(() => this.browser.close());
    this.page = await this.browser.newPage({ viewport: SCREEN });
    await this.page.goto(await this.ada.link());
    await this.bob.waitFor("page", { timeoutMs: 30_000 });
  }

  async #startServer(port: number, mediaPort: number): Promise<ServerProgram> {
    return await startServer({
      data: this.directory.file("server"),
      args: ["--port", String(port), "--media-port", String(mediaPort)],
    });
  }

  /** kill -9, and the same server again. */
  async restartServer(meanwhile: () => Promise<void>): Promise<void> {
    const { port, mediaPort } = this.server;
    await this.server.kill();
    await meanwhile();
    this.server = await this.#startServer(port, mediaPort);
  }

  headless(name: string, args: string[] = []): ClientProgram {
    return this.#ends.use(launchClient({ name, server: this.server, args }));
  }

  /** What Ada sees of somebody: the number burnt into the picture on the canvas. */
  async adaSees(participant: number): Promise<{ frame: number; source: number } | undefined> {
    const picture = await canvasPicture(this.page, `[data-participant="${participant}"] canvas`);
    return picture && readNumber(picture);
  }

  /** What anybody sees of Ada who looks at Bob's screen: of all places there, one may look like some number by chance. */
  async bobSees(): Promise<{ frame: number; source: number } | undefined> {
    return findNumber(await this.display.look(), SOURCES.Ada);
  }

  /** How loud a tone comes out of a speaker in the next second, dBFS. */
  async level(speaker: "ada" | "bob", hz: number): Promise<number> {
    await using listener = this.sound.listen(speaker);
    return levelAt(await listener.next(SECOND), hz);
  }

  /** Waits until `who` hears the other's tone as loud as it was said, or not at all. */
  async hears(who: Name, isThere: boolean): Promise<void> {
    const other = who === "Ada" ? "Bob" : "Ada";
    const levels: string[] = [];
    const isRight = async () => {
      const level = await this.level(who === "Ada" ? "ada" : "bob", TONES[other]);
      levels.push(level.toFixed(1));
      return isThere ? Math.abs(level - TONE_DBFS) < 1 : level < NOTHING_DBFS;
    };
    try {
      await until(`${other}'s tone`, isRight, { timeoutMs: SOUND_MS_MAX });
    } catch (thrown) {
      const figures = JSON.stringify(await this.page.evaluate(voiceFigures));
      throw new Error(`${who} hears ${other} at ${levels.join(", ")} dBFS; ${figures}`, {
        cause: thrown,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }

  #window(name: Name, browser: boolean, env: Record<string, string>): WindowProgram {
    return this.#ends.use(launchWindow({
      ...{ name, browser, env, server: this.server },
      mic: `tone:${TONES[name]}@${TONE_DBFS}`,
      camera: this.directory.file(`${name}.mkv`),
      data: this.directory.file(name),
      args: ["--quality", QUALITY],
    }));
  }
}

/** Runs in the page. */
function voiceFigures(): unknown {
  // deno-lint-ignore no-explicit-any
  return (globalThis as any).fusionmeetFigures().voice;
}

/** Runs in the page: coded pictures that came of others. */
function receivedPictures(): number[] {
  // deno-lint-ignore no-explicit-any
  const { pictures } = (globalThis as any).fusionmeetFigures();
  return pictures.map(({ received }: { received: number }) => received);
}

const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });

Deno.test({
  name: "Two people meet through windows",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await using stage = await Stage.set();
    const { page, display, ada, bob } = stage;
    const tile = (name: string) => page.locator(".tile", { hasText: name });
    const tiles = async (count: number) =>
      await until(
        `${count} tiles`,
        async () => await page.locator(".tile").count() === count,
        { timeoutMs: 30_000 },
      );
    const field = page.getByRole("textbox", { name: "Message to everyone" });
    const chat = page.getByRole("log");

    await t.step("both join with one click, and see each other", async () => {
      await button(page, "Join").click();
      await display.xdotool("key", "Return");
      await tile("Bob").waitFor({ timeout: 20_000 });
    });

    await t.step("each sees the other's picture go on", async () => {
      const bobsId = Number(await tile("Bob").getAttribute("data-participant"));
      for (
        const [source, sees] of [
          [SOURCES.Bob, () => stage.adaSees(bobsId)],
          [SOURCES.Ada, () => stage.bobSees()],
        ] as const
      ) {
        const first = (await until("a number", sees, { timeoutMs: 20_000 }))!;
        strictEqual(first.source, source);
        await until("later numbers", async () => {
          const now = await sees();
          return now && now.frame > first.frame + FPS;
        });
      }
    });

    await t.step("each hears the other's tone as loud as it was, and not the own one", async () => {
      for (const name of ["Ada", "Bob"] as const) {
        await stage.hears(name, true);
        ok(await stage.level(name === "Ada" ? "ada" : "bob", TONES[name]) < NOTHING_DBFS);
      }
    });

    await t.step("what hostile people are called and say is only text", async () => {
      const guests = HOSTILE.slice(0, 3).map((name) =>
        stage.headless(name.slice(0, 64), ["--chat", HOSTILE[0]])
      );
      await Promise.all(guests.map((guest) => guest.waitFor("joined")));
      await button(page, /^Chat/).click();
      await field.fill(HOSTILE[3]);
      await field.press("Enter");
      await until("all lines", async () => {
        const text = await chat.textContent() ?? "";
        return text.split(HOSTILE[0]).length > guests.length && text.includes(HOSTILE[3]);
      });
      strictEqual(await page.locator("img").count(), 0);
      ok(!(await page.title()).startsWith("1"));
      await Promise.all(guests.map((guest) => guest.send({ do: "leave" })));
      await tiles(2);
      await page.keyboard.press("Escape");
    });

    await t.step("a muted microphone is silent, a camera that is off a placeholder", async () => {
      await button(page, "Mute").click();
      await stage.hears("Bob", false);
      await button(page, "Turn camera off").click();
      await until("no number of Ada's on Bob's screen", async () => !await stage.bobSees());
      await button(page, "Turn camera on").click();
      await until("Ada's picture is back", () => stage.bobSees(), { timeoutMs: 20_000 });
      await button(page, "Unmute").click();
      await stage.hears("Bob", true);
    });

    await t.step(
      "twelve people are on two pages, and only those on the page are asked for",
      async () => {
        await using crowd = await Crowd.join(stage.server, 10);
        await tiles(9);
        await button(page, "Next page").click();
        await tiles(3);
        strictEqual(await tile("Bob").count(), 0);
        const received = async () => JSON.stringify(await page.evaluate(receivedPictures));
        await until("no more pictures of Bob come", async () => {
          const before = await received();
          await passRealTime(500);
          return before === await received();
        });
        await button(page, "Previous page").click();
        await crowd.leave();
        await tiles(2);
      },
    );

    await t.step(
      "the server is killed and started again: both are back, nothing said is lost",
      async () => {
        await stage.restartServer(async () => {
          await page.getByText("Connection lost").first().waitFor();
          await button(page, /^Chat/).click();
          await field.fill("said while away");
          await field.press("Enter");
        });
        await tiles(2);
        await until(
          "the line is stored",
          async () =>
            await chat.getByText("said while away").count() === 1 &&
            await page.getByText("Sending…").count() === 0,
        );
        await stage.hears("Ada", true);
      },
    );

    await t.step("who leaves is gone at once, and closing a window leaves", async () => {
      await page.keyboard.press("Escape");
      await bob.stop();
      await tiles(1);
      await button(page, "Leave").click();
      await page.getByText("You left the meeting").waitFor();
      strictEqual(ada.errorText, "");
    });
  },
});
