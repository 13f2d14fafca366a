import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Reception } from "./reception.ts";

function arrive(reception: Reception, indices: Iterable<number>): void {
  for (const index of indices) reception.arrived(index);
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

/** Lost in all and since the last report, in 1/256; and the highest sequence. */
function figures(reception: Reception): number[] | undefined {
  const block = reception.block({ ssrc: 1, jitterMs: 0 });
  return block && [block.cumulativeLost, block.fractionLost, block.highestSequence];
}

Deno.test("Reception.block() says what was lost since the last one, and in all", () => {
  const reception = new Reception();
  strictEqual(figures(reception), undefined, "nothing has come");
  arrive(reception, range(1_000, 1_050));
  deepStrictEqual(figures(reception), [0, 0, 1_049]);
  strictEqual(figures(reception), undefined, "nothing came since");
  arrive(reception, range(1_050, 1_100).filter((index) => index % 10 !== 0));
  deepStrictEqual(figures(reception), [5, Math.floor(256 / 10), 1_099]);
  arrive(reception, [1_101, 1_102, 1_103]);
  deepStrictEqual(figures(reception), [6, 64, 1_103]);
});

Deno.test("Reception.block() takes what comes out of order as it should be", () => {
  const reception = new Reception();
  arrive(reception, [10, 12, 11, 13, 15]);
  deepStrictEqual(figures(reception), [1, Math.floor(256 / 6), 15]);
  arrive(reception, [14, 16]);
  deepStrictEqual(figures(reception), [0, 0, 16], "more came than was due");
  arrive(reception, [9]);
  deepStrictEqual(figures(reception), [-1, 0, 16]);
});

Deno.test("Reception.pause(): what is sent to others meanwhile is not lost", () => {
  const reception = new Reception();
  reception.pause();
  arrive(reception, [100, 101]);
  reception.pause();
  arrive(reception, [99, 400, 402]);
  deepStrictEqual(figures(reception), [0, 0, 402], "one lost, one too many");
  reception.pause();
  arrive(reception, [403]);
  deepStrictEqual(figures(reception), [0, 0, 403]);
});

Deno.test("Reception.block() fits its fields whatever comes", () => {
  const reception = new Reception();
  arrive(reception, [0, 2 ** 40 + 7]);
  const block = reception.block({ ssrc: 5, jitterMs: 2 ** 40 })!;
  deepStrictEqual(block, {
    ssrc: 5,
    fractionLost: 255,
    cumulativeLost: 2 ** 23 - 1,
    highestSequence: 7,
    jitter: 2 ** 32 - 1,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  });
  strictEqual(jitterOf(2.5), 120, "in timestamp units");
});

function jitterOf(jitterMs: number): number {
  const reception = new Reception();
  reception.arrived(0);
  return reception.block({ ssrc: 1, jitterMs })!.jitter;
}
