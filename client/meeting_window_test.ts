/** What the window needs of a meeting beyond the headless client: see meeting_test.ts for the rest. */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { RECONNECT_FOR_MS } from "./redial.ts";
import { MeetingBench, welcome } from "./test_support.ts";

const person = (id: number, name: string) =>
  ({ id, name, microphone: true, camera: true, away: false }) as const;
const ADA = person(7, "Ada");
const EVERYBODY = [ADA, person(8, "Bob"), person(9, "Cy"), person(10, "Di")];
const watched = (bench: MeetingBench) =>
  bench.link.sentOf("watch").map(({ participant, layer }) => `${participant} ${layer}`);

Deno.test("Meeting.watchOnly() receives these cameras alone, also of who comes later and after a reconnect", async () => {
  const bench = await new MeetingBench().join();
  bench.meeting.watchOnly([]);
  await bench.link.say({ type: "participants", list: EVERYBODY, last: true });
  deepStrictEqual(watched(bench), []);
  bench.meeting.watchOnly([7, 8, 9, 99]);
  bench.meeting.watchOnly([9]);
  deepStrictEqual(
    watched(bench),
    ["8 auto", "9 auto", "8 none"],
    "oneself and nobody are left out",
  );
  await bench.link.say({ type: "participant", ...person(11, "Eve") });
  await bench.link.breakDown();
  bench.meeting.watchOnly([9, 10]);
  await bench.link.say(welcome({ resumed: true }), {
    type: "participants",
    list: [...EVERYBODY, person(11, "Eve")],
    last: true,
  });
  deepStrictEqual(watched(bench), ["9 auto", "10 auto"]);
  bench.meeting.watch("Eve", "low");
  deepStrictEqual(watched(bench).at(-1), "11 low");
});

Deno.test("Meeting.setQuality() tells the engine and the others, and again after a reconnect", async () => {
  const bench = await new MeetingBench().join();
  const quality = { width: 640, height: 360, framesPerSecond: 15 };
  bench.meeting.setQuality(quality);
  bench.meeting.setQuality({ ...quality });
  deepStrictEqual(bench.engine.told("quality"), [{ do: "quality", quality }]);
  const source = { type: "source", kind: "camera", on: true, codec: "h264" };
  const format = { width: 640, height: 360, fps: 15 };
  deepStrictEqual(bench.link.sent.at(-1), { ...source, ...format });
  bench.meeting.setSource("camera", false);
  const said = bench.link.sent.length;
  bench.meeting.setQuality({ ...quality, framesPerSecond: 30 });
  strictEqual(bench.link.sent.length, said, "nobody sees it");
  await bench.link.breakDown();
  await bench.link.say(welcome({ resumed: true }));
  bench.meeting.setSource("camera", true);
  deepStrictEqual(bench.link.sent.at(-1), { ...source, ...format, fps: 30 });
});

Deno.test("Meeting.setQuality() declines what no camera sends, and where there is none", async () => {
  const { meeting, engine } = await new MeetingBench().join();
  const quality = { width: 640, height: 360, framesPerSecond: 30 };
  for (const bad of [{ width: 641 }, { width: NaN }, { height: 0 }, { framesPerSecond: NaN }]) {
    throws(() => meeting.setQuality({ ...quality, ...bad }), Refusal, JSON.stringify(bad));
  }
  deepStrictEqual(engine.told("quality"), []);
  const without = await new MeetingBench({ camera: undefined }).join();
  throws(() => without.meeting.setQuality(quality), Refusal);
});

Deno.test("Meeting says when the connection was lost and when it stops trying, in epoch ms", async () => {
  const bench = await new MeetingBench({ epochMs: () => 1_700_000_000_000.4 }).join();
  await bench.link.breakDown();
  const [{ lostAt, givesUpAt }] = bench.eventsOf("reconnecting");
  deepStrictEqual([lostAt, givesUpAt], [1_700_000_000_000, 1_700_000_000_000 + RECONNECT_FOR_MS]);
});

Deno.test("Meeting shows the lines that wait, and takes one back that is not under way", async () => {
  const bench = await new MeetingBench().join();
  const marks = ["one", "two", "three"].map((text) => bench.meeting.post(text));
  const waiting = () =>
    bench.meeting.pendingLines.map(({ mark, text }) => [marks.indexOf(mark), text]);
  deepStrictEqual(waiting(), [[0, "one"], [1, "two"], [2, "three"]]);
  strictEqual(bench.meeting.discard(marks[0]), false, "its answer comes");
  strictEqual(bench.meeting.discard(marks[1]), true);
  strictEqual(bench.meeting.discard(marks[1]), false);
  deepStrictEqual(waiting(), [[0, "one"], [2, "three"]]);
  await bench.link.breakDown();
  strictEqual(bench.meeting.discard(marks[0]), true, "without a connection nothing is under way");
  await bench.link.say(welcome({ resumed: true }));
  deepStrictEqual(bench.link.sentOf("chat.post").map(({ text }) => text), ["three"]);
});

Deno.test("Meeting tells the text of a line that was refused; said again it is behind the others, and one line", async () => {
  const bench = await new MeetingBench().join();
  const [mark, later] = ["one", "two"].map((text) => bench.meeting.post(text));
  const message = "The server cannot keep the line";
  const refusal = { request: "chat.post", code: "chat-not-kept", message, mark };
  await bench.link.say({ type: "refused", ...refusal });
  deepStrictEqual(bench.eventsOf("refused"), [{ event: "refused", ...refusal, text: "one" }]);
  deepStrictEqual(bench.meeting.pendingLines.map(({ text }) => text), ["two"]);
  strictEqual(bench.meeting.post("one", mark), mark);
  bench.meeting.post("one", mark);
  deepStrictEqual(bench.meeting.pendingLines.map(({ text }) => text), ["two", "one"]);
  await bench.link.say({ type: "chat.accepted", mark: later, id: 1, at: 1 });
  await bench.link.say({ type: "chat.accepted", mark, id: 2, at: 2 });
  deepStrictEqual(bench.link.sentOf("chat.post").map(({ text }) => text), ["one", "two", "one"]);
  ok(
    bench.link.sentOf("chat.post").filter(({ text }) => text === "one").every((line) =>
      line.mark === mark
    ),
  );
  deepStrictEqual(bench.meeting.pendingLines, []);
});
