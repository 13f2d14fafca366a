import { type Counters, Refusal } from "@fusionmeet/base";
import {
  Acknowledger,
  type ByteStream,
  closedWhenSilent,
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
  encodeTransferRefusal,
  encodeTransferStart,
  TRANSFER_GOES_ON,
  TRANSFER_OFFSET_BYTES,
  TRANSFER_SILENT_MS_MAX,
  TRANSFER_TAKEN,
} from "@fusionmeet/protocol";
import { type PartFile, type StoredFile, WrongContent } from "@fusionmeet/store";
import type { TicketedConnection, TicketGrant, TicketOwner } from "../ticket_desk.ts";
import { noSuchFile, type Shelf } from "./shelf.ts";

/** Behind its last word a connection is kept for so long, for the peer to read it. */
const DRAIN_MS_MAX = 5_000;
/** What it still says is read in pieces of this size. */
const DRAIN_BYTES = 16 * 1024;

export interface TransfersOptions {
  readonly shelf: Shelf;
  readonly timers: Timers;
  readonly counters: Counters;
}

/** A transfer that is under way. */
interface Transfer {
  readonly participant: number;
  /** Of the file. */
  readonly file: number;
  readonly purpose: string;
  readonly stream: ByteStream;
  readonly ended: PromiseWithResolvers<void>;
}

/** The connections on which files come and go. */
export class Transfers implements TicketOwner {
  readonly #options: TransfersOptions;
  readonly #running = new Set<Transfer>();

  constructor(options: TransfersOptions) {
    this.#options = options;
  }

  /** Transfers that are under way. */
  get count(): number {
    return this.#running.size;
  }

  /** @throws Refusal `no-such-file`, `file-not-whole`, `file-busy`, `too-many-transfers` */
  check({ room, seat, purpose, subject }: Parameters<TicketOwner["check"]>[0]): void {
    const file = room.files.byId(subject);
    if (file === undefined) throw noSuchFile();
    if (purpose === "file.fetch" && !file.isWhole) {
      throw new Refusal("file-not-whole", `${file.name} has not come whole yet`);
    }
    if (purpose === "file.send" && this.#senderOf(file, { notBy: seat.id }) !== undefined) {
      throw new Refusal(
        "file-busy",
        `Somebody else is sending ${file.name}: wait until it is here`,
      );
    }
    const own = [...this.#running].filter(({ participant }) => participant === seat.id);
    // One of the same file is about to be taken over.
    const others = own.filter((each) => each.file !== subject || each.purpose !== purpose);
    const { transfersMax } = this.#options.shelf;
    if (others.length < transfersMax) return;
    throw new Refusal(
      "too-many-transfers",
      `You may have ${transfersMax} under way at once: wait until one is through`,
    );
  }

  async serve(connection: TicketedConnection): Promise<void> {
    const { stream, purpose, subject, participant } = connection;
    const transfer = {
      ...{ participant, purpose, file: subject },
      stream: this.#impatient(stream),
      ended: Promise.withResolvers<void>(),
    };
    try {
      const before = this.#senderOf({ id: subject });
      this.#running.add(transfer);
      if (purpose === "file.send") await this.#receive(connection, transfer.stream, before);
      else await this.#send(connection, transfer.stream);
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      this.#options.counters.add(`files.refused.${thrown.code}`);
      await writeAll(transfer.stream, encodeTransferRefusal(thrown));
      await transfer.stream.closeWrite();
      await this.#drain(transfer.stream);
    } finally {
      this.#running.delete(transfer);
      transfer.ended.resolve();
    }
  }

  /** Takes a file in. @param before A connection that sends the same one, which this one takes over. */
  async #receive(grant: TicketGrant, stream: ByteStream, before?: Transfer): Promise<void> {
    before?.stream.close();
    await before?.ended.promise;
    const { room, subject } = grant;
    const { counters } = this.#options;
    const file = room.files.byId(subject);
    if (file === undefined) throw noSuchFile();
    if (file.isWhole) return await this.#answerStored(stream, file.size);
    const { coming } = room.files;
    try {
      if (!await this.#store(grant, stream, file)) return counters.add("files.broken-off");
    } catch (thrown) {
      if (thrown instanceof Refusal) coming.stopped(subject);
      throw thrown;
    } finally {
      coming.broke(subject);
    }
    counters.add("files.stored");
    await writeAll(stream, Uint8Array.of(TRANSFER_GOES_ON));
    await stream.closeWrite();
    await this.#drain(stream);
  }

  /** @returns false when the connection ended before the file did. */
  async #store(grant: TicketGrant, stream: ByteStream, file: StoredFile): Promise<boolean> {
    const { shelf } = this.#options;
    const { room, seat } = grant;
    using part = await shelf.openPart(room.name, file);
    await writeAll(stream, encodeTransferStart(part.size));
    room.files.coming.begins(file, seat, part.size);
    let came = part.size;
    const moved = (bytes: number) => room.files.coming.moved(file.id, came += bytes);
    const taken = this.#acknowledger(grant, stream);
    if (!await this.#takeIn(part, stream, { taken, moved })) return false;
    // It may have been taken back meanwhile.
    if (room.files.byId(file.id) === undefined) {
      await part.discard();
      throw noSuchFile();
    }
    room.files.came(await this.#orRefused(() => shelf.finish(file, part)));
    return true;
  }

  /** @returns false when the connection ended before the file did. */
  async #takeIn(
    part: PartFile,
    stream: ByteStream,
    { taken, moved }: { readonly taken?: Acknowledger; readonly moved: (bytes: number) => void },
  ): Promise<boolean> {
    const write = (bytes: Uint8Array) => this.#orRefused(() => part.write(bytes));
    const took = (bytes: number) => {
      taken?.took(bytes);
      moved(bytes);
    };
    try {
      return await receiveContent(stream, { missing: part.missing, write }, { took });
    } finally {
      await taken?.stop();
    }
  }

  /** Tells the sender what was taken, where it wants to know. */
  #acknowledger({ seat }: TicketGrant, stream: ByteStream): Acknowledger | undefined {
    const { timers } = this.#options;
    return seat.features.has("transfer-taken") ? new Acknowledger(stream, { timers }) : undefined;
  }

