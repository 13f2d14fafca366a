import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { TRANSFER_TAKEN, TRANSFER_TAKEN_BYTES } from "@fusionmeet/protocol";
import { SLOWDOWN_MS, WINDOW_BYTES_FIRST } from "./ledbat.ts";
import { FakeTimers } from "./timers.ts";
import {
  ACKNOWLEDGE_EVERY_MS,
  Acknowledger,
  readTaken,
  YieldingWriter,
} from "./yielding_writer.ts";

/** Lets everything run that waits for nothing but its turn. */
const settled = () => new Promise<void>((done) => setTimeout(done));

class Wire {
  readonly written: Uint8Array[] = [];
  fails = false;
  write(bytes: Uint8Array): Promise<number> {
    if (this.fails) return Promise.reject(new Error("broken"));
    this.written.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }
  get bytes(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }
}

Deno.test("YieldingWriter writes a window of bytes and goes on as they are acknowledged", async () => {
  const [wire, timers] = [new Wire(), new FakeTimers()];
  timers.advance(SLOWDOWN_MS);
  const writer = new YieldingWriter(wire, { timers });
  const writing = writer.write(new Uint8Array(1_000_000));
  await settled();
  strictEqual(wire.bytes, WINDOW_BYTES_FIRST);
  strictEqual(writer.bytesPerSecond, 0);
  while (wire.bytes < 1_000_000) {
    timers.advance(1);
    ok(writer.acknowledged({ total: wire.bytes, takenMs: timers.nowMs() }));
    await settled();
  }
  await writing;
  ok(writer.bytesPerSecond > 0);
  ok(!writer.acknowledged({ total: 1_000_001, takenMs: 0 }), "what was never sent");
  strictEqual(timers.waitingCount, 0);
});

Deno.test("YieldingWriter throws when nothing is acknowledged any more", async () => {
  const writer = new YieldingWriter(new Wire(), { timers: new FakeTimers() });
  const writing = writer.write(new Uint8Array(1_000_000));
  await settled();
  writer.end();
  await rejects(writing, /stopped to take/);
  await rejects(writer.write(new Uint8Array(1)), /stopped to take/);
});

Deno.test("Acknowledger tells at once, then not more often than ACKNOWLEDGE_EVERY_MS, and always the newest", async () => {
  const [wire, timers] = [new Wire(), new FakeTimers()];
  timers.advance(7);
  const taken = new Acknowledger(wire, { timers });
  for (const bytes of [10, 20, 30]) {
    taken.took(bytes);
    await settled();
  }
  strictEqual(wire.written.length, 1);
  timers.advance(ACKNOWLEDGE_EVERY_MS);
  await settled();
  timers.advance(1_000);
  await settled();
  const told = await Promise.all(wire.written.map(async (bytes) => {
    deepStrictEqual([bytes[0], bytes.length], [TRANSFER_TAKEN, TRANSFER_TAKEN_BYTES]);
    let rest = bytes.subarray(1);
    return await readTaken({
      read: (into) => {
        const size = Math.min(5, rest.length);
        into.set(rest.subarray(0, size));
        rest = rest.subarray(size);
        return Promise.resolve(size);
      },
    });
  }));
  deepStrictEqual(told, [{ total: 10, takenMs: 7 }, { total: 60, takenMs: 7 }]);
  taken.took(1);
  await taken.stop();
  taken.took(1);
  timers.advance(1_000);
  await settled();
  strictEqual(wire.written.length, 3);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Acknowledger says nothing more on a connection that broke, and throws nothing", async () => {
  const [wire, timers] = [new Wire(), new FakeTimers()];
  wire.fails = true;
  const taken = new Acknowledger(wire, { timers });
  taken.took(1);
  await settled();
  taken.took(1);
  timers.advance(1_000);
  await taken.stop();
  strictEqual(timers.waitingCount, 0);
});

Deno.test("readTaken() says when the connection has ended", async () => {
  strictEqual(await readTaken({ read: () => Promise.resolve(null) }), null);
});
