import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Datagram } from "@fusionmeet/media";
import type { DatagramPort } from "@fusionmeet/net";
import { MediaDriver } from "./driver.ts";
import { Meeting } from "./meeting_fixture.ts";
import type { MediaPlane } from "./plane.ts";

const ADDRESS = { hostname: "10.6.6.6", port: 1 };

/** A port in memory: gives what `next` gives, without a turn of the event loop. */
class MemoryPort implements DatagramPort {
  readonly address = ADDRESS;
  readonly dropped = { sendQueueFull: 0, sendFailed: 0, receivedOversize: 0 };
  readonly sent: Datagram[] = [];
  closed = false;

  constructor(readonly next: () => Datagram | Promise<Datagram | undefined>) {}

  async receive(): Promise<Datagram | undefined> {
    return this.closed ? undefined : await this.next();
  }

  send(datagram: Datagram): void {
    this.sent.push(datagram);
  }

  close(): void {
    this.closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

Deno.test("MediaDriver lets commands and timers through while packets never end", async () => {
  const { plane } = new Meeting();
  const port = new MemoryPort(() => ({ address: ADDRESS, bytes: new Uint8Array(40) }));
  const nowMs = () => performance.now();
  const driver = new MediaDriver({ plane, port, nowMs, onEvent: () => {} });
  const running = driver.run();
  const turns: string[] = [];
  setTimeout(() => turns.push("timer"), 5);
  while (plane.statistics.packetsIn <= 100 || turns.length === 0) {
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
  }
  driver.close();
  await running;
});

Deno.test("MediaDriver runs ticks by itself, sends what they give and tells events", async () => {
  const meeting = new Meeting();
  const listener = meeting.join();
  const startMs = performance.now() - meeting.nowMs;
  const port = new MemoryPort(() => new Promise((resolve) => end = () => resolve(undefined)));
  let end = () => {};
  const events: string[] = [];
  const driver = new MediaDriver({
    plane: meeting.plane,
    port,
    nowMs: () => performance.now() - startMs,
    onEvent: ({ event }) => events.push(event),
  });
  const running = driver.run();
  driver.command({ do: "statistics" });
  // An idle mix is kept alive by one packet in 400 ms.
  while (port.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  deepStrictEqual(port.sent[0].address, listener.address);
  deepStrictEqual(events, ["statistics"]);
  driver.close();
  end();
  await running;
  const { ticks } = meeting.plane.statistics;
  driver.command({ do: "statistics" });
  strictEqual(meeting.plane.statistics.ticks, ticks);
});

Deno.test("MediaDriver takes what came in a hold-up of its thread before it does what was due then", async () => {
  const order: string[] = [];
  const done = Promise.withResolvers<void>();
  const nowMs = () => performance.now();
  let dueMs = Infinity;
  const plane = {
    step: (batch: readonly Datagram[], stepMs: number) => {
      for (const { bytes } of batch) order.push(`packet ${bytes[0]}`);
      if (order.length === 1) {
        dueMs = stepMs + 10;
        queueMicrotask(() => {
          while (nowMs() < dueMs + 30);
        });
      } else if (stepMs >= dueMs) {
        order.push("tick");
        dueMs = Infinity;
        done.resolve();
      }
    },
    nextDueMs: () => dueMs,
    takeOutgoing: () => [],
    takeEvents: () => [],
    close: () => {},
  } as unknown as MediaPlane;
  let given = 0;
  const end = Promise.withResolvers<undefined>();
  const port = new MemoryPort(() =>
    given === 6 ? end.promise : { address: ADDRESS, bytes: Uint8Array.of(given++) }
  );
  const driver = new MediaDriver({ plane, port, nowMs, onEvent: () => {} });
  const running = driver.run();
  await done.promise;
  deepStrictEqual(order, [0, 1, 2, 3, 4, 5].map((nth) => `packet ${nth}`).concat("tick"));
  driver.close();
  end.resolve(undefined);
  await running;
});
