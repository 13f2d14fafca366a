import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import type { ServerMessage } from "@fusionmeet/protocol";
import { JoinFailure, keyChanged, unreachable } from "./failures.ts";
import { FORGIVEN_MS, SHORT_CONNECTIONS_MAX } from "./redial.ts";
import { FakeLink, MeetingBench, settle, welcome } from "./test_support.ts";

const SERVER = { hostname: "192.0.2.1", port: 65_435 };
const BOB = { id: 8, name: "Bob", microphone: false, camera: true, away: false };
const ADA = { id: 7, name: "Ada", microphone: true, camera: true, away: false };

const line = (id: number, text = `line ${id}`, mark = `m${id}`) => ({
  id,
  at: 1_000 + id,
  from: "Bob",
  text,
  mark,
});
const streamReady = (values: Partial<Extract<ServerMessage, { type: "stream.ready" }>> = {}) =>
  ({
    type: "stream.ready",
    participant: 8,
    kind: "camera",
    layer: "high",
    ssrc: 99,
    codec: "h264",
    epoch: 0,
    key: new Uint8Array(28).fill(3),
    roc: 2,
    sequence: 65_000,
    ...values,
  }) satisfies ServerMessage;
const shown = (bench: MeetingBench) => bench.eventsOf("chat").map(({ line }) => line.id);

Deno.test("Meeting.run() says who one is, by what is kept for that server", async () => {
  const asked: string[] = [];
  const person = (fingerprint: string) => {
    asked.push(fingerprint);
    return Promise.resolve(new Uint8Array(16).fill(5));
  };
  const bench = await new MeetingBench({ person }).start();
  deepStrictEqual(bench.link.sentOf("hello")[0].person, new Uint8Array(16).fill(5));
  strictEqual(asked.length, 1);
});

Deno.test("Meeting.run() says hello and joins with the server's keys", async () => {
  const bench = await new MeetingBench({ pin: "42" }).start();
  const { version: _, features: __, ...hello } = bench.link.sentOf("hello")[0];
  deepStrictEqual(hello, {
    type: "hello",
    name: "Ada",
    room: "Main",
    pin: "42",
    ownerPin: undefined,
    resume: undefined,
    person: undefined,
    microphone: true,
  });
  await bench.link.say(welcome());
  strictEqual(bench.eventsOf("joined")[0].participant, 7);
  const [connect] = bench.engine.told("connect");
  strictEqual(`${connect.hostname}:${connect.port}`, "192.0.2.1:65436");
  deepStrictEqual([...connect.linkKey.key, ...connect.linkKey.salt], Array(28).fill(1));
  deepStrictEqual(bench.engine.told("microphone"), [{ do: "microphone", on: true }]);
  deepStrictEqual(bench.engine.told("camera"), [{ do: "camera", on: true }]);
  deepStrictEqual(bench.link.sentOf("source").at(-1), {
    type: "source",
    kind: "camera",
    on: true,
    codec: "h264",
    width: 320,
    height: 240,
    fps: 30,
  });
});

Deno.test("Meeting.run() offers the token of an earlier run, and keeps each new one", async () => {
  const bench = new MeetingBench();
  bench.storedToken = new Uint8Array(16).fill(5);
  await bench.start();
  deepStrictEqual(bench.link.sentOf("hello")[0].resume, bench.storedToken);
  await bench.link.say(welcome({ resumed: true }));
  deepStrictEqual(bench.seat.saved, [new Uint8Array(16).fill(9)]);
});

Deno.test("Meeting.run() ends with the server's refusal", async () => {
  const bench = await new MeetingBench().start();
  await bench.link.say({ type: "refused", code: "name-taken", message: "Ada is here already" });
  strictEqual(bench.end?.exitCode, 4);
  strictEqual(bench.end.failure?.code, "name-taken");
  ok(bench.link.isOver);
  strictEqual(bench.attempts, 1);
});

Deno.test("Meeting.run() ends when the server is not reached at first, or does not answer", async () => {
  const bench = new MeetingBench();
  bench.connect = () => Promise.reject(unreachable("connection-refused", SERVER));
  await bench.start();
  strictEqual(bench.end?.exitCode, 3);
  const silent = await new MeetingBench().start();
  await silent.advance(5_000);
  strictEqual(silent.end?.failure?.code, "no-answer");
  strictEqual(silent.timers.waitingCount, 0);
});

