/** What a process that makes a small picture is told, and how it is started. The functions here only compute. */
import { THUMBNAIL_BYTES_MAX, THUMBNAIL_SIDE_MAX } from "@fusionmeet/protocol";
import type { ChildCommand } from "../child_command.ts";
import { ALONE_FLAGS, type RunningProgram } from "../window/webview_start.ts";

/** A small picture of a file: what it is to be, and what may be spent on it. */
export interface ShrinkJob {
  /** Its longer side, pixels. */
  readonly sideMax: number;
  /** Its size. */
  readonly bytesMax: number;
  /** Of the file: bytes, and pixels as its header says. */
  readonly fileBytesMax: number;
  readonly pixelsMax: number;
  /** What the process may take: resident memory, and time from its start. */
  readonly memoryBytesMax: number;
  readonly timeMsMax: number;
}

/** What the process is told. */
export type ToldJob = ShrinkJob & Pick<SharpPlace, "native">;

/** For everybody in the room, with the file. */
export const THUMBNAIL_JOB: ShrinkJob = {
  sideMax: THUMBNAIL_SIDE_MAX,
  bytesMax: THUMBNAIL_BYTES_MAX,
  fileBytesMax: 64 << 20,
  pixelsMax: 128_000_000,
  memoryBytesMax: 512 << 20,
  timeMsMax: 6_000,
};

/** For whoever looks at a file in the window. */
export const PREVIEW_JOB: ShrinkJob = {
  ...THUMBNAIL_JOB,
  sideMax: 2_048,
  bytesMax: 1 << 20,
  timeMsMax: 12_000,
};

/** The flag that makes the program such a process. Not for people: it is not in `--help`. The job is behind it, JSON. */
export const SHRINK_FLAG = "--shrink";

/** The folder of a packed program that has sharp's native part, and the libraries it needs. */
export const SHARP_FOLDER = "sharp";

/** What it exits with where there is no picture; the reason is the last line of its stderr. */
export const SHRINK_EXIT = {
  made: 0,
  /** Sharp could not be loaded: it is no use to try again. */
  noSharp: 3,
  notAPicture: 4,
  memory: 5,
  time: 6,
} as const;

/** Where what sharp reads of itself is. */
export interface SharpPlace {
  /** All of it is in there. */
  readonly folder: string;
  /** The path of its native part; absent among the sources, where sharp finds it by itself. */
  readonly native?: string;
}

/** The same program again, as a process that makes one picture of what comes on its stdin. */
export function shrinkCommand(
  job: ShrinkJob,
  { executable, isStandalone, isBundled, folder, mainModule }: RunningProgram,
  sharp: SharpPlace,
): ChildCommand {
  const told = [SHRINK_FLAG, JSON.stringify({ ...job, native: sharp.native })];
  if (isStandalone) return { program: executable, args: told, environment: {} };
  // Its own binary is asked which C library it is for.
  const readable = [folder, sharp.folder, "/proc/self/exe"];
  // A comma would part two folders.
  const read = readable.map((each) => each.replaceAll(",", ",,")).join(",");
  const permissions = ["--no-prompt", "--allow-ffi", "--allow-env", "--allow-sys"];
  const alone = isBundled ? ALONE_FLAGS : [];
  return {
    program: executable,
    args: ["run", "--quiet", ...alone, ...permissions, `--allow-read=${read}`, mainModule, ...told],
    environment: {},
  };
}
