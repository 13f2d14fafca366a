/**
 * A person whose network fails: what the others see, and that everything comes back by itself.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isRtcp, rtcpSsrc, rtpSsrc } from "@fusionmeet/protocol";
import { systemRandom } from "@fusionmeet/net";
import { Conversation } from "./support/chat.ts";
import { Peer } from "./support/peer.ts";
import { readNumber, type TestVideo } from "./support/picture.ts";
import { readPictures, writeTestVideo } from "./support/picture_files.ts";
import {
  type ClientProgram,
  run,
  type ServerProgram,
  startClient,
  startServer,
} from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { ToneTrace } from "./support/tone_trace.ts";
import { Ear, epochMs, untilSettled } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const CUT_MS = 10_000;
const UDP_CUT_MS = 3_000;
/** What is looked at before, between and after the disturbances. */
const CALM_MS = 2_500;
/** Dead peers are found in 5 s, and looked for once a second. */
const AWAY_MS_MAX = 6_000;
const AWAY_SHOWN_MS = 5_000;
const SEAT_KEPT_MS = 20_000;
const VOICE_BACK_MS_MAX = 1_000;
/** A client learns at its next question for the time, once a second, that it has another address. */
const REBOUND_MS_MAX = 1_500;
/** The next keyframe is at most a second away. */
const PICTURE_BACK_MS_MAX = 2_000;
const HZ: Record<string, number> = { Ada: 431, Bob: 617, Cyd: 929 };
const NAMES = Object.keys(HZ);
const LEVEL_DBFS = -20;
/** The part of a calm time in which a voice is whole; and of any time, for those whose network is: the machine may be busy. */
const HEARD_MIN = 0.75;
const UNDISTURBED_MIN = 0.5;
const FPS = 15;
const QUALITY = `160x120@${FPS}`;

/** When something was disturbed and when that ended, epoch ms. */
interface Disturbance {
  readonly fromMs: number;
  readonly toMs: number;
}

