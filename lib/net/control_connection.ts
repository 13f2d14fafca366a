import { assert, messageOf, pause, ProtocolError, type Rate, TokenBucket } from "@fusionmeet/base";
import {
  type ClientMessage,
  DEAD_AFTER_MS,
  encodeMessage,
  EnvelopeReader,
  OUTBOX_BYTES_MAX,
  type ReadMessage,
  type ServerMessage,
} from "@fusionmeet/protocol";
import { type ByteStream, startingWith } from "./byte_stream.ts";
import { Outbox } from "./outbox.ts";
import { every, systemTimers, type Timers } from "./timers.ts";

/** Why a connection is over. */
export interface ConnectionEnd {
  /**
   * `closed-here`: `close()` or the signal; `closed-by-peer`: a clean end; `silent`: no message for `DEAD_AFTER_MS`;
   * `outbox-full`: the peer reads too slowly; `protocol`: it broke the protocol (`error` says how); `broken`: the network;
   * `released`: it carries something else now.
   */
  readonly reason:
    | "closed-here"
    | "closed-by-peer"
    | "silent"
    | "outbox-full"
    | "protocol"
    | "broken"
    | "released";
  /** A sentence for the log. */
  readonly detail: string;
  /** `protocol`: what was thrown. */
  readonly error?: ProtocolError;
}

/** Numbers of one connection. */
export interface ConnectionCounts {
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  /** Messages of a type this program does not know (from a newer one). */
  unknownMessages: number;
}

/**
 * How fast messages are taken; beyond it they are read more slowly: TCP holds the peer back, nothing is lost, and nobody else
 * notices.
 */
export interface ReadLimit extends Rate {
  /** What one counts, at most `burst`; also one of a type that is not known here. */
  readonly cost: (message: { readonly type: string; readonly bytes: number }) => number;
}

export interface ControlConnectionOptions<In, Out> {
  readonly stream: ByteStream;
  /** `readServerMessage` at the client, `readClientMessage` at the server. */
  readonly readMessage: ReadMessage<In>;
  /** Absent: as fast as they come. */
  readonly readAtMost?: ReadLimit;
  /** What a peer that broke the protocol is told. */
  readonly farewell?: (error: ProtocolError) => Out;
  /** The client sends a `ping` this often; absent: only answers them (the server). */
  readonly ping?: { readonly intervalMs: number };
  /** Silence (no complete message) for this long ends the connection. */
  readonly deadAfterMs?: number;
  readonly outboxBytesMax?: number;
  readonly timers?: Timers;
  /** Its abort ends the connection. */
  readonly signal?: AbortSignal;
}

const READ_BUFFER_BYTES = 16 * 1024;
/** The longest an orderly close takes. */
const CLOSE_MS = 1_000;
/** So much later than `deadAfterMs`, at most, silence is noticed. */
const SILENCE_CHECK_MS = 250;
/** How long a peer that sends too much waits before it is looked at again. */
const THROTTLE_MS = 20;

/**
 * One TLS connection that carries control messages both ways. Whoever reads pulls (`messages`), so a peer that sends
 * faster than it is served is held back by TCP; what is sent waits in a bounded outbox, and a peer that does not read is dropped.
 */
export class ControlConnection<
  In extends { type: string },
  Out extends ClientMessage | ServerMessage,
