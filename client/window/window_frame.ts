import { join } from "node:path";
import type { Output } from "../headless.ts";
import { isFile } from "../places.ts";
import { appOpeners, openBrowser } from "./browser.ts";
import { displayFault } from "./webview_start.ts";
import { NoWindow, type OpenedWindow, openWindow, type WindowEnd } from "./open_window.ts";

/** A window that crashes again so soon is not opened a third time. */
const CRASHES_APART_MS = 30_000;

export interface WindowFrameOptions {
  /** For the window's size and the browser's redirect. */
  readonly folder: string;
  /** The user wants a browser. */
  readonly browser: boolean;
  readonly output: Output;
  /** A new link to the page. */
  readonly link: () => string;
  readonly title: () => string;
  readonly onCloseAsked: () => void;
  /** The window is gone for good. */
  readonly onClosed: () => void;
  /** To the page that is opened next. */
  readonly toast: (message: string) => void;
}

/** Without a display no browser has one, either. */
function appOpenersHere() {
  const variable = (name: string) => Deno.env.get(name);
  const { os } = Deno.build;
  return displayFault(os, variable) === undefined ? appOpeners(os, { variable, isFile }) : [];
}

/** Where the page is shown: a window of our own, else a browser. The meeting goes on whatever happens to it. */
export class WindowFrame {
  readonly #options: WindowFrameOptions;
  #window: OpenedWindow | undefined;
  #isBrowser = false;
  #crashedAtMs = -Infinity;
  #isClosing = false;

  constructor(options: WindowFrameOptions) {
    this.#options = options;
  }

  /** True where the page is in a browser: only its socket tells that it was closed. */
  get isBrowser(): boolean {
    return this.#isBrowser;
  }

  async open(): Promise<void> {
    if (this.#options.browser) return await this.#openBrowser();
    const { folder, link, title, onCloseAsked, output } = this.#options;
    try {
      const opened = await openWindow({
        url: link(),
        title: title(),
        sizeFile: join(folder, "window.json"),
        onCloseAsked,
      });
      this.#window = opened;
      output.report({ event: "window", state: "open" });
      void opened.ended.then((end) => this.#ended(end));
    } catch (thrown) {
      if (!(thrown instanceof NoWindow)) throw thrown;
      output.note(`No window of its own: ${thrown.message}`);
      output.report({ event: "window", state: "none", message: thrown.message });
      await this.#openInstead();
    }
  }

  setTitle(title: string): void {
    this.#window?.setTitle(title);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#window?.close();
  }

  /** A browser's window that looks like ours, else the default browser. */
  async #openInstead(): Promise<void> {
    const { folder, link, output } = this.#options;
    for (const opener of appOpenersHere()) {
      if (await openBrowser(link(), { folder, opener }) !== undefined) continue;
      this.#isBrowser = true;
      const browser = opener.args[1] ?? opener.program;
      output.report({ event: "window", state: "app", browser });
      return output.note(`FusionMeet's page is in a window of ${browser}`);
    }
    await this.#openBrowser();
  }

  async #openBrowser(): Promise<void> {
    const { folder, link, output } = this.#options;
    this.#isBrowser = true;
    const problem = await openBrowser(link(), { folder });
    if (problem !== undefined) output.note(problem);
    // The link in the terminal is one of its own: the browser may have used the other one.
    const url = link();
    output.report({ event: "link", url });
    output.sentence(`FusionMeet's page, once: ${url}`);
  }

  async #ended({ reason, detail }: WindowEnd): Promise<void> {
    const { output, onClosed, toast } = this.#options;
    this.#window = undefined;
    output.report({ event: "window", state: reason, detail });
    if (this.#isClosing || reason === "closed") return onClosed();
    const nowMs = performance.now();
    const isAgain = nowMs - this.#crashedAtMs < CRASHES_APART_MS;
    this.#crashedAtMs = nowMs;
    output.note(`The window crashed (${detail}); the meeting goes on, and it is opened again`);
    if (isAgain) await this.#openInstead();
    else await this.open();
    toast("The window broke and was opened again; the meeting went on");
  }
}
