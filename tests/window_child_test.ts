/** The window: the system's webview in a process of its own, on a screen without a monitor. Judges no real time. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { NoWindow, type OpenedWindow, openWindow } from "../client/window/open_window.ts";
import { WINDOW_SIZE_DEFAULT } from "../client/window/webview_size.ts";
import { Display } from "./support/display.ts";
import { childrenOf, isAlive } from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";
import { iconSize, pressClose } from "./support/x11_window.ts";

const ANSWER_TIMEOUT_MS = 10_000;
/** As strict as the real page's. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'";
const HTML = `<!doctype html><title>Page</title><script src="/page.js"></script>
<a id="outside" href="https://example.org/read?me" target="_blank">outside</a>
<a id="quiet" href="https://example.org/quiet" target="_blank">quiet</a>
<a id="inside" href="#below">inside</a><input id="text">`;
/** Does what the test asks for and answers; never ends. */
const SCRIPT = `
const by = (id) => document.getElementById(id);
const prevented = (element, event) => !element.dispatchEvent(event);
const options = { bubbles: true, cancelable: true };
const orders = {
  size: () => [innerWidth, innerHeight],
  where: () => location.pathname + location.hash,
  outside: () => by("outside").click(),
  inside: () => by("inside").click(),
  leave: () => { location.href = "https://example.org/away"; },
  quietAt: () => { const { x, y } = by("quiet").getBoundingClientRect(); return [x + 5, y + 5]; },
  reload: () => prevented(document.body, new KeyboardEvent("keydown", { key: "F5", ...options })),
  letter: () => prevented(by("text"), new KeyboardEvent("keydown", { key: "r", ...options })),
  menu: () => prevented(document.body, new MouseEvent("contextmenu", options)),
  textMenu: () => prevented(by("text"), new MouseEvent("contextmenu", options)),
};
(async () => {
  await new Promise((resolve) => addEventListener("DOMContentLoaded", resolve));
  by("quiet").addEventListener("click", (event) => event.stopPropagation());
  for (;;) {
    const order = await (await fetch("/order")).text();
    const answer = JSON.stringify(orders[order]() ?? null);
    await fetch("/answer", { method: "POST", body: answer });
  }
})();`;

/** A page on loopback that answers. */
class Page implements AsyncDisposable {
  /** The request of the page that waits for an order; an earlier page's is forgotten. */
  #waiting = Promise.withResolvers<(order: string) => void>();
  #isWaiting = false;
  #answer = Promise.withResolvers<unknown>();
  readonly #end = new AbortController();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, signal: this.#end.signal },
    (request) => this.#serve(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/?token=cafe`;
  }

  /** @throws Error when no page answers. */
  async ask(order: string): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const refuse = () => late.reject(new Error(`The page does not answer: ${order}`));
    const timer = setTimeout(refuse, ANSWER_TIMEOUT_MS);
    try {
      const give = await Promise.race([this.#waiting.promise, late.promise]);
      this.#forget();
      this.#answer = Promise.withResolvers();
      give(order);
      return await Promise.race([this.#answer.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#server.finished;
  }

  async #serve(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case "/order":
        this.#isWaiting = true;
        return await new Promise((resolve) =>
          this.#waiting.resolve((order) => resolve(new Response(order)))
        );
      case "/answer":
        this.#answer.resolve(await request.json());
        return new Response();
      case "/page.js":
        return this.#file(SCRIPT, "text/javascript");
    }
    if (this.#isWaiting) this.#forget();
    return this.#file(HTML, "text/html; charset=utf-8");
  }

  #forget(): void {
    this.#isWaiting = false;
    this.#waiting = Promise.withResolvers();
  }

  #file(text: string, type: string): Response {
    return new Response(text, {
      headers: { "content-type": type, "content-security-policy": POLICY },
    });
  }
}

/** A screen, a page, a folder, and a browser that only writes down what it should open. */
class Desk implements AsyncDisposable {
  readonly #variables = new Map<string, string | undefined>();
  asked = 0;

  private constructor(
    readonly display: Display,
    readonly page: Page,
    readonly folder: TemporaryDirectory,
  ) {
    const opener = `#!/bin/sh\necho "$1" >> '${folder.file("links")}'\n`;
    Deno.writeTextFileSync(folder.file("xdg-open"), opener, { mode: 0o700 });
    this.set({ ...display.env, PATH: `${folder.path}:${Deno.env.get("PATH")}` });
  }

  static async set(): Promise<Desk> {
    return new Desk(await Display.start(), new Page(), new TemporaryDirectory());
  }