Deno.test("Meeting.leave() says so, ends the connection and forgets the seat", async () => {
  const bench = await new MeetingBench().join();
  bench.meeting.leave();
  await settle();
  strictEqual(bench.link.sentOf("leave").length, 1);
  deepStrictEqual(bench.end, { reason: "asked", exitCode: 0 });
  strictEqual(bench.seat.forgotten, 1);
  deepStrictEqual(bench.engine.commands.at(-1), { do: "disconnect" });
  strictEqual(bench.timers.waitingCount, 0);
});

Deno.test("Meeting.leave() before the server answered, and while coming back, ends at once", async () => {
  const early = await new MeetingBench().start();
  early.meeting.leave("signal");
  await settle();
  deepStrictEqual(early.end, { reason: "signal", exitCode: 0 });

  const dialing = new MeetingBench();
  dialing.connect = (signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await dialing.start();
  dialing.meeting.leave();
  await settle();
  deepStrictEqual(dialing.end, { reason: "asked", exitCode: 0 });

  const lost = await new MeetingBench().join();
  lost.connect = () => Promise.reject(unreachable("no-route", SERVER));
  await lost.link.breakDown();
  lost.meeting.leave();
  await settle();
  deepStrictEqual(lost.end, { reason: "asked", exitCode: 0 });
  strictEqual(lost.timers.waitingCount, 0);
});

Deno.test("Meeting.leave() waits for lines just said, but not for ever", async () => {
  const bench = await new MeetingBench().join();
  bench.meeting.post("bye");
  bench.meeting.leave();
  await settle();
  strictEqual(bench.end, undefined);
  const { mark } = bench.link.sentOf("chat.post")[0];
  await bench.link.say({ type: "chat.accepted", mark, id: 1, at: 1 });
  strictEqual(bench.end!.exitCode, 0);

  const deaf = await new MeetingBench().join();
  deaf.meeting.post("bye");
  deaf.meeting.leave();
  await deaf.advance(500);
  strictEqual(deaf.end?.exitCode, 0);
});

Deno.test("Meeting comes back by itself: same seat, new keys, people and cameras anew", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true }, streamReady());
  await bench.link.breakDown("the network broke");
  deepStrictEqual(bench.eventsOf("reconnecting").map(({ reason }) => reason), [
    "the network broke",
  ]);
  strictEqual(bench.links.length, 2, "the first attempt is made at once");
  deepStrictEqual(bench.link.sentOf("hello")[0].resume, new Uint8Array(16).fill(9));
  deepStrictEqual(bench.engine.commands.at(-1), { do: "disconnect" });
  await bench.link.say(
    welcome({ resumed: true, linkKey: new Uint8Array(28).fill(4) }),
    { type: "participants", list: [ADA, BOB], last: true },
    streamReady({ ssrc: 100 }),
  );
  strictEqual(bench.eventsOf("reconnected")[0].resumed, true);
  deepStrictEqual(bench.engine.told("connect")[1].linkKey.key, new Uint8Array(16).fill(4));
  deepStrictEqual(bench.link.sentOf("watch"), [{ type: "watch", participant: 8, layer: "auto" }]);
  deepStrictEqual(bench.link.sentOf("stream.ack"), [{ type: "stream.ack", ssrc: 100 }]);
  strictEqual(bench.eventsOf("participant").length, 2, "nobody came or went");
});

Deno.test("Meeting says in words for people why the connection is lost", async () => {
  const reasons = {
    "Connection reset by peer (os error 104)": "the server or the network broke it off",
    "Broken pipe (os error 32)": "the server or the network broke it off",
    "An existing connection was forcibly closed by the remote host. (os error 10054)":
      "the server or the network broke it off",
    "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/latest":
      "the server or the network broke it off",
    "No route to host (os error 113)": "No route to host",
  };
  for (const [detail, words] of Object.entries(reasons)) {
    const bench = await new MeetingBench().join();
    await bench.link.breakDown(detail);
    strictEqual(bench.eventsOf("reconnecting")[0].reason, words);
  }
});

