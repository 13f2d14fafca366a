/**
 * What travels on the connection of a shared screen, behind `ticket.accepted`. Big-endian. Each message: u8 type, u24 size of
 * the body, u32 sequence number, body.
 *
 * The presenter (`screen.send`) numbers `format`, `picture`, `tiles` and `status`, each higher than the one before, and the
 * server passes these on to the viewers (`screen.view`) byte for byte; a viewer may miss some. Where it missed pictures, it
 * goes on with a keyframe, and the server tells by `stale` which of the viewer's tiles are not exact any more, under a number that
 * only says in which order. Who gets one of the presenter's four acknowledges it, in the order they came: `acknowledge` has its
 * sequence number.
 *
 * How it is shown: the newest picture, and over it every tile that is exact: by the `tiles` message of the highest number that has it, as
 * long as no `picture` and no `stale` of a higher number names it. A viewer may get tiles before pictures of lower numbers. A
 * `format` begins anew, with neither, and as `showing`.
 */
import { concatBytes, ProtocolError, readU16, readU32, writeU16, writeU32 } from "@fusionmeet/base";
import {
  ACCESS_UNIT_BYTES_MAX,
  SCREEN_SIDE_MAX,
  SCREEN_TILE_SIDE,
  SCREEN_TILES_BYTES_MAX,
  SCREEN_TILES_PER_MESSAGE_MAX,
  SCREEN_TITLE_BYTES_MAX,
} from "./limits.ts";
import { isScreenSize } from "./tile_grid.ts";

export const SCREEN_HEADER_BYTES = 8;
const TYPES = {
  format: 1,
  picture: 2,
  tiles: 3,
  stale: 4,
  status: 5,
  acknowledge: 6,
  "clock.ask": 7,
  "clock.answer": 8,
} as const;
export type ScreenMessageType = keyof typeof TYPES;

/** What a shared screen is like now. `hidden`: the shared window is minimised; `failed`: it cannot be captured just now. */
export const SCREEN_STATUSES = ["showing", "hidden", "failed"] as const;
export type ScreenStatus = typeof SCREEN_STATUSES[number];

const FLAG = { keyframe: 1, scaled: 1 } as const;
const COLUMNS_MAX = Math.ceil(SCREEN_SIDE_MAX / SCREEN_TILE_SIDE);
/** Of a tile set of the largest picture; a long and narrow one has fewer tiles. */
const SET_BYTES_MAX = Math.ceil(COLUMNS_MAX * COLUMNS_MAX / 8);

/** Bytes of a body at most. */
const BODY_BYTES_MAX: Record<ScreenMessageType, number> = {
  format: 5 + SCREEN_TITLE_BYTES_MAX,
  picture: 11 + SET_BYTES_MAX + ACCESS_UNIT_BYTES_MAX,
  tiles: SCREEN_TILES_BYTES_MAX,
  stale: SET_BYTES_MAX,
  status: 1,
  acknowledge: 0,
  "clock.ask": 8,
  "clock.answer": 16,
};

/** Times are ms of the server's wall clock (epoch), as well as it is known. Byte fields are views of the message. */
export type ScreenMessage =
  & {
    /** 0..2^32-1; of the message itself where the presenter numbers it. */
    readonly sequence: number;
  }
  & (
    | {
      readonly type: "format";
      /** In pixels; the coded picture is one larger where a side is odd. */
      readonly width: number;
      readonly height: number;
      /** It is shown smaller than it is there: pixels are exact to this size only. */
      readonly scaled: boolean;
      /** What is shared, for people. */
      readonly title: string;
    }
    | {
      readonly type: "picture";
      readonly keyframe: boolean;
      readonly capturedAtMs: number;
      /** Bits of a `TileSet`: what is different from the picture before. Empty: nothing is. */
      readonly changed: Uint8Array;
      /** H.264 as Annex B, SPS and PPS before every IDR. */
      readonly accessUnit: Uint8Array;
    }
    | {
      readonly type: "tiles";
      readonly capturedAtMs: number;
      /** Ascending, 1..`SCREEN_TILES_PER_MESSAGE_MAX`. */
      readonly tiles: readonly number[];
      /** Deflated (RFC 1951); see `readTile`. */
      readonly deflated: Uint8Array;
    }
    | { readonly type: "stale"; readonly changed: Uint8Array }
    | { readonly type: "status"; readonly status: ScreenStatus }
    | { readonly type: "acknowledge" }
    | { readonly type: "clock.ask"; readonly askedAtMs: number }
    | { readonly type: "clock.answer"; readonly askedAtMs: number; readonly serverAtMs: number }
  );

