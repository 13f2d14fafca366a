import { Refusal, TokenBucket } from "@fusionmeet/base";
import {
  ACKNOWLEDGE_EVERY_MS,
  Acknowledger,
  type ByteStream,
  contentOf,
  readFull,
  readTaken,
  receiveContent,
  type Timers,
  writeAll,
  YieldingWriter,
} from "@fusionmeet/net";
import {
  decodeTransferOffset,
  decodeTransferRefusal,
  encodeTransferOffset,
  TRANSFER_GOES_ON,
  TRANSFER_OFFSET_BYTES,
  TRANSFER_REFUSAL_BYTES_MAX,
  TRANSFER_TAKEN,
} from "@fusionmeet/protocol";
import type { PartFile } from "@fusionmeet/store";
import { serverSentence } from "../printable.ts";

/**
 * How often a server may say what it has taken, and so often at once; it is read more slowly beyond that. An honest one says so
 * every `ACKNOWLEDGE_EVERY_MS` at most; what waited for some seconds comes at once.
 */
export const TAKEN_PER_SECOND = 2 * 1000 / ACKNOWLEDGE_EVERY_MS;
export const TAKEN_BURST = 4 * TAKEN_PER_SECOND;
const TAKEN_THROTTLE_MS = 20;

/** The connection ended in the middle: it can go on over another one. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
}

/** What a transfer tells while it runs. */
export interface TransferReport {
  /** It goes on from there. */
  resumed(bytes: number): void;
  /** So much more is through. */
  moved(bytes: number): void;
}

/** What a transfer over a connection needs besides the file. */
export interface TransferOptions {
  readonly report: TransferReport;
  readonly timers: Timers;
  /** Whoever takes content says so, and whoever sends it yields to voice by that. */
  readonly isTakenTold: boolean;
}

/**
 * Sends a file from where the server wants it.
 *
 * @throws Refusal of the server, `file-changed`, `part-wrong`. @throws BrokenOff. @throws what the file system says.
 */
export async function sendFile(
  stream: ByteStream,
  { path, size, report, timers, isTakenTold }: TransferOptions & { path: string; size: number },
): Promise<void> {
  const offset = await started(stream);
  if (offset > size) throw wrongPart(`The server asks for what is behind its ${size} bytes`);
  report.resumed(offset);
  using file = await Deno.open(path);
  await file.seek(offset, Deno.SeekMode.Start);
  // The server may decline in the middle (its disk is full), while it takes nothing any more.
  const yielding = isTakenTold ? new YieldingWriter(stream, { timers }) : undefined;
  const answer = stored(stream, { yielding, timers });
  answer.catch(() => undefined);
  const write = (bytes: Uint8Array) => yielding?.write(bytes) ?? writeAll(stream, bytes);
  let left = size - offset;
  for await (const chunk of contentOf(file, left)) {
    await whole(write(chunk), answer);
    report.moved(chunk.length);
    left -= chunk.length;
  }
  if (left > 0) throw new Refusal("file-changed", "It became shorter while it was sent");
  await answer;
}

/** Fetches what is missing of a file. @throws Refusal of the server, `part-wrong`. @throws BrokenOff. @throws what the file system says. */
export async function fetchFile(
  stream: ByteStream,
  part: PartFile,
  { report, timers, isTakenTold }: TransferOptions,
): Promise<void> {
  await broken(writeAll(stream, encodeTransferOffset(part.size)));
  const offset = await started(stream);
  if (offset !== part.size) {
    throw wrongPart(`The server does not send what was asked for, from byte ${part.size} on`);
  }
  report.resumed(part.size);
  const taken = isTakenTold ? new Acknowledger(stream, { timers }) : undefined;
  const read = (into: Uint8Array) => broken(stream.read(into));
  const took = (bytes: number) => {
    taken?.took(bytes);
    report.moved(bytes);
  };
  try {
    if (!await receiveContent({ read }, part, { took })) {
      throw new BrokenOff("The connection ended before the file did");
    }
  } finally {
    void taken?.stop();
  }
}

function wrongPart(state: string): Refusal {
  return new Refusal(
    "part-wrong",
    `${state}: try again, and tell whoever runs the server if that fails`,
  );
}

/** Waits until the server has the whole file; what it has taken meanwhile goes to `yielding`. @throws Refusal. @throws BrokenOff */
async function stored(
  stream: ByteStream,
  { yielding, timers }: { yielding: YieldingWriter | undefined; timers: Timers },
): Promise<void> {
  const rate = { perSecond: TAKEN_PER_SECOND, burst: TAKEN_BURST };
  const bucket = new TokenBucket({ ...rate, nowMs: timers.nowMs() });
  let total = 0;
  try {
    while (await goesOn(stream, yielding !== undefined) === TRANSFER_TAKEN) {
      const taken = await broken(readTaken(stream));
      // Nothing new is nothing to say.
      if (taken === null || taken.total <= total || !yielding!.acknowledged(taken)) {
        throw new BrokenOff("The server took what it cannot have");
      }
      total = taken.total;
      while (!bucket.take(timers.nowMs())) {
        await new Promise<void>((done) => void timers.after(TAKEN_THROTTLE_MS, done));
      }
    }
  } finally {
    yielding?.end();
  }
}

/** @returns the first byte of the answer. @throws Refusal. @throws BrokenOff */
async function goesOn(stream: ByteStream, mayBeTaken = false): Promise<number> {
  const first = new Uint8Array(1);
  if (await broken(readFull(stream, first)) === 0) {
    throw new BrokenOff("The connection ended without an answer");
  }
  if (first[0] === TRANSFER_GOES_ON || mayBeTaken && first[0] === TRANSFER_TAKEN) return first[0];
  const reason = new Uint8Array(TRANSFER_REFUSAL_BYTES_MAX);
  const size = await broken(readFull(stream, reason));
  const { code, message } = decodeTransferRefusal(reason.subarray(0, size));
  throw new Refusal(code, serverSentence(message));
}

/** @returns the offset. */
async function started(stream: ByteStream): Promise<number> {
  await goesOn(stream);
  const offset = new Uint8Array(TRANSFER_OFFSET_BYTES);
  if (await broken(readFull(stream, offset)) < offset.length) {
    throw new BrokenOff("The connection ended before it began");
  }
  return decodeTransferOffset(offset);
}

/** What a connection throws is that it broke. */
async function broken<T>(passing: Promise<T>): Promise<T> {
  try {
    return await passing;
  } catch (cause) {
    throw new BrokenOff("The connection broke", { cause });
  }
}

/** Writing ends also when the answer comes before its end: then it is a refusal. */
async function whole(writing: Promise<void>, answer: Promise<void>): Promise<void> {
  writing.catch(() => undefined);
  const early = answer.then(() => {
    throw new BrokenOff("The server answered before it had the file");
  });
  early.catch(() => undefined);
  try {
    await Promise.race([broken(writing), early]);
  } catch (thrown) {
    // A refusal says more than that the connection broke.
    if (thrown instanceof BrokenOff) await early;
    throw thrown;
  }
}
