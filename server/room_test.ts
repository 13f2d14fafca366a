import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import {
  AWAY_SHOWN_MS,
  CHAT_BURST,
  CHAT_BYTES_BURST,
  CHAT_TEXT_LENGTH_MAX,
  CHAT_TURN_BYTES,
  REKEY_WAIT_MS,
  RETIRED_KEY_MS,
  ROOM_CHAT_BYTES_BURST,
  SEAT_KEPT_MS,
} from "@fusionmeet/protocol";
import { Rooms } from "./rooms.ts";
import { enter, FakeLink, openRoom as open, type Person, settle, ssrcsOf } from "./test_support.ts";

const H264 = { codec: "h264", width: 320, height: 240, fps: 30 } as const;

Deno.test("Room.enter() welcomes, lists everybody page by page, and tells the others", () => {
  const { room, plane } = open();
  const people = Array.from({ length: 51 }, (_, index) => enter(room, `P${index + 1}`));
  const last = people.at(-1)!;
  const messages = last.link.takeAll();
  const welcome = messages[0];
  ok(welcome.type === "welcome");
  deepStrictEqual(
    [welcome.participant, welcome.name, welcome.room, welcome.resumed, welcome.mediaPort],
    [51, "P51", "Main", false, 7],
  );
  deepStrictEqual([welcome.linkKey.length, welcome.pictureKey.length], [28, 28]);
  const pages = messages.filter((message) => message.type === "participants");
  deepStrictEqual(pages.map(({ list, last }) => [list.length, last]), [[50, false], [1, true]]);
  deepStrictEqual(people[0].link.take("participant").at(-1), {
    type: "participant",
    id: 51,
    name: "P51",
    microphone: false,
    camera: false,
    away: false,
    voice: welcome.ssrcs.microphone,
  });
  strictEqual(plane.take("participant.add").length, 51);
});

Deno.test("Room.enter() gives every seat its own keys and SSRCs", () => {
  const { room } = open();
  const [one, other] = [enter(room, "Ann"), enter(room, "Bob")];
  const welcomes = [one.link.takeOne("welcome"), other.link.takeOne("welcome")];
  notDeepStrictEqual(welcomes[0].linkKey, welcomes[1].linkKey);
  notDeepStrictEqual(welcomes[0].linkKey, welcomes[0].pictureKey);
  notDeepStrictEqual(welcomes[0].resume, welcomes[1].resume);
  const ssrcs = [one, other].flatMap((person) => Object.values(ssrcsOf(person)));
  strictEqual(new Set(ssrcs).size, 12);
});

Deno.test("Room.enter() refuses a name that is taken in another case", () => {
  const { room } = open();
  enter(room, "Straße");
  throws(() => enter(room, "STRASSE"), { name: "Refusal", code: "name-taken" });
  strictEqual(room.seatCount, 1);
});

Deno.test("Room.enter(): people at the limit, one under and one over", () => {
  const { room } = open({ participantsMax: 2 });
  enter(room, "Ann");
  const bob = enter(room, "Bob");
  throws(() => enter(room, "Cid"), { name: "Refusal", code: "full" });
  room.leave(bob.seat, bob.link);
  enter(room, "Cid");
});

