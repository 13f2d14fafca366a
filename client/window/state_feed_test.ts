import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type ProgramMessage, STATE_INTERVAL_MS } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import { StateFeed } from "./state_feed.ts";
import { emptyState } from "./window_state.ts";

function feedWithLog() {
  const timers = new FakeTimers();
  const sent: ProgramMessage[] = [];
  const feed = new StateFeed(emptyState(), { timers, send: (message) => sent.push(message) });
  return { timers, sent, feed };
}

Deno.test("StateFeed sends the first change at once and then one message an interval", () => {
  const { timers, sent, feed } = feedWithLog();
  feed.change({ screen: "meeting" });
  deepStrictEqual(sent, [{ type: "state", state: { screen: "meeting" } }]);
  feed.change({ leaveQuestion: "a" });
  feed.change({ leaveQuestion: "b", screen: "left" });
  timers.advance(STATE_INTERVAL_MS - 1);
  strictEqual(sent.length, 1);
  timers.advance(1);
  deepStrictEqual(sent[1], { type: "state", state: { leaveQuestion: "b", screen: "left" } });
  timers.advance(STATE_INTERVAL_MS);
  strictEqual(timers.waitingCount, 0);
  feed.change({ screen: "join" });
  strictEqual(sent.length, 3);
});

Deno.test("StateFeed does not repeat what a page has just been given", () => {
  const { timers, sent, feed } = feedWithLog();
  feed.change({ screen: "meeting" });
  feed.change({ screen: "left" });
  feed.given();
  timers.advance(STATE_INTERVAL_MS);
  strictEqual(sent.length, 1);
  strictEqual(feed.state.screen, "left");
});