  /** It came by another way since the ticket was given. */
  async #answerStored(stream: ByteStream, size: number): Promise<void> {
    await writeAll(stream, encodeTransferStart(size));
    await writeAll(stream, Uint8Array.of(TRANSFER_GOES_ON));
    await stream.closeWrite();
    await this.#drain(stream);
  }

  async #send({ room, seat, subject }: TicketGrant, stream: ByteStream): Promise<void> {
    const { shelf, counters, timers } = this.#options;
    const asked = new Uint8Array(TRANSFER_OFFSET_BYTES);
    if (await readFull(stream, asked) < asked.length) return;
    const file = room.files.byId(subject);
    if (file === undefined) throw noSuchFile();
    const offset = decodeTransferOffset(asked);
    if (offset > file.size) {
      throw new Refusal("offset-bad", `${file.name} has only ${file.size} bytes`);
    }
    let whole: Deno.FsFile;
    try {
      whole = await shelf.openWhole(room.name, file);
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.code === "no-such-file") room.files.gone(file);
      throw thrown;
    }
    using source = whole;
    await source.seek(offset, Deno.SeekMode.Start);
    await writeAll(stream, encodeTransferStart(offset));
    const yielding = seat.features.has("transfer-taken")
      ? new YieldingWriter(stream, { timers })
      : undefined;
    const listening = yielding && this.#listen(yielding, stream);
    const write = (bytes: Uint8Array) => yielding?.write(bytes) ?? writeAll(stream, bytes);
    // Where somebody has shortened it, the reader notices by the hash.
    for await (const chunk of contentOf(source, file.size - offset)) await write(chunk);
    await stream.closeWrite();
    counters.add("files.sent");
    await this.#drain(stream, listening);
  }

  /** Reads what the peer has taken, to the end of the connection. Never throws. */
  async #listen(yielding: YieldingWriter, stream: ByteStream): Promise<void> {
    const first = new Uint8Array(1);
    try {
      while (await readFull(stream, first) === 1 && first[0] === TRANSFER_TAKEN) {
        const taken = await readTaken(stream);
        if (taken === null || !yielding.acknowledged(taken)) break;
      }
    } catch {
      this.#options.counters.add("files.broken-off");
    }
    yielding.end();
  }

  /** What the disk says, or the content, as a refusal. */
  async #orRefused<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      if (thrown instanceof WrongContent) throw new Refusal("hash-wrong", thrown.message);
      throw thrown instanceof Refusal ? thrown : this.#options.shelf.diskRefusal(thrown);
    }
  }

  /** Waits until the peer has read what it was sent, and ends: for so long and no longer. */
  async #drain(stream: ByteStream, listening?: Promise<void>): Promise<void> {
    const cancel = this.#options.timers.after(DRAIN_MS_MAX, () => stream.close());
    const nothing = new Uint8Array(DRAIN_BYTES);
    try {
      await listening;
      while (await stream.read(nothing) !== null);
    } finally {
      cancel();
    }
  }

  #senderOf({ id }: Pick<StoredFile, "id">, { notBy }: { notBy?: number } = {}) {
    // The latest: of several that take each other over, each waits for the one before it, and no two write at once.
    return [...this.#running].findLast(({ file, purpose, participant }) =>
      file === id && purpose === "file.send" && participant !== notBy
    );
  }

  /** A stream that is closed when a read or a write takes longer than `TRANSFER_SILENT_MS_MAX`. */
  #impatient(stream: ByteStream): ByteStream {
    const { timers, counters } = this.#options;
    const onSilent = () => counters.add("files.silent");
    return closedWhenSilent(stream, { silentMs: TRANSFER_SILENT_MS_MAX, timers, onSilent });
  }
}