/** A message as it came. */
export type ReceivedScreenMessage = ScreenMessage & {
  /** The whole message, header included, to be passed on. Nobody else writes there. */
  readonly bytes: Uint8Array;
};

/** A whole message, header included; a new array. The limits are the caller's to keep. */
export function encodeScreenMessage(message: ScreenMessage): Uint8Array<ArrayBuffer> {
  const parts = encodeBody(message);
  const header = new Uint8Array(SCREEN_HEADER_BYTES);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  writeU32(header, 0, size);
  header[0] = TYPES[message.type];
  writeU32(header, 4, message.sequence);
  return concatBytes(header, ...parts);
}

function encodeBody(message: ScreenMessage): readonly Uint8Array[] {
  switch (message.type) {
    case "format": {
      const fixed = new Uint8Array(5);
      writeU16(fixed, 0, message.width);
      writeU16(fixed, 2, message.height);
      fixed[4] = message.scaled ? FLAG.scaled : 0;
      return [fixed, titleBytes(message.title)];
    }
    case "picture": {
      const fixed = new Uint8Array(3);
      fixed[0] = message.keyframe ? FLAG.keyframe : 0;
      writeU16(fixed, 1, message.changed.length);
      return [float64s(message.capturedAtMs), fixed, message.changed, message.accessUnit];
    }
    case "tiles": {
      const { tiles } = message;
      const fixed = new Uint8Array(2 + 2 * tiles.length);
      writeU16(fixed, 0, tiles.length);
      for (const [index, tile] of tiles.entries()) writeU16(fixed, 2 + 2 * index, tile);
      return [float64s(message.capturedAtMs), fixed, message.deflated];
    }
    case "stale":
      return [message.changed];
    case "status":
      return [Uint8Array.of(SCREEN_STATUSES.indexOf(message.status))];
    case "acknowledge":
      return [];
    case "clock.ask":
      return [float64s(message.askedAtMs)];
    case "clock.answer":
      return [float64s(message.askedAtMs, message.serverAtMs)];
  }
}

/** Cut to `SCREEN_TITLE_BYTES_MAX`, between characters. */
function titleBytes(title: string): Uint8Array {
  const bytes = new Uint8Array(SCREEN_TITLE_BYTES_MAX);
  return bytes.subarray(0, new TextEncoder().encodeInto(title, bytes).written);
}

function float64s(...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(8 * values.length));
  for (const [index, value] of values.entries()) view.setFloat64(8 * index, value);
  return new Uint8Array(view.buffer);
}

/** Takes the bytes of a connection in any pieces and gives the messages in them. Holds at most one message and the last piece. */
export class ScreenMessageReader {
  readonly #allowed: ReadonlyMap<number, ScreenMessageType>;
  #held: Uint8Array = new Uint8Array(0);
  /** Bytes of `#held` that are filled. */
  #filled = 0;

  /** @param allowed What this peer may send. */
  constructor(allowed: readonly ScreenMessageType[]) {
    this.#allowed = new Map(allowed.map((type) => [TYPES[type], type]));
  }

