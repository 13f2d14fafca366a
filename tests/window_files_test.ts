/**
 * Files through a window: a page in Chromium before the real program, a headless client at the other side.
 * Judges no real time.
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { buildPage } from "../tools/build_page.ts";
import { startChromium } from "./support/browser.ts";
import {
  type ClientProgram,
  launchWindow,
  type ServerProgram,
  startClient,
  startServer,
  type WindowProgram,
} from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const MEBIBYTE = 1 << 20;

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The files of a folder by name, as their hashes; none where it is not there. */
function contentOf(folder: string): Record<string, string> {
  try {
    return Object.fromEntries(
      [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) =>
        [name, hashOf(Deno.readFileSync(`${folder}/${name}`))] as const
      ).toSorted(),
    );
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return {};
    throw thrown;
  }
}

/** A server, Ada at a page with the files open, and Bob without one. */
class Stage implements AsyncDisposable {
  readonly directory = new TemporaryDirectory();
  readonly #ends = new AsyncDisposableStack();
  server!: ServerProgram;
  window!: WindowProgram;
  bob!: ClientProgram;
  page!: Page;

  static async open(browser: Browser): Promise<Stage> {
    const stage = new Stage();
    try {
      await stage.#open(browser);
      return stage;
    } catch (thrown) {
      await stage[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Where Ada's computer keeps what is downloaded. */
  get downloads(): string {
    return this.directory.file("downloads");
  }

  get panel() {
    return this.page.getByRole("complementary", { name: "Files" });
  }

  async #open(browser: Browser): Promise<void> {
    this.#ends.use(this.directory);
    await Deno.mkdir(this.directory.file("config"));
    await Deno.writeTextFile(
      this.directory.file("config/user-dirs.dirs"),
      `XDG_DOWNLOAD_DIR="${this.downloads}"\n`,
    );
    this.server = this.#ends.use(
      await startServer({ data: this.directory.file("server"), args: ["--max-file-mb", "8"] }),
    );
    this.bob = this.#ends.use(
      await startClient({
        ...{ name: "Bob", server: this.server, record: this.directory.file("bob") },
        args: ["--fetch", "all"],
      }),
    );
    await this.openWindow(browser);
  }

