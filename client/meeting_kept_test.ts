import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import {
  COMING_FILES_MAX,
  FILES_PER_MESSAGE,
  MIXES_MAX,
  PARTICIPANTS_MAX,
  PARTICIPANTS_PER_MESSAGE,
  ROOM_FILES_MAX,
  type ServerMessage,
  TICKETS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";
import { COMING_KNOWN_MAX } from "./files/coming_files.ts";
import { FORGIVEN_MS } from "./redial.ts";
import { MeetingBench, settle, welcome } from "./test_support.ts";
import { UNSHOWN_MS } from "./unshown_cameras.ts";

const person = (id: number) => ({
  ...{ id, name: `P${id}`, microphone: false, camera: false, away: false },
});
const camera = (id: number, codec: "h264" | "vp8" = "h264") =>
  ({
    type: "stream.ready",
    ...{ participant: id, kind: "camera", layer: "high", ssrc: 1_000 + id, codec, epoch: 0 },
    ...{ key: new Uint8Array(28), roc: 0, sequence: 0 },
  }) satisfies ServerMessage;
const mix = (id: number) =>
  ({ ...camera(id), participant: 0, kind: "mix", layer: "shared", codec: "opus" }) as const;
const file = (id: number) => ({
  ...{ id, name: "a", size: 1, hash: new Uint8Array(32), owner: "Bob", at: 1 },
});
const coming = (id: number) =>
  ({
    type: "files.coming",
    list: [{ id, name: "a", size: 9, participant: 8, from: "Bob", bytes: 1, state: "moving" }],
  }) satisfies ServerMessage;
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));
const asker = (id: number) =>
  ({ type: "presenter.asked", participant: id, name: `P${id}` }) satisfies ServerMessage;

/** What a server may make a client keep: up to the limit, and one more. */
const LIMITS: Readonly<Record<string, { atLimit: readonly ServerMessage[]; over: ServerMessage }>> =
  {
    "people in the room": {
      atLimit: times(PARTICIPANTS_MAX, (id) => ({ type: "participant", ...person(id) })),
      over: { type: "participant", ...person(PARTICIPANTS_MAX) },
    },
    "people in the room, of a list": {
      atLimit: times(PARTICIPANTS_MAX / PARTICIPANTS_PER_MESSAGE, (page) => ({
        type: "participants",
        list: times(
          PARTICIPANTS_PER_MESSAGE,
          (index) => person(page * PARTICIPANTS_PER_MESSAGE + index),
        ),
        last: false,
      })),
      over: { type: "participants", list: [person(PARTICIPANTS_MAX)], last: false },
    },
    "cameras": {
      atLimit: times(PARTICIPANTS_MAX, (id) => camera(id)),
      over: camera(PARTICIPANTS_MAX),
    },
    "cameras, which cannot be shown": {
      atLimit: times(PARTICIPANTS_MAX, (id) => camera(id, "vp8")),
      over: camera(PARTICIPANTS_MAX, "vp8"),
    },
    "mixes": { atLimit: times(MIXES_MAX, mix), over: mix(MIXES_MAX) },
    "people who ask to present": {
      atLimit: times(PARTICIPANTS_MAX, asker),
      over: asker(PARTICIPANTS_MAX),
    },
    "files of the room": {
      atLimit: times(ROOM_FILES_MAX, (id) => ({ type: "file", ...file(id) })),
      over: { type: "file", ...file(ROOM_FILES_MAX) },
    },
    "files of the room, of a list": {
      atLimit: times(Math.ceil(ROOM_FILES_MAX / FILES_PER_MESSAGE), (page) => ({
        type: "files",
        list: times(FILES_PER_MESSAGE, (index) => file(page * FILES_PER_MESSAGE + index))
          .filter(({ id }) => id < ROOM_FILES_MAX),
        last: false,
      })),
      over: { type: "files", list: [file(ROOM_FILES_MAX)], last: false },
    },
    "files on their way": {
      atLimit: times(COMING_KNOWN_MAX, coming),
      over: coming(COMING_KNOWN_MAX),
    },
  };

for (const [what, { atLimit, over }] of Object.entries(LIMITS)) {
  Deno.test(`Meeting takes as many as there can be, and one more ends the connection: ${what}`, async () => {
    const bench = await new MeetingBench().join({ participant: 0 });
    const { link } = bench;
    await sayAll(link, atLimit);
    // What is known already is no more of it.
    await link.say(atLimit.at(-1)!);
    strictEqual(link.isOver, false);
    await link.say(over);
    strictEqual(link.isOver, true);
    const [{ reason }] = bench.eventsOf("reconnecting");
    match(
      reason,
      new RegExp(`^The server broke the protocol: .*: over \\d+ ${what.split(",")[0]}$`),
    );
    bench.meeting.leave();
    await settle();
  });
}

async function sayAll(
  link: MeetingBench["link"],
  messages: readonly ServerMessage[],
): Promise<void> {
  for (const message of messages) await link.say(message);
}

