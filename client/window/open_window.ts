import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import { cacheFolder, contentFolder, contentPath, isBundled } from "@fusionmeet/places";
import { type ChildCommand, spawnPiped } from "../child_command.ts";
import { readTextFileIfThere } from "../places.ts";
import { readLines } from "../stdin_commands.ts";
import { openLink } from "./browser.ts";
import { findWebviewLibrary, LIBRARY_FOLDER, libraryFileName } from "./webview_library.ts";
import {
  type FromWindow,
  parseFromWindow,
  type ToWindow,
  type WindowSize,
} from "./webview_lines.ts";
import { rememberedSize, rememberSize } from "./webview_size.ts";
import {
  displayFault,
  lastWindowWords,
  webviewCommand,
  webviewEnvironment,
  type WindowFault,
  windowSentence,
} from "./webview_start.ts";
import { unpackFolder } from "./webview_unpack.ts";

/** From the start of the process to its page, a slow disk included. */
const READY_TIMEOUT_MS = 20_000;
/** A window that does not close by then is ended. */
const CLOSE_TIMEOUT_MS = 3_000;
/** What is kept of the process's stderr. */
const STDERR_LINES_MAX = 40;

/** There is no window to be had; the message says why and what to do, in sentences for the user. */
export class NoWindow extends Error {
  override readonly name = "NoWindow";
}

/** Why a window is gone. */
export interface WindowEnd {
  /** `closed`: by `close()`, or by the user where a system does not let us ask first. */
  readonly reason: "closed" | "crashed";
  /** For the user: what happened; "" for an ordinary close. */
  readonly detail: string;
}

/** A window with the page in it: a child process with the system's webview. */
export interface OpenedWindow {
  setTitle(title: string): void;
  /** Closes it without asking; resolves when its process is gone. */
  close(): Promise<void>;
  /** When it is gone, for whatever reason; never rejects. */
  readonly ended: Promise<WindowEnd>;
}

/** What a window shows and how it is remembered. */
export interface WindowOptions {
  /** The page; the window never goes anywhere else. */
  readonly url: string;
  readonly title: string;
  /** JSON file that keeps the window's size from one time to the next. */
  readonly sizeFile: string;
  /** The user wants to close it: ask what must be asked, then `close()`; doing nothing keeps it open. */
  readonly onCloseAsked: () => void;
  /** A link of the page could not be opened in the browser; why, as a sentence. */
  readonly onLinkFault?: (sentence: string) => void;
}

/** How the window's process is started; a test has its own. */
export interface WindowStart {
  readonly command: ChildCommand;
  /** Path of libwebview. */
  readonly library: string;
  readonly icons: string;
  readonly readyTimeoutMs: number;
  readonly closeTimeoutMs: number;
}

/**
 * Opens a window with the page in it; resolves once the page has been loaded.
 *
 * @throws NoWindow where there is no display, no webview, or it did not come up in time.
 */
export async function openWindow(
  options: WindowOptions,
  start: WindowStart = windowStart(),
): Promise<OpenedWindow> {
  const window = new ChildWindow(options, start);
  await window.ready(start.readyTimeoutMs);
  return window;
}

/** @throws NoWindow */
function windowStart(): WindowStart {
  const fault = displayFault(Deno.build.os, (name) => Deno.env.get(name));
  if (fault !== undefined) throw new NoWindow(fault);
  const files = Deno.build.standalone ? unpackedFiles() : filesOutside();
  const command = webviewCommand({
    executable: Deno.execPath(),
    isStandalone: Deno.build.standalone,
    isBundled: isBundled(),
    folder: contentFolder(),
    mainModule: contentPath({ checkout: "client/main.ts", bundle: "client.js" }),
  }, webviewEnvironment({ os: Deno.build.os, hasGraphicsCard: hasGraphicsCard() }));
  return {
    command,
    ...files,
    readyTimeoutMs: READY_TIMEOUT_MS,
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  };
}

/** What others than Deno read of the program. @throws NoWindow */
function filesOutside(): Pick<WindowStart, "library" | "icons"> {
  const library = findWebviewLibrary();
  if (library === undefined) throw noWindow("find", "");
  const icons = contentPath({
    checkout: "client/window/icons",
    bundle: `${LIBRARY_FOLDER}/icons`,
  });
  return { library, icons };
}

