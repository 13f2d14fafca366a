import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import {
  decodeTransferOffset,
  decodeTransferRefusal,
  decodeTransferTaken,
  encodeTransferOffset,
  encodeTransferRefusal,
  encodeTransferStart,
  encodeTransferTaken,
  TRANSFER_REFUSAL_BYTES_MAX,
  TRANSFER_TAKEN_BYTES,
} from "./transfer.ts";

Deno.test("offsets of a transfer come back as they were, and have their bytes", () => {
  for (const offset of [0, 1, 2 ** 32 - 1, 2 ** 32, 500_000_000_001, 2 ** 53 - 1]) {
    strictEqual(decodeTransferOffset(encodeTransferOffset(offset)), offset);
  }
  strictEqual(encodeTransferStart(0x1_0203_0405).toHex(), "000000000102030405");
  strictEqual(decodeTransferOffset(new Uint8Array(8).fill(255)), Infinity);
});

Deno.test("a refusal of a transfer has its code and sentence, whatever comes instead", () => {
  const refusal = new Refusal("disk", "The disk is full:\nmake room");
  const { code, message } = decodeTransferRefusal(encodeTransferRefusal(refusal).subarray(1));
  deepStrictEqual([code, message], [refusal.code, refusal.message]);
  const long = encodeTransferRefusal(new Refusal("x", "y".repeat(9_999)));
  strictEqual(long.length, 1 + TRANSFER_REFUSAL_BYTES_MAX);
  for (const bytes of [new Uint8Array(), Uint8Array.of(255, 10), new Uint8Array(9_999)]) {
    strictEqual(decodeTransferRefusal(bytes).code, "refused");
  }
});

Deno.test("what was taken comes back as it was, to the microsecond", () => {
  const bytes = encodeTransferTaken({ total: 0x1_0203_0405, takenMs: 0.258 });
  strictEqual(bytes.toHex(), "0200000001020304050000000000000102");
  strictEqual(bytes.length, TRANSFER_TAKEN_BYTES);
  deepStrictEqual(decodeTransferTaken(bytes.subarray(1)), {
    total: 0x1_0203_0405,
    takenMs: 0.258,
  });
  deepStrictEqual(decodeTransferTaken(new Uint8Array(16).fill(255)), {
    total: Infinity,
    takenMs: Infinity,
  });
});
