/**
 * Cameras switched off and on, and people who do not want to see one: what stops, what goes on where it was.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  assertContiguous,
  assertNoRestart,
  FILM_PICTURES,
  goodFrames,
  passing,
  type PassingPacket,
} from "./support/cameras.ts";
import { writeTestVideo } from "./support/picture_files.ts";
import {
  type ClientProgram,
  isAlive,
  type ProgramEvent,
  startClient,
  startServer,
} from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const TOLD_MS_MAX = 500;
const RELEASED_MS_MAX = 2_000;
/** How long it is watched that nothing comes; longer than a GOP. */
const QUIET_MS = 1_500;
/** What was on its way when something was switched may still come. */
const UNDER_WAY_MS = 300;
/** A picture's time of capture and that of its first packet on a busy machine. */
const TIMESTAMP_SLACK_MS = 500;

/** Somebody and what they are told from now on. */
function onward(client: ClientProgram) {
  const after = client.events.length;
  return (fits: (event: ProgramEvent) => boolean, what: string) =>
    client.waitFor(fits, { after, what });
}

/** That the last packet of these came before, or just after, an event was printed. */
function assertStopped(packets: readonly PassingPacket[], since: ProgramEvent): void {
  const late = packets.filter(({ atMs }) => atMs > since.at + UNDER_WAY_MS);
  strictEqual(
    late.length,
    0,
    `packets ${late.at(0)?.atMs ?? 0 - since.at} ms after ${since.event}`,
  );
}

Deno.test("A camera goes off and on, and is left unwatched and watched again", async () => {
  await using folder = new TemporaryDirectory();
  const video = { width: 320, height: 240, source: 21, seed: testSeed("pictures_switch") };
  await writeTestVideo(folder.file("sam.mkv"), video, { frames: FILM_PICTURES, fps: 30 });
  await using server = await startServer({ data: folder.file("server") });
  await using proxy = new Proxy(server);
  proxy.capture = true;
  await using vera = await startClient({
    name: "Vera",
    server: proxy,
    record: folder.file("vera"),
  });
  await using bob = await startClient({ name: "Bob", server });
  await using sam = await startClient({
    name: "Sam",
    server: proxy,
    camera: folder.file("sam.mkv"),
  });
  const { ssrc } = await vera.waitFor("picture");
  const up = () => passing(proxy, "up", ssrc);
  const down = () => passing(proxy, "down", ssrc);
  const isCamera = (on: boolean) => (event: ProgramEvent) =>
    event.event === "participant" && event.name === "Sam" && event.camera === on;
  const isStream = (state: string) => (event: ProgramEvent) =>
    event.event === "stream" && event.kind === "camera" && event.state === state;
  const isPicture = ({ event }: ProgramEvent) => event === "picture";
  /** Whole pictures that came to Vera: the last packet of each is marked. */
  const pictures = () => down().filter(({ marker }) => marker).length;
  await until("a second of pictures", () => pictures() > 30);

  // Off.
  const filming = sam.children();
  strictEqual(filming.length, 1, "one ffmpeg films");
  let [atVera, atBob] = [onward(vera), onward(bob)];
  const offMs = performance.now();
  await sam.send({ do: "camera", on: false });
  for (const at of [atVera, atBob]) {
    const { seenMs } = await at(isCamera(false), "that Sam's camera is off");
    ok(seenMs - offMs <= TOLD_MS_MAX, `told after ${seenMs - offMs} ms`);
  }
  await until("the end of ffmpeg", () => !filming.some(isAlive), { timeoutMs: RELEASED_MS_MAX });
  const ended = await atVera(isStream("ended"), "the end of the stream");
  await passRealTime(QUIET_MS);
  assertStopped(up(), ended);
  assertStopped(down(), ended);
  strictEqual(sam.children().length, 0);
  const before = up();

  // On.
  atVera = onward(vera);
  atBob = onward(bob);
  await sam.send({ do: "camera", on: true });
  await atVera(isCamera(true), "that Sam's camera is on");
  strictEqual((await atVera(isStream("open"), "the stream again")).ssrc, ssrc);
  await atVera(isPicture, "a picture");
  await atBob(isPicture, "a picture");
  const seen = pictures();
  await until("more pictures", () => pictures() > seen + 30);
  const all = up();
  assertNoRestart(all, "off and on");
  const [last, next] = [before.at(-1)!, all[before.length]];
  const pausedMs = ((next.timestamp - last.timestamp) >>> 0) / 90;
  const slackMs = Math.abs(pausedMs - (next.atMs - last.atMs));
  ok(slackMs < TIMESTAMP_SLACK_MS, `timestamps tell of ${pausedMs} ms, ${slackMs} off`);

  // Not watched; Bob watches on.
  atVera = onward(vera);
  await vera.send({ do: "watch", participant: "Sam", layer: "none" });
  const unwatched = await atVera(isStream("ended"), "the end of the stream");
  await passRealTime(QUIET_MS);
  assertStopped(down(), unwatched);
  ok(up().at(-1)!.atMs > unwatched.at + QUIET_MS / 2, "Sam sends on");
  const downBefore = pictures();

  // Watched again.
  atVera = onward(vera);
  await vera.send({ do: "watch", participant: "Sam", layer: "auto" });
  strictEqual((await atVera(isStream("open"), "the stream again")).ssrc, ssrc);
  await atVera(isPicture, "a picture");
  // With it comes what the relay keeps since the last keyframe.
  await until("more pictures", () => pictures() > downBefore + 60);
  await vera.stop();
  assertNoRestart(up(), "unwatched and watched");

  // The film starts anew with the camera: 0, 1, 2 … off, 0, 1, 2 … unwatched … on from a later keyframe.
  const frames = await goodFrames(folder.file("vera/Sam.camera.h264"), video, { every: 4 });
  const restart = frames.indexOf(0, 1);
  const rewatch = frames.findIndex((frame, at) => at > restart && frame > frames[at - 1] + 1);
  deepStrictEqual([frames[0], restart > 25, rewatch > restart + 25], [0, true, true]);
  assertContiguous(frames.slice(0, restart), "before it was off");
  assertContiguous(frames.slice(restart, rewatch), "after it was on again");
  assertContiguous(frames.slice(rewatch), "after it was watched again");
  ok(frames.length > rewatch + 25, `${frames.length - rewatch} pictures at the end`);
});
