/**
 * The real shape of use: a server and two people on three computers with one switch, each with the unpacked bundle, as
 * ordinary users with nothing but that. They find the server, meet with voice, pictures and chat, a cable is pulled,
 * the server is killed. All the while a witness outside of the programs counts what goes anywhere else: nothing.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CONTROL_PORT } from "@fusionmeet/protocol";
import { assertChat, Conversation, recordedChat } from "./support/chat.ts";
import { cameraLine } from "./support/cameras.ts";
import { Lan, type LanHost } from "./support/namespaces.ts";
import { OutsideWitness } from "./support/outside_witness.ts";
import type { TestVideo } from "./support/picture.ts";
import { examinePictures, writeTestVideo } from "./support/picture_files.ts";
import type { Program, ProgramEvent } from "./support/programs.ts";
import { testSeed } from "./support/seed.ts";
import { ToneTrace } from "./support/tone_trace.ts";
import {
  asOrdinaryUser,
  bundleArchive,
  type StartOptions,
  UnpackedBundle,
} from "./support/unpacked_bundle.ts";
import { Ear, epochMs, untilSettled } from "./support/voices.ts";
import { passRealTime } from "./support/wait.ts";

const CUT_MS = 8_000;
/** What is looked at before, between and after the disturbances. */
const CALM_MS = 3_000;
/** A lost cable is back when the next try to connect is; those come at most so far apart. */
const BACK_MS_MAX = 5_000;
/** Voice and pictures after a restart: the server has to start first. */
const RESTARTED_MS_MAX = 10_000;
/** The list is there so soon after the start of whoever asks for it, starting included. */
const LISTED_MS_MAX = 2_000;
const HZ = { Ada: 431, Bob: 617 } as const;
const LEVEL_DBFS = -20;
const HEARD_MIN = 0.75;
const FPS = 15;
const QUALITY = `320x240@${FPS}`;
const FILM_SECONDS = 90;
const SSIM_MIN = 0.9;

type Name = keyof typeof HZ;
const OTHER: Record<Name, Name> = { Ada: "Bob", Bob: "Ada" };

/** When something was disturbed and when that ended, epoch ms. */
interface Disturbance {
  readonly fromMs: number;
  readonly toMs: number;
}