  set(variables: Record<string, string>): void {
    for (const [name, value] of Object.entries(variables)) {
      if (!this.#variables.has(name)) this.#variables.set(name, Deno.env.get(name));
      Deno.env.set(name, value);
    }
  }

  get sizeFile(): string {
    return this.folder.file("window.json");
  }

  open(title = "Meeting"): Promise<OpenedWindow> {
    const { page: { url }, sizeFile } = this;
    return openWindow({ url, title, sizeFile, onCloseAsked: () => this.asked++ });
  }

  /** The X window with that title; waits for it. */
  async find(title: string): Promise<number> {
    const found = await until(
      `a window named ${title}`,
      () => this.display.xdotool("search", "--onlyvisible", "--name", `^${title}$`).catch(() => ""),
    );
    return Number(found.split("\n")[0]);
  }

  async pidOf(window: number): Promise<number> {
    return Number(await this.display.xdotool("getwindowpid", String(window)));
  }

  links(): Promise<string[]> {
    return Deno.readTextFile(this.folder.file("links"))
      .then((text) => text.trim().split("\n"), () => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const [name, value] of this.#variables) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
    await this.page[Symbol.asyncDispose]();
    await this.display[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("The window shows its page and title, wears its icon, and comes back in the size it was left in", async () => {
  await using desk = await Desk.set();
  const first = await desk.open();
  const id = await desk.find("Meeting");
  const { width, height } = WINDOW_SIZE_DEFAULT;
  deepStrictEqual(await desk.page.ask("size"), [width, height]);
  first.setTitle("(3) Räume");
  await desk.find("\\(3\\) Räume");
  deepStrictEqual(iconSize(desk.display.name, id), [16, 16]);
  await desk.display.xdotool("windowsize", String(id), "1000", "640");
  await until("the new size", async () => String(await desk.page.ask("size")) === "1000,640");
  await first.close();
  deepStrictEqual(await first.ended, { reason: "closed", detail: "" });

  const second = await desk.open();
  await until("the old size", async () => String(await desk.page.ask("size")) === "1000,640");
  await second.close();
  strictEqual(desk.asked, 0);
});

Deno.test("The window stays on its page: links go to the browser, reloading does nothing", async () => {
  await using desk = await Desk.set();
  const window = await desk.open();
  for (const order of ["outside", "leave", "inside"]) await desk.page.ask(order);
  const [x, y] = await desk.page.ask("quietAt") as number[];
  await desk.display.xdotool("mousemove", String(x), String(y), "click", "1");
  await until("three links", async () => (await desk.links()).length === 3);
  deepStrictEqual((await desk.links()).toSorted(), [
    "https://example.org/away",
    "https://example.org/quiet",
    "https://example.org/read?me",
  ]);
  strictEqual(await desk.page.ask("where"), "/#below");
  const orders = ["reload", "letter", "menu", "textMenu"];
  const prevented = [];
  for (const order of orders) prevented.push(await desk.page.ask(order));
  deepStrictEqual(prevented, [true, false, true, false]);
  await window.close();
});

Deno.test("The close button asks; the window stays until it is closed", async () => {
  await using desk = await Desk.set();
  const window = await desk.open();
  const id = await desk.find("Meeting");
  for (const times of [1, 2]) {
    pressClose(desk.display.name, id);
    await until(`question ${times}`, () => desk.asked === times);
    strictEqual(await desk.page.ask("where"), "/");
  }
  await window.close();
  deepStrictEqual(await window.ended, { reason: "closed", detail: "" });
});

Deno.test("A window whose process or page is killed says so, and another can be opened", async () => {
  await using desk = await Desk.set();
  const first = await desk.open();
  Deno.kill(await desk.pidOf(await desk.find("Meeting")), "SIGKILL");
  const { reason, detail } = await first.ended;
  deepStrictEqual([reason, detail], ["crashed", "The window broke: it ended with SIGKILL"]);
  await first.close();

  const second = await desk.open();
  const pid = await desk.pidOf(await desk.find("Meeting"));
  Deno.kill(pageProcessOf(pid), "SIGKILL");
  deepStrictEqual(await second.ended, {
    reason: "crashed",
    detail: "The window broke: the process that shows the page crashed",
  });
});

Deno.test("The window ends with the program that opened it, however that ends", async () => {
  await using desk = await Desk.set();
  const program = `
    import { openWindow } from ${
    JSON.stringify(import.meta.resolve("../client/window/open_window.ts"))
  };
    const [url, sizeFile] = Deno.args;
    await openWindow({ url, title: "Meeting", sizeFile, onCloseAsked() {} });
    setInterval(() => {}, 1_000);`;
  const path = desk.folder.file("program.ts");
  await Deno.writeTextFile(path, program);
  const config = new URL("../deno.json", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", "--config", config, path, desk.page.url, desk.sizeFile];
  await using parent = new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).spawn();
  const pid = await desk.pidOf(await desk.find("Meeting"));
  await desk.page.ask("size");
  const all = [pid, ...descendantsOf(pid)];
  const commandLines = all.map((each) => Deno.readTextFileSync(`/proc/${each}/cmdline`));
  ok(!commandLines.join().includes("token"), "the token stands in an argument list");
  ok(all.length >= 3, `a webview has processes of its own: ${all}`);
  parent.kill("SIGKILL");
  await parent.status;
  await until("the end of all of them", () => !all.some(isAlive));
});

Deno.test("A window that cannot be is a sentence", async () => {
  await using desk = await Desk.set();
  const { page: { url }, sizeFile } = desk;
  const options = { url, title: "Meeting", sizeFile, onCloseAsked: () => {} };
  const refused = (words: RegExp) => (thrown: unknown) => {
    ok(thrown instanceof NoWindow);
    match(thrown.message, words);
    return true;
  };
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const nobody = { ...options, url: `http://127.0.0.1:${listener.addr.port}/` };
  listener.close();
  await rejects(openWindow(nobody), refused(/^Cannot open a window: its page could not be loaded/));
  desk.set({ DISPLAY: ":9999" });
  await rejects(openWindow(options), refused(/display did not let this program in$/));
  desk.set({ DISPLAY: "" });
  await rejects(openWindow(options), refused(/this session has no display/));
});

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function pageProcessOf(pid: number): number {
  const isPage = (each: number) =>
    Deno.readTextFileSync(`/proc/${each}/comm`).startsWith("WebKitWebProces");
  return descendantsOf(pid).find(isPage)!;
}
