import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { ANNOUNCE_EVERY_MS, ANNOUNCED_MAX, Announcer } from "./announcer.ts";

function announcerBench() {
  const timers: { run: () => void; ms: number }[] = [];
  const announcer = new Announcer({
    setTimer: (run, ms) => void timers.push({ run, ms }),
    more: (count) => `${count} more`,
  });
  return { announcer, timers, pass: () => timers.shift()?.run() };
}

Deno.test("Announcer.say() speaks at once, and gathers what comes in the pause", () => {
  const { announcer, timers, pass } = announcerBench();
  announcer.say("a");
  strictEqual(announcer.text.value, "a");
  announcer.say("b");
  announcer.say("c");
  strictEqual(announcer.text.value, "a");
  deepStrictEqual(timers.map(({ ms }) => ms), [ANNOUNCE_EVERY_MS]);
  pass();
  strictEqual(announcer.text.value, "b. c");
  pass();
  strictEqual(announcer.text.value, "b. c", "nothing new, nothing said");
  announcer.say("d");
  strictEqual(announcer.text.value, "d");
});

Deno.test("Announcer.say() puts a full stop between sentences that have none, and no second one", () => {
  const { announcer, pass } = announcerBench();
  announcer.say("first");
  for (const said of ["Back.", "Joining…", "Ann joined"]) announcer.say(said);
  pass();
  strictEqual(announcer.text.value, "Back. Joining… Ann joined");
});

Deno.test("Announcer.say() counts what is too much to read out", () => {
  const { announcer, pass } = announcerBench();
  announcer.say("first");
  for (let nth = 1; nth <= ANNOUNCED_MAX; nth++) announcer.say(String(nth));
  pass();
  strictEqual(announcer.text.value, "1. 2. 3");
  for (let nth = 1; nth <= ANNOUNCED_MAX + 2; nth++) announcer.say(String(nth));
  pass();
  strictEqual(announcer.text.value, "1. 2. 3. 2 more");
});

Deno.test("Announcer.say() is heard again when the same happens again", () => {
  const { announcer, pass } = announcerBench();
  announcer.say("a");
  const before = announcer.text.value;
  pass();
  announcer.say("a");
  notStrictEqual(announcer.text.value, before);
  strictEqual(announcer.text.value.trim(), "a");
});