Deno.test("Meeting keeps trying: at least every half second while the seat is kept, 120 s in all", async () => {
  const bench = await new MeetingBench().join();
  bench.connect = () => Promise.reject(unreachable("connection-refused", SERVER));
  await bench.link.breakDown();
  await bench.advance(20_000);
  const whileSeated = bench.attempts;
  ok(whileSeated >= 41 && whileSeated < 60, `${whileSeated} attempts in 20 s`);
  await bench.advance(60_000);
  const later = bench.attempts - whileSeated;
  ok(later >= 15 && later < 25, `${later} attempts in the next 60 s`);
  strictEqual(bench.end, undefined);
  await bench.advance(45_000);
  strictEqual(bench.end!.exitCode, 6);
  ok(bench.end!.failure!.message.includes("no program accepts connections"));
  strictEqual(bench.timers.waitingCount, 0);
});

Deno.test("Meeting does not hurry back to a server that accepts and ends each connection at once, and gives it up", async () => {
  const bench = await new MeetingBench().join();
  const endAtOnce = async () => {
    const { link } = bench;
    await link.say(welcome({ resumed: true }));
    await link.breakDown("the server closed it");
  };
  await endAtOnce();
  let isOver = 0;
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      await bench.advance(100);
      for (let times = 0; times < 10 && !bench.link.isOver; times++) await endAtOnce();
    }
    isOver = bench.links.length;
  };
  await pass(20_000);
  ok(isOver >= 40 && isOver <= 60, `${isOver} connections in 20 s`);
  await pass(60_000);
  ok(isOver > 100 && isOver < SHORT_CONNECTIONS_MAX, `${isOver} connections in 80 s`);
  strictEqual(bench.end, undefined);
  await pass(60_000);
  strictEqual(isOver, SHORT_CONNECTIONS_MAX + 1);
  strictEqual(bench.end!.exitCode, 6);
  match(bench.end!.failure!.message, /^The connection is lost for good: it was ended 120 times at/);
  strictEqual(bench.timers.waitingCount, 0);
});

Deno.test("Meeting comes back at once from a connection that lasted a second, and behind a pause from a shorter one", async () => {
  const attemptsAfter = async (lastedMs: number) => {
    const bench = await new MeetingBench().join();
    await bench.link.breakDown();
    await bench.link.say(welcome({ resumed: true }));
    await bench.advance(lastedMs);
    await bench.link.breakDown();
    const atOnce = bench.attempts;
    await bench.advance(500);
    return [atOnce, bench.attempts];
  };
  deepStrictEqual(await attemptsAfter(FORGIVEN_MS), [3, 3]);
  deepStrictEqual(await attemptsAfter(FORGIVEN_MS - 1), [2, 3]);
});

Deno.test("Meeting is back within half a second of a server that crashes again and again while one talks", async () => {
  const bench = await new MeetingBench().join();
  for (let crash = 0; crash < 90; crash++) {
    bench.connect = () => Promise.reject(unreachable("connection-refused", SERVER));
    await bench.link.breakDown();
    await bench.advance(3_000);
    bench.connect = () => Promise.resolve(new FakeLink());
    const before = bench.links.length;
    await bench.advance(500);
    strictEqual(bench.links.length, before + 1, `crash ${crash}`);
    await bench.link.say(welcome());
  }
  strictEqual(bench.end, undefined);
});

Deno.test("Meeting stays with a server that goes down soon after every join, and in a network that breaks all the time", async () => {
  const bench = await new MeetingBench().join();
  for (let time = 0; time < 100; time++) {
    await bench.advance(3_000);
    await bench.link.breakDown();
    while (bench.link.isOver && bench.end === undefined) await bench.advance(100);
    // The server is there again, or the network.
    await bench.advance(2_000);
    await bench.link.say(welcome());
  }
  strictEqual(bench.end, undefined);
  strictEqual(bench.eventsOf("reconnected").length, 100);
});

Deno.test("Meeting does not wait for attempts that hang: a later one wins, the others are given up", async () => {
  const bench = await new MeetingBench().join();
  const { connect } = bench;
  let underWay = 0;
  let mostUnderWay = 0;
  bench.connect = (signal) =>
    new Promise((_, reject) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      const fail = () => {
        underWay--;
        reject(unreachable("timed-out", SERVER));
      };
      const cancel = bench.timers.after(5_000, fail);
      signal.addEventListener("abort", () => {
        cancel();
        fail();
      });
    });
  await bench.link.breakDown();
  await bench.advance(8_000);
  strictEqual(mostUnderWay, 4);
  bench.connect = connect;
  await bench.advance(2_500);
  strictEqual(bench.links.length, 2);
  strictEqual(underWay, 0);
  await bench.link.say(welcome({ resumed: true }));
  strictEqual(bench.eventsOf("reconnected").length, 1);
  bench.engine.happen({ event: "bound" });
  strictEqual(bench.timers.waitingCount, 0);
});

