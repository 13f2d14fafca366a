/**
 * Files through a window: a page in Chromium before the real program, a headless client at the other side.
 * Judges no real time.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { seededRandom } from "@fusionmeet/base";
import type { Browser, Page } from "playwright-core";
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

function randomBytes(size: number, seed: number): Uint8Array<ArrayBuffer> {
  return seededRandom(seed).fill(new Uint8Array(size)) as Uint8Array<ArrayBuffer>;
}

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
    this.window = this.#ends.use(launchWindow({
      ...{ name: "Ada", server: this.server, browser: true, data: this.directory.file("ada") },
      env: { XDG_CONFIG_HOME: this.directory.file("config") },
    }));
    this.page = await browser.newPage();
    this.#ends.defer(() => this.page.close());
    await this.page.goto(await this.window.link());
    await this.page.getByRole("button", { name: "Join", exact: true }).click();
    await this.openFiles();
  }

  async openFiles(): Promise<void> {
    await this.page.getByRole("button", { name: /^Files/ }).click();
    await this.panel.waitFor();
  }

  /** Bob shares a file of that size. @returns its hash. */
  async bobShares(name: string, size: number): Promise<string> {
    const path = this.directory.file(name);
    const bytes = randomBytes(size, size);
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
  name:
    "A window saves what others share, also over a reload, and what is cancelled leaves nothing",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await buildPage();
    const browser = await startChromium();
    await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
    await using stage = await Stage.open(browser);
    const { page, panel, downloads } = stage;

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

    // Bob may delete his file, and nobody else who is not the host.
    strictEqual(await panel.getByRole("button", { name: /^More for/ }).count(), 0);
    await stage.bob.send({ do: "delete", name: "report.pdf" });
    await panel.getByText("No files yet").waitFor();
  },
});
