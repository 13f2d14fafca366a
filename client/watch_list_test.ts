import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { FakeTimers } from "@fusionmeet/net";
import { WATCHES_BURST, WATCHES_PER_SECOND, WatchList } from "./watch_list.ts";

function bench() {
  const timers = new FakeTimers();
  const sent: string[] = [];
  const list = new WatchList({
    timers,
    send: ({ participant, layer }) => sent.push(`${participant} ${layer}`),
  });
  const came = (...ids: number[]) => ids.forEach((id) => list.came({ id, name: `P${id}` }));
  const only = (...ids: number[]) => list.only(ids.map((id) => `P${id}`));
  return { timers, list, came, only, take: () => sent.splice(0) };
}

Deno.test("WatchList asks for everybody once, until it is told whom", () => {
  const { list, came, only, take } = bench();
  came(1);
  deepStrictEqual(take(), [], "there is no connection");
  list.connected();
  deepStrictEqual(take(), [], "nobody is known to be here on this one");
  came(1, 2, 1);
  deepStrictEqual(take(), ["1 auto", "2 auto"]);
  only(2, 3);
  deepStrictEqual(take(), ["1 none"]);
  came(3, 4);
  deepStrictEqual(take(), ["3 auto"], "nobody else who comes later");
  only(1, 2, 4);
  deepStrictEqual(take(), ["1 auto", "4 auto", "3 none"], "what is wanted goes first");
  only(1, 2, 4);
  deepStrictEqual(take(), []);
});

Deno.test("WatchList tells a new connection what is wanted, also of people whose ids are new", () => {
  const { list, only, take } = bench();
  list.connected();
  list.came({ id: 1, name: "Ann" });
  list.came({ id: 2, name: "Bob" });
  list.only(["Bob"]);
  deepStrictEqual(take(), ["1 auto", "2 auto", "1 none"]);
  list.disconnected();
  only(7);
  list.only(["Bob"]);
  deepStrictEqual(take(), []);
  list.connected();
  for (const [id, name] of [[2, "Ann"], [1, "Bob"]] as const) list.came({ id, name });
  deepStrictEqual(take(), ["1 auto"]);
  list.left(1, { forGood: false });
  list.came({ id: 1, name: "Bob" });
  deepStrictEqual(take(), ["1 auto"], "on a seat of theirs that the server may have forgotten");
});

Deno.test("WatchList.choose() stands over a reconnect, until they leave or only() says whose", () => {
  const { list, came, only, take } = bench();
  list.connected();
  came(1, 2);
  list.choose(1, "none");
  list.choose(2, "high");
  deepStrictEqual(take(), ["1 auto", "2 auto", "1 none", "2 high"]);
  list.connected();
  came(1, 2);
  deepStrictEqual(take(), ["1 none", "2 high"]);
  list.left(1, { forGood: true });
  came(1);
  deepStrictEqual(take(), ["1 auto"]);
  only(2);
  deepStrictEqual(take(), ["2 auto", "1 none"]);
});

Deno.test("WatchList sends no more at once than its limits, then what is still wanted", () => {
  const { timers, list, came, only, take } = bench();
  list.connected();
  only();
  const everyone = Array.from({ length: WATCHES_BURST + 1 }, (_, index) => index + 1);
  came(...everyone);
  deepStrictEqual(take(), [], "the server sends nothing that it was not asked for");
  only(...everyone);
  strictEqual(take().length, WATCHES_BURST);
  timers.advance(1000 / WATCHES_PER_SECOND - 1);
  deepStrictEqual(take(), []);
  timers.advance(1);
  deepStrictEqual(take(), [`${WATCHES_BURST + 1} auto`]);

  // Pages turned back and forth: what was undone before its turn is never said.
  for (let turn = 0; turn < 50; turn++) {
    only(...everyone.slice(turn % 2 === 0 ? 50 : 0).slice(0, 9));
  }
  ok(take().length <= 1);
  timers.advance(20_000);
  const rest = take();
  ok(rest.length < WATCHES_BURST, `${rest.length}`);
  strictEqual(timers.waitingCount, 0);
  only(...everyone.slice(0, 9));
  deepStrictEqual(take(), [], "that is how it is already");
  only(1);
  list.disconnected();
  strictEqual(timers.waitingCount, 0);
});