Deno.test("Meeting gives up at once where trying again is no use", async () => {
  const bench = await new MeetingBench().join();
  const keys = { expected: "00".repeat(32), seen: "ff".repeat(32), pinsPath: "pins.json" };
  bench.connect = () => Promise.reject(keyChanged(SERVER, keys));
  await bench.link.breakDown();
  strictEqual(bench.end?.exitCode, 5);

  const wrongPin = await new MeetingBench().join();
  await wrongPin.link.breakDown();
  await wrongPin.link.say({ type: "refused", code: "wrong-pin", message: "The PIN is wrong" });
  strictEqual(wrongPin.end?.exitCode, 4);
});

Deno.test("Meeting waits for its own seat to become free: name taken is no end while coming back", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.breakDown();
  await bench.link.say({ type: "refused", code: "name-taken", message: "Ada is here already" });
  strictEqual(bench.end, undefined);
  await bench.advance(500);
  strictEqual(bench.links.length, 3);
  await bench.link.say(welcome());
  strictEqual(bench.eventsOf("reconnected")[0].resumed, false);
});

Deno.test("Meeting ends when the server ends a fresh connection for what was sent, and comes back later on", async () => {
  const fresh = await new MeetingBench().join();
  await fresh.link.say({ type: "error", code: "bad-field", message: "no" });
  await fresh.link.breakDown();
  ok(fresh.end?.failure instanceof JoinFailure);
  const settled = await new MeetingBench().join();
  await settled.advance(10_001);
  await settled.link.say({ type: "error", code: "too-fast", message: "no" });
  await settled.link.breakDown();
  strictEqual(settled.links.length, 2);
});

