import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Refusal } from "@fusionmeet/base";
import { isH264Keyframe, packetizeJpeg, readSps } from "@fusionmeet/protocol";
import { type Camera, type CameraPicture, openCamera } from "./camera.ts";
import type { CaptureReport } from "./capture_loop.ts";
import { EncoderProbe } from "./encoder_probe.ts";
import { findFfmpeg, runFfmpeg } from "./ffmpeg_process.ts";
import { until } from "./running_test_helper.ts";
import type { CameraSource, Quality } from "./sources.ts";

const QUALITY = { width: 64, height: 48, framesPerSecond: 30 };
const encoders = new EncoderProbe();
const now = () => performance.now();

async function open(
  source: Exclude<CameraSource, { kind: "off" }>,
  options: { codec?: "h264" | "jpeg"; quality?: Quality } = {},
) {
  const pictures: CameraPicture[] = [];
  const reports: CaptureReport[] = [];
  const camera: Camera = await openCamera(source, {
    now,
    quality: QUALITY,
    encoders,
    picture: (picture) => pictures.push(picture),
    report: (report) => reports.push(report),
    retryDelaysMs: [0, 0, 0],
    ...options,
  });
  return { camera, pictures, reports };
}

function isRising(pictures: readonly CameraPicture[]): boolean {
  return pictures.every(({ capturedAtMs }, at) =>
    at === 0 || capturedAtMs > pictures[at - 1].capturedAtMs
  );
}

/** Processes that this thread, which runs this file's tests alone, started and that have not ended. */
function children(): string[] {
  const text = Deno.readTextFileSync("/proc/thread-self/children");
  return text.split(" ").filter((pid) => pid.trim() !== "");
}

Deno.test("openCamera() gives pictures of the test source in real time and size", async () => {
  const { camera, pictures, reports } = await open({ kind: "testsrc" });
  await until(() => pictures.length >= 36);
  await camera.stop();
  const count = pictures.length;
  strictEqual(isH264Keyframe(pictures[0].bytes), true);
  deepStrictEqual(pictures.map(({ keyframe }) => keyframe).indexOf(true, 1), 30);
  const sps = readSps(pictures[0].bytes);
  strictEqual(typeof sps === "object" && sps.width === 64 && sps.height === 48, true);
  strictEqual(isRising(pictures), true);
  const spanMs = pictures[35].capturedAtMs - pictures[0].capturedAtMs;
  strictEqual(spanMs > 900, true, `${spanMs}`);
  deepStrictEqual(reports, [{ state: "running", message: "" }]);
  deepStrictEqual(camera.counters(), { "camera-pictures": count, "camera-failures": 0 });
});

Deno.test("openCamera() gives JPEG that fits RTP, in real time, every one a keyframe", async () => {
  const quality = { width: 78, height: 54, framesPerSecond: 30 };
  const { camera, pictures, reports } = await open({ kind: "testsrc" }, { codec: "jpeg", quality });
  await until(() => pictures.length >= 31);
  await camera.stop();
  for (const { codec, keyframe, bytes } of pictures) {
    deepStrictEqual([codec, keyframe], ["jpeg", true]);
    const fragments = packetizeJpeg(bytes);
    strictEqual(typeof fragments, "object", `${fragments}`);
    const sides = typeof fragments === "object" && fragments[0].payload.subarray(6, 8);
    deepStrictEqual(sides, Uint8Array.of(72 / 8, 48 / 8));
  }
  strictEqual(isRising(pictures), true);
  const spanMs = pictures[30].capturedAtMs - pictures[0].capturedAtMs;
  strictEqual(Math.abs(spanMs - 1_000) < 100, true, `${spanMs}`);
  deepStrictEqual(reports, [{ state: "running", message: "" }]);
});

Deno.test({
  name: "openCamera() survives the end of ffmpeg: capture times go on with the clock",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const before = children();
    const { camera, pictures, reports } = await open({ kind: "testsrc" });
    await until(() => pictures.length >= 5);
    const [ffmpeg] = children().filter((pid) => !before.includes(pid));
    const killedMs = now();
    Deno.kill(Number(ffmpeg), "SIGKILL");
    const count = pictures.length;
    await until(() => pictures.length >= count + 10);
    await camera.stop();
    strictEqual(isRising(pictures), true);
    const again = pictures.findIndex(({ capturedAtMs }, at) =>
      at >= count && capturedAtMs > killedMs
    );
    strictEqual(pictures[again].keyframe, true);
    deepStrictEqual(reports.map(({ state }) => state), ["running", "trouble", "running"]);
    strictEqual(camera.counters()["camera-failures"], 1);
    deepStrictEqual(children(), before);
  },
});

Deno.test("openCamera() plays a file fitted to the quality; its last picture stays", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/-two pictures%03d.mkv`;
    const source = "testsrc2=size=100x40:rate=10";
    const args = ["-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "2", `file:${path}`];
    strictEqual((await runFfmpeg(await findFfmpeg(), args)).code, 0);
    const { camera, pictures, reports } = await open({ kind: "file", path });
    await until(() => pictures.length >= 15);
    await camera.stop();
    const sps = readSps(pictures[0].bytes);
    strictEqual(typeof sps === "object" && sps.width === 64 && sps.height === 48, true);
    strictEqual(pictures[14].capturedAtMs - pictures[0].capturedAtMs > 350, true);
    deepStrictEqual(reports.map(({ state }) => state), ["running"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("openCamera() refuses a file that is not there, and ends with one that is no film", async () => {
  await rejects(open({ kind: "file", path: "/nowhere/clip.mp4" }), (error: Refusal) => {
    strictEqual(error.code, "no-file");
    strictEqual(
      error.message,
      "Cannot read the camera's file /nowhere/clip.mp4: there is no such file",
    );
    return true;
  });
  await rejects(open({ kind: "file", path: "/" }), /it is a folder/);
  const { camera, reports } = await open({ kind: "file", path: import.meta.filename! });
  await until(() => reports.length > 0);
  strictEqual(reports[0].state, "ended");
  strictEqual(reports[0].message.includes("Invalid data found"), true, reports[0].message);
  await camera.stop();
});

Deno.test({
  name: "openCamera() says when the device is absent and goes on trying, then gives up",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const { camera, reports } = await open({ kind: "device", id: "/dev/video77" });
    await until(() => reports.at(-1)?.state === "ended");
    deepStrictEqual(reports.map(({ state }) => state), ["trouble", "trouble", "trouble", "ended"]);
    strictEqual(/\/dev\/video77.*No such file.*plug it in/.test(reports[0].message), true);
    await camera.stop();
  },
});
