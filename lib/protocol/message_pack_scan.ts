import { readU16, readU32 } from "@fusionmeet/base";
import { CONTROL_VALUES_MAX, NESTING_MAX } from "./limits.ts";

/** Why a message is not decoded. */
export type ScanFault =
  | "cut short"
  | "bytes behind the end"
  | "an extension type"
  | "a map key that is not text"
  | "nested too deep"
  | "too many values";

/**
 * Walks a MessagePack value without building it, so that no small message costs much time or memory to decode.
 * Gives `undefined` when it is one whole value without extension types, within `NESTING_MAX` and `CONTROL_VALUES_MAX`.
 *
 * Source: the MessagePack specification, "Formats".
 */
export function scanMessagePack(bytes: Uint8Array): ScanFault | undefined {
  const left: number[] = [1];
  const isMap: boolean[] = [false];
  let at = 0;
  let values = 0;
  while (left.length > 0) {
    const depth = left.length - 1;
    if (left[depth] === 0) {
      left.pop();
      isMap.pop();
      continue;
    }
    if (++values > CONTROL_VALUES_MAX) return "too many values";
    const isKey = isMap[depth] && left[depth] % 2 === 0;
    left[depth]--;
    if (at >= bytes.length) return "cut short";
    const head = headAt(bytes, at);
    if (typeof head === "string") return head;
    if (isKey && head.kind !== "text") return "a map key that is not text";
    at += head.size;
    if (at > bytes.length) return "cut short";
    if (head.kind === "list" || head.kind === "map") {
      if (left.length > NESTING_MAX) return "nested too deep";
      left.push(head.kind === "map" ? head.count * 2 : head.count);
      isMap.push(head.kind === "map");
    }
  }
  return at === bytes.length ? undefined : "bytes behind the end";
}

interface Head {
  readonly kind: "plain" | "text" | "list" | "map";
  /** Bytes up to the next value: of a list or map only its head. */
  readonly size: number;
  /** Entries of a list, pairs of a map. */
  readonly count: number;
}

/** Sizes of the fixed-size values from 0xc0 (nil) to 0xd3 (int 64), head included; 0 for the others. */
const PLAIN_SIZES = [1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5, 9, 2, 3, 5, 9, 2, 3, 5, 9];

function headAt(bytes: Uint8Array, at: number): Head | ScanFault {
  const byte = bytes[at];
  const plain = (size: number): Head => ({ kind: "plain", size, count: 0 });
  const text = (size: number): Head => ({ kind: "text", size, count: 0 });
  if (byte <= 0x7f || byte >= 0xe0) return plain(1);
  if (byte <= 0x8f) return { kind: "map", size: 1, count: byte & 15 };
  if (byte <= 0x9f) return { kind: "list", size: 1, count: byte & 15 };
  if (byte <= 0xbf) return text(1 + (byte & 31));
  const plainSize = PLAIN_SIZES[byte - 0xc0];
  if (plainSize > 0) return plain(plainSize);
  const sizeOfLength = lengthSize(byte);
  if (sizeOfLength === 0) return "an extension type";
  if (at + 1 + sizeOfLength > bytes.length) return "cut short";
  const length = sizeOfLength === 1
    ? bytes[at + 1]
    : sizeOfLength === 2
    ? readU16(bytes, at + 1)
    : readU32(bytes, at + 1);
  const size = 1 + sizeOfLength;
  if (byte <= 0xc6) return plain(size + length);
  if (byte <= 0xdb) return text(size + length);
  return { kind: byte <= 0xdd ? "list" : "map", size, count: length };
}

/** Bytes of the length behind the head of bin 8..32, str 8..32, array 16/32 and map 16/32; 0 for anything else. */
function lengthSize(byte: number): number {
  switch (byte) {
    case 0xc4:
    case 0xd9:
      return 1;
    case 0xc5:
    case 0xda:
    case 0xdc:
    case 0xde:
      return 2;
    case 0xc6:
    case 0xdb:
    case 0xdd:
    case 0xdf:
      return 4;
    default:
      return 0;
  }
}
