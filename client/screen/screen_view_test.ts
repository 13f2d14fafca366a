import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { FakeTimers } from "@fusionmeet/net";
import { encodeScreenMessage, type ScreenMessage, ScreenMessageReader } from "@fusionmeet/protocol";
import { type MemoryStream, memoryStreams } from "../../tests/support/memory_stream.ts";
import type { Presenting } from "../room_roles.ts";
import { settle } from "../test_support.ts";
import {
  type ScreenArrival,
  ScreenView,
  VIEW_AGAIN_MS,
  VIEW_AGAIN_MS_MAX,
  VIEW_SETTLED_MS,
  VIEWS_BURST,
} from "./screen_view.ts";

const ADA: Presenting = { share: 7, participant: 1, name: "Ada", paused: false };
const STATUS: ScreenMessage = { type: "status", sequence: 4, status: "showing" };
const STALE: ScreenMessage = { type: "stale", sequence: 5, changed: Uint8Array.of(1) };

class Room {
  readonly timers = new FakeTimers();
  readonly opened: number[] = [];
  readonly arrivals: ScreenArrival[] = [];
  readonly received: ScreenMessage[] = [];
  readonly warnings: string[] = [];
  server: MemoryStream | undefined;
  refusal: Refusal | undefined;
  readonly view = new ScreenView({
    timers: this.timers,
    epochMs: () => 1_000,
    warn: (code) => this.warnings.push(code),
    open: (share) => {
      this.opened.push(share);
      if (this.refusal) return Promise.reject(this.refusal);
      const [here, there] = memoryStreams();
      this.server = there;
      void this.#read(there);
      return Promise.resolve(here);
    },
  });

  async #read(stream: MemoryStream): Promise<void> {
    const reader = new ScreenMessageReader(["acknowledge", "clock.ask"]);
    const buffer = new Uint8Array(1_000);
    for (let size; (size = await stream.read(buffer)) !== null;) {
      for (const { bytes: _, ...message } of reader.push(buffer.subarray(0, size))) {
        this.received.push(message as ScreenMessage);
      }
    }
  }

  async send(message: ScreenMessage): Promise<void> {
    await this.server!.write(encodeScreenMessage(message));
    await settle();
  }

  acknowledged(): number[] {
    return this.received.filter(({ type }) => type === "acknowledge").map(({ sequence }) =>
      sequence
    );
  }

  async watch(): Promise<void> {
    this.view.connected();
    this.view.onArrival((arrival) => void this.arrivals.push(arrival));
    this.view.presenterSaid(ADA, false);
    await settle();
  }
}

Deno.test("A share is viewed while somebody listens, and what comes is acknowledged", async () => {
  const room = new Room();
  room.view.connected();
  room.view.presenterSaid(ADA, false);
  await settle();
  deepStrictEqual(room.opened, []);
  const end = room.view.onArrival((arrival) => void room.arrivals.push(arrival));
  await settle();
  deepStrictEqual(room.opened, [7]);
  await room.send(STATUS);
  await room.send(STALE);
  deepStrictEqual(room.arrivals.map(({ message }) => message.type), ["status", "stale"]);
  strictEqual(room.arrivals[0].participant, 1);
  deepStrictEqual(room.acknowledged(), [4], "`stale` is the server's own");
  end();
  await room.server!.closeWrite();
  await settle();
  room.timers.advance(10 * VIEW_AGAIN_MS);
  await settle();
  deepStrictEqual(room.opened, [7]);
});

Deno.test("What a listener has not dealt with is not acknowledged", async () => {
  const room = new Room();
  const { promise, resolve } = Promise.withResolvers<void>();
  room.view.connected();
  room.view.onArrival(() => promise);
  room.view.presenterSaid(ADA, false);
  await settle();
  await room.send(STATUS);
  deepStrictEqual(room.acknowledged(), []);
  resolve();
  await settle();
  deepStrictEqual(room.acknowledged(), [4]);
});

Deno.test("The server's clock comes with what arrives, once it is known", async () => {
  const room = new Room();
  await room.watch();
  await room.send(STATUS);
  await room.send({ type: "clock.answer", sequence: 0, askedAtMs: 1_000, serverAtMs: 3_000 });
  await room.send(STATUS);
  deepStrictEqual(room.arrivals.map(({ serverMinusLocalMs }) => serverMinusLocalMs), [NaN, 2_000]);
});

Deno.test("A connection that breaks is opened again while the share goes on; nonsense is said once", async () => {
  const room = new Room();
  await room.watch();
  await room.server!.write(new Uint8Array(100).fill(255));
  await settle();
  room.timers.advance(VIEW_AGAIN_MS);
  await settle();
  await room.server!.write(new Uint8Array(100).fill(255));
  await settle();
  deepStrictEqual([room.opened, room.warnings], [[7, 7], ["screen"]]);
  room.refusal = new Refusal("no-such-share", "That share is over");
  room.timers.advance(2 * VIEW_AGAIN_MS);
  await settle();
  room.view.presenterSaid(undefined, false);
  room.timers.advance(10 * VIEW_AGAIN_MS);
  await settle();
  deepStrictEqual(room.opened, [7, 7, 7]);
});

/** How often a share is opened in the next `ms`. */
async function openedIn(room: Room, ms: number): Promise<number> {
  const before = room.opened.length;
  for (let passed = 0; passed < ms; passed += 100) {
    room.timers.advance(100);
    await settle();
  }
  return room.opened.length - before;
}

Deno.test("A share that cannot be viewed is opened ever more seldom, and soon again after a view that was good", async () => {
  const room = new Room();
  room.refusal = new Refusal("no-such-share", "That share is over");
  await room.watch();
  // After 0.3, 0.9, 2.1, 4.5, 9.3 and 17.3 s.
  strictEqual(await openedIn(room, 17_300), 6);
  strictEqual(await openedIn(room, 80_000), 10);
  room.refusal = undefined;
  await openedIn(room, VIEW_AGAIN_MS_MAX);
  await room.send(STATUS);
  await openedIn(room, VIEW_SETTLED_MS);
  const { length } = room.opened;
  await room.server!.closeWrite();
  await settle();
  strictEqual(await openedIn(room, VIEW_AGAIN_MS), 1);
  // That one was short.
  await room.server!.closeWrite();
  await settle();
  strictEqual(await openedIn(room, VIEW_AGAIN_MS), 0);
  strictEqual(await openedIn(room, VIEW_AGAIN_MS), 1);
  strictEqual(room.opened.length, length + 2);
});

Deno.test("Who presents may change as often as the server says: connections are opened no faster for it", async () => {
  const room = new Room();
  await room.watch();
  for (let share = 8; share < 1_000; share++) {
    room.view.presenterSaid({ ...ADA, share }, false);
    await settle();
  }
  strictEqual(room.opened.length, VIEWS_BURST);
  strictEqual(await openedIn(room, 1_000), 1);
  strictEqual(room.opened.at(-1), 999);
});

Deno.test("One's own share is viewed where that is asked for, until it is over; again() begins anew", async () => {
  const room = new Room();
  room.view.connected();
  room.view.onArrival(() => {});
  room.view.presenterSaid(ADA, true);
  await settle();
  deepStrictEqual(room.opened, []);
  room.view.viewOwn(true);
  await settle();
  deepStrictEqual(room.opened, [7]);
  room.view.again();
  await settle();
  deepStrictEqual(room.opened, [7, 7]);
  room.view.presenterSaid(undefined, false);
  room.view.presenterSaid({ ...ADA, share: 8 }, true);
  await settle();
  deepStrictEqual(room.opened, [7, 7]);
});