Deno.test("Three computers, one switch, three copies of one folder", async (test) => {
  await using ends = new AsyncDisposableStack();
  const lan = ends.use(await Lan.create({ hosts: ["server", "ada", "bob"] }));
  const witness = await OutsideWitness.on(lan);
  // Whoever asks first makes it.
  await bundleArchive();
  const unpack = async (host: string) =>
    new Computer(lan.host(host), ends.use(await UnpackedBundle.unpack()));
  const [serverComputer, adas, bobs] = await Promise.all(
    ["server", "ada", "bob"].map(unpack),
  );
  const computers: Record<Name, Computer> = { Ada: adas, Bob: bobs };
  const seed = testSeed("lan_meeting");
  const films: Record<Name, TestVideo> = {
    Ada: { width: 320, height: 240, source: 1, seed },
    Bob: { width: 320, height: 240, source: 2, seed },
  };
  const inHome = (name: Name, file: string) => `${computers[name].bundle.home}/${file}`;
  for (const name of ["Ada", "Bob"] as const) {
    const path = inHome(name, "film.mkv");
    await writeTestVideo(path, films[name], { frames: FILM_SECONDS * FPS, fps: FPS });
  }

  let server = ends.use(serverComputer.start("FusionMeet-Server", ["--json"]));
  const { port, fingerprint } = await server.waitFor("ready");
  const found = await listed(adas);
  const { address: at } = lan.host("server");
  const join = (name: Name) =>
    ends.use(computers[name].start("FusionMeet", [
      ...["--headless", "--json", "--name", name],
      ...["--server", found.address, "--fingerprint", found.fingerprint],
      ...["--mic", `tone:${HZ[name]}@${LEVEL_DBFS}`, "--camera", inHome(name, "film.mkv")],
      ...["--quality", QUALITY, "--record", inHome(name, "recorded")],
    ], { what: name }));
  const [ada, bob] = [join("Ada"), join("Bob")];
  const [joined] = await Promise.all([ada.waitFor("joined"), bob.waitFor("joined")]);
  await Promise.all([picture(ada, "Bob"), picture(bob, "Ada")]);
  await untilSettled();
  const calmFromMs = epochMs();
  await passRealTime(CALM_MS);
  const chat = new Conversation([ada, bob]);
  await chat.everyoneSays(3);
  await chat.isHeard();

  const from = { Ada: ada.events.length, Bob: bob.events.length };
  const cutAt = epochMs();
  await lan.host("ada").cut();
  await chat.everyoneSays(3);
  const reconnecting = await ada.waitFor("reconnecting", { after: from.Ada });
  await chat.everyoneSays(3);
  await passRealTime(Math.max(0, cutAt + CUT_MS - epochMs()));
  await lan.host("ada").restore();
  const cut: Disturbance = { fromMs: cutAt, toMs: epochMs() };
  const back = await ada.waitFor("reconnected", { after: from.Ada, timeoutMs: 20_000 });
  await Promise.all([picture(ada, "Bob", from.Ada), picture(bob, "Ada", from.Bob)]);
  await chat.isHeard();
  await untilSettled();
  await passRealTime(CALM_MS);

  const killedFrom = { Ada: ada.events.length, Bob: bob.events.length };
  const killedAt = epochMs();
  await server.kill();
  await chat.everyoneSays(3);
  server = ends.use(serverComputer.start("FusionMeet-Server", ["--json"]));
  const again = await server.waitFor("ready");
  const kill: Disturbance = { fromMs: killedAt, toMs: epochMs() };
  const returned = await Promise.all(
    [ada, bob].map((one) =>
      one.waitFor("reconnected", { after: killedFrom[one.what as Name], timeoutMs: 30_000 })
    ),
  );
  await Promise.all([
    picture(ada, "Bob", killedFrom.Ada),
    picture(bob, "Ada", killedFrom.Bob),
  ]);
  await chat.everyoneSays(3);
  await chat.isHeard();
  const foundAgain = await listed(bobs);
  await untilSettled();
  await passRealTime(CALM_MS);
  const endMs = epochMs();
  for (const person of [ada, bob]) {
    await person.send({ do: "leave" });
    strictEqual((await person.exit()).code, 0);
  }
  strictEqual((await server.stop()).code, 0);
  const sight = await witness.look();

  await test.step("the list shows the server at once, with its key, and later as known", () => {
    deepStrictEqual(
      [found.address, found.fingerprint, found.known],
      [at, fingerprint, false],
    );
    strictEqual(port, CONTROL_PORT);
    ok(found.waitedMs < LISTED_MS_MAX, `listed after ${found.waitedMs} ms`);
    deepStrictEqual(
      [foundAgain.address, foundAgain.fingerprint, foundAgain.known, foundAgain.people],
      [found.address, fingerprint, true, 2],
    );
  });

  await test.step("a pulled cable: the same seat, and nothing of the chat is missing", () => {
    const { participant, name, resumed } = back;
    deepStrictEqual([participant, name, resumed], [joined.participant, "Ada", true]);
    ok(reconnecting.at - cut.fromMs < CUT_MS, "Ada saw that the cable was pulled");
    ok(back.at - cut.toMs <= BACK_MS_MAX, `back after ${back.at - cut.toMs} ms`);
    strictEqual(bob.events.filter((one) => one.event === "reconnecting").length, 1, "the kill's");
  });

  await test.step("the killed server is the same again, with the same people and their chat", () => {
    deepStrictEqual([again.fingerprint, again.port], [fingerprint, port]);
    deepStrictEqual(returned.map(({ name }) => name), ["Ada", "Bob"]);
    for (const person of [ada, bob]) {
      const bad = person.events.filter(({ event }) => event === "refused");
      deepStrictEqual(bad, [], `${person.what} was refused`);
    }
  });

  await test.step("the chat of both is complete and in order, the same for both", () => {
    const [one, other] = (["Ada", "Bob"] as const).map((name) =>
      recordedChat(inHome(name, "recorded"))
    );
    assertChat(one, chat.said, "the chat of Ada");
    deepStrictEqual(other, one);
  });

  for (const name of ["Ada", "Bob"] as const) {
    await test.step(`${name} hears ${OTHER[name]} at the level that was sent, and soon again`, async () => {
      const ear = await Ear.open(name, inHome(name, "recorded"));
      const tone = new ToneTrace(ear, { hz: HZ[OTHER[name]], dbfs: LEVEL_DBFS });
      const own = new ToneTrace(ear, { hz: HZ[name], dbfs: LEVEL_DBFS });
      const spans = [[calmFromMs, cut.fromMs], [cut.toMs + BACK_MS_MAX, kill.fromMs], [
        kill.toMs + RESTARTED_MS_MAX,
        endMs,
      ]];
      for (
        const [what, { toMs }, withinMs] of [
          ["the cable", cut, BACK_MS_MAX],
          ["the kill", kill, RESTARTED_MS_MAX],
        ] as const
      ) {
        const backMs = tone.backFrom(toMs) - toMs;
        console.error(`lan_meeting: ${name} hears again ${Math.round(backMs)} ms after ${what}`);
        ok(backMs <= withinMs, `back after ${backMs} ms`);
      }
      for (const [fromMs, toMs] of spans.filter(([fromMs, toMs]) => toMs - fromMs > 500)) {
        const heard = tone.heard(fromMs, toMs - 100);
        ok(heard >= HEARD_MIN, `heard ${heard} from ${fromMs - calmFromMs} ms on`);
        ok(own.leaked(fromMs, toMs - 100) < 0.02, `${name} hears themselves`);
      }
    });

    await test.step(`${name} sees ${OTHER[name]}: every picture readable, in order, as it was sent`, async () => {
      const folder = inHome(name, "recorded");
      const path = `${folder}/${OTHER[name]}.camera.h264`;
      const report = await examinePictures(path, films[OTHER[name]], { every: 8 });
      const { source } = films[OTHER[name]];
      ok(report.numbers.every((number) => number?.source === source), "pictures without number");
      strictEqual(report.outOfOrder, 0);
      ok(report.ssimWorst >= SSIM_MIN, `SSIM ${report.ssimWorst}`);
      const wholeMs = endMs - calmFromMs - (cut.toMs - cut.fromMs) - BACK_MS_MAX -
        (kill.toMs - kill.fromMs) - RESTARTED_MS_MAX;
      const least = wholeMs / 1_000 * FPS;
      ok(report.numbers.length >= least, `${report.numbers.length} pictures of ${least}`);
      const { width, height } = cameraLine(folder, OTHER[name]);
      deepStrictEqual([width, height], [320, 240]);
    });
  }

  await test.step("nothing went anywhere else: no packet, no question for a name", () => {
    console.error(`lan_meeting: ${sight.inside} packets inside, ${sight.outside} outside`);
    ok(sight.inside > 3_000, `${sight.inside} packets inside: the witness saw the meeting`);
    deepStrictEqual(
      { outside: sight.outside, nameQuestions: sight.nameQuestions, places: sight.places },
      { outside: 0, nameQuestions: 0, places: [] },
    );
  });

  await test.step("and the same witness sees one question for a name and one packet", async () => {
    const said = await bobs.evaluate(`
      const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: 0 });
      await socket.send(new Uint8Array(1), { transport: "udp", hostname: "203.0.113.7", port: 9 });
      Deno.connect({ hostname: "fusionmeet.example", port: 443 }).catch(() => {});
      setTimeout(() => { console.log("tried"); Deno.exit(); }, 500);`);
    strictEqual(said.trim(), "tried");
    const { nameQuestions, outside, places } = await witness.look();
    ok(nameQuestions >= 1, "the question was seen");
    strictEqual(outside, nameQuestions + 1);
    deepStrictEqual(places, [`${lan.gateway} udp 53`, "203.0.113.7 udp 9"].toSorted());
  });

  await test.step("a HOME holds what its user put there, and what Deno remembers of scripts", () => {
    for (const { bundle } of [serverComputer, adas, bobs]) {
      const mine = ["film.mkv", "recorded"];
      deepStrictEqual(bundle.homeNames().filter((name) => !mine.includes(name)), [".cache"]);
      const cached = [...Deno.readDirSync(`${bundle.home}/.cache`)].map(({ name }) => name);
      deepStrictEqual(cached, ["deno"]);
    }
  });
});

