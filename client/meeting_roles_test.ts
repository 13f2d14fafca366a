import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { TURN_WAIT_MS } from "./screen/own_screen.ts";
import { MeetingBench, welcome } from "./test_support.ts";

const NOBODY = { microphone: false, camera: false, away: false };
const BOB = { ...NOBODY, id: 8, name: "Bob" };

async function joined() {
  const bench = await new MeetingBench().join();
  const list = [{ ...NOBODY, id: 7, name: "Ada" }, BOB];
  await bench.link.say(
    { type: "participants", list, last: true },
    { type: "room", host: 7, locked: false },
    { type: "presenter", paused: false },
  );
  return bench;
}

Deno.test("Meeting holds who leads, who presents and whether the room is locked, and says what changed", async () => {
  const bench = await joined();
  const { link, meeting: { roles } } = bench;
  deepStrictEqual(bench.eventsOf("host"), [
    { event: "host", participant: 7, name: "Ada", you: true },
  ]);
  deepStrictEqual(bench.eventsOf("presenter"), [], "nobody presented, and nobody does");
  const share = { share: 100, participant: 8, name: "Bob" };
  await link.say(
    { type: "presenter", ...share, paused: false },
    { type: "presenter", ...share, paused: false },
    { type: "presenter", ...share, paused: true },
    { type: "presenter", paused: false, ended: "lost" },
    { type: "room", host: 8, locked: true },
    { type: "room.removed", names: ["Eve"] },
  );
  deepStrictEqual(
    bench.eventsOf("presenter").map(({ presenting, you, ended }) => [
      presenting?.share,
      presenting?.paused,
      you,
      ended,
    ]),
    [[100, false, false, undefined], [100, true, false, undefined], [
      undefined,
      undefined,
      false,
      "lost",
    ]],
  );
  deepStrictEqual([roles.host, roles.isLocked, roles.presenting], [8, true, undefined]);
  strictEqual(bench.eventsOf("locked").length, 1);
});

Deno.test("Meeting: what is asked of the host and the presenter goes out by number", async () => {
  const { link, meeting: { roles } } = await joined();
  throws(() => roles.endShare(), { code: "nobody-presents" });
  throws(() => roles.remove("Nobody"), { code: "no-such-person" });
  await link.say({ type: "presenter", share: 100, participant: 7, name: "Ada", paused: false });
  await link.say({ type: "presenter.asked", participant: 8, name: "Bob" });
  deepStrictEqual(roles.asking, [{ participant: 8, name: "Bob" }]);
  link.sent.length = 0;
  roles.request();
  roles.ask();
  roles.answer("Bob", true);
  roles.giveScreen("Bob");
  roles.mute();
  roles.mute("Bob");
  roles.endShare();
  roles.remove("Bob");
  roles.readmit("Eve");
  roles.lock(true);
  roles.giveHost("Bob");
  deepStrictEqual(link.sent, [
    { type: "presenter.request" },
    { type: "presenter.ask" },
    { type: "presenter.answer", participant: 8, accept: true },
    { type: "presenter.give", participant: 8 },
    { type: "host.mute", participant: undefined },
    { type: "host.mute", participant: 8 },
    { type: "host.unshare", share: 100 },
    { type: "host.remove", participant: 8 },
    { type: "host.readmit", name: "Eve" },
    { type: "host.lock", on: true },
    { type: "host.give", participant: 8 },
  ]);
  deepStrictEqual(roles.asking, []);
});

Deno.test("Meeting: who is muted is off, and switches on again knowing it", async () => {
  const bench = await joined();
  const { link, meeting, engine } = bench;
  await link.say({ type: "muted", mutes: 3, by: "Bob" });
  deepStrictEqual(bench.eventsOf("muted"), [{ event: "muted", by: "Bob" }]);
  deepStrictEqual(engine.told("microphone").at(-1), { do: "microphone", on: false });
  meeting.setSource("microphone", true);
  const [off, on] = link.sentOf("source").slice(-2);
  deepStrictEqual([off.on, off.mutes, on.on, on.mutes], [false, undefined, true, 3]);
});

Deno.test("Meeting says that one was removed before it ends", async () => {
  const bench = await joined();
  await bench.link.say({ type: "error", code: "removed", message: "You were removed" });
  await bench.link.breakDown();
  strictEqual(bench.eventsOf("removed").length, 1);
  strictEqual(bench.end?.exitCode, 4);
});

const OWN_SHARE = { share: 100, participant: 7, name: "Ada" };

Deno.test("Meeting: one's own share is stopped by its number, and what is not answered is refused here", async () => {
  const bench = await joined();
  const { link, meeting: { screen } } = bench;
  strictEqual(screen.stop(), false);
  screen.request();
  await link.say({ type: "presenter", ...OWN_SHARE, paused: false });
  link.sent.length = 0;
  strictEqual(screen.stop(), true);
  deepStrictEqual(link.sent, [{ type: "presenter.stop", share: 100 }]);
  screen.request();
  bench.timers.advance(TURN_WAIT_MS);
  const [{ request, code, message }] = bench.eventsOf("refused");
  deepStrictEqual([request, code], ["presenter.request", "no-answer"]);
  strictEqual(message, "Whether you may present was not answered within 10 s: try it again");
});

Deno.test("Meeting: a share that is somebody else's after coming back is not one's own any more", async () => {
  const bench = await joined();
  const { meeting: { screen } } = bench;
  screen.request();
  await bench.link.say({ type: "presenter", ...OWN_SHARE, paused: false });
  await bench.link.breakDown();
  await bench.link.say(welcome({ participant: 9 }));
  await bench.link.say({ type: "presenter", ...OWN_SHARE, paused: true });
  strictEqual(screen.stop(), false);
});