Deno.test("A network that fails and comes back", async (test) => {
  const seed = testSeed("network_cut");
  await using folder = new TemporaryDirectory();
  const video = (source: number): TestVideo => ({ width: 160, height: 120, source, seed });
  const films: Record<string, TestVideo> = { Ada: video(1), Bob: video(2) };
  await Promise.all(
    Object.entries(films).map(([name, film]) =>
      writeTestVideo(folder.file(`${name}.mkv`), film, { frames: 50 * FPS, fps: FPS })
    ),
  );
  await using server = await startServer({ data: folder.file("server") });
  await using proxy = new Proxy(server, { seed });
  proxy.capture = true;
  const join = (name: string) =>
    startClient({
      name,
      server: name === "Ada" ? proxy : server,
      mic: `tone:${HZ[name]}@${LEVEL_DBFS}`,
      camera: name in films ? folder.file(`${name}.mkv`) : "off",
      record: folder.file(name),
      args: ["--quality", QUALITY],
    });
  await using ada = await join("Ada");
  await using bob = await join("Bob");
  await using cyd = await join("Cyd");
  const people = [ada, bob, cyd];
  await Promise.all([picture(ada, "Bob"), picture(bob, "Ada"), picture(cyd, "Ada")]);
  await untilSettled();
  await passRealTime(CALM_MS);

  const chat = new Conversation(people);
  await chat.everyoneSays(3);
  const from = new Map(people.map((person) => [person, person.events.length]));
  const after = (person: ClientProgram) => ({ after: from.get(person), timeoutMs: 20_000 });
  const adaIs = (state: string) => (event: { [field: string]: unknown }) =>
    event.event === "participant" && event.name === "Ada" && event.state === state;
  const seen: Record<string, Record<string, number>> = {};
  const cutAt = epochMs();
  proxy.cut();
  // In another room, meanwhile:
  const seats = seatsAreKept(server, folder);
  seats.catch(() => undefined);
  await chat.everyoneSays(3);
  const reconnecting = await ada.waitFor("reconnecting", after(ada));
  await chat.everyoneSays(3);
  for (const other of [bob, cyd]) {
    const away = await other.waitFor(adaIs("away"), { ...after(other), what: "Ada away" });
    const left = await other.waitFor(adaIs("left"), { ...after(other), what: "Ada left" });
    seen[other.what] = { away: away.at, left: left.at };
    strictEqual(left.reason, "lost");
  }
  await passRealTime(Math.max(0, cutAt + CUT_MS - epochMs()));
  const cut: Disturbance = { fromMs: cutAt, toMs: epochMs() };
  proxy.restore();
  const reconnected = await ada.waitFor("reconnected", after(ada));
  for (const other of [bob, cyd]) {
    const here = await other.waitFor(adaIs("here"), { ...after(other), what: "Ada back" });
    seen[other.what].here = here.at;
    strictEqual(here.id, ada.joined.participant);
  }
  const pictures = await Promise.all([
    picture(ada, "Bob", from.get(ada)),
    picture(bob, "Ada", from.get(bob)),
    picture(cyd, "Ada", from.get(cyd)),
  ]);
  await chat.everyoneSays(3);
  await chat.isHeard();
  await passRealTime(CALM_MS);

  const udpCutAt = epochMs();
  proxy.impair({ loss: 1 });
  await passRealTime(UDP_CUT_MS);
  const udpCut: Disturbance = { fromMs: udpCutAt, toMs: epochMs() };
  proxy.impair({ loss: 0 });
  await passRealTime(CALM_MS);

  const reboundAt = epochMs();
  const rebound: Disturbance = { fromMs: reboundAt, toMs: reboundAt };
  proxy.rebind();
  await passRealTime(CALM_MS);
  const endMs = epochMs();
  for (const person of people) strictEqual((await person.stop()).code, 0);
  // What follows leaves it no time.
  await Promise.allSettled([seats]);

  await test.step("the same person comes back to the same seat, and is never refused", () => {
    const { participant, name, resumed } = reconnected;
    const { participant: before } = ada.joined;
    deepStrictEqual({ participant, name, resumed }, {
      participant: before,
      name: "Ada",
      resumed: true,
    });
    const foundMs = reconnecting.at - cut.fromMs;
    ok(foundMs <= AWAY_MS_MAX, `Ada saw it after ${foundMs} ms`);
    const events = ada.events.map(({ event }) => event);
    strictEqual(events.filter((event) => event === "reconnecting").length, 1);
    strictEqual(events.filter((event) => event === "reconnected").length, 1);
    ok(!events.includes("refused"), "Ada was refused");
  });

  for (const { what } of [bob, cyd]) {
    await test.step(`${what} sees Ada away, gone and back in time`, () => {
      const { away, left, here } = seen[what];
      const awayMs = away - cut.fromMs;
      ok(awayMs > AWAY_MS_MAX / 2 && awayMs <= AWAY_MS_MAX, `away after ${awayMs} ms`);
      const shownMs = left - away;
      ok(Math.abs(shownMs - AWAY_SHOWN_MS) < 500, `away for ${shownMs} ms`);
      ok(here - cut.toMs <= VOICE_BACK_MS_MAX, `back after ${here - cut.toMs} ms`);
    });
  }

  await test.step("the chat of both sides is complete and in order, the same for everybody", () =>
    chat.wasRecorded((name) => folder.file(name)));

  const ears = new Map<string, Ear>();
  for (const name of NAMES) ears.set(name, await Ear.open(name, folder.file(name)));
  const trace = (listener: string, talker: string, controls?: ToneTrace[]) =>
    new ToneTrace(ears.get(listener)!, { hz: HZ[talker], dbfs: LEVEL_DBFS }, controls);
  const undisturbed = [trace("Bob", "Cyd"), trace("Cyd", "Bob")];
  for (
    const [what, { fromMs, toMs }, withinMs, untilMs] of [
      ["the cut", cut, VOICE_BACK_MS_MAX, udpCut.fromMs],
      ["a cut of UDP alone", udpCut, VOICE_BACK_MS_MAX, rebound.fromMs],
      ["a change of address", rebound, REBOUND_MS_MAX, endMs],
    ] as const
  ) {
    await test.step(`voices are back within ${withinMs} ms after ${what}`, () => {
      for (const [listener, talker] of [["Ada", "Bob"], ["Ada", "Cyd"], ["Bob", "Ada"]]) {
        const tone = trace(listener, talker, undisturbed);
        const who = `${talker} to ${listener}`;
        const before = tone.heard(fromMs - CALM_MS / 2, fromMs - 100);
        ok(before >= HEARD_MIN, `${who}: heard ${before} before`);
        if (toMs > fromMs) ok(tone.leaked(fromMs + 500, toMs) < 0.02, `${who} meanwhile`);
        const backMs = tone.backFrom(toMs) - toMs;
        console.error(`network_cut: ${who} is back ${Math.round(backMs)} ms after ${what}`);
        ok(backMs <= withinMs, `${who}: back after ${backMs} ms`);
        const later = tone.heard(toMs + withinMs, untilMs - 100);
        ok(later >= HEARD_MIN, `${who}: heard ${later} later`);
      }
      for (const others of undisturbed) {
        const heard = others.heard(fromMs, toMs + withinMs);
        ok(heard >= UNDISTURBED_MIN, `Bob and Cyd: heard ${heard} meanwhile`);
      }
    });
  }

  await test.step("pictures come again, and all of them decode, in order", async () => {
    pictures.forEach(({ at }) =>
      ok(at - cut.toMs <= PICTURE_BACK_MS_MAX, `a picture after ${at - cut.toMs} ms`)
    );
    for (const [viewer, sender] of [["Ada", "Bob"], ["Bob", "Ada"], ["Cyd", "Ada"]]) {
      const path = folder.file(`${viewer}/${sender}.camera.h264`);
      const numbers = await numbersOf(path, films[sender]);
      const who = `${sender} to ${viewer}`;
      const steps = numbers.slice(1).map((number, index) => number - numbers[index]);
      ok(steps.every((step) => step > 0), `${who}: numbers go back`);
      const gapsMs = steps.filter((step) => step > 1).map((step) => step / FPS * 1000);
      console.error(`network_cut: pictures of ${who} miss ${gapsMs.map(Math.round)} ms`);
      const [longestMs, secondMs] = gapsMs.toSorted((one, other) => other - one);
      const cutMs = cut.toMs - cut.fromMs;
      ok(Math.abs(longestMs - cutMs) <= PICTURE_BACK_MS_MAX, `${who}: ${longestMs} ms for the cut`);
      ok(secondMs <= UDP_CUT_MS + PICTURE_BACK_MS_MAX, `${who}: a gap of ${secondMs} ms`);
      const goneMs = endMs - cut.fromMs;
      const seenMs = (numbers.at(-1)! - numbers[steps.indexOf(Math.max(...steps))]) / FPS * 1000;
      ok(seenMs > goneMs - PICTURE_BACK_MS_MAX, `${who}: ${seenMs} ms of ${goneMs} since the cut`);
    }
  });

  await test.step("new SSRCs after the cut, and nothing is sealed twice under one number", () => {
    const up = proxy.captured.filter(({ to }) => to.hostname === proxy.hostname);
    const ssrcs = (datagrams: typeof up) => new Set(datagrams.map(({ bytes }) => ssrcOf(bytes)));
    const before = ssrcs(up.filter(({ atMs }) => atMs < cut.toMs));
    const later = ssrcs(up.filter(({ atMs }) => atMs >= cut.toMs));
    deepStrictEqual([before.size, later.size], [3, 3], "voice, camera, feedback");
    deepStrictEqual([...before.intersection(later)], [], "SSRCs of Ada used again");
    const own = ada.events.filter(({ event, layer }) => event === "stream" && layer === "own");
    strictEqual(new Set(own.map(({ ssrc }) => ssrc)).size, 2, "own mixes");
    const sealed = new Map<string, Uint8Array>();
    for (const { bytes } of proxy.captured) {
      const number = sealNumber(bytes);
      const same = sealed.get(number) ?? bytes;
      ok(sameBytes(same, bytes), `two packets are sealed as ${number}`);
      sealed.set(number, bytes);
    }
  });

  await test.step("a seat is kept 20 s for its token, and its name for nobody else", () => seats);
});

