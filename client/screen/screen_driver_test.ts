import { deepStrictEqual } from "node:assert/strict";
import { decodeScreenMessage } from "@fusionmeet/protocol";
import { settle } from "../test_support.ts";
import { ScreenDriver } from "./screen_driver.ts";

const input = (width: number) => ({
  ...{ input: [], filter: "null", isOldFfmpeg: false, scaled: false, title: "Screen 1" },
  ...{ width, height: 64, source: { kind: "display" } as const },
});

Deno.test("ScreenDriver captures only what was asked for last, and nothing after hold or close", async () => {
  const widths: number[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const driver = new ScreenDriver((message) => {
    if (message.from === "closed") resolve();
    if (message.from !== "message") return;
    const told = decodeScreenMessage(message.bytes);
    if (told.type === "format") widths.push(told.width);
  });
  driver.told({
    to: "start",
    options: {
      ffmpeg: "/nowhere/ffmpeg",
      encoder: { codec: "h264", name: "libx264", device: [], upload: "", options: [] },
      serverMinusLocalMs: 0,
    },
  });
  for (const width of [64, 128, 192]) driver.told({ to: "capture", input: input(width) });
  await settle();
  deepStrictEqual(widths, [192]);
  driver.told({ to: "capture", input: input(256) });
  driver.told({ to: "hold", status: "hidden" });
  await settle();
  driver.told({ to: "capture", input: input(320) });
  driver.told({ to: "close" });
  await closed;
  deepStrictEqual(widths, [192]);
});
