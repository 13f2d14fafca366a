/**
 * `deno task bench screen`: a shared screen through the real programs, on screens without a monitor. Three people watch while
 * somebody types, text scrolls, a window moves, and nothing happens: how soon after the last change they see it, how soon
 * they hold it exactly, what it costs in bits and in CPU. Beside it x11vnc and TigerVNC's viewer on the same things.
 *
 * `deno run -A bench/screen.ts [1920x1080] [2560x1440] [vnc]`: only these.
 */
import { crc32 } from "node:zlib";
import { Attendance } from "../client/attendance.ts";
import { ExactPicture } from "../client/screen/exact_picture.ts";
import { RawFrames } from "../client/screen/raw_frames.ts";
import { Display } from "../tests/support/display.ts";
import {
  childrenOf,
  type ServerProgram,
  startClient,
  startServer,
  usageOf,
} from "../tests/support/programs.ts";
import { openTextScreen, type TextScreen } from "../tests/support/screens.ts";
import { median } from "../tests/support/voices.ts";
import { passRealTime, TemporaryDirectory, until } from "../tests/support/wait.ts";

const SIZES = [
  { width: 1_920, height: 1_080, exactMsMax: 300, text: "220x60" },
  { width: 2_560, height: 1_440, exactMsMax: 400, text: "300x80" },
];
const FIRST_MS_MAX = 100;
const LATE_MS_MAX = 300;
const STILL_KBPS_MAX = 1_000;
const TYPING_KBPS_MAX = 4_000;
const VIEWERS = 3;
const ROUNDS = 8;
const SETTLE_MS = 1_500;
const VNC_PORT = 45_903;

const now = () => performance.timeOrigin + performance.now();

/** What one who watches saw. */
class Watcher {
  readonly pictures: number[] = [];
  exactAtMs = 0;
  joinedAtMs = 0;
  #exact: ExactPicture | undefined;
  readonly #attendance: Attendance;
  #running: Promise<unknown> | undefined;

  private constructor(attendance: Attendance) {
    this.#attendance = attendance;
    attendance.meeting.onEvent(({ event }) => {
      if (event === "joined") this.joinedAtMs = now();
    });
    attendance.meeting.screenView.onArrival(({ message }) => {
      if (message.type === "format") this.#exact = new ExactPicture(message);
      if (message.type === "picture") this.pictures.push(now());
      const wasWhole = this.isExact;
      this.#exact?.take(message);
      if (!wasWhole && this.isExact) this.exactAtMs = now();
    });
  }

  static async join(server: ServerProgram, name: string, folder: string): Promise<Watcher> {
    const { port, fingerprint } = server;
    const attendance = await Attendance.prepare({
      ...{ server: { hostname: "127.0.0.1", port }, name, room: "Main", fingerprint },
      ...{ microphone: { kind: "off" }, camera: { kind: "off" } },
    }, { folder, warn: (code, message) => console.error(code, message), note: console.error });
    const watcher = new Watcher(attendance);
    watcher.#running = attendance.run();
    return watcher;
  }

  get isExact(): boolean {
    return this.#exact?.isWhole ?? false;
  }

  get bytes(): number {
    return this.#attendance.meeting.screenView.totals.bytes;
  }

  async leave(): Promise<void> {
    this.#attendance.meeting.leave();
    await this.#running;
  }
}

/** Something that happens on a screen; resolves right after the last change. */
type Act = (text: TextScreen, display: Display) => Promise<void>;

const LINE = `${"The quick brown fox jumps over the lazy dog. ".repeat(4)}\n`;
const ACTS: Readonly<Record<string, Act>> = {
  typing: async (text) => {
    for (let count = 0; count < 20; count++) {
      await text.write("abcdefghij"[count % 10]);
      await passRealTime(100);
    }
    await text.write("!");
  },
  scrolling: async (text) => {
    for (let count = 0; count < 40; count++) {
      await text.write(`${count} ${LINE}${LINE}`);
      await passRealTime(50);
    }
    await text.write("end\n");
  },
  "moving window": async (_text, display) => {
    const [window] = (await display.xdotool("search", "--class", "xterm")).split("\n");
    for (let step = 0; step <= 40; step++) {
      await display.xdotool("windowmove", window, String(4 * (20 - Math.abs(20 - step))), "0");
    }
  },
};

