import { createHash } from "node:crypto";
import { join } from "node:path";

/** What a file system says of one file. A copy differs; on a stick that is carried along it stays. */
export interface FileIdentity {
  /** Its number in the file system. */
  readonly number: number | null;
  /** When it was made, epoch ms. */
  readonly madeMs: number | null;
}

/** What tells one computer from another, each hashed. What is not known is not there. */
export interface Machine {
  /** Of its network hardware. */
  readonly hardware: readonly string[];
  /** Of its system's installation. */
  readonly installation: readonly string[];
}

/** What a folder's mark says: which file the mark was written to, and on which computer. */
export interface FolderMark {
  readonly file: FileIdentity;
  readonly machine: Machine;
}

/**
 * True when a folder was copied here from another computer: its mark is another file than the one it was written to, and
 * this is another computer. A folder that was moved or restored on its own computer is no copy, nor is a stick that is
 * carried from one computer to the next, nor anything of which too little is known.
 */
export function isCopied(
  mark: FolderMark,
  here: FolderMark,
  os: string = Deno.build.os,
): boolean {
  return isOtherFile(mark.file, here.file, os) && isOtherMachine(mark.machine, here.machine);
}

function isOtherFile(before: FileIdentity, now: FileIdentity, os: string): boolean {
  const numbers = compare(before.number, now.number);
  // The Finder gives a copy the time of the original.
  if (os === "darwin") return numbers === "other";
  // The numbers of a stick with FAT change from one mount to the next; whoever copies keeps no time of making.
  return compare(before.madeMs, now.madeMs) === "other" && numbers !== "same";
}

function compare(before: number | null, now: number | null): "same" | "other" | "unknown" {
  if (before === null || now === null) return "unknown";
  return before === now ? "same" : "other";
}

/** The hardware decides where it is known: installations are copied, too, and one computer may have two. */
function isOtherMachine(before: Machine, now: Machine): boolean {
  const kind = before.hardware.length > 0 && now.hardware.length > 0 ? "hardware" : "installation";
  const [known, seen] = [before[kind], now[kind]];
  return known.length > 0 && seen.length > 0 && !known.some((each) => seen.includes(each));
}

/** Where a data folder comes from, by the mark that a program left in it. */
export class FolderOrigin {
  readonly #path: string;
  readonly #machine: Machine;

  /** @param name Of the mark: each program has its own. @param machine This one; a test has others. */
  constructor(folder: string, name: string, machine: Machine = thisMachine()) {
    this.#path = join(folder, name);
    this.#machine = machine;
  }

  /** True when the folder was copied here from another computer. A folder without a mark, or with a damaged one, is not. */
  async isCopied(): Promise<boolean> {
    const mark = await this.#read();
    if (mark === undefined) return false;
    return isCopied(mark, await this.#here());
  }

  /** From now on the folder belongs here. @throws when the mark cannot be written. */
  async claim(): Promise<void> {
    const kept = await this.#read();
    if (kept !== undefined && JSON.stringify(kept) === JSON.stringify(await this.#here())) return;
    // Written into the same file, which stays the one that it was made as.
    await Deno.writeTextFile(this.#path, "", { create: true, mode: 0o644 });
    await Deno.writeTextFile(this.#path, JSON.stringify(await this.#here(), null, 2) + "\n");
  }

  async #here(): Promise<FolderMark> {
    return { file: await identityOf(this.#path), machine: this.#machine };
  }

  async #read(): Promise<FolderMark | undefined> {
    try {
      return readMark(JSON.parse(await Deno.readTextFile(this.#path)));
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound || thrown instanceof SyntaxError) return undefined;
      throw thrown;
    }
  }
}

function readMark(value: unknown): FolderMark | undefined {
  const { file, machine } = (value ?? {}) as Partial<FolderMark>;
  if (typeof file !== "object" || typeof machine !== "object") return undefined;
  const number = (each: unknown) => typeof each === "number" ? each : null;
  const texts = (each: unknown) =>
    Array.isArray(each) ? each.filter((text) => typeof text === "string") : [];
  return {
    file: { number: number(file?.number), madeMs: number(file?.madeMs) },
    machine: {
      hardware: texts(machine?.hardware),
      installation: texts(machine?.installation),
    },
  };
}

async function identityOf(path: string): Promise<FileIdentity> {
  const { ino, birthtime } = await Deno.stat(path);
  return { number: ino || null, madeMs: birthtime?.getTime() ?? null };
}

/** This computer, as far as it can be told without starting programs. */
export function thisMachine(): Machine {
  const addresses = Deno.networkInterfaces().map(({ mac }) => mac);
  return {
    hardware: [...new Set(addresses.filter(isOfHardware))].map(hash),
    installation: [readIfThere("/etc/machine-id"), readIfThere("/var/lib/dbus/machine-id")]
      .filter((id) => id !== "").slice(0, 1).map(hash),
  };
}

/** Not made up by software (the second bit of such an address is set, and VMware's are the same everywhere). */
function isOfHardware(address: string): boolean {
  const first = parseInt(address.slice(0, 2), 16);
  return (first & 0b10) === 0 && !/^(00:00:00:00:00:00$|00:50:56:c0:)/i.test(address);
}

function hash(text: string): string {
  return createHash("sha256").update(`FusionMeet ${text.toLowerCase()}`).digest("hex").slice(0, 32);
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return "";
  }
}
