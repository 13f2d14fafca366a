/** Files take what a voice leaves: one is sent and one fetched as fast as cables of 100 and 80 Mbit/s allow, while somebody talks. */
import { ok } from "node:assert/strict";
import { voiceFirst } from "./support/voice_first.ts";

/** Without yielding the cables' queues are full: 100 ms. What is left is for a busy machine. */
const LATER_MS_MAX = 30;
/** Of what each cable carries. */
const SENT_PER_SECOND_MIN = 7e6;
const FETCHED_PER_SECOND_MIN = 5e6;

Deno.test("A voice is not later for one who sends and one who fetches at full speed", async () => {
  const { calm, busy, sentPerSecond, fetchedPerSecond } = await voiceFirst({
    slow: { server: "100mbit", fetcher: "80mbit" },
    ...{ seconds: 2, fileBytes: 70_000_000 },
  });
  for (const where of ["atServer", "atListener", "atFetcher"] as const) {
    const laterMs = busy[where].lateMsP50 - calm[where].lateMsP50;
    console.error(`voice_first: ${where} ${laterMs.toFixed(1)} ms later`);
    ok(laterMs < LATER_MS_MAX, `${where}: ${laterMs} ms later`);
    ok(busy[where].packets > 80, `${where}: ${busy[where].packets} packets in 2 s`);
  }
  ok(sentPerSecond > SENT_PER_SECOND_MIN, `${sentPerSecond} bytes a second were sent`);
  ok(fetchedPerSecond > FETCHED_PER_SECOND_MIN, `${fetchedPerSecond} bytes a second came`);
});
