import { decode, encode } from "@msgpack/msgpack";
import { assert, messageOf, ProtocolError, readU32, writeU32 } from "@fusionmeet/base";
import { type Fields, readFields } from "./fields.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "./limits.ts";
import {
  CLIENT_MESSAGES,
  type ClientMessage,
  type MessageOf,
  SERVER_MESSAGES,
  type ServerMessage,
} from "./messages.ts";
import { scanMessagePack } from "./message_pack_scan.ts";

/** A message as it came: a map with a `type`, its fields not yet checked. */
export interface RawMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Size of the length before each message, u32 big-endian. */
export const ENVELOPE_PREFIX_BYTES = 4;

/**
 * A message in its envelope: u32 length, then a MessagePack map; a new array. Fields that are `undefined` are left out.
 *
 * @throws AssertionFailure when it is over `CONTROL_MESSAGE_BYTES_MAX`: whoever writes must split it.
 */
export function encodeMessage(message: ClientMessage | ServerMessage): Uint8Array<ArrayBuffer> {
  const body = encode(message, { ignoreUndefined: true });
  assert(
    body.length <= CONTROL_MESSAGE_BYTES_MAX,
    `a ${message.type} message of ${body.length} bytes is over the limit`,
  );
  const envelope = new Uint8Array(ENVELOPE_PREFIX_BYTES + body.length);
  writeU32(envelope, 0, body.length);
  envelope.set(body, ENVELOPE_PREFIX_BYTES);
  return envelope;
}

/** Takes the bytes of a connection in any pieces and gives the messages in them. Holds at most one message and the last piece. */
export class EnvelopeReader {
  #buffer = new Uint8Array(1024);
  #start = 0;
  #end = 0;

  /** Bytes taken that are not part of a message given yet. */
  get waitingBytes(): number {
    return this.#end - this.#start;
  }

  /** Takes a copy of `piece`. Call `next()` until it says `undefined` before the next piece. */
  push(piece: Uint8Array): void {
    if (this.#end + piece.length > this.#buffer.length) this.#makePlace(piece.length);
    this.#buffer.set(piece, this.#end);
    this.#end += piece.length;
  }

  /**
   * The next message, or `undefined` until more bytes come. Byte fields are views of memory nobody else writes.
   *
   * @throws ProtocolError `too-large`, or `bad-envelope` for anything that is not a plain MessagePack map with a `type`.
   */
  next(): RawMessage | undefined {
    if (this.waitingBytes < ENVELOPE_PREFIX_BYTES) return undefined;
    const size = readU32(this.#buffer, this.#start);
    if (size > CONTROL_MESSAGE_BYTES_MAX) {
      throw new ProtocolError(
        "too-large",
        `Cannot read a message: ${size} bytes, over ${CONTROL_MESSAGE_BYTES_MAX}`,
      );
    }
    if (this.waitingBytes < ENVELOPE_PREFIX_BYTES + size) return undefined;
    const bodyStart = this.#start + ENVELOPE_PREFIX_BYTES;
    this.#start = bodyStart + size;
    return readMessageBody(this.#buffer.slice(bodyStart, this.#start));
  }

  /** Takes what waits unread out of it; a copy. */
  takeRest(): Uint8Array {
    const rest = this.#buffer.slice(this.#start, this.#end);
    this.#start = this.#end;
    return rest;
  }

  /** Moves what waits to the front, of a larger buffer if need be: each byte is moved a few times at most, however small the pieces. */
  #makePlace(size: number): void {
    const waiting = this.#buffer.subarray(this.#start, this.#end);
    const needed = waiting.length + size;
    if (2 * needed > this.#buffer.length) this.#buffer = new Uint8Array(2 * needed);
    this.#buffer.set(waiting);
    this.#end = waiting.length;
    this.#start = 0;
  }
}

/** One message without its envelope. @throws ProtocolError `bad-envelope` for anything that is not a plain MessagePack map with a `type`. */
export function readMessageBody(body: Uint8Array): RawMessage {
  const fault = scanMessagePack(body);
  if (fault !== undefined) {
    throw new ProtocolError("bad-envelope", `Cannot read a message: ${fault}`);
  }
  let value: unknown;
  try {
    value = decode(body);
  } catch (cause) {
    const state = `Cannot read a message: ${messageOf(cause)}`;
    throw new ProtocolError("bad-envelope", state, { cause });
  }
  if (
    typeof value !== "object" || value === null || Array.isArray(value) ||
    value instanceof Uint8Array || !Object.hasOwn(value, "type") ||
    typeof (value as RawMessage).type !== "string"
  ) {
    throw new ProtocolError("bad-envelope", "Cannot read a message: not a map with a type");
  }
  return value as RawMessage;
}

/** How a message of one direction is read. */
export type ReadMessage<Message> = (raw: RawMessage) => Message | undefined;

/** Reads the messages of `table`: checks the fields, `undefined` for a type that is not in it. */
export function messageReader<Table extends Record<string, Fields>>(
  table: Table,
): ReadMessage<MessageOf<Table>> {
  return (raw) => {
    if (!Object.hasOwn(table, raw.type)) return undefined;
    return { type: raw.type, ...readFields(table[raw.type], raw, raw.type) } as MessageOf<Table>;
  };
}

/** Checks a message from a client; `undefined` for a type it does not know (a newer client's: ignore and count it). @throws ProtocolError naming the field. */
export const readClientMessage: ReadMessage<ClientMessage> = messageReader(CLIENT_MESSAGES);

/** Checks a message from a server; `undefined` for a type it does not know. @throws ProtocolError naming the field. */
export const readServerMessage: ReadMessage<ServerMessage> = messageReader(SERVER_MESSAGES);
