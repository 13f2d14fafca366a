import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import { TRANSFER_CHUNK_BYTES_MAX } from "@fusionmeet/protocol";
import { contentOf, receiveContent } from "./content.ts";

/** Gives these, one a read, then the end, or throws. */
function readerOf(pieces: readonly Uint8Array[], broken?: Error) {
  const left = [...pieces];
  return {
    read: (into: Uint8Array): Promise<number | null> => {
      const piece = left.shift();
      if (piece === undefined) return broken ? Promise.reject(broken) : Promise.resolve(null);
      into.set(piece.subarray(0, into.length));
      if (piece.length > into.length) left.unshift(piece.subarray(into.length));
      return Promise.resolve(Math.min(piece.length, into.length));
    },
  };
}

/** Keeps what is written; each write takes a few turns of the event loop, during which its bytes have to stay. */
function sinkOf(missing: number) {
  const written: Uint8Array[] = [];
  return {
    missing,
    written,
    write: async (bytes: Uint8Array) => {
      await new Promise((done) => setTimeout(done, 1));
      written.push(bytes.slice());
    },
  };
}

function noise(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => at * 7919 >> 3);
}

Deno.test("receiveContent() writes what comes, in large pieces, and takes no byte behind it", async () => {
  const content = noise(3 * TRANSFER_CHUNK_BYTES_MAX + 5);
  const records = Array.from(
    { length: Math.ceil(content.length / 16_384) },
    (_, nth) => content.subarray(nth * 16_384, (nth + 1) * 16_384),
  );
  const reader = readerOf([...records, Uint8Array.of(99)]);
  const sink = sinkOf(content.length);
  let taken = 0;
  strictEqual(await receiveContent(reader, sink, { took: (bytes) => taken += bytes }), true);
  deepStrictEqual(concatBytes(...sink.written), content);
  deepStrictEqual(sink.written.map(({ length }) => length), [
    ...[TRANSFER_CHUNK_BYTES_MAX, TRANSFER_CHUNK_BYTES_MAX, TRANSFER_CHUNK_BYTES_MAX, 5],
  ]);
  strictEqual(taken, content.length);
  strictEqual(await reader.read(new Uint8Array(1)), 1);
});

Deno.test("receiveContent() keeps what came before the end, or before the connection broke", async () => {
  const content = noise(TRANSFER_CHUNK_BYTES_MAX + 1000);
  const took = () => {};
  const ended = sinkOf(1e6);
  strictEqual(await receiveContent(readerOf([content]), ended, { took }), false);
  deepStrictEqual(concatBytes(...ended.written), content);
  const broken = sinkOf(1e6);
  const breaking = readerOf([content], new Error("reset"));
  await rejects(receiveContent(breaking, broken, { took }), /reset/);
  deepStrictEqual(concatBytes(...broken.written), content);
});

Deno.test("receiveContent() ends with what writing throws, and reads nothing where nothing is missing", async () => {
  const full = { missing: 1e6, write: () => Promise.reject(new Error("disk full")) };
  const reader = readerOf([noise(1e6)]);
  await rejects(receiveContent(reader, full, { took: () => {} }), /disk full/);
  const untouched = { read: () => Promise.reject(new Error("read")) };
  strictEqual(await receiveContent(untouched, sinkOf(0), { took: () => {} }), true);
});

Deno.test("contentOf() gives so much of a file, reads ahead, and ends where the file does", async () => {
  const content = noise(2 * TRANSFER_CHUNK_BYTES_MAX + 9);
  for (const size of [0, 1, TRANSFER_CHUNK_BYTES_MAX, content.length, content.length + 5]) {
    const read: Uint8Array[] = [];
    for await (const piece of contentOf(readerOf([content]), size)) {
      await new Promise((done) => setTimeout(done, 1));
      read.push(piece.slice());
    }
    deepStrictEqual(concatBytes(...read), content.slice(0, size));
  }
  const broken = contentOf(readerOf([content.subarray(0, 5)], new Error("disk")), 10);
  strictEqual((await broken.next()).value?.length, 5);
  await rejects(broken.next(), /disk/);
});
