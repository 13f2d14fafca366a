import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ChunkBuffer } from "./chunk_buffer.ts";

Deno.test("ChunkBuffer holds chunks in order, whatever it grows to, until they are dropped", () => {
  const buffer = new ChunkBuffer();
  const size = 50_000;
  for (let chunk = 1; chunk <= 5; chunk++) buffer.push(new Uint8Array(size).fill(chunk));
  const held = Array.from({ length: 5 }, (_, chunk) => buffer.bytes[chunk * size + size - 1]);
  deepStrictEqual(held, [1, 2, 3, 4, 5]);
  buffer.drop(4 * size + 1);
  buffer.push(Uint8Array.of(9));
  strictEqual(buffer.bytes.length, size);
  deepStrictEqual([buffer.bytes[0], buffer.bytes[size - 2], buffer.bytes[size - 1]], [5, 5, 9]);
});
