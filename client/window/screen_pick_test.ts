import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import type { ProgramMessage } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import type { ScreenChoice } from "../screen/screen_list.ts";
import { SCREEN_CHOICES_MAX, ScreenPick, SCREENS_EVERY_MS } from "./screen_pick.ts";

type Screens = Extract<ProgramMessage, { type: "screens" }>;

const choice = (id: string): ScreenChoice => ({
  ...{ id, kind: "window", title: `Title of ${id}`, width: 800, height: 600, isOwn: false },
});

/** A computer with screens at will. */
class Bench {
  choices: ScreenChoice[] = [choice("window:0x1"), choice("window:0x2")];
  refusal: Refusal | undefined;
  lists = 0;
  readonly pictured: string[] = [];
  readonly sent: Screens[] = [];
  readonly timers = new FakeTimers();
  readonly pick = new ScreenPick({
    timers: this.timers,
    send: (message) => message.type === "screens" && this.sent.push(message),
    sharing: {
      list: () => {
        this.lists++;
        return this.refusal ? Promise.reject(this.refusal) : Promise.resolve(this.choices);
      },
      thumbnail: ({ id }) => {
        this.pictured.push(id);
        if (id === "window:0x2") return Promise.reject(new Refusal("window-hidden", "Hidden"));
        return Promise.resolve(Uint8Array.of(1, 2, 3));
      },
      share: () => Promise.resolve(),
      stop: () => {},
    },
  });

  /** Lets all that is ready happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  }
}

Deno.test("ScreenPick lists with pictures, anew every second, until nobody looks", async () => {
  const bench = new Bench();
  bench.pick.turn(true);
  await bench.settle();
  deepStrictEqual(bench.sent[0].list.map(({ thumbnail }) => thumbnail), [null, null]);
  deepStrictEqual(bench.sent.at(-1)!.list, [
    { ...choice("window:0x1"), thumbnail: "data:image/jpeg;base64,AQID" },
    // What is minimised has none, and keeps nobody else from one.
    { ...choice("window:0x2"), thumbnail: null },
  ]);
  strictEqual(bench.lists, 1);
  bench.timers.advance(SCREENS_EVERY_MS - 1);
  await bench.settle();
  strictEqual(bench.lists, 1);
  bench.choices = [choice("window:0x1")];
  bench.timers.advance(1);
  await bench.settle();
  strictEqual(bench.lists, 2);
  deepStrictEqual(bench.sent.at(-1)!.list.map(({ id }) => id), ["window:0x1"]);
  strictEqual(bench.pick.titleOf("window:0x1"), "Title of window:0x1");
  strictEqual(bench.pick.titleOf("window:0x2"), undefined, "it is gone");

  bench.pick.turn(false);
  const { length } = bench.sent;
  bench.timers.advance(10 * SCREENS_EVERY_MS);
  await bench.settle();
  deepStrictEqual([bench.lists, bench.sent.length], [2, length]);
});

Deno.test("ScreenPick says in words why nothing can be shown, and looks again", async () => {
  const bench = new Bench();
  bench.refusal = new Refusal("wayland", "No program sees a Wayland screen");
  bench.pick.turn(true);
  await bench.settle();
  deepStrictEqual(bench.sent, [
    { type: "screens", list: [], problem: "No program sees a Wayland screen" },
  ]);
  bench.refusal = undefined;
  bench.timers.advance(SCREENS_EVERY_MS);
  await bench.settle();
  deepStrictEqual([bench.sent.at(-1)!.problem, bench.sent.at(-1)!.list.length], [null, 2]);
  bench.pick.turn(false);
});

Deno.test("ScreenPick lists as many as one can look through, and not one more", async () => {
  for (const count of [SCREEN_CHOICES_MAX - 1, SCREEN_CHOICES_MAX, SCREEN_CHOICES_MAX + 1]) {
    const bench = new Bench();
    bench.choices = Array.from({ length: count }, (_, index) => choice(`window:0xa${index}`));
    bench.pick.turn(true);
    await bench.settle();
    strictEqual(bench.sent[0].list.length, Math.min(count, SCREEN_CHOICES_MAX));
    bench.pick.turn(false);
  }
});