const percent = (ms: number, overMs: number) => `${(100 * ms / overMs).toFixed(0)} %`;
const cpuOf = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + usageOf(pid).cpuMs, 0);
let failed = false;

function judge(what: string, value: number, max: number, unit: string): string {
  const isOver = value > max;
  failed ||= isOver;
  return `${what} ${value.toFixed(0)} ${unit} (at most ${max})${isOver ? " FAILED" : ""}`;
}

async function measure(size: typeof SIZES[number]): Promise<void> {
  console.log(`\n${size.width}x${size.height}, ${VIEWERS} viewers`);
  await using folder = new TemporaryDirectory();
  await using display = await Display.start(size.width, size.height);
  await using text = await openTextScreen(display, size.text);
  await using server = await startServer({ data: folder.file("server") });
  await using ada = await startClient({
    ...{ name: "Ada", server, env: display.env, args: ["--screen", "display"] },
  });
  const watchers: Watcher[] = [];
  for (let count = 1; count <= VIEWERS; count++) {
    const own = folder.file(`watcher-${count}`);
    await Deno.mkdir(own);
    watchers.push(await Watcher.join(server, `Watcher ${count}`, own));
  }
  const allExact = () => until("all is exact", () => watchers.every(({ isExact }) => isExact));
  await allExact();
  const presenter = () => [ada.pid, ...childrenOf(ada.pid)];

  const beforeBytes = watchers[0].bytes;
  const cpu = { presenter: cpuOf(presenter()), server: cpuOf([server.pid]) };
  const stillMs = 5_000;
  await passRealTime(stillMs);
  const kbps = 8 * (watchers[0].bytes - beforeBytes) / stillMs;
  console.log(
    `  still: ${judge("", kbps, STILL_KBPS_MAX, "kbit/s")}; presenter ${
      percent(cpuOf(presenter()) - cpu.presenter, stillMs)
    }, server ${percent(cpuOf([server.pid]) - cpu.server, stillMs)}`,
  );

  for (const [name, act] of Object.entries(ACTS)) {
    const [first, exact, rates, cpuPresenter, cpuServer]: number[][] = [[], [], [], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = watchers[0].bytes;
      const [cpuBefore, serverBefore, fromMs] = [cpuOf(presenter()), cpuOf([server.pid]), now()];
      const pictures = watchers.map((watcher) => watcher.pictures.length);
      await act(text, display);
      const doneMs = now();
      await passRealTime(SETTLE_MS);
      await allExact();
      exact.push(Math.max(...watchers.map(({ exactAtMs }) => exactAtMs)) - doneMs);
      // The last picture is that of the last change.
      first.push(Math.max(...watchers.map((each) => each.pictures.at(-1) ?? 0)) - doneMs);
      const overMs = doneMs - fromMs;
      rates.push(8 * (watchers[0].bytes - bytes) / overMs);
      cpuPresenter.push((cpuOf(presenter()) - cpuBefore) / (overMs + SETTLE_MS) * 100);
      cpuServer.push((cpuOf([server.pid]) - serverBefore) / (overMs + SETTLE_MS) * 100);
      if (watchers.some((each, index) => each.pictures.length === pictures[index])) {
        console.log("  (no picture came)");
      }
    }
    const rate = name === "typing"
      ? judge("", median(rates), TYPING_KBPS_MAX, "kbit/s")
      : `${median(rates).toFixed(0)} kbit/s`;
    console.log(
      `  ${name}: ${judge("seen after", median(first), FIRST_MS_MAX, "ms")}, ${
        judge("exact after", median(exact), size.exactMsMax, "ms")
      } (worst ${Math.max(...exact).toFixed(0)}), ${rate}; presenter ${
        median(cpuPresenter).toFixed(0)
      } %, server ${median(cpuServer).toFixed(0)} %`,
    );
  }

  const own = folder.file("late");
  await Deno.mkdir(own);
  const late = await Watcher.join(server, "Late", own);
  await until("who comes late has it", () => late.isExact);
  const lateMs = late.exactAtMs - late.joinedAtMs;
  console.log(`  late: ${judge("exact after joining", lateMs, LATE_MS_MAX, "ms")}`);
  for (const watcher of [...watchers, late]) await watcher.leave();
}

