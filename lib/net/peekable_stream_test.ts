import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ByteStream } from "./byte_stream.ts";
import { PeekableStream } from "./peekable_stream.ts";

/** Gives these pieces, one a read, then its end. */
function streamOf(...pieces: number[][]): ByteStream & { readonly readCount: number } {
  let readCount = 0;
  return {
    get readCount() {
      return readCount;
    },
    read: (into) => {
      readCount++;
      const piece = pieces.shift();
      if (piece === undefined) return Promise.resolve(null);
      into.set(piece.slice(0, into.length));
      if (piece.length > into.length) pieces.unshift(piece.slice(into.length));
      return Promise.resolve(Math.min(piece.length, into.length));
    },
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
}

async function readAll(stream: ByteStream): Promise<number[]> {
  const buffer = new Uint8Array(2);
  const all: number[] = [];
  for (let size; (size = await stream.read(buffer)) !== null;) all.push(...buffer.slice(0, size));
  return all;
}

Deno.test("PeekableStream.peek() shows the first byte, as often as it is asked, and takes none", async () => {
  const inner = streamOf([7, 8, 9], [10]);
  const stream = new PeekableStream(inner);
  deepStrictEqual([await stream.peek(), await stream.peek()], [7, 7]);
  strictEqual(inner.readCount, 1);
  strictEqual(await stream.read(new Uint8Array(0)), 0);
  deepStrictEqual(await readAll(stream), [7, 8, 9, 10]);
});

Deno.test("PeekableStream is as its stream where nobody peeks, and where nothing comes", async () => {
  deepStrictEqual(await readAll(new PeekableStream(streamOf([1, 2, 3]))), [1, 2, 3]);
  const empty = new PeekableStream(streamOf());
  strictEqual(await empty.peek(), null);
  strictEqual(await empty.read(new Uint8Array(1)), null);
});
