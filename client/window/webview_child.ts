import { messageOf } from "@fusionmeet/base";
import { GtkWindow, prepareProcess } from "./webview_gtk.ts";
import {
  cString,
  NATIVE_HANDLE_BROWSER,
  readCString,
  SIZE_HINT,
  WEBVIEW_SYMBOLS,
  type WebviewLibrary,
} from "./webview_library.ts";
import {
  type FromWindow,
  type OpenLine,
  parseToWindow,
  WINDOW_SIZE_MIN,
  type WindowSize,
  type WindowStep,
} from "./webview_lines.ts";
import { Mailbox } from "./webview_mailbox.ts";
import { pageScript, type PageTold, WINDOW_FUNCTION } from "./webview_page_script.ts";
import type { WindowThread } from "./webview_worker.ts";

/**
 * `fusionmeet-client --webview`: one window, told what to do on stdin and telling what happens on stdout
 * (webview_lines.ts). Needs `--allow-ffi`, and to read webview_worker.ts. Ends with its window, with its stdin, and with
 * the process that started it.
 *
 * @returns the exit code.
 */
export async function runWebviewChild(): Promise<number> {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGINT", ignoreInterrupt);
  const worker = new Worker(new URL("./webview_worker.ts", import.meta.url), {
    type: "module",
    name: "stdin",
  });
  const line = await new Promise<string | undefined>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
  });
  const open = line === undefined ? undefined : parseToWindow(line);
  if (open?.do !== "open") return 0;
  try {
    const window = new WebviewWindow(open);
    window.listenTo(worker);
    return window.run();
  } catch (thrown) {
    const step = thrown instanceof StepFailure ? thrown.step : "process";
    tell({ event: "failed", step, detail: messageOf(thrown) });
    return 1;
  }
}

class StepFailure extends Error {
  readonly step: WindowStep;

  constructor(step: WindowStep, cause: unknown) {
    super(messageOf(cause), { cause });
    this.step = step;
  }
}

/** A window with the page in it. Everything here runs on one thread, most of it inside `run()`. */
class WebviewWindow {
  readonly #open: OpenLine;
  readonly #origin: string;
  readonly #webview: WebviewLibrary["symbols"];
  readonly #view: Deno.PointerValue;
  readonly #memory = Mailbox.memory();
  readonly #mailbox = new Mailbox(this.#memory);
  /** The library has their addresses: they must not be collected. */
  readonly #wake = new Deno.UnsafeCallback(
    { parameters: ["pointer", "pointer"], result: "void" },
    () => this.#lookIntoMailbox(),
  );
  readonly #told = new Deno.UnsafeCallback(
    { parameters: ["pointer", "pointer", "pointer"], result: "void" },
    (id, told) => {
      this.#hear(JSON.parse(readCString(told)));
      this.#webview.webview_return(this.#view, cString(readCString(id)), 0, cString("null"));
    },
  );
  #size: WindowSize | undefined;
  #isReady = false;
  #isClosing = false;
  #hasFailed = false;

  /** @throws StepFailure */
  constructor(open: OpenLine) {
    this.#open = open;
    this.#origin = new URL(open.url).origin;
    if (Deno.build.os === "linux") prepareProcess();
    this.#webview = loadLibrary(open.library);
    this.#view = this.#webview.webview_create(0, null);
    if (this.#view === null) throw new StepFailure("window", "No window could be opened");
    if (Deno.build.os === "linux") this.#listenToGtk();
    this.#show();
  }

  /** The stdin's thread can wake this one from now on. */
  listenTo(worker: Worker): void {
    const thread: WindowThread = {
      memory: this.#memory,
      library: this.#open.library,
      view: Deno.UnsafePointer.value(this.#view),
      wake: Deno.UnsafePointer.value(this.#wake.pointer),
    };
    worker.postMessage(thread);
  }

  /** Returns when the window is gone. @returns the exit code. */
  run(): number {
    this.#webview.webview_run(this.#view);
    if (!this.#hasFailed) tell({ event: "closed" });
    this.#webview.webview_destroy(this.#view);
    return this.#hasFailed ? 1 : 0;
  }

  #listenToGtk(): void {
    const window = this.#webview.webview_get_window(this.#view);
    const view = this.#webview.webview_get_native_handle(this.#view, NATIVE_HANDLE_BROWSER);
    const gtk = new GtkWindow({ window, view }, {
      origin: this.#origin,
      listener: {
        closeAsked: () => {
          if (!this.#isClosing) tell({ event: "close-asked" });
        },
        resized: (size) => this.#resized(size),
        leads: (url) => tell({ event: "link", url }),
        pageNotLoaded: (detail) => {
          if (!this.#isReady) this.#fail("page", detail);
        },
        pageDied: (detail) => this.#fail("process", `the process that shows the page ${detail}`),
      },
    });
    gtk.setIcon(this.#open.icons);
  }

  #show(): void {
    const { url, title, width, height } = this.#open;
    const webview = this.#webview;
    const script = pageScript(Deno.build.os === "darwin" ? "outer" : "inner");
    webview.webview_bind(this.#view, cString(WINDOW_FUNCTION), this.#told.pointer, null);
    webview.webview_init(this.#view, cString(script));
    webview.webview_set_title(this.#view, cString(title));
    const { min, none } = SIZE_HINT;
    webview.webview_set_size(this.#view, WINDOW_SIZE_MIN.width, WINDOW_SIZE_MIN.height, min);
    webview.webview_set_size(this.#view, width, height, none);
    webview.webview_navigate(this.#view, cString(url));
  }

  #lookIntoMailbox(): void {
    const taken = this.#mailbox.take();
    if (taken === undefined) return;
    const asked = taken === "ended" ? { do: "close" } as const : parseToWindow(taken.line);
    if (asked?.do === "title") this.#webview.webview_set_title(this.#view, cString(asked.title));
    if (asked?.do === "close") this.#close();
  }

  #hear(told: PageTold): void {
    if (told[0] === "link") tell({ event: "link", url: String(told[1]) });
    if (told[0] === "ready" && told[1] === this.#origin && !this.#isReady) {
      this.#isReady = true;
      tell({ event: "ready" });
    }
    const [what, width, height] = told;
    if (what === "size" && Deno.build.os !== "linux") this.#resized({ width, height });
  }

  /** Sizes on the way to the first picture are not the user's. */
  #resized(size: WindowSize): void {
    const last = this.#size;
    this.#size = size;
    const isNew = size.width !== last?.width || size.height !== last.height;
    if (this.#isReady && isNew) tell({ event: "resized", ...size });
  }

  #close(): void {
    this.#isClosing = true;
    this.#webview.webview_terminate(this.#view);
  }

  #fail(step: WindowStep, detail: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    tell({ event: "failed", step, detail });
    this.#close();
  }
}

/** Ctrl+C in a terminal reaches both processes; the program leaves in order, and then closes its window. */
function ignoreInterrupt(): void {}

function loadLibrary(path: string): WebviewLibrary["symbols"] {
  try {
    return Deno.dlopen(path, WEBVIEW_SYMBOLS).symbols;
  } catch (thrown) {
    throw new StepFailure("library", thrown);
  }
}

/** A program that is gone does not listen; its end comes as the end of stdin. */
function tell(event: FromWindow): void {
  const bytes = new TextEncoder().encode(JSON.stringify(event) + "\n");
  try {
    for (let written = 0; written < bytes.length;) {
      written += Deno.stdout.writeSync(bytes.subarray(written));
    }
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.BrokenPipe)) throw thrown;
  }
}
