/**
 * Rooms of one server: nothing leaks from one to another, and their chat outlives people, ends and crashes of the server.
 * Judges real time by the second.
 */
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isRtcp, rtpSsrc } from "@fusionmeet/protocol";
import { levelAt } from "./support/audio.ts";
import { Conversation, recordedChat } from "./support/chat.ts";
import { Peer } from "./support/peer.ts";
import { readNumber, type TestVideo } from "./support/picture.ts";
import { readPictures, writeTestVideo } from "./support/picture_files.ts";
import { type ClientProgram, startClient, startServer } from "./support/programs.ts";
import { testSeed } from "./support/seed.ts";
import { Ear, epochMs, untilSettled } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const LEVEL_DBFS = -20;
/** What somebody in the other room says is at least so far below. */
const ISOLATION_DB = 50;
const TOLERANCE_DB = 6;
const TALK_MS = 2_500;
const FPS = 15;
const STOP_MS_MAX = 2_000;

interface Person {
  readonly name: string;
  readonly room: "Red" | "Blue";
  readonly hz: number;
  readonly film?: TestVideo;
}

Deno.test("Two rooms on one server", async (test) => {
  const seed = testSeed("rooms");
  const film = (source: number): TestVideo => ({ width: 160, height: 120, source, seed });
  const people: Person[] = [
    { name: "Ada", room: "Red", hz: 431, film: film(1) },
    { name: "Bob", room: "Red", hz: 617 },
    { name: "Ada", room: "Blue", hz: 929, film: film(2) },
    { name: "Cyd", room: "Blue", hz: 1_367 },
  ];
  await using folder = new TemporaryDirectory();
  const folderOf = ({ room, name }: Pick<Person, "room" | "name">) =>
    folder.file(`${room}-${name}`);
  for (const { film, room } of people) {
    const path = folder.file(`${room}.mkv`);
    if (film) await writeTestVideo(path, film, { frames: 20 * FPS, fps: FPS });
  }
  await using server = await startServer({ data: folder.file("server") });

  const clients = new Map<Person, ClientProgram>();
  await using stack = new AsyncDisposableStack();
  for (const person of people) {
    const { name, room, hz, film } = person;
    const client = await startClient({
      ...{ name, room, server },
      mic: `tone:${hz}@${LEVEL_DBFS}`,
      camera: film ? folder.file(`${room}.mkv`) : "off",
      args: ["--quality", `160x120@${FPS}`],
      record: folderOf(person),
    });
    clients.set(person, stack.use(client));
  }
  const inRoom = (room: string) => people.filter((person) => person.room === room);
  const talks = ["Red", "Blue"].map((room) =>
    new Conversation(inRoom(room).map((person) => clients.get(person)!))
  );
  for (const person of people) {
    if (!person.film) await clients.get(person)!.waitFor("picture");
  }
  await untilSettled();
  const fromMs = epochMs();
  for (const lines of [3, 4]) for (const talk of talks) await talk.everyoneSays(lines);
  await passRealTime(TALK_MS);
  for (const talk of talks) await talk.isHeard();
  const toMs = epochMs();

  await test.step("a camera of the other room cannot be had by asking for it", async () => {
    const [red, blue] = people.filter(({ film }) => film);
    await using stranger = await Peer.join({ server }, { name: "Stranger", room: "Red" });
    const idOf = (person: Person) => clients.get(person)!.joined.participant;
    const seen = clients.get(people[3])!.events.find(({ event }) => event === "picture")!;
    stranger.send({ type: "watch", participant: idOf(blue), layer: "high" });
    stranger.send({ type: "stream.ack", ssrc: seen.ssrc });
    stranger.send({ type: "watch", participant: idOf(red), layer: "high" });
    await stranger.bind();
    const { ssrc } = await stranger.stream(({ kind }) => kind === "camera");
    notStrictEqual(ssrc, seen.ssrc);
    const packets = (of: number) =>
      stranger.datagrams.filter((bytes) => !isRtcp(bytes) && rtpSsrc(bytes) === of).length;
    await until("pictures of the own room", () => packets(ssrc) > 2 * FPS);
    const cameras = stranger.all("stream.ready").filter(({ kind }) => kind === "camera");
    deepStrictEqual(cameras.map(({ participant }) => participant), [idOf(red)]);
    strictEqual(packets(seen.ssrc), 0);
  });
  for (const client of clients.values()) strictEqual((await client.stop()).code, 0);

  await test.step("each room has its own chat", () => {
    for (const [index, room] of ["Red", "Blue"].entries()) {
      talks[index].wasRecorded((name) => folderOf({ name, room } as Person));
      strictEqual(recordedChat(folder.file(`${room}-Ada`)).length, 14);
    }
  });

  for (const person of people) {
    const { name, room, hz } = person;
    const others = inRoom(room).filter((other) => other !== person);
    await test.step(`${name} in ${room} sees and hears that room alone`, async () => {
      const { events } = clients.get(person)!;
      const seen = events.filter(({ event, name }) =>
        event === "participant" && name !== "Stranger"
      )
        .map(({ id }) => id);
      const ids = inRoom(room).map((each) => clients.get(each)!.joined.participant);
      deepStrictEqual(new Set(seen), new Set(ids));

      const ear = await Ear.open(name, folderOf(person));
      const span = { from: ear.at(fromMs), count: Math.round((toMs - fromMs) * 48) };
      for (const talker of people) {
        const level = levelAt(ear.samples, talker.hz, span);
        const what = `${name} in ${room} hears ${talker.hz} Hz (own: ${hz}) at ${level} dBFS`;
        if (others.includes(talker)) ok(Math.abs(level - LEVEL_DBFS) <= TOLERANCE_DB, what);
        else ok(level <= LEVEL_DBFS - ISOLATION_DB, what);
      }

      const films = [...Deno.readDirSync(folderOf(person))].map((entry) => entry.name)
        .filter((file) => file.endsWith(".h264"));
      const filmed = others.filter(({ film }) => film);
      deepStrictEqual(films, filmed.map((other) => `${other.name}.camera.h264`));
      for (const { film, name } of filmed) {
        const pictures = await readPictures(`${folderOf(person)}/${name}.camera.h264`);
        const sources = new Set(pictures.map((picture) => readNumber(picture)?.source));
        deepStrictEqual([...sources], [film!.source]);
      }
    });
  }
});

