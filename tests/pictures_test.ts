/** Pictures from real clients to others on a good network: which ones arrive, how good, how fast, how soon for who comes late. */
import { deepStrictEqual, ok } from "node:assert/strict";
import {
  assertContiguous,
  assertRate,
  cameraLine,
  FILM_PICTURES,
  FPS,
  goodFrames,
  sourcePictures,
  SSIM_MIN,
} from "./support/cameras.ts";
import { ssim } from "./support/picture.ts";
import { readPictures, writeTestVideo } from "./support/picture_files.ts";
import { type ClientProgram, startClient, startServer } from "./support/programs.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory } from "./support/wait.ts";

const FIRST_PICTURE_MS_MAX = 300;
const LATE_JOINERS = 5;
const TESTSRC_QUALITY = "640x360@30";
const epochMs = () => performance.timeOrigin + performance.now();

Deno.test("Pictures on a good network", async (test) => {
  await using folder = new TemporaryDirectory();
  const video = { width: 320, height: 240, source: 11, seed: testSeed("pictures") };
  await writeTestVideo(folder.file("sam.mkv"), video, { frames: FILM_PICTURES, fps: 30 });
  await using server = await startServer({ data: folder.file("server") });
  const viewer = (name: string) => startClient({ name, server, record: folder.file(name) });
  await using ada = await viewer("Ada");
  await using bob = await viewer("Bob");
  await using _sam = await startClient({ name: "Sam", server, camera: folder.file("sam.mkv") });
  const { at: startedAt } = await ada.waitFor("picture");

  await test.step("a late joiner sees the first one within 300 ms of joining", async () => {
    const joiners: ClientProgram[] = [];
    try {
      const waitedMs: number[] = [];
      for (let count = 1; count <= LATE_JOINERS; count++) {
        const joiner = await startClient({ name: `Late ${count}`, server });
        joiners.push(joiner);
        waitedMs.push((await joiner.waitFor("picture")).at - joiner.joined.at);
      }
      const median = waitedMs.toSorted((a, b) => a - b)[LATE_JOINERS >> 1];
      ok(median <= FIRST_PICTURE_MS_MAX, `first pictures after ${waitedMs.join(", ")} ms`);
    } finally {
      await Promise.all(joiners.map((joiner) => joiner[Symbol.asyncDispose]()));
    }
  });

  await using _tess = await startClient({
    name: "Tess",
    server,
    camera: "testsrc",
    args: ["--quality", TESTSRC_QUALITY],
  });
  await Promise.all(
    [ada, bob].map((each) =>
      each.waitFor(({ event, participant }) => event === "picture" && participant === "Tess")
    ),
  );
  await passRealTime(2_000);
  const stoppedAt = epochMs();
  await Promise.all([ada.stop(), bob.stop()]);
  const path = (viewer: string, sender: string) => folder.file(`${viewer}/${sender}.camera.h264`);

  for (const name of ["Ada", "Bob"]) {
    await test.step(`${name} has every picture of Sam in order, good, 30 a second`, async () => {
      const frames = await goodFrames(path(name, "Sam"), video, { every: 8 });
      assertContiguous(frames, name);
      const playedMs = Math.min(stoppedAt - startedAt, FILM_PICTURES / FPS * 1000);
      assertRate(frames.at(-1)! - frames[0], playedMs, `what ${name} saw`);
      const { fps, width, height, lost } = cameraLine(folder.file(name), "Sam");
      ok(Math.abs(fps - 30) <= 1, `${name} says ${fps} pictures a second`);
      deepStrictEqual([width, height, lost], [320, 240, 0]);
    });
  }

  await test.step("both viewers get the same bytes", () => {
    for (const sender of ["Sam", "Tess"]) {
      const [one, other] = ["Ada", "Bob"].map((name) => Deno.readFileSync(path(name, sender)));
      const common = Math.min(one.length, other.length);
      ok(common > 40_000, `${common} bytes of ${sender} were recorded`);
      ok(one.subarray(0, common).every((byte, at) => byte === other[at]), `${sender}'s differ`);
    }
  });

  await test.step("testsrc at 640x360 comes as ffmpeg makes it", async () => {
    const pictures = await readPictures(path("Ada", "Tess"));
    const made = await sourcePictures("testsrc2=size=640x360:rate=30", 60);
    const { fps, width, height } = cameraLine(folder.file("Ada"), "Tess");
    deepStrictEqual([width, height], [640, 360]);
    ok(Math.abs(fps - 30) <= 1, `${fps} pictures a second`);
    for (let index = 0; index < Math.min(made.length, pictures.length); index += 10) {
      const likeness = ssim(made[index], pictures[index]);
      ok(likeness >= SSIM_MIN, `picture ${index}: SSIM ${likeness}`);
    }
  });
});