> implements AsyncDisposable {
  readonly #stream: ByteStream;
  readonly #readMessage: ReadMessage<In>;
  readonly #farewell: ((error: ProtocolError) => Out) | undefined;
  readonly #readAtMost:
    | { readonly cost: ReadLimit["cost"]; readonly bucket: TokenBucket }
    | undefined;
  readonly #outbox: Outbox;
  readonly #timers: Timers;
  readonly #ended = new AbortController();
  readonly #end = Promise.withResolvers<ConnectionEnd>();
  readonly #envelopes = new EnvelopeReader();
  #writing: Promise<void> | undefined;
  #reading: Promise<number | null> | undefined;
  #isClosing = false;
  /** Why it is being closed: what cuts that short is not why it is over. */
  #closing: ConnectionEnd | undefined;
  #lastMessageMs: number;
  readonly counts: ConnectionCounts = {
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    unknownMessages: 0,
  };

  constructor(options: ControlConnectionOptions<In, Out>) {
    this.#stream = options.stream;
    this.#readMessage = options.readMessage;
    this.#farewell = options.farewell;
    const { timers = systemTimers, readAtMost } = options;
    this.#timers = timers;
    if (readAtMost !== undefined) {
      const bucket = new TokenBucket({ ...readAtMost, nowMs: timers.nowMs() });
      this.#readAtMost = { cost: readAtMost.cost, bucket };
    }
    this.#outbox = new Outbox({
      bytesMax: options.outboxBytesMax ?? OUTBOX_BYTES_MAX,
      whenFull: "endConnection",
    });
    this.#lastMessageMs = this.#timers.nowMs();
    this.#watchOver(options);
  }

  /** Aborts when the connection is over. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** False once it is over, or about to be closed: nothing more is sent or given. */
  get isOpen(): boolean {
    return !this.#isClosing && !this.signal.aborted;
  }

  /** Why it is over, once it is; never rejects. */
  get ended(): Promise<ConnectionEnd> {
    return this.#end.promise;
  }

  /** Queues a message; never waits, never throws for the peer's fault. After the end it does nothing. */
  send(message: Out): void {
    if (!this.isOpen) return;
    if (!this.#outbox.push(encodeMessage(message))) {
      this.#finish({ reason: "outbox-full", detail: `${this.#outbox.bytes} bytes unsent` });
      return;
    }
    this.counts.messagesOut++;
    this.#writing ??= this.#write();
  }

  /** The messages that come, until the end of the connection (`ended` says why). To be read once, by one reader. */
  async *messages(): AsyncGenerator<In, void, void> {
    const envelopes = this.#envelopes;
    const buffer = new Uint8Array(READ_BUFFER_BYTES);
    try {
      while (this.isOpen) {
        const { waitingBytes } = envelopes;
        const raw = envelopes.next();
        if (raw === undefined) {
          this.#reading = this.#stream.read(buffer);
          const size = await this.#reading;
          // From here on `close()` reads.
          if (this.#isClosing) return;
          if (size === null) {
            this.#finish({ reason: "closed-by-peer", detail: "the peer closed the connection" });
            return;
          }
          this.counts.bytesIn += size;
          envelopes.push(buffer.subarray(0, size));
          continue;
        }
        this.#lastMessageMs = this.#timers.nowMs();
        this.counts.messagesIn++;
        await this.#turnOf({ type: raw.type, bytes: waitingBytes - envelopes.waitingBytes });
        if (!this.isOpen) return;
        const message = this.#readMessage(raw);
        if (message === undefined) this.counts.unknownMessages++;
        else yield message;
      }
    } catch (thrown) {
      this.end(thrown);
    }
  }

  /** Waits until it is the turn of that message. */
  async #turnOf(message: Parameters<ReadLimit["cost"]>[0]): Promise<void> {
    if (this.#readAtMost === undefined) return;
    const { cost, bucket } = this.#readAtMost;
    const count = cost(message);
    const options = { timers: this.#timers, signal: this.signal };
    while (this.isOpen && !bucket.take(this.#timers.nowMs(), count)) {
      await pause(THROTTLE_MS, options);
    }
  }

  /** Ends the connection because of something that was thrown; a peer that broke the protocol is told. */
  end(thrown: unknown): void {
    if (!(thrown instanceof ProtocolError)) {
      this.#finish({ reason: "broken", detail: messageOf(thrown) });
      return;
    }
    if (this.#farewell !== undefined) this.send(this.#farewell(thrown));
    void this.#close({ reason: "protocol", detail: thrown.message, error: thrown });
  }

  /**
   * Sends what is queued and says that no more comes, waits for the peer to do the same (what it still sends is dropped; closing
   * over unread bytes would take our last message from it), then ends the connection; all in at most a second. Safe to call again.
   */
  close(detail = "closed"): Promise<ConnectionEnd> {
    return this.#close({ reason: "closed-here", detail });
  }

  /** Ends the connection at once; what is unsent is lost. */
  destroy(detail: string): void {
    this.#finish({ reason: "closed-here", detail });
  }

  /**
   * Stops to carry messages, and gives the stream to whoever speaks something else on it from here on: what came behind the last
   * message included. To be called by who reads the messages, between two of them.
   *
   * @throws Error when the connection ends before everything was sent.
   */
  async release(): Promise<ByteStream> {
    assert(this.isOpen, "only an open connection is released");
    this.#isClosing = true;
    await this.#writing;
    if (this.signal.aborted) throw new Error(`The connection ended: ${this.signal.reason}`);
    this.#end.resolve({ reason: "released", detail: "it carries something else now" });
    this.#ended.abort("released");
    return startingWith(this.#envelopes.takeRest(), this.#stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(end: ConnectionEnd): Promise<ConnectionEnd> {
    if (this.isOpen) {
      this.#isClosing = true;
      this.#closing = end;
      const cancel = this.#timers.after(CLOSE_MS, () => this.#finish(end));
      await Promise.race([this.#closeOrderly(), this.ended]);
      cancel();
      this.#finish(end);
    }
    return await this.ended;
  }

  async #closeOrderly(): Promise<void> {
    try {
      await this.#writing;
      await this.#stream.closeWrite();
      const buffer = new Uint8Array(READ_BUFFER_BYTES);
      for (let size = await this.#reading; size !== null;) size = await this.#stream.read(buffer);
    } catch {
      // The peer is gone: there is nobody left to be orderly with.
    }
  }

  async #write(): Promise<void> {
    try {
      // Lets the messages of one turn of the event loop leave together.
      await Promise.resolve();
      for (let bytes; (bytes = this.#outbox.takeAll()) !== undefined;) {
        for (let at = 0; at < bytes.length;) at += await this.#stream.write(bytes.subarray(at));
        this.counts.bytesOut += bytes.length;
      }
    } catch (thrown) {
      this.#finish({ reason: "broken", detail: messageOf(thrown) });
    } finally {
      this.#writing = undefined;
    }
  }

  #watchOver(
    { ping, deadAfterMs = DEAD_AFTER_MS, signal }: ControlConnectionOptions<In, Out>,
  ): void {
    const options = { timers: this.#timers, signal: this.signal };
    const checkMs = Math.min(SILENCE_CHECK_MS, deadAfterMs);
    let checkedMs = this.#timers.nowMs();
    every(checkMs, () => {
      const nowMs = this.#timers.nowMs();
      // While this program was held up it could not listen: that is not the peer's silence. A late timer is no hold-up.
      const heldUpMs = nowMs - checkedMs - checkMs;
      if (heldUpMs > checkMs) this.#lastMessageMs += Math.min(heldUpMs, deadAfterMs);
      checkedMs = nowMs;
      if (nowMs - this.#lastMessageMs < deadAfterMs) return;
      this.#finish({ reason: "silent", detail: `nothing came for ${deadAfterMs} ms` });
    }, options);
    if (ping !== undefined) {
      const send = () => this.send({ type: "ping", at: this.#timers.nowMs() } as Out);
      every(ping.intervalMs, send, options);
    }
    if (signal?.aborted) this.destroy("aborted");
    else {
      signal?.addEventListener("abort", () => this.destroy("aborted"), { signal: this.signal });
    }
  }

  #finish(cause: ConnectionEnd): void {
    if (this.signal.aborted) return;
    const end = this.#closing ?? cause;
    this.#end.resolve(end);
    this.#ended.abort(end.detail);
    try {
      this.#stream.close();
    } catch (thrown) {
      assert(thrown instanceof Deno.errors.BadResource, "only a closed stream fails to close");
    }
  }
}
