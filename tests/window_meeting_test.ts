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

  /** What anybody sees who looks at Bob's screen. */
  async bobSees(): Promise<{ frame: number; source: number } | undefined> {
    return findNumber(await this.display.look());
  }

  /** How loud a tone comes out of a speaker in the next second, dBFS. */
  async hears(speaker: "ada" | "bob", hz: number): Promise<number> {
    await using listener = this.sound.listen(speaker);
    return levelAt(await listener.next(SECOND), hz);
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

    await t.step("both join with one click, and see each other", async () => {
      await button(page, "Join").click();
      await display.xdotool("key", "Return");
      await tile("Bob").waitFor({ timeout: 20_000 });
      await bob.waitFor("page");
    });

    await t.step("each sees the other's picture go on", async () => {
      const bobsId = Number(await tile("Bob").getAttribute("data-participant"));
      const first = (await until("Bob's number", () => stage.adaSees(bobsId)))!;
      strictEqual(first.source, SOURCES.Bob);
      await until("Bob's picture goes on", async () => {
        const now = await stage.adaSees(bobsId);
        return now && now.frame > first.frame + FPS;
      });
      const seen = (await until("Ada's number", () => stage.bobSees()))!;
      strictEqual(seen.source, SOURCES.Ada);
      await until("Ada's picture goes on", async () => {
        const now = await stage.bobSees();
        return now && now.frame > seen.frame + FPS;
      });
    });

    await t.step("each hears the other's tone as loud as it was, and not the own one", async () => {
      for (const [name, other] of [["Ada", "Bob"], ["Bob", "Ada"]] as const) {
        const speaker = name === "Ada" ? "ada" : "bob";
        await until(
          `${other}'s tone at ${name}'s speaker`,
          async () => Math.abs(await stage.hears(speaker, TONES[other]) - TONE_DBFS) < 1,
          { timeoutMs: 20_000 },
        );
        ok(await stage.hears(speaker, TONES[name]) < TONE_DBFS - 40);
      }
    });

    await t.step("what hostile people are called and say is only text", async () => {
      const title = await page.title();
      const guests = HOSTILE.slice(0, 3).map((name) =>
        stage.headless(name.slice(0, 64), ["--chat", HOSTILE[0]])
      );
      await Promise.all(guests.map((guest) => guest.waitFor("joined")));
      await button(page, /^Chat/).click();
      const field = page.getByRole("textbox", { name: "Message to everyone" });
      await field.fill(HOSTILE[3]);
      await field.press("Enter");
      const chat = page.getByRole("log");
      await until(
        "all lines",
        async () => {
          const text = await chat.textContent() ?? "";
          return text.split(HOSTILE[0]).length > guests.length && text.includes(HOSTILE[3]);
        },
      );
      strictEqual(await page.locator("img").count(), 0);
      ok(!/^1/.test(await page.title()), title);
      await Promise.all(guests.map((guest) => guest.send({ do: "leave" })));
      await until("only two tiles", async () => await page.locator(".tile").count() === 2);
    });

    await t.step("a muted microphone is silent, a camera that is off a placeholder", async () => {
      await button(page, "Mute").click();
      await until("silence", async () => await stage.hears("bob", TONES.Ada) < -60, {
        timeoutMs: 20_000,
      });
      await button(page, "Turn camera off").click();
      await until("no number of Ada's on Bob's screen", async () => !await stage.bobSees());
      await button(page, "Turn camera on").click();
      await until("Ada's picture is back", () => stage.bobSees());
      await button(page, "Unmute").click();
      await until(
        "Ada's tone is back",
        async () => Math.abs(await stage.hears("bob", TONES.Ada) - TONE_DBFS) < 1,
        { timeoutMs: 20_000 },
      );
    });

    await t.step(
      "twelve people are on two pages, and only those on the page are asked for",
      async () => {
        const crowd = Array.from(
          { length: 10 },
          (_, index) => stage.headless(`Guest ${index + 1}`),
        );
        await Promise.all(crowd.map((guest) => guest.waitFor("joined")));
        await until("nine tiles", async () => await page.locator(".tile").count() === 9);
        await button(page, "Next page").click();
        await until("the other three", async () => await page.locator(".tile").count() === 3);
        await until("no picture is drawn for nobody", async () => {
          const bobsId = await page.locator(".tile", { hasText: "Bob" }).count();
          return bobsId === 0;
        });
        await button(page, "Previous page").click();
        await Promise.all(crowd.map((guest) => guest.send({ do: "leave" })));
        await until("two tiles again", async () => await page.locator(".tile").count() === 2);
      },
    );

    await t.step(
      "the server is killed and started again: both are back, nothing said is lost",
      async () => {
        await stage.restartServer(async () => {
          await page.getByText("Connection lost").first().waitFor();
          const field = page.getByRole("textbox", { name: "Message to everyone" });
          await field.fill("said while away");
          await field.press("Enter");
        });
        await until("Bob is back", async () => await page.locator(".tile").count() === 2, {
          timeoutMs: 20_000,
        });
        await until(
          "the line is stored",
          async () =>
            await page.getByRole("log").getByText("said while away").count() === 1 &&
            await page.getByText("Sending…").count() === 0,
        );
        await until(
          "Bob's tone is back",
          async () => Math.abs(await stage.hears("ada", TONES.Bob) - TONE_DBFS) < 1,
          { timeoutMs: 20_000 },
        );
      },
    );

    await t.step("who leaves is gone at once, and closing a window leaves", async () => {
      await display.xdotool("key", "ctrl+w");
      await bob.stop();
      await until("Bob's tile is gone", async () => await page.locator(".tile").count() === 1);
      await button(page, "Leave").click();
      await page.getByText("You left the meeting").waitFor();
      strictEqual(ada.errorText, "");
    });
  },
});