Deno.test("Meeting gives up a server that breaks the protocol each time, and says what was wrong with it", async () => {
  const bench = await new MeetingBench().join();
  const { atLimit, over } = LIMITS.mixes;
  for (let second = 0; second < 200 && bench.end === undefined; second++) {
    if (!bench.link.isOver) await bench.link.say(welcome(), ...atLimit, over);
    await bench.advance(1_000);
  }
  strictEqual(bench.end?.failure?.code, "connection-lost");
  const { message, advice } = bench.end.failure;
  match(message, /; The server broke the protocol: Cannot keep .* over 2 mixes$/);
  match(advice, /^Update this program and the server/);
});

Deno.test("Meeting goes on where others have taken the place of those who are gone", async () => {
  const bench = await new MeetingBench().join();
  const { link } = bench;
  for (let id = 10; id < 20 + PARTICIPANTS_MAX; id++) {
    await link.say(
      { type: "participant", ...person(id) },
      camera(id),
      { type: "stream.ended", participant: id, kind: "camera", ssrc: 1_000 + id },
      asker(id),
      { type: "participant.left", id, name: `P${id}`, reason: "left" },
      { type: "file", ...file(id) },
      { type: "file.gone", id },
      coming(id),
      { type: "files.coming", list: [{ ...coming(id).list[0], state: "stopped" }] },
    );
  }
  strictEqual(link.isOver, false);
  bench.meeting.leave();
  await settle();
});

Deno.test("Meeting forgets files on their way that no later connection tells of", async () => {
  const bench = await new MeetingBench().join();
  for (let time = 0; time < 5; time++) {
    await sayAll(bench.link, times(COMING_FILES_MAX, (index) => coming(100 * time + index)));
    strictEqual(bench.link.isOver, false);
    await bench.advance(FORGIVEN_MS);
    await bench.link.breakDown();
    await bench.link.say(welcome());
  }
  bench.meeting.leave();
  await settle();
});

Deno.test("Meeting ends a stream whose number is given to another camera", async () => {
  const bench = await new MeetingBench().join();
  await bench.link.say(camera(8), { ...camera(9), ssrc: 1_008 });
  deepStrictEqual(
    bench.eventsOf("stream").map(({ state, stream: { participant } }) => [state, participant]),
    [["open", 8], ["ended", 8], ["open", 9]],
  );
  bench.meeting.leave();
  await settle();
});

Deno.test("Meeting warns of a camera that cannot be shown only while its owner is here, and again of who comes back", async () => {
  const bench = await new MeetingBench().join();
  const { link } = bench;
  await link.say(camera(8, "vp8"));
  await bench.advance(UNSHOWN_MS);
  const unshown = () => bench.eventsOf("warning").filter(({ code }) => code === "camera-codec");
  strictEqual(unshown().length, 0, "nobody has heard of them");
  for (let time = 0; time < 2; time++) {
    await link.say({ type: "participant", ...person(8) }, camera(8, "vp8"));
    await bench.advance(UNSHOWN_MS);
    await link.say(camera(8, "vp8"));
    await bench.advance(UNSHOWN_MS);
    await link.say({ type: "participant.left", id: 8, name: "P8", reason: "left" });
  }
  strictEqual(unshown().length, 2);
  bench.meeting.leave();
  await settle();
});

Deno.test("Meeting reads no more from the server while the engine is far behind", async () => {
  const bench = await new MeetingBench().join();
  const { link, engine } = bench;
  const keys = (participant: number) =>
    ({
      type: "keys",
      ...{ epoch: 1, list: [{ participant, key: new Uint8Array(28) }], last: false },
    }) satisfies ServerMessage;
  engine.holdUp();
  await sayAll(link, times(500, keys));
  strictEqual(engine.told("keys").length, 64);
  engine.goOn();
  for (let turn = 0; turn < 200; turn++) await settle();
  strictEqual(engine.told("keys").length, 500);
  strictEqual(link.sentOf("keys.ack").length, 0);
  engine.holdUp();
  await sayAll(link, times(500, keys));
  bench.meeting.leave();
  await settle();
  strictEqual(bench.end?.reason, "asked", "nobody waits for an engine that broke");
});

Deno.test("Meeting.openTicketed() waits for TICKETS_PER_PARTICIPANT_MAX answers at most, and for none that is given up", async () => {
  const bench = await new MeetingBench().join();
  const { link, meeting } = bench;
  const stop = new AbortController();
  const { signal } = stop;
  const asking = times(
    TICKETS_PER_PARTICIPANT_MAX,
    (share) => meeting.openTicketed("screen.view", share, { signal }),
  );
  const ends = Promise.all(asking.map((each) => rejects(each, { code: "aborted" })));
  await rejects(meeting.openTicketed("screen.view", 99), { code: "too-many-tickets" });
  strictEqual(link.sentOf("ticket.get").length, TICKETS_PER_PARTICIPANT_MAX);
  stop.abort();
  await ends;
  const { mark } = link.sentOf("ticket.get")[0];
  await link.say({
    ...{ type: "refused", code: "no-such-share", message: "There is no such share" },
    ...{ request: "ticket.get", mark },
  });
  deepStrictEqual(bench.eventsOf("refused"), [], "nobody waits for it any more");
  const goesOn = meeting.openTicketed("screen.view", 100);
  strictEqual(link.sentOf("ticket.get").length, TICKETS_PER_PARTICIPANT_MAX + 1);
  const lost = rejects(goesOn, { code: "not-connected" });
  bench.meeting.leave();
  await settle();
  await lost;
});
