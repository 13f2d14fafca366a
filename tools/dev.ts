/**
 * `deno task dev`: a server, a window and a headless companion who speaks and moves, until Ctrl-C or until the window is
 * closed. A machine without microphone or camera gets a spoken and a painted one. Where there is no display, the
 * link to the window's page is printed. Whenever a source file changes, the page is built and the three start anew.
 */
import { describeSources } from "../client/capture/describe.ts";
import {
  type ClientProgram,
  launchClient,
  launchWindow,
  type ServerProgram,
  startServer,
  type WindowProgram,
} from "../tests/support/programs.ts";
import { TemporaryDirectory } from "../tests/support/wait.ts";
import { buildPage } from "./build_page.ts";
import {
  DEMO_PEOPLE,
  type DemoPerson,
  sayCycle,
  writePictures,
  writeVoice,
} from "./demo_people.ts";

const FILE_SECONDS = 600;
/** ffmpeg's first start on a machine takes seconds. */
const DEVICES_MS_MAX = 15_000;
/** Editors write a file in several steps. */
const SETTLE_MS = 300;
const WATCHED = ["client", "lib", "server"];
const SOURCE_FILE = /\.(ts|tsx|css|html|svg)$/;

interface Files {
  readonly voicePath: string;
  readonly picturesPath: string;
}

async function filesOf(person: DemoPerson, folder: TemporaryDirectory): Promise<Files> {
  const voicePath = folder.file(`${person.name}.wav`);
  const picturesPath = folder.file(`${person.name}.mkv`);
  const { cycle } = await sayCycle(person);
  await writeVoice(voicePath, cycle, { seconds: FILE_SECONDS });
  await writePictures(picturesPath, person, FILE_SECONDS);
  return { voicePath, picturesPath };
}

/** The devices of this machine, or files in their place. */
async function ownSources(files: Files): Promise<{ mic: string; camera: string }> {
  const device = { kind: "device" } as const;
  const { microphone, camera } = await describeSources({
    ...{ microphone: device, camera: device },
    msMax: DEVICES_MS_MAX,
  });
  return {
    mic: microphone === null ? files.voicePath : "device",
    camera: camera === null ? files.picturesPath : "device",
  };
}

/** The three programs of one run. */
class Run implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  readonly server: ServerProgram;
  readonly companion: ClientProgram;
  readonly window: WindowProgram;

  static async start(folder: TemporaryDirectory, options: {
    port: number;
    companion: Files;
    own: { mic: string; camera: string };
  }): Promise<Run> {
    const { port } = options;
    const server = await startServer({
      data: folder.file("server"),
      args: ["--port", String(port), "--media-port", String(port === 0 ? 0 : port + 1)],
    });
    return new Run(server, folder, options);
  }

  private constructor(
    server: ServerProgram,
    folder: TemporaryDirectory,
    { companion, own }: { companion: Files; own: { mic: string; camera: string } },
  ) {
    this.server = this.#ends.use(server);
    this.companion = this.#ends.use(launchClient({
      name: DEMO_PEOPLE[0].name,
      server,
      mic: companion.voicePath,
      camera: companion.picturesPath,
      data: folder.file("companion"),
      args: ["--chat", "Hello, nice to see you"],
    }));
    this.window = this.#ends.use(launchWindow({
      name: "You",
      server,
      ...own,
      browser: false,
      args: ["--discovery", "on"],
      data: folder.file("window"),
    }));
    void this.#tell();
  }

  /** What the window says about where it is. */
  async #tell(): Promise<void> {
    for (let after = 0;; after++) {
      const said = await this.window
        .waitFor(() => true, { after, timeoutMs: 2 ** 31 - 1 })
        .catch(() => undefined);
      if (said === undefined) return;
      if (said.event === "window" && said.message) console.log(`No window: ${said.message}`);
      if (said.event === "link") console.log(`Open this in a browser, it works once: ${said.url}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

/** Resolves at the next change of a source file, once the files have settled. */
async function changed(signal: AbortSignal): Promise<void> {
  using watcher = Deno.watchFs(WATCHED);
  signal.addEventListener("abort", () => watcher.close(), { once: true });
  const settled = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  void (async () => {
    for await (const { paths } of watcher) {
      if (!paths.some((path) => SOURCE_FILE.test(path))) continue;
      clearTimeout(timer);
      timer = setTimeout(settled.resolve, SETTLE_MS);
    }
    settled.resolve();
  })();
  await settled.promise;
  clearTimeout(timer);
}

async function rebuild(): Promise<boolean> {
  try {
    await buildPage();
    return true;
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    return false;
  }
}

async function main(): Promise<number> {
  const interrupted = Promise.withResolvers<"interrupted">();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.resolve("interrupted"));
  }
  if (!await rebuild()) return 1;
  await using folder = new TemporaryDirectory();
  console.log("Making voices and pictures for two people, which takes some seconds…");
  const [companion, stranger] = await Promise.all(
    DEMO_PEOPLE.slice(0, 2).map((person) => filesOf(person, folder)),
  );
  const own = await ownSources(stranger);
  for (let port = 0;;) {
    await using run = await Run.start(folder, { port, companion, own });
    port = run.server.port;
    console.log(
      `A server runs on 127.0.0.1:${port}, ${run.companion.what} is in its room Main, and your window opens: press Join there. Ctrl-C ends all.`,
    );
    const over = new AbortController();
    const next = await Promise.race([
      interrupted.promise,
      changed(over.signal).then(() => "changed" as const),
      run.window.ended.then(({ code }) => code === 0 ? "closed" as const : run.window),
      Promise.race([run.server.ended, run.companion.ended]).then(() => run.server),
    ]);
    over.abort();
    if (next === "interrupted" || next === "closed") return 0;
    if (next !== "changed") {
      throw new Error(`Cannot go on: ${next.what} ended\n${next.errorText.slice(-2_000)}`);
    }
    if (await untilItBuilds(interrupted.promise) === "interrupted") return 0;
  }
}

/** Builds the page, and after a mistake in it again at each change until it is mended. */
async function untilItBuilds(interrupted: Promise<"interrupted">) {
  console.log("Something changed: building and starting anew");
  while (!await rebuild()) {
    const over = new AbortController();
    const next = await Promise.race([changed(over.signal), interrupted]);
    over.abort();
    if (next === "interrupted") return next;
  }
}

if (import.meta.main) Deno.exit(await main());