/** The first picture of a stream of `sender` that opened after event `after`. */
function picture(viewer: ClientProgram, sender: string, after = 0) {
  return viewer.waitFor(
    ({ event, participant }) => event === "picture" && participant === sender,
    { after, what: `a picture of ${sender}`, timeoutMs: 20_000 },
  );
}

/** The burnt-in numbers of a recording that decodes without complaint. */
async function numbersOf(path: string, film: TestVideo): Promise<number[]> {
  const strictly = ["-v", "error", "-xerror", "-err_detect", "explode", "-f", "h264", "-i", path];
  await run("ffmpeg", [...strictly, "-f", "null", "-"]);
  return (await readPictures(path)).map((picture, index) => {
    const number = readNumber(picture);
    strictEqual(number?.source, film.source, `picture ${index} of ${path}`);
    return number!.frame;
  });
}

function ssrcOf(bytes: Uint8Array): number {
  return isRtcp(bytes) ? rtcpSsrc(bytes) : rtpSsrc(bytes);
}

/** What the nonce of a packet is made of, besides the key: ssrc and number (docs/PROTOCOL.md), and which key. */
function sealNumber(bytes: Uint8Array): string {
  const [kind, number] = isRtcp(bytes)
    ? ["RTCP", bytes.subarray(-5, -1)]
    : ["RTP", bytes.subarray(2, 4)];
  return `${kind} ${ssrcOf(bytes)} ${number.toHex()} epoch ${bytes.at(-1)}`;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/** Two people are killed: one starts again and is herself, of the other one the name is free after 20 s. */
async function seatsAreKept(server: ServerProgram, folder: TemporaryDirectory): Promise<void> {
  const room = "Seats";
  await using gus = await startClient({ name: "Gus", server, room });
  const options = { name: "Eve", server, room, data: folder.file("eve") };
  await using eve = await startClient(options);
  await using fay = await startClient({ name: "Fay", server, room });
  const seen = (name: string, state: string, after = 0) =>
    gus.waitFor(
      (event) => event.event === "participant" && event.name === name && event.state === state,
      { after, what: `${name} ${state}` },
    );
  await Promise.all([seen("Eve", "here"), seen("Fay", "here")]);
  const killedAt = epochMs();
  await Promise.all([eve.kill(), fay.kill()]);
  for (const resume of [undefined, systemRandom.fill(new Uint8Array(16))]) {
    strictEqual(await entering({ server, room, name: "Eve", resume }), "name-taken");
  }
  const left = await Promise.all([seen("Eve", "left"), seen("Fay", "left")]);
  for (const { at, name } of left) {
    const leftMs = at - killedAt;
    ok(leftMs >= AWAY_SHOWN_MS && leftMs <= AWAY_MS_MAX, `${name} was gone after ${leftMs} ms`);
  }

  await using again = await startClient(options);
  strictEqual(again.joined.resumed, true);
  strictEqual(again.joined.participant, eve.joined.participant);
  const back = await seen("Eve", "here", gus.events.indexOf(left[0]));
  strictEqual(back.id, eve.joined.participant);

  let refusedAt = 0;
  const freeAt = await until("Fay's name to be free", async () => {
    const answer = await entering({ server, room, name: "Fay" });
    if (answer === "welcome") return epochMs();
    strictEqual(answer, "name-taken");
    refusedAt = epochMs();
  }, { timeoutMs: 2 * SEAT_KEPT_MS, everyMs: 200 });
  ok(refusedAt - killedAt > SEAT_KEPT_MS - 2_000, `last refused after ${refusedAt - killedAt} ms`);
  const keptMs = freeAt! - killedAt;
  ok(keptMs >= SEAT_KEPT_MS && keptMs < SEAT_KEPT_MS + 2_000, `free after ${keptMs} ms`);
  strictEqual((await again.stop()).code, 0);
}

/** What a stranger hears who says hello and leaves: the code of the refusal, or `welcome`. */
async function entering(
  { server, ...greeting }: {
    server: ServerProgram;
    name: string;
    room: string;
    resume?: Uint8Array;
  },
): Promise<string> {
  await using stranger = await Peer.connect({ server });
  const answer = await stranger.greet(greeting);
  return "code" in answer ? answer.code : answer.type;
}
