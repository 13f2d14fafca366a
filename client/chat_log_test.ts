import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { type ChatLine, ChatLog } from "./chat_log.ts";

const line = (id: number): ChatLine => ({ id, at: id, from: "Bob", text: "", mark: "" });

function logBench() {
  const asked: number[] = [];
  const shown: number[] = [];
  const log = new ChatLog({
    fetch: (after) => asked.push(after),
    show: ({ id }) => shown.push(id),
  });
  return { log, asked, shown };
}

Deno.test("ChatLog.page() goes on asking while there is more", () => {
  const { log, asked, shown } = logBench();
  log.connected(4);
  log.page([line(1), line(2)], true);
  log.page([line(3)], true);
  log.page([line(4)], false);
  deepStrictEqual([asked, shown], [[0, 2, 3], [1, 2, 3, 4]]);
});

Deno.test("ChatLog.page() does not ask for ever for what the server does not have", () => {
  const { log, asked } = logBench();
  log.connected(9);
  log.page([], false);
  deepStrictEqual(asked, [0]);
  log.live(line(1));
  strictEqual(log.shown, 1);
});

Deno.test("ChatLog.page() with more but nothing new of it ends the asking, until a line comes", () => {
  for (const nothing of [[], [line(1)], [line(3), line(4)]]) {
    const { log, asked, shown } = logBench();
    log.connected(9);
    log.page([line(1)], true);
    for (let time = 0; time < 5; time++) log.page(nothing, true);
    deepStrictEqual([asked, shown], [[0, 1], [1]]);
    log.live(line(4));
    log.page([line(2), line(3), line(4)], false);
    deepStrictEqual([asked, shown], [[0, 1, 1], [1, 2, 3, 4]]);
  }
});

Deno.test("ChatLog.page() goes on where live lines were quicker than the whole page", () => {
  const { log, asked, shown } = logBench();
  log.connected(2);
  for (const id of [1, 2, 3]) log.live(line(id));
  log.page([line(1), line(2)], true);
  log.page([line(4)], false);
  deepStrictEqual([asked, shown], [[0, 3], [1, 2, 3, 4]]);
});

Deno.test("ChatLog tells what was said before one came in from what was missed later", () => {
  const past: [number, boolean][] = [];
  const log = new ChatLog({ fetch: () => {}, show: ({ id }, isPast) => past.push([id, isPast]) });
  log.connected(2);
  log.live(line(3));
  log.page([line(1), line(2), line(3)], false);
  log.connected(4);
  log.page([line(4)], false);
  // The room's chat began anew.
  log.connected(1);
  log.page([line(1)], false);
  deepStrictEqual(past, [[1, true], [2, true], [3, false], [4, false], [1, false]]);
});

Deno.test("ChatLog.page() that was not asked for is no answer", () => {
  const { log, asked, shown } = logBench();
  log.connected(0);
  log.page([line(1)], true);
  deepStrictEqual([asked, shown], [[], []]);
});

Deno.test("ChatLog shows every line once and in order, whatever comes when (seeded)", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random.fraction() * count);
    const { log, asked, shown } = logBench();
    let latest = below(20);
    let isFresh = true;
    for (let step = 0; step < 200; step++) {
      const dice = below(10);
      if (isFresh || dice === 0) {
        asked.length = 0;
        log.connected(latest);
        isFresh = false;
      } else if (dice < 4) {
        latest++;
        if (dice > 1) log.live(line(latest));
        else isFresh = below(2) === 0;
      } else if (asked.length > 0) {
        const after = asked.shift()!;
        const count = 1 + below(5);
        const lines = Array.from({ length: latest - after }, (_, index) => line(after + 1 + index));
        log.page(lines.slice(0, count), lines.length > count);
      } else if (latest > 0) log.live(line(1 + below(latest)));
    }
    log.connected(latest);
    asked.splice(0, asked.length - 1);
    while (log.shown < latest) {
      const after = asked.shift()!;
      log.page(
        Array.from({ length: latest - after }, (_, index) => line(after + 1 + index)),
        false,
      );
    }
    const expected = Array.from({ length: latest }, (_, index) => index + 1);
    deepStrictEqual(shown, expected, `seed ${seed}`);
  }
});
