import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTimers } from "@fusionmeet/base";
import { decodeScreenFrame } from "@fusionmeet/bridge";
import { encodeScreenMessage } from "@fusionmeet/protocol";
import type { ScreenArrival } from "../screen/screen_view.ts";
import { settle } from "../test_support.ts";
import { PageScreen, SCREEN_QUEUE_BYTES_MAX } from "./page_screen.ts";

const STATUS = { type: "status", sequence: 3, status: "hidden" } as const;
const ARRIVAL: ScreenArrival = {
  ...{ share: 7, participant: 2, serverMinusLocalMs: -1.5 },
  message: { ...STATUS, bytes: encodeScreenMessage(STATUS) },
};

Deno.test("PageScreen passes messages on as they came, and waits for a page that is behind", async () => {
  const timers = new FakeTimers();
  const frames: Uint8Array[] = [];
  const socket = {
    queuedFrameBytes: 0,
    sendFrame(frame: Uint8Array) {
      frames.push(frame);
      return this.queuedFrameBytes;
    },
  };
  const screen = new PageScreen(socket, timers);
  strictEqual(screen.push(ARRIVAL), undefined);
  const frame = decodeScreenFrame(frames[0])!;
  deepStrictEqual([frame.share, frame.serverMinusLocalMs], [7, -1.5]);
  deepStrictEqual(frame.message, ARRIVAL.message.bytes);

  socket.queuedFrameBytes = SCREEN_QUEUE_BYTES_MAX + 1;
  let isCaughtUp = false;
  const waiting = screen.push(ARRIVAL);
  ok(waiting instanceof Promise);
  void waiting.then(() => isCaughtUp = true);
  timers.advance(100);
  await settle();
  strictEqual(isCaughtUp, false);
  socket.queuedFrameBytes = 0;
  timers.advance(10);
  await settle();
  strictEqual(isCaughtUp, true);
});

Deno.test("PageScreen waits for no page once it is closed", async () => {
  const socket = { queuedFrameBytes: 2 * SCREEN_QUEUE_BYTES_MAX, sendFrame: () => 2 << 20 };
  const screen = new PageScreen(socket, new FakeTimers());
  const waiting = screen.push(ARRIVAL);
  screen.close();
  await waiting;
});