Deno.test("A room begins with who comes first; its chat outlives people, stops and crashes", async () => {
  await using folder = new TemporaryDirectory();
  await using home = new AsyncDisposableStack();
  const data = folder.file("server");
  let server = home.use(await startServer({ data }));
  const { port, mediaPort, fingerprint } = server;
  const restart = async () => {
    const args = ["--port", String(port), "--media-port", String(mediaPort)];
    server = home.use(await startServer({ data, args }));
  };
  const join = async (name: string, room: string) =>
    home.use(
      await startClient({ name, room, server: { port, fingerprint }, record: folder.file(name) }),
    );
  const red = new Conversation();
  const blue = new Conversation();

  const ada = await join("Ada", "Red");
  const cyd = await join("Cyd", "Blue");
  const bob = await join("Bob", "Red");
  await red.everyoneSays(3, [ada, bob]);
  await blue.everyoneSays(2, [cyd]);
  await red.isHeard([ada, bob]);
  await blue.isHeard([cyd]);
  for (const person of [ada, bob]) strictEqual((await person.stop()).code, 0);

  const dan = await join("Dan", "RED");
  strictEqual(dan.joined.room, "Red", "its name is that of the first time");
  await red.isHeard([dan]);
  deepStrictEqual(peopleSeenBy(dan), ["Dan"], "nobody is left of those before");
  const eve = await join("Eve", "Red");
  await red.everyoneSays(1, [dan, eve]);
  await red.isHeard([dan, eve]);
  const people = [dan, eve, cyd];

  // Somebody who does not read what they are told holds nobody up.
  eve.signal("SIGSTOP");
  const stoppedMs = performance.now();
  strictEqual((await server.stop("SIGTERM")).code, 0);
  const tookMs = performance.now() - stoppedMs;
  ok(tookMs < STOP_MS_MAX, `the server was gone after ${tookMs} ms`);
  for (const person of [dan, cyd]) {
    await person.waitFor(({ code }) => code === "server-closing");
  }
  eve.signal("SIGCONT");
  await red.everyoneSays(1, [dan, eve]);
  await restart();
  for (const person of people) await person.waitFor("reconnected");
  await blue.everyoneSays(1, [cyd]);
  await red.isHeard([dan, eve]);
  await blue.isHeard([cyd]);

  const before = new Map(people.map((person) => [person, person.events.length]));
  await server.kill();
  await restart();
  for (const person of people) {
    await person.waitFor("reconnected", { after: before.get(person) });
  }
  await red.everyoneSays(1, [dan, eve]);
  const fay = await join("Fay", "Red");
  const gus = await join("Gus", "Blue");
  await red.isHeard([dan, eve, fay]);
  await blue.isHeard([cyd, gus]);
  for (const person of [...people, fay, gus]) strictEqual((await person.stop()).code, 0);

  red.wasRecorded((name) => folder.file(name), [dan, eve, fay]);
  blue.wasRecorded((name) => folder.file(name), [cyd, gus]);
  deepStrictEqual(peopleSeenBy(ada), ["Ada", "Bob"]);
  deepStrictEqual(peopleSeenBy(cyd), ["Cyd", "Gus"]);
  const warnings = dan.events.filter(({ event }) => event === "warning").map(({ code }) => code);
  deepStrictEqual(warnings, ["server-closing"]);
});

/** The names of all a client was ever told of, oneself included. */
function peopleSeenBy({ events }: ClientProgram): string[] {
  const names = events.filter(({ event }) => event === "participant").map(({ name }) => name);
  return [...new Set(names)];
}