/** A host of the network with the unpacked bundle on it. */
class Computer {
  constructor(readonly host: LanHost, readonly bundle: UnpackedBundle) {}

  start(
    file: "FusionMeet" | "FusionMeet-Server",
    args: readonly string[],
    options: StartOptions = {},
  ): Program {
    return this.bundle.start(file, args, { ...options, before: this.host.inside() });
  }

  /** Runs a script by the bundle's own deno as its user, with every permission: what any program there could do. */
  async evaluate(script: string): Promise<string> {
    const deno = `${this.bundle.folder}/program/deno`;
    const [command, ...before] = asOrdinaryUser();
    return await this.host.run(command, [
      ...[...before, "/usr/bin/env", `HOME=${this.bundle.home}`, deno],
      ...["eval", "--no-config", "--unstable-net", script],
    ]);
  }
}

/** The first server that the bundle's client lists, and how long it took from its start. */
async function listed(computer: Computer): Promise<ProgramEvent & { waitedMs: number }> {
  const startMs = performance.now();
  await using list = computer.start("FusionMeet", ["--list", "--json", "--seconds", "2"]);
  const event = await list.waitFor("server");
  strictEqual((await list.exit()).code, 0, list.errorText);
  return { ...event, waitedMs: event.seenMs - startMs };
}

/** The first picture of a stream of `sender` that opened after event `after`. */
function picture(viewer: Program, sender: string, after = 0): Promise<ProgramEvent> {
  return viewer.waitFor(
    ({ event, participant }) => event === "picture" && participant === sender,
    { after, what: `a picture of ${sender}`, timeoutMs: 20_000 },
  );
}