/** What a display shows, looked at 20 times a second. */
class Film implements AsyncDisposable {
  readonly #frames: { atMs: number; crc: number }[] = [];
  readonly #camera: Deno.ChildProcess;
  readonly #read: Promise<void>;

  constructor({ name, width, height }: Display) {
    const camera = this.#camera = new Deno.Command("ffmpeg", {
      args: [
        ...["-v", "error", "-f", "x11grab", "-draw_mouse", "0", "-framerate", "20"],
        ...["-video_size", `${width}x${height}`, "-i", name],
        ...["-pix_fmt", "gray", "-threads", "1", "-f", "rawvideo", "pipe:1"],
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const frames = new RawFrames(width * height);
    this.#read = (async () => {
      for await (const chunk of camera.stdout) {
        for (const { frame, atMs } of frames.push(chunk, now())) {
          this.#frames.push({ atMs, crc: crc32(frame) });
          frames.free(frame);
        }
      }
    })();
  }

  /** Since when it has been showing that; Infinity when it is not. */
  since(crc: number): number {
    const lastOther = this.#frames.findLastIndex((frame) => frame.crc !== crc);
    return this.#frames[lastOther + 1]?.atMs ?? Infinity;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#camera.kill("SIGKILL");
    await this.#read;
    await this.#camera.status;
  }
}

/** The same by x11vnc, seen in TigerVNC's viewer on a screen of its own. */
async function measureVnc(size: typeof SIZES[number]): Promise<void> {
  console.log(`\n${size.width}x${size.height}, x11vnc and one TigerVNC viewer`);
  await using display = await Display.start(size.width, size.height);
  await using text = await openTextScreen(display, size.text);
  await using other = await Display.start(size.width, size.height);
  const spawn = (command: string, args: string[], env: Record<string, string>) =>
    new Deno.Command(command, { args, env, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  const port = String(VNC_PORT);
  // It refuses to start where there is a word of Wayland, even an empty one.
  const server = spawn("env", [
    ...[
      "-u",
      "WAYLAND_DISPLAY",
      "x11vnc",
      "-display",
      display.name,
      "-rfbport",
      port,
      "-localhost",
      "-forever",
      "-nopw",
      "-quiet",
    ],
  ], display.env);
  await until("x11vnc listens", async () => {
    try {
      (await Deno.connect({ port: VNC_PORT })).close();
      return true;
    } catch {
      return false;
    }
  });
  const viewer = spawn("xtigervncviewer", [
    ...["-FullScreen", "-ViewOnly", "-Shared", "-MenuKey=", "-AutoSelect=0"],
    ...["-PreferredEncoding=ZRLE", "-NoJPEG", `127.0.0.1::${port}`],
  ], other.env);
  try {
    await passRealTime(8_000);
    await using film = new Film(other);
    for (const [name, act] of Object.entries(ACTS)) {
      const [exact, cpuServer, cpuViewer]: number[][] = [[], [], []];
      for (let round = 0; round < ROUNDS; round++) {
        const before = [cpuOf([server.pid]), cpuOf([viewer.pid]), now()];
        await act(text, display);
        const doneMs = now();
        await passRealTime(SETTLE_MS);
        exact.push(film.since(crc32((await display.look()).grey)) - doneMs);
        const overMs = now() - before[2];
        cpuServer.push((cpuOf([server.pid]) - before[0]) / overMs * 100);
        cpuViewer.push((cpuOf([viewer.pid]) - before[1]) / overMs * 100);
      }
      console.log(
        `  ${name}: the same after ${median(exact).toFixed(0)} ms (worst ${
          Math.max(...exact).toFixed(0)
        }); x11vnc ${median(cpuServer).toFixed(0)} %, viewer ${median(cpuViewer).toFixed(0)} %`,
      );
    }
  } finally {
    for (const process of [viewer, server]) process.kill("SIGKILL");
    await Promise.all([viewer.status, server.status]);
  }
}

const isChosen = (what: string) => Deno.args.length === 0 || Deno.args.includes(what);
for (const size of SIZES) if (isChosen(`${size.width}x${size.height}`)) await measure(size);
if (isChosen("vnc")) await measureVnc(SIZES[0]);
Deno.exit(failed ? 1 : 0);