  /** @param piece is copied. @throws ProtocolError `malformed`; the reader is of no use after. */
  *push(piece: Uint8Array): Generator<ReceivedScreenMessage> {
    for (let at = 0; at < piece.length;) {
      const wanted = this.#filled < SCREEN_HEADER_BYTES ? SCREEN_HEADER_BYTES : this.#wholeBytes();
      if (this.#held.length < wanted) this.#grow(wanted);
      const taken = Math.min(wanted - this.#filled, piece.length - at);
      this.#held.set(piece.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled >= SCREEN_HEADER_BYTES && this.#filled === this.#wholeBytes()) {
        yield this.#take();
      }
    }
  }

  #grow(bytes: number): void {
    const grown = new Uint8Array(bytes);
    grown.set(this.#held.subarray(0, this.#filled));
    this.#held = grown;
  }

  #type(): ScreenMessageType {
    const type = this.#allowed.get(this.#held[0]);
    return type ?? fail(`a message of type ${this.#held[0]}`);
  }

  #wholeBytes(): number {
    const type = this.#type();
    const size = readU32(this.#held, 0) & 0xffffff;
    if (size > BODY_BYTES_MAX[type]) fail(`a ${type} message of ${size} bytes`);
    return SCREEN_HEADER_BYTES + size;
  }

  #take(): ReceivedScreenMessage {
    const bytes = this.#held.subarray(0, this.#filled);
    this.#held = new Uint8Array(0);
    this.#filled = 0;
    return { ...decodeScreenMessage(bytes), bytes };
  }
}

/** A whole message, header included, of a peer that sends no wrong ones. @throws ProtocolError `malformed` */
export function decodeScreenMessage(bytes: Uint8Array): ScreenMessage {
  const type = TYPE_NAMES.get(bytes[0]);
  if (type === undefined || bytes.length < SCREEN_HEADER_BYTES) fail("no message");
  return decodeBody(type, readU32(bytes, 4), bytes.subarray(SCREEN_HEADER_BYTES));
}

const TYPE_NAMES = new Map(
  Object.entries(TYPES).map(([name, number]) => [number as number, name as ScreenMessageType]),
);

/** @throws ProtocolError `malformed` */
function decodeBody(type: ScreenMessageType, sequence: number, body: Uint8Array): ScreenMessage {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const need = (size: number) => body.length >= size || fail(`a ${type} message that is cut`);
  const time = (at: number) => {
    const ms = view.getFloat64(at);
    return Number.isFinite(ms) ? ms : fail(`a ${type} message without a time`);
  };
  switch (type) {
    case "format": {
      need(5);
      const [width, height] = [readU16(body, 0), readU16(body, 2)];
      if (!isScreenSize(width, height)) fail(`a screen of ${width}x${height}`);
      const title = new TextDecoder().decode(body.subarray(5));
      return { type, sequence, width, height, scaled: (body[4] & FLAG.scaled) !== 0, title };
    }
    case "picture": {
      need(11);
      const changedBytes = readU16(body, 9);
      need(11 + changedBytes + 1);
      const changed = body.subarray(11, 11 + changedBytes);
      const accessUnit = body.subarray(11 + changedBytes);
      const keyframe = (body[8] & FLAG.keyframe) !== 0;
      return { type, sequence, keyframe, capturedAtMs: time(0), changed, accessUnit };
    }
    case "tiles": {
      need(10);
      const count = readU16(body, 8);
      if (count < 1 || count > SCREEN_TILES_PER_MESSAGE_MAX) fail(`${count} tiles in a message`);
      need(10 + 2 * count + 1);
      const tiles = Array.from({ length: count }, (_, index) => readU16(body, 10 + 2 * index));
      if (tiles.some((tile, index) => index > 0 && tile <= tiles[index - 1])) {
        fail("tiles out of order");
      }
      const deflated = body.subarray(10 + 2 * count);
      return { type, sequence, capturedAtMs: time(0), tiles, deflated };
    }
    case "stale":
      return { type, sequence, changed: body };
    case "status":
      need(1);
      return { type, sequence, status: SCREEN_STATUSES[body[0]] ?? fail(`status ${body[0]}`) };
    case "acknowledge":
      return { type, sequence };
    case "clock.ask":
      need(8);
      return { type, sequence, askedAtMs: time(0) };
    case "clock.answer":
      need(16);
      return { type, sequence, askedAtMs: time(0), serverAtMs: time(8) };
  }
}

function fail(what: string): never {
  throw new ProtocolError("malformed", `Cannot read a shared screen: ${what}`);
}