Deno.test("Meeting shows the history, fills a gap before later lines, and no line twice", async () => {
  const bench = await new MeetingBench().join({ chatLatest: 3 });
  deepStrictEqual(bench.link.sentOf("chat.fetch"), [{ type: "chat.fetch", after: 0 }]);
  await bench.link.say({ type: "chat", ...line(4) });
  deepStrictEqual(shown(bench), [], "a live line waits for the lines before it");
  await bench.link.say({ type: "chat.lines", lines: [line(1), line(2)], more: true });
  await bench.link.say({ type: "chat.lines", lines: [line(3), line(4)], more: false });
  await bench.link.say({ type: "chat", ...line(4) }, { type: "chat", ...line(5) });
  deepStrictEqual(shown(bench), [1, 2, 3, 4, 5]);

  await bench.link.breakDown();
  await bench.link.say(welcome({ resumed: true, chatLatest: 9 }));
  deepStrictEqual(bench.link.sentOf("chat.fetch"), [{ type: "chat.fetch", after: 5 }]);
  await bench.link.say({ type: "chat", ...line(10) });
  const missing = [6, 7, 8, 9, 10].map((id) => line(id));
  await bench.link.say({ type: "chat.lines", lines: missing, more: false });
  deepStrictEqual(shown(bench), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  strictEqual(bench.link.sentOf("chat.fetch").length, 1);
});

Deno.test("Meeting.post() keeps lines in order, one under way, and sends it again after a reconnect", async () => {
  const bench = await new MeetingBench().join();
  bench.meeting.post("one");
  bench.meeting.post("two");
  const [one] = bench.link.sentOf("chat.post");
  deepStrictEqual(bench.link.sentOf("chat.post").map(({ text }) => text), ["one"]);
  await bench.link.breakDown();
  bench.meeting.post("three");
  await bench.link.say(welcome({ resumed: true }));
  deepStrictEqual(bench.link.sentOf("chat.post"), [one], "the same mark: the server knows it");
  await bench.link.say({ type: "chat.accepted", mark: one.mark, id: 1, at: 1 });
  const posts = bench.link.sentOf("chat.post");
  deepStrictEqual(posts.map(({ text }) => text), ["one", "two"]);
  await bench.link.say({ type: "chat.accepted", mark: posts[1].mark, id: 2, at: 1 });
  deepStrictEqual(bench.link.sentOf("chat.post").at(-1)!.text, "three");
  deepStrictEqual(bench.eventsOf("chat.accepted").map(({ id, text }) => [id, text]), [
    [1, "one"],
    [2, "two"],
  ]);
});

Deno.test("Meeting.post() tries again when told to slow down, and tells when a line is declined", async () => {
  const bench = await new MeetingBench().join();
  const mark = bench.meeting.post("fast");
  const refused = { type: "refused", request: "chat.post", mark, message: "Slower" } as const;
  await bench.link.say({ ...refused, code: "too-fast" });
  strictEqual(bench.meeting.pendingLines.length, 1);
  await bench.advance(100);
  strictEqual(bench.link.sentOf("chat.post").length, 2);
  await bench.link.say({ ...refused, code: "bad-text" });
  strictEqual(bench.meeting.pendingLines.length, 0);
  deepStrictEqual(bench.eventsOf("refused").map(({ code }) => code), ["bad-text"]);
});

Deno.test("Meeting.post() declines what can never be a line", async () => {
  const { meeting } = await new MeetingBench().join();
  throws(() => meeting.post("  "), Refusal);
  throws(() => meeting.post("a".repeat(4_001)), Refusal);
  throws(() => meeting.post("half a character: \ud83d"), Refusal);
  meeting.post("a".repeat(4_000));
});

Deno.test("Meeting tells when the server's history began anew, and shows it", async () => {
  const bench = await new MeetingBench().join({ chatLatest: 1 });
  await bench.link.say({ type: "chat.lines", lines: [line(1), line(2)], more: false });
  await bench.link.breakDown();
  await bench.link.say(welcome({ chatLatest: 1 }));
  strictEqual(bench.eventsOf("warning")[0].code, "chat-restarted");
  await bench.link.say({ type: "chat.lines", lines: [line(1, "new")], more: false });
  deepStrictEqual(shown(bench), [1, 2, 1]);
});

Deno.test("Meeting.setSource() silences before it tells, and tells again after a reconnect", async () => {
  const bench = await new MeetingBench().join();
  bench.meeting.setSource("microphone", false);
  deepStrictEqual(bench.engine.commands.at(-1), { do: "microphone", on: false });
  const muted = { type: "source", kind: "microphone", on: false };
  deepStrictEqual(bench.link.sent.at(-1), muted);
  await bench.link.breakDown();
  strictEqual(bench.link.sentOf("hello")[0].microphone, false);
  await bench.link.say(welcome());
  ok(bench.link.sentOf("source").some(({ kind, on }) => kind === "microphone" && !on));
  const without = await new MeetingBench({ camera: undefined }).join();
  throws(() => without.meeting.setSource("camera", true), Refusal);
});

Deno.test("Meeting shows a placeholder while the camera does not deliver, and says why", async () => {
  const bench = await new MeetingBench().join();
  const message = "The camera is busy: close the other program";
  bench.engine.happen({ event: "capture.retrying", kind: "camera", message });
  deepStrictEqual(bench.link.sent.at(-1), { type: "source", kind: "camera", on: false });
  deepStrictEqual(bench.eventsOf("warning"), [
    { event: "warning", code: "camera.retrying", message },
  ]);
  bench.engine.happen({ event: "capture.running", kind: "camera" });
  strictEqual(bench.link.sentOf("source").at(-1)!.on, true);
  strictEqual(bench.end, undefined);
});

Deno.test("Meeting.setSource() tries a source again that gave up", async () => {
  const bench = await new MeetingBench().join();
  bench.engine.happen({ event: "capture.failed", kind: "camera", message: "It is gone" });
  bench.meeting.setSource("camera", true);
  deepStrictEqual(bench.engine.commands.at(-1), { do: "camera", on: true });
  strictEqual(bench.link.sentOf("source").at(-1)!.on, true);
});

Deno.test("Meeting opens a stream in the engine before it acknowledges, and closes it", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true }, streamReady());
  const [open] = bench.engine.told("stream.open");
  deepStrictEqual([open.ssrc, open.roc, open.sequence, open.epoch], [99, 2, 65_000, 0]);
  deepStrictEqual(bench.link.sent.at(-1), { type: "stream.ack", ssrc: 99 });
  await bench.link.say({ type: "stream.ended", participant: 8, kind: "camera", ssrc: 99 });
  deepStrictEqual(bench.engine.told("stream.close"), [{ do: "stream.close", ssrc: 99 }]);
  await bench.link.say(streamReady({ ssrc: 101 }));
  await bench.link.say({ type: "participant.left", id: 8, name: "Bob", reason: "left" });
  deepStrictEqual(bench.engine.told("stream.close").at(-1), { do: "stream.close", ssrc: 101 });
  deepStrictEqual(bench.eventsOf("stream").map(({ state }) => state), [
    "open",
    "ended",
    "open",
    "ended",
  ]);
});