Deno.test("Room.leave() frees the seat at once and closes an empty room", () => {
  const { room, plane, timers } = open();
  let emptied = 0;
  room.onEmpty = () => emptied++;
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  ann.link.takeAll();
  room.leave(bob.seat, bob.link);
  deepStrictEqual(ann.link.takeAll(), [{
    type: "participant.left",
    id: 2,
    name: "Bob",
    reason: "left",
  }]);
  strictEqual(emptied, 0);
  room.leave(ann.seat, ann.link);
  strictEqual(emptied, 1);
  deepStrictEqual(plane.commands.slice(-3).map((command) => command.do), [
    "participant.remove",
    "participant.remove",
    "room.close",
  ]);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room.lose() shows away, takes them off the list after 5 s, and keeps the seat for 20 s", () => {
  const { room, timers, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob", { microphone: true })];
  ann.link.takeAll();
  room.lose(bob.seat, bob.link);
  const away = { id: 2, name: "Bob", microphone: false, camera: false, away: true };
  deepStrictEqual(ann.link.takeAll(), [{ type: "participant", ...away }]);
  strictEqual(plane.take("participant.remove").length, 1);
  timers.advance(AWAY_SHOWN_MS - 1);
  deepStrictEqual(ann.link.takeAll(), []);
  strictEqual(room.participants.length, 2);
  timers.advance(1);
  deepStrictEqual(ann.link.takeAll(), [{
    type: "participant.left",
    id: 2,
    name: "Bob",
    reason: "lost",
  }]);
  strictEqual(room.participants.length, 1);
  timers.advance(SEAT_KEPT_MS - AWAY_SHOWN_MS - 1);
  throws(() => enter(room, "Bob"), { code: "name-taken" });
  timers.advance(1);
  strictEqual(enter(room, "Bob").seat.id, 3);
  ok(ann.link.takeAll().every((message) => message.type === "participant"));
});

Deno.test("Room.enter() with the resume token is the same person with new keys and SSRCs", () => {
  const { room, timers, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob", { microphone: true })];
  const before = bob.link.takeOne("welcome");
  room.lose(bob.seat, bob.link);
  timers.advance(SEAT_KEPT_MS - 1);
  ann.link.takeAll();
  plane.commands.length = 0;
  const back = enter(room, "Somebody else", { resume: before.resume, microphone: true });
  const after = back.link.takeOne("welcome");
  deepStrictEqual([after.participant, after.name, after.resumed], [2, "Bob", true]);
  deepStrictEqual(after.resume, before.resume);
  notDeepStrictEqual(after.linkKey, before.linkKey);
  notDeepStrictEqual(after.pictureKey, before.pictureKey);
  const overlap = Object.values(after.ssrcs).filter((ssrc) =>
    Object.values(before.ssrcs).includes(ssrc)
  );
  deepStrictEqual(overlap, []);
  deepStrictEqual(plane.commands.map((command) => command.do), ["participant.add", "source"]);
  strictEqual(ann.link.takeOne("participant").away, false);
  timers.advance(SEAT_KEPT_MS);
  strictEqual(room.seatCount, 2);
});

Deno.test("Room.enter() with the resume token takes over a connection that still holds the seat", () => {
  const { room, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  const { resume } = bob.link.takeOne("welcome");
  ann.link.takeAll();
  plane.commands.length = 0;
  const back = enter(room, "Bob", { resume });
  strictEqual(back.seat, bob.seat);
  strictEqual(bob.link.ended, "taken over");
  strictEqual(bob.link.takeOne("error").code, "taken-over");
  deepStrictEqual(plane.commands.map((command) => command.do), [
    "participant.remove",
    "participant.add",
  ]);
  room.lose(bob.seat, bob.link);
  room.leave(bob.seat, bob.link);
  strictEqual(room.participants.length, 2);
  deepStrictEqual(ann.link.takeAll().map((message) => message.type), ["participant"]);
});

Deno.test("Room.enter() with an unknown token is a newcomer", () => {
  const { room } = open();
  enter(room, "Ann");
  const resume = new Uint8Array(16);
  throws(() => enter(room, "ann", { resume }), { code: "name-taken" });
  strictEqual(enter(room, "Bob", { resume }).link.takeOne("welcome").resumed, false);
});

Deno.test("Room.setSource() tells everybody and the plane, once for each change", () => {
  const { room, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  for (const { link } of [ann, bob]) link.takeAll();
  plane.commands.length = 0;
  room.setSource(bob.seat, { kind: "microphone", on: true });
  room.setSource(bob.seat, { kind: "microphone", on: true });
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  for (const { link } of [ann, bob]) {
    deepStrictEqual(
      link.takeAll().map((message) => "camera" in message && [message.microphone, message.camera]),
      [[true, false], [true, true]],
    );
  }
  deepStrictEqual(plane.commands, [
    { do: "source", participant: 2, kind: "microphone", on: true },
    { do: "source", participant: 2, kind: "camera", on: true },
  ]);
});

Deno.test("Room: both mixes are announced to a newcomer, and sent only after stream.ack", async () => {
  const { room, plane } = open();
  const ann = enter(room, "Ann");
  await settle();
  const ready = ann.link.take("stream.ready");
  deepStrictEqual(
    ready.map(({ layer, kind, codec, roc, sequence }) => [layer, kind, codec, roc, sequence]),
    [
      ["shared", "mix", "opus", 1, 65_535],
      ["own", "mix", "opus", 1, 65_535],
    ],
  );
  strictEqual(ready[1].ssrc, ssrcsOf(ann).ownMix);
  deepStrictEqual(ready[0].key, ready[1].key);
  strictEqual(plane.take("subscribe").length, 0);
  room.acknowledgeStream(ann.seat, ready[0].ssrc);
  room.acknowledgeStream(ann.seat, ready[0].ssrc);
  room.acknowledgeStream(ann.seat, 12345);
  deepStrictEqual(plane.commands, [{ do: "subscribe", viewer: 1, ssrc: ready[0].ssrc }]);
});

Deno.test("Room.watch(): ready when the camera is on, ended when it goes off, ready again by itself", async () => {
  const { room, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  await settle();
  ann.link.takeAll();
  room.watch(ann.seat, bob.seat.id, true);
  await settle();
  deepStrictEqual(ann.link.take("stream.ready"), []);
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  await settle();
  const ready = ann.link.takeOne("stream.ready");
  const { camera } = ssrcsOf(bob);
  deepStrictEqual([ready.participant, ready.ssrc, ready.width, ready.layer], [
    2,
    camera,
    320,
    "high",
  ]);
  deepStrictEqual(ready.key, bob.link.takeOne("welcome").pictureKey);
  room.acknowledgeStream(ann.seat, camera);
  deepStrictEqual(plane.take("subscribe"), [{ do: "subscribe", viewer: 1, ssrc: camera }]);
  room.setSource(bob.seat, { kind: "camera" });
  deepStrictEqual(ann.link.takeOne("stream.ended"), {
    type: "stream.ended",
    participant: 2,
    kind: "camera",
    ssrc: camera,
  });
  deepStrictEqual(plane.commands, [
    { do: "unsubscribe", viewer: 1, ssrc: camera },
    { do: "source", participant: 2, kind: "camera", on: false },
  ]);
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  await settle();
  strictEqual(ann.link.takeOne("stream.ready").ssrc, camera);
  room.watch(ann.seat, bob.seat.id, false);
  strictEqual(ann.link.takeOne("stream.ended").ssrc, camera);
  room.acknowledgeStream(ann.seat, camera);
  strictEqual(plane.take("subscribe").length, 0);
});

Deno.test("Room.setSource(): a camera of another size keeps its viewers, one of another codec begins anew", async () => {
  const { room, plane } = open();
  const [ann, bob, cy] = [enter(room, "Ann"), enter(room, "Bob"), enter(room, "Cy")];
  room.watch(ann.seat, bob.seat.id, true);
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  await settle();
  const { camera } = ssrcsOf(bob);
  room.acknowledgeStream(ann.seat, camera);
  for (const { link } of [ann, bob]) link.takeAll();
  plane.commands.length = 0;
  room.setSource(bob.seat, { kind: "camera", on: { ...H264, width: 1280, height: 720, fps: 15 } });
  await settle();
  deepStrictEqual([ann.link.takeAll(), bob.link.takeAll(), plane.commands], [[], [], []]);
  cy.link.takeAll();
  room.watch(cy.seat, bob.seat.id, true);
  await settle();
  const { width, height, fps } = cy.link.takeOne("stream.ready");
  deepStrictEqual([width, height, fps], [1280, 720, 15], "who comes later is told the new size");
  room.setSource(bob.seat, { kind: "camera", on: { ...H264, codec: "jpeg" } });
  await settle();
  deepStrictEqual(
    ann.link.takeAll().map((message) => message.type),
    ["stream.ended", "participant", "stream.ready"],
  );
});

Deno.test("Room.watch(): an answer that comes too late announces nothing", async () => {
  const { room } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  await settle();
  ann.link.takeAll();
  room.watch(ann.seat, bob.seat.id, true);
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  room.setSource(bob.seat, { kind: "camera" });
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  await settle();
  strictEqual(ann.link.take("stream.ready").length, 1);
  room.watch(ann.seat, bob.seat.id, false);
  room.watch(ann.seat, bob.seat.id, true);
  room.lose(bob.seat, bob.link);
  await settle();
  deepStrictEqual(ann.link.takeAll().map((message) => message.type), [
    "stream.ended",
    "participant",
  ]);
});

Deno.test("Room.watch() ignores oneself and who is not here, and asks again what the plane did not know", async () => {
  const { room, plane } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  await settle();
  for (const participant of [1, 77]) room.watch(ann.seat, participant, true);
  room.setSource(ann.seat, { kind: "camera", on: H264 });
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  ann.link.takeAll();
  plane.state = undefined;
  room.watch(ann.seat, 2, true);
  await settle();
  deepStrictEqual(ann.link.takeAll(), []);
  plane.state = { roc: 0, sequence: 3 };
  room.watch(ann.seat, 2, true);
  await settle();
  strictEqual(ann.link.takeOne("stream.ready").sequence, 3);
});

Deno.test("Room: watched cameras come back with a person who comes back", async () => {
  const { room } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  room.watch(ann.seat, 2, true);
  room.setSource(bob.seat, { kind: "camera", on: H264 });
  await settle();
  const first = ann.link.take("stream.ready").at(-1)!;
  room.lose(bob.seat, bob.link);
  strictEqual(ann.link.takeOne("stream.ended").ssrc, first.ssrc);
  const back = enter(room, "Bob", { resume: bob.seat.token });
  room.setSource(back.seat, { kind: "camera", on: H264 });
  await settle();
  const second = ann.link.takeOne("stream.ready");
  strictEqual(second.participant, 2);
  ok(second.ssrc !== first.ssrc);
  notDeepStrictEqual(second.key, first.key);
});

Deno.test("Room.post() numbers lines without gaps and gives the same line for the same mark", () => {
  const { room } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  for (const { link } of [ann, bob]) link.takeAll();
  room.post(ann.seat, { mark: "a1", text: "one" });
  room.post(bob.seat, { mark: "b1", text: "two" });
  room.post(ann.seat, { mark: "a1", text: "one" });
  const lines = [
    { id: 1, at: 1_000_000, from: "Ann", text: "one", mark: "a1" },
    { id: 2, at: 1_000_000, from: "Bob", text: "two", mark: "b1" },
  ];
  deepStrictEqual(bob.link.takeAll(), [
    { type: "chat", ...lines[0] },
    { type: "chat", ...lines[1] },
    { type: "chat.accepted", mark: "b1", id: 2, at: 1_000_000 },
  ]);
  deepStrictEqual(ann.link.take("chat.accepted").map(({ id }) => id), [1, 1]);
  deepStrictEqual(room.chat.linesAfter(0), { lines, more: false });
  deepStrictEqual(room.chat.linesAfter(1), { lines: [lines[1]], more: false });
});

Deno.test("Room.post() refuses empty, too long and too many lines", () => {
  const { room, timers } = open();
  const { seat } = enter(room, "Ann");
  let marks = 0;
  const post = (text: string) => room.post(seat, { mark: `m${marks++}`, text });
  throws(() => post(" \n\t"), { code: "chat-empty" });
  throws(() => post("a\0b"), { code: "chat-bad" });
  post("x".repeat(CHAT_TEXT_LENGTH_MAX - 1));
  post("x".repeat(CHAT_TEXT_LENGTH_MAX));
  throws(() => post("x".repeat(CHAT_TEXT_LENGTH_MAX + 1)), { code: "chat-too-long" });
  for (let count = 2; count < CHAT_BURST; count++) post("fast");
  throws(() => post("faster"), { code: "too-fast" });
  timers.advance(100);
  post("slow");
  strictEqual(room.chat.latestLine, CHAT_BURST + 1);
});

Deno.test("Room.post(): bytes at the limits, of one person and of a room, and one over", () => {
  const { room, timers } = open();
  const talkers = ROOM_CHAT_BYTES_BURST / CHAT_BYTES_BURST;
  const people = Array.from({ length: talkers + 1 }, (_, index) => enter(room, `P${index}`));
  let marks = 0;
  const post = ({ seat }: Person, size: number) =>
    room.post(seat, { mark: `m${marks++}`, text: "x".repeat(size) });
  const fill = (person: Person, bytes: number) => {
    for (let left = bytes; left > 0; left -= 4_000) post(person, Math.min(left, 4_000));
  };
  fill(people[0], CHAT_BYTES_BURST - 1);
  throws(() => post(people[0], 2), { code: "too-fast" });
  post(people[0], 1);
  throws(() => post(people[0], 1), { code: "too-fast" });
  for (const person of people.slice(1, talkers)) fill(person, CHAT_BYTES_BURST);
  throws(() => post(people[talkers], 1), { code: "too-fast" });
  timers.advance(1_000);
  post(people[talkers], 4_000);
});

Deno.test("Room.post(): a flood is passed on in turns, all of it and in order", () => {
  const { room, later } = open();
  const people = Array.from({ length: 4 }, (_, index) => enter(room, `P${index}`));
  people[0].link.takeAll();
  later.turns = [];
  const size = 4_000;
  for (let count = 0; count < 100; count++) {
    room.post(people[count % 4].seat, { mark: `m${count}`, text: "x".repeat(size) });
  }
  const got: number[] = [];
  for (let turn = 0; turn < later.turns.length; turn++) {
    later.turns[turn]();
    const ids = people[0].link.take("chat").map(({ id }) => id);
    ok(ids.length * size < CHAT_TURN_BYTES + size, `${ids.length} lines in a turn`);
    got.push(...ids);
  }
  deepStrictEqual(got, Array.from({ length: 100 }, (_, index) => index + 1));
});

Deno.test("Room.post() says so when the disk does not take the line", () => {
  const { room, store, lines } = open();
  const { seat, link } = enter(room, "Ann");
  store.close();
  link.takeAll();
  room.post(seat, { mark: "m", text: "x" });
  const { code, request, mark } = link.takeOne("refused");
  deepStrictEqual([code, request, mark], ["chat-not-kept", "chat.post", "m"]);
  ok(lines.some((line) => line.includes("chat-not-kept")));
});

Deno.test("A room goes on when its disk is gone, also for who comes then; only the chat of before is missed", () => {
  const { room, parts, store, lines } = open();
  const ann = enter(room, "Ann");
  room.post(ann.seat, { mark: "m", text: "x" });
  store.close();
  const bob = enter(room, "Bob");
  strictEqual(bob.link.takeOne("welcome").chatLatest, 1);
  throws(() => room.chat.linesAfter(0), { name: "Refusal", code: "chat-not-read" });
  ok(
    lines.some((line) => line.includes("chat-not-read") && line.includes("start the server again")),
  );
  const cid = { name: "Cid", link: new FakeLink(), microphone: false };
  const other = new Rooms(parts).enter("Other", cid);
  deepStrictEqual([other.room.name, other.room.chat.latestLine], ["Other", 0]);
});

Deno.test("Room.post(): what came in one turn is kept together, and nobody hears of it before", () => {
  const { room, store, later } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  let flushes = 0;
  const { together } = store;
  store.together = (write) => {
    flushes++;
    together.call(store, write);
  };
  for (const { link } of [ann, bob]) link.takeAll();
  later.turns = [];
  room.post(ann.seat, { mark: "a", text: "one" });
  room.post(bob.seat, { mark: "b", text: "two" });
  room.post(ann.seat, { mark: "a", text: "one" });
  deepStrictEqual([ann.link.takeAll(), room.chat.latestLine], [[], 0]);
  strictEqual(later.turns.length, 1);
  later.turns[0]();
  strictEqual(flushes, 1);
  deepStrictEqual(ann.link.take("chat").map(({ id, text }) => [id, text]), [[1, "one"], [
    2,
    "two",
  ]]);
  deepStrictEqual(bob.link.take("chat.accepted").map(({ id }) => id), [2]);
});

Deno.test("Room.post(): a room that ends before its lines are kept keeps them first", () => {
  const { room, store, later } = open();
  const ann = enter(room, "Ann");
  later.turns = [];
  room.post(ann.seat, { mark: "a", text: "last words" });
  room.leave(ann.seat, ann.link);
  strictEqual(store.latestLine(store.findRoom("Main")!.id), 1);
  later.turns[0]();
});

Deno.test("RoomChat.linesAfter() gives pages that fit one message, whatever the texts", () => {
  const { room, timers } = open();
  const { seat } = enter(room, "Ann");
  const texts = Array.from(
    { length: 230 },
    (_, index) => index % 20 === 7 ? "漢".repeat(4_000) : `line ${index}`,
  );
  texts.forEach((text, index) => {
    timers.advance(100);
    room.post(seat, { mark: `m${index}`, text });
  });
  const got: string[] = [];
  for (let after = 0, more = true; more;) {
    const page = room.chat.linesAfter(after);
    ok(page.lines.length > 0);
    got.push(...page.lines.map(({ text }) => text));
    after = page.lines.at(-1)!.id;
    more = page.more;
  }
  deepStrictEqual(got, texts);
});

Deno.test("Room.remove(): the token is dead, and the others move to keys they alone know", () => {
  const { room, plane } = open();
  const [ann, bob, eve] = [enter(room, "Ann"), enter(room, "Bob"), enter(room, "Eve")];
  const { resume } = eve.link.takeOne("welcome");
  for (const { link } of [ann, bob]) link.takeAll();
  plane.commands.length = 0;
  room.remove(eve.seat.id);
  strictEqual(eve.link.ended, "removed");
  deepStrictEqual(eve.link.takeAll().map((message) => message.type), ["error"]);
  strictEqual(room.hasSeatFor(resume), false);
  const [left, keys] = ann.link.takeAll();
  deepStrictEqual(left, { type: "participant.left", id: 3, name: "Eve", reason: "removed" });
  ok(keys.type === "keys" && keys.last && keys.epoch === 1);
  deepStrictEqual(keys.list.map(({ participant }) => participant), [0, 1, 2]);
  strictEqual(plane.take("room.rekey").length, 1);
  room.acknowledgeKeys(ann.seat, 0);
  room.acknowledgeKeys(ann.seat, 1);
  deepStrictEqual(ann.link.takeAll(), []);
  room.acknowledgeKeys(bob.seat, 1);
  deepStrictEqual(ann.link.takeAll(), [{ type: "keys.use", epoch: 1 }]);
  deepStrictEqual(plane.commands, [{ do: "room.rekey.use", room: 1, epoch: 1 }]);
  const cid = enter(room, "Cid").link.takeOne("welcome");
  strictEqual(cid.epoch, 1);
});

Deno.test("Room.remove(): who does not acknowledge is not waited for longer than a second", () => {
  const { room, timers, plane } = open();
  const [ann, bob, eve] = [enter(room, "Ann"), enter(room, "Bob"), enter(room, "Eve")];
  room.remove(eve.seat.id);
  room.acknowledgeKeys(ann.seat, 1);
  timers.advance(REKEY_WAIT_MS - 1);
  strictEqual(plane.take("room.rekey.use").length, 0);
  timers.advance(1);
  strictEqual(plane.take("room.rekey.use").length, 1);
  strictEqual(bob.link.take("keys.use").length, 1);
});

Deno.test("Room.remove(): a second removal during a change of keys makes another one after it", () => {
  const { room, plane } = open();
  const [ann, eve, mal] = [enter(room, "Ann"), enter(room, "Eve"), enter(room, "Mal")];
  room.remove(eve.seat.id);
  room.remove(mal.seat.id);
  room.acknowledgeKeys(ann.seat, 1);
  room.acknowledgeKeys(ann.seat, 2);
  deepStrictEqual(
    ann.link.takeAll().flatMap((message) =>
      message.type === "keys" || message.type === "keys.use" ? [[message.type, message.epoch]] : []
    ),
    [["keys", 1], ["keys.use", 1], ["keys", 2], ["keys.use", 2]],
  );
  strictEqual(plane.take("room.rekey").at(-1)?.epoch, 2);
});

Deno.test("Room.enter() during a change of keys brings it to its end first", async () => {
  const { room, plane, timers } = open();
  const [ann, eve, mal] = [enter(room, "Ann"), enter(room, "Eve"), enter(room, "Mal")];
  room.remove(eve.seat.id);
  room.remove(mal.seat.id);
  plane.commands.length = 0;
  ann.link.takeAll();
  const bob = enter(room, "Bob");
  await settle();
  const welcome = bob.link.takeAll();
  strictEqual(welcome[0].type === "welcome" && welcome[0].epoch, 2);
  ok(welcome.every((message) => message.type !== "keys" && message.type !== "keys.use"));
  deepStrictEqual(plane.commands.map((command) => command.do), [
    "room.rekey.use",
    "room.rekey",
    "room.rekey.use",
    "participant.add",
  ]);
  const keys = ann.link.takeAll().filter((message) => message.type === "keys");
  const ready = welcome.find((message) => message.type === "stream.ready")!;
  deepStrictEqual(ready.key, keys.at(-1)!.list[0].key);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room: who comes soon after a change of keys is given the earlier key of a picture under way", async () => {
  const { room, timers } = open();
  const [ann, eve] = [enter(room, "Ann"), enter(room, "Eve")];
  room.setSource(ann.seat, { kind: "camera", on: { codec: "h264" } });
  const earlier = ann.link.takeOne("welcome").pictureKey;
  room.remove(eve.seat.id);
  room.acknowledgeKeys(ann.seat, 1);
  const newcomer = async (name: string) => {
    const { seat, link } = enter(room, name);
    room.watch(seat, ann.seat.id, true);
    await settle();
    return link.takeAll().filter((message) =>
      message.type === "keys" || (message.type === "stream.ready" && message.kind === "camera")
    );
  };
  timers.advance(RETIRED_KEY_MS - 1);
  const [keys, ready] = await newcomer("Bob");
  const list = [{ participant: ann.seat.id, key: earlier }];
  deepStrictEqual(keys, { type: "keys", epoch: 0, list, last: false });
  ok(ready.type === "stream.ready" && ready.epoch === 1);
  timers.advance(1);
  deepStrictEqual((await newcomer("Cid")).map(({ type }) => type), ["stream.ready"]);
});

Deno.test("Room: 300 removals wrap the one-byte epoch", () => {
  const { room } = open();
  const ann = enter(room, "Ann");
  for (let count = 1; count <= 300; count++) {
    const eve = enter(room, "Eve");
    room.remove(eve.seat.id);
    room.acknowledgeKeys(ann.seat, count % 256);
    strictEqual(ann.link.take("keys.use").at(-1)?.epoch, count % 256);
  }
});

Deno.test("Room: a change of keys ends when the last one who owed an answer goes", () => {
  const { room, plane, timers } = open();
  const [ann, bob, eve] = [enter(room, "Ann"), enter(room, "Bob"), enter(room, "Eve")];
  room.remove(eve.seat.id);
  room.acknowledgeKeys(ann.seat, 1);
  room.lose(bob.seat, bob.link);
  strictEqual(plane.take("room.rekey.use").length, 1);
  room.leave(ann.seat, ann.link);
  timers.advance(SEAT_KEPT_MS);
  strictEqual(timers.waitingCount, 0);
  strictEqual(room.seatCount, 0);
});

Deno.test("Room.close() tells everybody and leaves no timer", () => {
  const { room, timers } = open();
  const [ann, bob] = [enter(room, "Ann"), enter(room, "Bob")];
  room.lose(bob.seat, bob.link);
  room.close("The server was stopped");
  deepStrictEqual(ann.link.takeOne("closing"), {
    type: "closing",
    reason: "The server was stopped",
  });
  ok(ann.link.ended);
  strictEqual(timers.waitingCount, 0);
});

Deno.test("Room: random comings and goings keep list, plane and members in step", async () => {
  const seed = 7;
  const { room, plane, timers, random } = open({ participantsMax: 6 });
  const people = new Map<number, Person>();
  const inPlane = new Set<number>();
  for (let round = 0; round < 3_000; round++) {
    const all = [...people.values()];
    const pick = all[random.u32() % Math.max(1, all.length)];
    const choice = random.u32() % 8;
    try {
      if (choice <= 1) {
        const person = enter(room, `P${random.u32() % 8}`);
        people.set(person.seat.id, person);
      } else if (pick === undefined) {
        timers.advance(1_000);
      } else if (choice === 2) room.leave(pick.seat, pick.link);
      else if (choice === 3) room.lose(pick.seat, pick.link);
      else if (choice === 4) {
        people.set(pick.seat.id, enter(room, "x", { resume: pick.seat.token }));
      } else if (choice === 5) {
        room.setSource(pick.seat, { kind: "camera", on: random.u32() % 2 ? H264 : undefined });
      } else if (choice === 6) {
        const target = all[random.u32() % all.length].seat.id;
        room.watch(pick.seat, target, random.u32() % 2 === 0);
      } else timers.advance(random.u32() % 6_000);
    } catch (thrown) {
      ok((thrown as { code?: string }).code, `seed ${seed}, round ${round}: ${thrown}`);
    }
    await settle();
    for (const command of plane.commands.splice(0)) {
      if (command.do === "participant.add") {
        strictEqual(inPlane.has(command.participant), false, "added once");
        inPlane.add(command.participant);
      } else if (command.do === "participant.remove") {
        strictEqual(inPlane.delete(command.participant), true, "removed once");
      }
    }
    const here = room.participants.filter((seat) => seat.presence !== undefined);
    deepStrictEqual(
      here.map(({ id }) => id).sort(),
      [...inPlane].sort(),
      `seed ${seed}, round ${round}`,
    );
    for (const { seat, link } of people.values()) {
      for (const message of link.takeAll()) {
        if (message.type === "stream.ready") room.acknowledgeStream(seat, message.ssrc);
      }
    }
    ok(room.seatCount <= 6);
  }
});

Deno.test("Room sends nothing to a link that was replaced", () => {
  const { room } = open();
  const ann = enter(room, "Ann");
  const link = new FakeLink();
  room.enter({ name: "Ann", link, microphone: false, resume: ann.seat.token });
  ann.link.takeAll();
  room.post(ann.seat, { mark: "m", text: "hello" });
  deepStrictEqual(ann.link.takeAll(), []);
  strictEqual(link.take("chat").length, 1);
});
