import { messageOf, Refusal } from "@fusionmeet/base";
import { programFolder } from "@fusionmeet/places";
import { join } from "node:path";
import { type CaptureSystem, captureSystem } from "./ffmpeg_arguments.ts";
import { ffmpegAdvice, lastWordsOf } from "./last_words.ts";
import { type QuietOptions, type QuietProcess, startQuietly } from "./quiet_process.ts";

/** How an ffmpeg ended. */
export interface FfmpegExit {
  readonly code: number;
  /** By `stop()`. */
  readonly stopped: boolean;
  /** The line of its stderr that says why, or "". */
  readonly lastWords: string;
}

/** What is kept of an ffmpeg's stderr. */
const STDERR_LINES_MAX = 40;
const STDERR_LINE_LENGTH_MAX = 400;
/** A driver that hangs must not hang us. */
const RUN_MS_MAX = 10_000;
/** From util-linux, on every Debian: ends its program when the thread that started it dies, however it dies. */
const PARENT_DEATH_WRAPPER = "/usr/bin/setpriv";

/**
 * The ffmpeg beside the program, in `ffmpeg/` beside it, or on PATH. One beside the program that cannot be started (a
 * stick that lets no program run, another system's) is passed over.
 *
 * @param options.path The directories to look in last, as PATH has them.
 * @throws Refusal "ffmpeg-missing" that says how to install it.
 */
export async function findFfmpeg(
  { path = Deno.env.get("PATH") ?? "", programDirectory = programFolder() }: {
    path?: string;
    programDirectory?: string;
  } = {},
): Promise<string> {
  const system = captureSystem();
  let fault: string | undefined;
  for (const place of ffmpegPlaces({ system, programDirectory, path })) {
    const found = await Deno.stat(place).catch(() => undefined);
    if (!found?.isFile) continue;
    if (!place.startsWith(programDirectory)) return place;
    const state = await startFault(place);
    if (state === undefined) return place;
    fault ??= `${place} does not start: ${state}`;
  }
  throw new Refusal("ffmpeg-missing", missingFfmpeg(system, fault));
}

/** Why that ffmpeg does not start; `undefined` when it does. */
async function startFault(path: string): Promise<string | undefined> {
  try {
    const { code, stderr } = await runFfmpeg(path, ["-version"]);
    return code === 0 ? undefined : lastWordsOf(stderr.split("\n")) || `it ended with ${code}`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Where ffmpeg may be, best first. */
export function ffmpegPlaces(
  options: { system: CaptureSystem; programDirectory: string; path: string },
): string[] {
  const { system, programDirectory, path } = options;
  const name = system === "windows" ? "ffmpeg.exe" : "ffmpeg";
  const onPath = path.split(system === "windows" ? ";" : ":").filter((place) => place !== "");
  return [programDirectory, join(programDirectory, "ffmpeg"), ...onPath]
    .map((directory) => join(directory, name));
}

/** The sentence for a user without ffmpeg. @param fault Of one that is there and does not start. */
export function missingFfmpeg(system: CaptureSystem, fault = "there is none"): string {
  return `Cannot find an ffmpeg, which reads cameras, microphones and media files (${fault}). ${
    ffmpegAdvice(system)
  }`;
}

/** One ffmpeg that writes to its stdout. Whoever starts it reads `chunks` to the end or stops it. */
export class FfmpegProcess {
  readonly #child: QuietProcess;
  #stopped = false;
  /** Resolves when the process is gone and its stderr is read. */
  readonly exit: Promise<FfmpegExit>;

  /** @throws Refusal "ffmpeg-missing" when it cannot be started. */
  static start(
    path: string,
    args: readonly string[],
    options: Pick<QuietOptions, "environment"> = {},
  ): FfmpegProcess {
    const [program, ...all] = withParentDeath([path, ...args]);
    try {
      return new FfmpegProcess(startQuietly(program, all, options));
    } catch (error) {
      throw new Refusal("ffmpeg-missing", `Cannot start ${path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  private constructor(child: QuietProcess) {
    this.#child = child;
    this.exit = this.#end();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its stdout. ffmpeg waits while nobody reads (backpressure). Ends with the process, or at `break`. */
  get chunks(): AsyncIterable<Uint8Array> {
    return this.#child.stdout;
  }

  /** Ends it at once, so that its device is free; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#child.kill();
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel();
    await this.exit;
  }

  async #end(): Promise<FfmpegExit> {
    const [status, lines] = await Promise.all([this.#child.status, readLines(this.#child.stderr)]);
    return { code: status.code, stopped: this.#stopped, lastWords: lastWordsOf(lines) };
  }
}

/** The whole output of a short run, at most `RUN_MS_MAX` long: stdout as bytes, stderr as text. */
export async function runFfmpeg(
  path: string,
  args: readonly string[],
  options: Pick<QuietOptions, "environment"> = {},
): Promise<{ code: number; stdout: Uint8Array; stderr: string }> {
  const [program, ...all] = withParentDeath([path, ...args]);
  const child = startQuietly(program, all, options);
  const timer = setTimeout(child.kill, RUN_MS_MAX);
  const [{ code }, stdout, stderr] = await Promise.all([
    child.status,
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
  ]);
  clearTimeout(timer);
  return { code, stdout, stderr };
}

function withParentDeath(command: readonly string[]): readonly string[] {
  return hasParentDeathWrapper()
    ? [PARENT_DEATH_WRAPPER, "--pdeathsig", "KILL", "--", ...command]
    : command;
}

function hasParentDeathWrapper(): boolean {
  const isAllowed = { name: "run", command: PARENT_DEATH_WRAPPER } as const;
  if (Deno.permissions.querySync(isAllowed).state !== "granted") return false;
  try {
    return Deno.build.os === "linux" && Deno.statSync(PARENT_DEATH_WRAPPER).isFile;
  } catch {
    return false;
  }
}

/** The last lines of a stream, each cut to a bearable length. */
async function readLines(stream: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  let open = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (open + text).split(/[\r\n]+/);
    open = parts.pop()!.slice(0, STDERR_LINE_LENGTH_MAX);
    lines.push(...parts.map((line) => line.slice(0, STDERR_LINE_LENGTH_MAX)));
    lines.splice(0, lines.length - STDERR_LINES_MAX);
  }
  return [...lines, open].filter((line) => line.trim() !== "");
}