Deno.test("Meeting says the first picture of a stream once, not what was under way of the one before", async () => {
  const bench = await new MeetingBench().join();
  const picture = (keyframe: boolean, participant = 8) =>
    bench.engine.happen({
      event: "picture",
      participant,
      kind: "camera",
      codec: "h264",
      keyframe,
      bytes: new Uint8Array(),
      timestamp: 0,
      receivedAtMs: 0,
    });
  const shown = () => bench.eventsOf("picture").map(({ stream }) => stream.ssrc);
  picture(true);
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true }, streamReady());
  for (const keyframe of [false, true, false, true]) picture(keyframe);
  picture(true, 9);
  deepStrictEqual(shown(), [99]);
  await bench.link.say({ type: "stream.ended", participant: 8, kind: "camera", ssrc: 99 });
  picture(true);
  await bench.link.say(streamReady({ ssrc: 99 }), streamReady({ ssrc: 100 }));
  await bench.link.say({ type: "stream.ended", participant: 8, kind: "camera", ssrc: 99 });
  picture(true);
  deepStrictEqual(shown(), [99, 100]);
});

Deno.test("Meeting acknowledges streams and keys once its engine has them, and only on their connection", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true });
  bench.engine.holdUp();
  const list = [{ participant: 0, key: new Uint8Array(28).fill(6) }];
  await bench.link.say(streamReady(), { type: "keys", epoch: 1, list, last: true });
  const acknowledged = () => bench.link.sent.filter(({ type }) => type.endsWith(".ack"));
  deepStrictEqual(acknowledged(), []);
  bench.engine.goOn();
  const both = [{ type: "stream.ack", ssrc: 99 }, { type: "keys.ack", epoch: 1 }];
  deepStrictEqual(acknowledged(), both);

  bench.engine.holdUp();
  await bench.link.say(streamReady({ ssrc: 100 }));
  const first = bench.link;
  await bench.link.breakDown();
  await bench.link.say(welcome({ resumed: true }));
  bench.engine.goOn();
  deepStrictEqual([first.sentOf("stream.ack").length, bench.links.length], [1, 2]);
  deepStrictEqual(acknowledged(), []);
});

Deno.test("Meeting hands new keys to the engine, acknowledges the last part, then uses them", async () => {
  const bench = await new MeetingBench().join();
  const list = [{ participant: 0, key: new Uint8Array(28).fill(6) }];
  await bench.link.say({ type: "keys", epoch: 1, list, last: false });
  strictEqual(bench.link.sentOf("keys.ack").length, 0);
  await bench.link.say({ type: "keys", epoch: 1, list, last: true });
  deepStrictEqual(bench.link.sentOf("keys.ack"), [{ type: "keys.ack", epoch: 1 }]);
  await bench.link.say({ type: "keys.use", epoch: 1 });
  deepStrictEqual(bench.engine.commands.at(-1), { do: "keys.use", epoch: 1 });
  strictEqual(bench.engine.told("keys").length, 2);
});

Deno.test("Meeting says who speaks, by their microphone in the mix, also after they came back", async () => {
  const bench = await new MeetingBench().join();
  const bob = { ...BOB, microphone: true };
  await bench.link.say({ type: "participants", list: [ADA, { ...bob, voice: 51 }], last: true });
  const levels = (list: { ssrc: number; level: number }[], speaking = false) =>
    bench.engine.happen({ event: "levels", list, own: -20, speaking });
  const said = () => bench.eventsOf("speaking").map(({ person, on }) => `${person.name} ${on}`);
  for (let nth = 0; nth < 5; nth++) levels([{ ssrc: 51, level: 0 }, { ssrc: 50, level: -20 }]);
  deepStrictEqual(said(), ["Bob true"], "nobody has 50, Ada is silent");
  await bench.link.say({ type: "participant", ...bob, microphone: false, voice: 51 });
  levels([{ ssrc: 51, level: -20 }]);
  deepStrictEqual(said(), ["Bob true", "Bob false"], "at once, whatever is still heard");
  await bench.link.say({ type: "participant", ...bob, voice: 52 });
  levels([{ ssrc: 52, level: -20 }], true);
  deepStrictEqual(said().slice(2), ["Ada true", "Bob true"]);
  await bench.advance(1_000);
  levels([{ ssrc: 51, level: -20 }], true);
  deepStrictEqual(said().slice(4), ["Bob false"]);
});

