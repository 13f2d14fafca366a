import { messageOf, Refusal } from "@fusionmeet/base";
import { contentFolder, contentPath, isBundled } from "@fusionmeet/places";
import { PICTURE_BEGINNING_BYTES, pictureFormat, plainWebpSize } from "@fusionmeet/protocol";
import { type ChildCommand, spawnPiped } from "../child_command.ts";
import { Slots } from "../files/slots.ts";
import { readLines } from "../stdin_commands.ts";
import { sharpPlace } from "./sharp_place.ts";
import { type SharpPlace, SHRINK_EXIT, shrinkCommand, type ShrinkJob } from "./shrink_job.ts";

/** A process that does not end itself in time is ended so much later. */
const GRACE_MS = 1_000;
const CHUNK_BYTES = 256 << 10;
/** What is kept of a process's last words. */
const WORDS_LENGTH_MAX = 200;

/** How the process is started; a test has its own. @throws Error in words where sharp cannot be had */
export type ShrinkStart = (job: ShrinkJob) => ChildCommand;

/**
 * Makes small pictures of files, each in a process of its own that is gone when this has its answer, one after the other.
 * Nothing of the file is looked at here but its first bytes.
 */
export class Shrinker {
  readonly #start: ShrinkStart;
  readonly #turns = new Slots(1);
  /** Why it is no use to try. */
  #missing: string | undefined;

  constructor(start: ShrinkStart = thisProgram()) {
    this.#start = start;
  }

  /**
   * @returns a plain WebP within what the job says. @throws Refusal `not-a-picture`, `picture-too-big`,
   * `picture-broken`, `picture-memory`, `picture-slow`, `file-unreadable`, `no-sharp`, after that `still-no-sharp`; the signal's reason
   */
  async shrink(path: string, job: ShrinkJob, signal: AbortSignal): Promise<Uint8Array> {
    await requirePicture(path, job);
    return await this.#turns.use(async () => {
      if (this.#missing !== undefined) throw new Refusal("still-no-sharp", this.#missing);
      try {
        return await this.#inProcess(path, job, signal);
      } catch (thrown) {
        if (thrown instanceof Refusal && thrown.code === "no-sharp") this.#missing = thrown.message;
        throw thrown;
      }
    }, signal);
  }

  async #inProcess(path: string, job: ShrinkJob, signal: AbortSignal): Promise<Uint8Array> {
    const child = this.#spawn(job);
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It is gone already.
      }
    };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill();
    }, job.timeMsMax + GRACE_MS);
    signal.addEventListener("abort", kill, { once: true });
    try {
      const [status, made, words] = await Promise.all([
        child.status,
        readAtMost(child.stdout, { bytesMax: job.bytesMax, tooMuch: kill }),
        lastLine(child.stderr),
        give(child.stdin, path, job),
      ]);
      signal.throwIfAborted();
      if (isLate) throw refusalOf(SHRINK_EXIT.time, "it takes too long");
      if (made !== undefined && isRight(made, job)) return made;
      throw refusalOf(
        status.code,
        words || `the process ended with ${status.signal ?? status.code}`,
      );
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", kill);
      kill();
    }
  }

  #spawn(job: ShrinkJob): Deno.ChildProcess {
    try {
      return spawnPiped(this.#start(job));
    } catch (thrown) {
      throw new Refusal("no-sharp", messageOf(thrown), { cause: thrown });
    }
  }
}

/** The program again; where sharp is, is found out once. */
function thisProgram(): ShrinkStart {
  let place: SharpPlace | undefined;
  return (job) =>
    shrinkCommand(job, {
      executable: Deno.execPath(),
      isStandalone: Deno.build.standalone,
      isBundled: isBundled(),
      folder: contentFolder(),
      mainModule: contentPath({ checkout: "client/main.ts", bundle: "client.js" }),
    }, place ??= sharpPlace());
}

/** @throws Refusal `not-a-picture`, `picture-too-big`, `file-unreadable` */
async function requirePicture(path: string, { fileBytesMax }: ShrinkJob): Promise<void> {
  try {
    using file = await Deno.open(path);
    const beginning = new Uint8Array(PICTURE_BEGINNING_BYTES);
    const size = await file.read(beginning) ?? 0;
    if (pictureFormat(beginning.subarray(0, size)) === undefined) {
      throw new Refusal("not-a-picture", "it is no picture of a kind that is shown");
    }
    if ((await file.stat()).size <= fileBytesMax) return;
    throw new Refusal("picture-too-big", `it has more than ${fileBytesMax >> 20} MiB`);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw new Refusal("file-unreadable", messageOf(thrown), { cause: thrown });
  }
}

/** Writes the file to the process; one that ends before hears no more. */
async function give(
  stdin: WritableStream<Uint8Array>,
  path: string,
  { fileBytesMax }: ShrinkJob,
): Promise<void> {
  const writer = stdin.getWriter();
  try {
    using file = await Deno.open(path);
    for (let left = fileBytesMax; left > 0;) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, left));
      const size = await file.read(chunk);
      if (size === null) break;
      await writer.write(chunk.subarray(0, size));
      left -= size;
    }
    await writer.close();
  } catch {
    // Why it ended is in its last words; a file that cannot be read any more makes no picture.
    await writer.abort().catch(() => {});
  }
}

/** @returns `undefined` for more than that, after it has said so */
async function readAtMost(
  stream: ReadableStream<Uint8Array>,
  { bytesMax, tooMuch }: { bytesMax: number; tooMuch: () => void },
): Promise<Uint8Array | undefined> {
  const into = new Uint8Array(bytesMax);
  let size = 0;
  for await (const part of stream) {
    if (size + part.length > bytesMax) {
      tooMuch();
      return undefined;
    }
    into.set(part, size);
    size += part.length;
  }
  return into.subarray(0, size);
}

async function lastLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let last = "";
  for await (const line of readLines(stream)) if (line !== "") last = line;
  return last.slice(0, WORDS_LENGTH_MAX);
}

/** The process read a hostile file: what it says is checked like what anybody says. */
function isRight(made: Uint8Array, { sideMax }: ShrinkJob): boolean {
  const size = plainWebpSize(made);
  return typeof size !== "string" && Math.max(size.width, size.height) <= sideMax;
}

const CODES: Readonly<Record<number, string>> = {
  [SHRINK_EXIT.noSharp]: "no-sharp",
  [SHRINK_EXIT.memory]: "picture-memory",
  [SHRINK_EXIT.time]: "picture-slow",
};

function refusalOf(exitCode: number, words: string): Refusal {
  return new Refusal(CODES[exitCode] ?? "picture-broken", words);
}