  /** Ada's program and its page; again after it was killed. */
  async openWindow(browser: Browser): Promise<void> {
    this.window = this.#ends.use(launchWindow({
      ...{ name: "Ada", server: this.server, browser: true, data: this.directory.file("ada") },
      env: { XDG_CONFIG_HOME: this.directory.file("config") },
    }));
    const page = this.page = await browser.newPage();
    this.#ends.defer(() => page.close());
    await page.goto(await this.window.link());
    await page.getByRole("button", { name: "Join", exact: true }).click();
    await this.openFiles();
  }

  /** What Bob has fetched. */
  get fetched(): Record<string, string> {
    return contentOf(this.directory.file("bob/files"));
  }

  /** Notes about copies of what the page gave to Ada's program: what is in them. */
  get spooled(): string[] {
    const folder = this.directory.file("ada/outgoing");
    return [...Deno.readDirSync(folder)].flatMap(({ name: own }) =>
      [...Deno.readDirSync(`${folder}/${own}`)].filter(({ name }) => name.endsWith(".json"))
        .map(({ name }) => Deno.readTextFileSync(`${folder}/${own}/${name}`))
    );
  }

  async openFiles(): Promise<void> {
    await this.page.getByRole("button", { name: /^Files/ }).click();
    await this.panel.waitFor();
  }

  /** Bob shares a file of that size. @returns its hash. */
  async bobShares(name: string, size: number): Promise<string> {
    const path = this.directory.file(name);
    const bytes = randomBytes(size);
    await Deno.writeFile(path, bytes);
    await this.bob.send({ do: "share", path });
    return hashOf(bytes);
  }

  async click(name: string): Promise<void> {
    await this.panel.getByRole("button", { name, exact: true }).click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

Deno.test({
  name: "Files through a window, both ways",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    await buildPage();
    const browser = await startChromium();
    await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
    await using stage = await Stage.open(browser);
    const { page, panel, downloads } = stage;

    await t.step(
      "what others share is saved, also over a reload; what is cancelled leaves nothing",
      async () => {
        const hash = await stage.bobShares("report.pdf", 3 * MEBIBYTE + 7);
        await stage.click("Save report.pdf");
        await panel.getByText("Saved in downloads").waitFor();
        await stage.click("Save report.pdf");
        await until("the second copy", () => contentOf(downloads)["report (2).pdf"]);
        deepStrictEqual(contentOf(downloads), { "report.pdf": hash, "report (2).pdf": hash });

        // What was saved is known after a reload, and the rest of the list.
        await page.reload();
        await stage.openFiles();
        await panel.getByText("Saved in downloads").waitFor();
        strictEqual(await panel.locator(".file").count(), 1);

        // What is broken off leaves nothing: the server does not answer any more, so it is under way.
        await stage.bobShares("big.bin", 7 * MEBIBYTE);
        await panel.getByRole("button", { name: "Save big.bin" }).waitFor();
        stage.server.signal("SIGSTOP");
        await stage.click("Save big.bin");
        await page.getByRole("button", { name: "Leave" }).click();
        const question = page.getByRole("dialog", { name: "Leave the meeting?" });
        await question.getByText("big.bin is not saved to its end").waitFor();
        await question.getByRole("button", { name: "Stay" }).click();
        await stage.click("Cancel big.bin");
        await panel.getByRole("progressbar").waitFor({ state: "detached" });
        stage.server.signal("SIGCONT");
        deepStrictEqual(Object.keys(contentOf(downloads)), ["report (2).pdf", "report.pdf"]);
        await stage.bob.send({ do: "delete", name: "big.bin" });

        // Where the user says, under the name they say; the folder is the computer's.
        await Deno.mkdir(stage.directory.file("elsewhere"));
        await stage.click("More for report.pdf");
        await stage.click("Save as… report.pdf");
        await page.getByRole("combobox").fill(stage.directory.file("elsewhere/mine.pdf"));
        await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
        await until(
          "it is there",
          () =>
            isDeepStrictEqual(contentOf(stage.directory.file("elsewhere")), { "mine.pdf": hash }),
        );

        // Bob may delete his file, and nobody else who is not the host.
        strictEqual(await panel.getByRole("button", { name: /^Delete/ }).count(), 0);
        await stage.bob.send({ do: "delete", name: "report.pdf" });
        await panel.getByText("No files yet").waitFor();
      },
    );

    await t.step(
      "a picture is seen small at once, and large when it is looked at; a broken one says why",
      async () => {
        const patch = { width: 900, height: 600, channels: 3, background: "#c02020" } as const;
        const photo = await sharp({ create: patch }).png().toBuffer();
        const folder = stage.directory.file("pictures");
        await Deno.mkdir(folder);
        await Deno.writeFile(`${folder}/photo.png`, photo);
        await Deno.writeFile(`${folder}/half.png`, photo.subarray(0, photo.length / 2));
        await stage.bob.send({ do: "share", path: folder });
        const small = panel.getByRole("button", { name: "Look at photo.png" }).locator("img");
        await until("the thumbnail", () => small.evaluate(pixelOf, null).catch(() => null));
        deepStrictEqual((await small.evaluate(pixelOf, null))!.size, [320, 213]);
        await stage.click("Look at photo.png");
        const dialog = page.getByRole("dialog", { name: "photo.png" });
        const large = dialog.locator('[data-state="there"] img');
        const shown = await until("the picture", () => large.evaluate(pixelOf, null));
        const { size, colour } = shown!;
        deepStrictEqual(size, [900, 600]);
        const isRed = colour.every((value, at) => Math.abs(value - [0xc0, 0x20, 0x20][at]) < 12);
        strictEqual(isRed, true, String(colour));
        // Nothing that was only looked at is among the transfers or on the disk.
        strictEqual(await panel.getByText("Saved in").count(), 0);
        await page.keyboard.press("Escape");
        await stage.click("Look at half.png");
        await page.getByRole("dialog", { name: "half.png" })
          .getByText(/^It cannot be read as a picture/).waitFor();
        await page.keyboard.press("Escape");
        for (const name of ["photo.png", "half.png"]) await stage.bob.send({ do: "delete", name });
        await panel.getByText("No files yet").waitFor();
      },
    );

    await t.step(
      "what is chosen, dropped and pasted is shared, and a killed program goes on with it",
      async () => {
        const file = (name: string, size: number) => {
          const bytes = randomBytes(size);
          const path = stage.directory.file(name);
          Deno.writeFileSync(path, bytes);
          return { name, path, hash: hashOf(bytes) };
        };
        const choose = (...paths: string[]) =>
          panel.locator("input[type=file]").setInputFiles(paths);
        const hashes: Record<string, string> = {};
        const isAtBobs = (...files: { name: string; hash: string }[]) => {
          for (const { name, hash } of files) hashes[name] = hash;
          const wanted = Object.fromEntries(Object.entries(hashes).toSorted());
          return until("all of it at Bob's", () => isDeepStrictEqual(stage.fetched, wanted));
        };

        const chosen = [file("plan (final).pdf", 5 * MEBIBYTE + 3), file("empty.txt", 0)];
        await choose(...chosen.map(({ path }) => path), file("too-big.iso", 9e6).path);
        await isAtBobs(...chosen);
        await panel.getByText("The file has 9 MB; this server takes up to 8 MB.").waitFor();
        await stage.click("Close the message about too-big.iso");
        strictEqual(stage.spooled.length, 0);

        // The panel opens by itself for what is given without it.
        await page.keyboard.press("Escape");
        await page.evaluate(give, ["drop", "dropped.txt"]);
        const hash = hashOf(new TextEncoder().encode("drop"));
        await isAtBobs({ name: "dropped.txt", hash });
        await page.evaluate(give, ["paste", "image.png"]);
        await panel.getByText("Pasted picture").waitFor();
        const pasted = await until(
          "it at Bob's",
          () => Object.entries(stage.fetched).find(([name]) => name.startsWith("Pasted")),
        );
        match(pasted![0], /^Pasted picture \d{4}-\d\d-\d\d \d\d\.\d\d\.png$/);
        strictEqual(pasted![1], hashOf(new TextEncoder().encode("paste")));
        hashes[pasted![0]] = pasted![1];

        // A server that does not answer keeps it on its way; the program is killed, and a later one goes on.
        stage.server.signal("SIGSTOP");
        const big = file("survives.bin", 7 * MEBIBYTE);
        await choose(big.path);
        await until("its copy", () => stage.spooled.some((note) => note.includes(big.hash)));
        await stage.window.kill();
        stage.server.signal("SIGCONT");
        await stage.openWindow(browser);
        await isAtBobs(big);
        await until("that no copy is left", () => stage.spooled.length === 0);
      },
    );
  },
});

/** Runs in the page: how large a picture is, and the colour in its middle; null until it is there. */
// deno-lint-ignore no-explicit-any
function pixelOf(picture: any): { size: number[]; colour: number[] } | null {
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (!(width > 0)) return null;
  // deno-lint-ignore no-explicit-any
  const canvas = new (globalThis as any).OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(picture, 0, 0);
  const [red, green, blue] = canvas.getImageData(width / 2, height / 2, 1, 1).data;
  return { size: [width, height], colour: [red, green, blue] };
}

/** Runs in the page: gives it a file as a drop or a paste does; what is in it is the event's name. */
function give([type, name]: string[]): void {
  // deno-lint-ignore no-explicit-any
  const page = globalThis as any;
  const transfer = new page.DataTransfer();
  transfer.items.add(
    new page.File([type], name, { type: name.endsWith(".png") ? "image/png" : "text/plain" }),
  );
  const init = { bubbles: true, cancelable: true };
  page.document.body.dispatchEvent(
    type === "drop"
      ? new page.DragEvent(type, { ...init, dataTransfer: transfer })
      : new page.ClipboardEvent(type, { ...init, clipboardData: transfer }),
  );
}