Deno.test("Meeting says who came, changed, went away and left, once each", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say(
    { type: "participants", list: [ADA], last: false },
    { type: "participants", list: [BOB], last: true },
    { type: "participant", ...BOB },
    { type: "participant", ...BOB, away: true },
    { type: "participant", ...BOB, camera: false },
    { type: "participant", id: 9, name: "Cy", microphone: true, camera: false, away: false },
  );
  await bench.link.breakDown();
  await bench.link.say(welcome({ resumed: true }), {
    type: "participants",
    list: [ADA, { ...BOB, camera: false }],
    last: true,
  });
  const changes = bench.eventsOf("participant").map(({ change }) =>
    `${change.person.name} ${change.state} ${change.person.camera}`
  );
  deepStrictEqual(changes, [
    "Ada here true",
    "Bob here true",
    "Bob away true",
    "Bob here false",
    "Cy here false",
    "Cy left false",
  ]);
});

Deno.test("Meeting tells people apart when a server that was started anew counts them from 1 again", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true });
  await bench.link.breakDown();
  await bench.link.say(welcome({ participant: 8 }), {
    type: "participants",
    list: [{ ...ADA, id: 8 }, { ...BOB, id: 9 }],
    last: true,
  });
  const changes = bench.eventsOf("participant").map(({ change }) =>
    `${change.person.id} ${change.person.name} ${change.state}`
  );
  deepStrictEqual(changes.slice(2), ["8 Bob left", "8 Ada here", "9 Bob here"]);
  strictEqual(bench.meeting.self, 8);
});

Deno.test("Meeting.watch() chooses a layer by name and keeps the choice over a reconnect", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say({ type: "participants", list: [ADA, BOB], last: true });
  bench.meeting.watch("Bob", "none");
  await bench.link.breakDown();
  await bench.link.say(welcome(), { type: "participants", list: [ADA, BOB], last: true });
  deepStrictEqual(bench.link.sentOf("watch"), [{ type: "watch", participant: 8, layer: "none" }]);
  throws(() => bench.meeting.watch("Zoe", "high"), Refusal);
  throws(() => bench.meeting.watch("Ada", "high"), Refusal);
});

Deno.test("Meeting warns when no media packet comes from the server in 5 s", async () => {
  const silent = await new MeetingBench().join();
  await silent.advance(5_000);
  strictEqual(silent.eventsOf("warning")[0].code, "media-silent");
  const bound = await new MeetingBench().join();
  bound.engine.happen({ event: "bound" });
  await bound.advance(60_000);
  strictEqual(bound.eventsOf("warning").length, 0);
});

Deno.test("Meeting.run() rejects when the media engine is broken, after leaving", async () => {
  const bench = await new MeetingBench().join();
  bench.engine.happen({ event: "engine.failed", message: "The invariant does not hold" });
  await settle();
  ok(bench.fault instanceof Error && bench.fault.message === "The invariant does not hold");
  strictEqual(bench.link.sentOf("leave").length, 1);
});

Deno.test("Meeting tells what a server says in one line that steers no terminal", async () => {
  const bench = await new MeetingBench().join();
  const nasty = "\u001b]0;owned\u0007\nNo\u202e";
  const clean = "\ufffd]0;owned\ufffd No\ufffd";
  await bench.link.say(
    { type: "refused", code: "a\u001b", request: "host.mute\u001b", message: nasty },
    { type: "closing", reason: nasty },
  );
  const [{ code, request, message }] = bench.eventsOf("refused");
  deepStrictEqual([code, request, message], ["refused", "host.mute\ufffd", clean]);
  const [warning] = bench.eventsOf("warning");
  strictEqual(warning.message, `The server is stopping: ${clean}`);
  const opening = bench.meeting.openTicketed("file.fetch", 1).catch(({ message }) => message);
  const [{ mark }] = bench.link.sentOf("ticket.get");
  await bench.link.say({ type: "refused", code: "no", message: nasty, mark });
  strictEqual(await opening, clean);
});
