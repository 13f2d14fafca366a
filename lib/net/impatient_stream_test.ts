import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { memoryStreams } from "../../tests/support/memory_stream.ts";
import { closedWhenSilent } from "./impatient_stream.ts";
import { FakeTimers } from "./timers.ts";

async function bench({ isEitherEnough }: { isEitherEnough?: boolean } = {}) {
  const timers = new FakeTimers();
  const [here, there] = memoryStreams();
  let silences = 0;
  const stream = closedWhenSilent(here, {
    ...{ silentMs: 1_000, timers, isEitherEnough },
    onSilent: () => silences++,
  });
  const read: (number | null)[] = [];
  const reading = (async () => {
    const buffer = new Uint8Array(10);
    do read.push(await stream.read(buffer)); while (read.at(-1) !== null);
  })();
  const pass = async (ms: number) => {
    timers.advance(ms);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return silences;
  };
  await pass(0);
  return { timers, stream, there, read, reading, pass };
}

Deno.test("closedWhenSilent() closes a connection of which nothing is read for so long", async () => {
  const { timers, there, read, reading, pass } = await bench();
  strictEqual(await pass(999), 0);
  await there.write(new Uint8Array(3));
  deepStrictEqual([await pass(0), await pass(999), await pass(1)], [0, 0, 1]);
  await reading;
  deepStrictEqual(read, [3, null]);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("closedWhenSilent(): what is written counts for what is read where either is enough, and only there", async () => {
  for (const isEitherEnough of [false, true]) {
    const { stream, reading, pass } = await bench({ isEitherEnough });
    await pass(500);
    await stream.write(new Uint8Array(1));
    deepStrictEqual(
      [await pass(499), await pass(1), await pass(499), await pass(1)],
      isEitherEnough ? [0, 0, 0, 1] : [0, 1, 1, 1],
    );
    await reading;
  }
});

Deno.test("closedWhenSilent() watches no longer than the connection is open", async () => {
  const { timers, stream, reading, pass } = await bench();
  stream.close();
  await reading;
  strictEqual(timers.waitingCount, 0);
  strictEqual(await pass(2_000), 0);
});