/** The same out of an executable, which only Deno can look into. @throws NoWindow */
function unpackedFiles(): Pick<WindowStart, "library" | "icons"> {
  const { os, arch } = Deno.build;
  const name = libraryFileName(os, arch);
  if (name === undefined) throw noWindow("find", "");
  const cache = cacheFolder(os, (variable) => Deno.env.get(variable));
  try {
    const folder = unpackFolder(join(contentFolder(), LIBRARY_FOLDER), cache);
    return { library: join(folder, name), icons: join(folder, "icons") };
  } catch (thrown) {
    throw noWindow("unpack", messageOf(thrown));
  }
}

/** Linux: a card that draws has a file there. */
function hasGraphicsCard(): boolean {
  try {
    return [...Deno.readDirSync("/dev/dri")].some(({ name }) => name.startsWith("renderD"));
  } catch {
    return false;
  }
}

function noWindow(step: WindowFault["step"], detail: string): NoWindow {
  const { os, arch } = Deno.build;
  const release = os === "linux" ? readTextFileIfThere("/etc/os-release") ?? "" : "";
  return new NoWindow(windowSentence({ step, detail, os, arch, release }));
}

class ChildWindow implements OpenedWindow {
  readonly #options: WindowOptions;
  readonly #closeTimeoutMs: number;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #errors: string[] = [];
  #size: WindowSize;
  /** Its last line, where it had the time for one. */
  #last: Extract<FromWindow, { event: "failed" | "closed" }> | undefined;
  #isClosing = false;
  readonly ended: Promise<WindowEnd>;

  /** @throws NoWindow */
  constructor(options: WindowOptions, start: WindowStart) {
    this.#options = options;
    this.#closeTimeoutMs = start.closeTimeoutMs;
    this.#size = rememberedSize(options.sizeFile);
    this.#child = spawn(start.command);
    this.#input = this.#child.stdin.getWriter();
    const { url, title } = options;
    const { library, icons } = start;
    this.#tell({ do: "open", library, icons, url, title, ...this.#size });
    this.ended = this.#run();
  }

  /** @throws NoWindow */
  async ready(timeoutMs: number): Promise<void> {
    const timeout = Promise.withResolvers<"timeout">();
    const timer = setTimeout(() => timeout.resolve("timeout"), timeoutMs);
    const came = await Promise.race([this.#ready.promise, this.ended, timeout.promise]);
    clearTimeout(timer);
    if (came === undefined) return;
    await this.#kill();
    if (this.#last?.event === "failed") throw noWindow(this.#last.step, this.#last.detail);
    throw noWindow(came === "timeout" ? "timeout" : "process", lastWindowWords(this.#errors));
  }

  setTitle(title: string): void {
    this.#tell({ do: "title", title });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#tell({ do: "close" });
    const timer = setTimeout(() => this.#kill(), this.#closeTimeoutMs);
    await this.ended;
    clearTimeout(timer);
  }

  async #run(): Promise<WindowEnd> {
    const [status] = await Promise.all([this.#child.status, this.#listen(), this.#keepErrors()]);
    await this.#input.abort().catch(() => {});
    rememberSize(this.#options.sizeFile, this.#size);
    if (this.#isClosing || this.#last?.event === "closed") return { reason: "closed", detail: "" };
    const words = this.#last?.detail ??
      (lastWindowWords(this.#errors) || `it ended with ${status.signal ?? status.code}`);
    return { reason: "crashed", detail: `The window broke: ${words}` };
  }

  async #listen(): Promise<void> {
    for await (const line of readLines(this.#child.stdout)) {
      const told = parseFromWindow(line);
      if (told !== undefined) this.#hear(told);
    }
  }

  #hear(told: FromWindow): void {
    switch (told.event) {
      case "ready":
        return this.#ready.resolve();
      case "resized":
        this.#size = { width: told.width, height: told.height };
        return;
      case "close-asked":
        return this.#options.onCloseAsked();
      case "link":
        openLink(told.url).then((fault) => fault && this.#options.onLinkFault?.(fault));
        return;
      case "failed":
      case "closed":
        this.#last = told;
    }
  }

  async #keepErrors(): Promise<void> {
    for await (const line of readLines(this.#child.stderr)) {
      this.#errors.push(line);
      if (this.#errors.length > STDERR_LINES_MAX) this.#errors.shift();
    }
  }

  /** A window that is gone hears nothing. */
  #tell(line: ToWindow): void {
    this.#input.write(new TextEncoder().encode(JSON.stringify(line) + "\n")).catch(() => {});
  }

  async #kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
    await this.ended;
  }
}

function spawn(command: ChildCommand): Deno.ChildProcess {
  try {
    return spawnPiped(command);
  } catch (thrown) {
    throw noWindow("process", messageOf(thrown));
  }
}
