/** Starts programs that show no window of their own. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** A running program: its output is read, its input is empty. */
export interface QuietProcess {
  readonly pid: number;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Resolves when it is gone; the code is not 0 when it was ended. */
  readonly status: Promise<{ readonly code: number }>;
  /** Ends it at once; does nothing when it is gone. */
  kill(): void;
}

/** What a program that was ended by a signal has for a code. */
const ENDED_CODE = 1;

/** How a program is started. */
export interface QuietOptions {
  readonly hidden?: boolean;
  /** Variables besides those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a program.
 *
 * @param options.hidden In Windows a program for the console opens one where the program that starts it has none, as
 * ours compiled for the window. `Deno.Command` cannot forbid that (2.9); Node's way of starting programs can.
 * @throws Error when it cannot be started.
 */
export function startQuietly(
  program: string,
  args: readonly string[],
  { hidden = Deno.build.os === "windows", environment = {} }: QuietOptions = {},
): QuietProcess {
  return (hidden ? startHidden : start)(program, args, environment);
}

type Environment = Readonly<Record<string, string>>;

function start(program: string, args: readonly string[], environment: Environment): QuietProcess {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...environment },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { pid, stdout, stderr, status } = child;
  const kill = () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
  };
  return { pid, stdout, stderr, status, kill };
}

function startHidden(
  program: string,
  args: readonly string[],
  environment: Environment,
): QuietProcess {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    env: { ...Deno.env.toObject(), ...environment },
  });
  const status = new Promise<{ code: number }>((resolve) => {
    child.once("error", () => resolve({ code: ENDED_CODE }));
    child.once("exit", (code) => resolve({ code: code ?? ENDED_CODE }));
  });
  if (child.pid === undefined) throw new Error("it cannot be started");
  return {
    pid: child.pid,
    stdout: bytesOf(child.stdout),
    stderr: bytesOf(child.stderr),
    status,
    kill: () => child.kill("SIGKILL"),
  };
}

/**
 * Node's stream as one of the web, read when it is read and not before. `Readable.toWeb` throws where nobody can catch it
 * when a chunk comes just after the reader gave up.
 */
function bytesOf(readable: Readable): ReadableStream<Uint8Array> {
  readable.on("error", () => {});
  const chunks = readable[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next().catch(() => undefined);
      if (next === undefined || next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: () => void readable.destroy(),
  }, { highWaterMark: 0 });
}
