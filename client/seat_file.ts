import { createHash } from "node:crypto";
import { join } from "node:path";
import { equalBytes, messageOf } from "@fusionmeet/base";
import { FolderOrigin } from "@fusionmeet/places";
import { type Fingerprint, nameKey, RESUME_TOKEN_BYTES } from "@fusionmeet/protocol";
import type { SeatKeeper } from "./meeting_types.ts";
import { PERSON_FILE } from "./person_file.ts";

const SEAT_PREFIX = "seat-";

/**
 * Removes the seats that came here with a copy of a used folder: with them this computer would take the place of the
 * other one in its meetings.
 *
 * @returns a sentence for the user when there were any, or when they could not be found out.
 */
export async function forgetCopiedSeats(
  folder: string,
  origin = new FolderOrigin(folder, "client.origin"),
): Promise<string | undefined> {
  try {
    return await forgetIfCopied(folder, origin);
  } catch (thrown) {
    // Files that another user of this computer made there.
    return `Cannot tell whether this folder was copied from another computer: ${messageOf(thrown)}`;
  }
}

async function forgetIfCopied(
  folder: string,
  origin: FolderOrigin,
): Promise<string | undefined> {
  const isCopied = await origin.isCopied();
  const names = isCopied ? await Array.fromAsync(Deno.readDir(folder), ({ name }) => name) : [];
  const seats = names.filter((name) => name.startsWith(SEAT_PREFIX));
  for (const name of seats) await Deno.remove(join(folder, name));
  // What was shared over there is not theirs who have a copy.
  if (names.includes(PERSON_FILE)) await Deno.remove(join(folder, PERSON_FILE));
  await origin.claim();
  return seats.length === 0
    ? undefined
    : "This folder was copied from another computer: the seats in meetings that it had there stay there";
}

/** Only its owner may read a resume token. */
const SECRET_MODE = 0o600;

/**
 * Keeps the resume token of one seat in a file of its own, so that a program that was killed comes back as itself. The
 * file is locked while the program runs: a second one of the same name does not take the first one's seat.
 */
export class SeatFile implements SeatKeeper {
  readonly #folder: string;
  readonly #seat: { room: string; name: string };
  readonly #trouble: (thrown: unknown) => void;
  #path: string | undefined;
  #file: Deno.FsFile | undefined;

  /** @param options.trouble called when the file cannot be used; the meeting goes on without it. */
  constructor(
    folder: string,
    options: { room: string; name: string; trouble: (thrown: unknown) => void },
  ) {
    this.#folder = folder;
    this.#seat = options;
    this.#trouble = options.trouble;
  }

  async load(fingerprint: Fingerprint): Promise<Uint8Array | undefined> {
    const { room, name } = this.#seat;
    const seat = JSON.stringify([fingerprint, nameKey(room), nameKey(name)]);
    const hash = createHash("sha256").update(seat).digest("hex").slice(0, 32);
    try {
      const path = join(this.#folder, SEAT_PREFIX + hash);
      const options = { read: true, write: true, create: true, mode: SECRET_MODE };
      const file = await Deno.open(path, options);
      if (!await file.tryLock(true)) {
        file.close();
        return undefined;
      }
      this.#path = path;
      this.#file = file;
      const token = new Uint8Array(RESUME_TOKEN_BYTES);
      const size = file.readSync(token);
      const isToken = size === token.length && !equalBytes(token, new Uint8Array(token.length));
      return isToken ? token : undefined;
    } catch (thrown) {
      this.#trouble(thrown);
      return undefined;
    }
  }

  save(token: Uint8Array): void {
    if (this.#file === undefined) return;
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      this.#file.writeSync(token);
    } catch (thrown) {
      this.#trouble(thrown);
    }
  }

  async forget(): Promise<void> {
    if (this.#file === undefined) return;
    this.release();
    try {
      await Deno.remove(this.#path!);
    } catch (thrown) {
      this.#trouble(thrown);
    }
  }

  /** Closes the file and lets its lock go; the token stays for the next run. */
  release(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}
