import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Refusal } from "@fusionmeet/base";
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import type { CaptureReport } from "./capture_loop.ts";
import { DeviceMicrophone } from "./device_microphone.ts";
import { findFfmpeg, runFfmpeg } from "./ffmpeg_process.ts";
import { type MicrophoneFrame, openMicrophone } from "./microphone.ts";
import { until } from "./running_test_helper.ts";

const posix = { ignore: Deno.build.os === "windows" };

/** A WAV file of `samples`, s16 mono. */
function wav(samples: Int16Array, sampleRate = 48_000): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode("RIFF    WAVEfmt "));
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  bytes.set(new TextEncoder().encode("data"), 36);
  view.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, at) => view.setInt16(44 + at * 2, sample, true));
  return bytes;
}

async function withFile<T>(bytes: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${directory}/voice.wav`, bytes);
    return await use(`${directory}/voice.wav`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function joined(frames: readonly MicrophoneFrame[]): Int16Array {
  const pcm = new Int16Array(frames.length * FRAME_SAMPLES);
  frames.forEach((frame, at) => pcm.set(frame.pcm, at * FRAME_SAMPLES));
  return pcm;
}

Deno.test("openMicrophone() plays a file sample for sample at the caller's pace, then silence", async () => {
  const samples = Int16Array.from(
    { length: 7 * 48_000 + 100 },
    (_, n) => (n * 7919) % 60_000 - 30_000,
  );
  await withFile(wav(samples), async (path) => {
    const reports: CaptureReport[] = [];
    const microphone = await openMicrophone({ kind: "file", path }, {
      now: () => 1_000,
      report: (report) => reports.push(report),
    });
    const frames: MicrophoneFrame[] = [];
    for (let nowMs = 1_000; nowMs <= 8_000; nowMs += 10) {
      frames.push(...microphone.take(nowMs));
      // Lets the decoder, which runs five seconds ahead, fill up again.
      if (nowMs % 1_000 === 0) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    strictEqual(frames.length, 350);
    deepStrictEqual(
      frames.map(({ capturedAtMs }) => capturedAtMs),
      frames.map((_, n) => 1_000 + n * 20),
    );
    deepStrictEqual(joined(frames), samples.slice(0, 350 * FRAME_SAMPLES));
    const [last, silence] = microphone.take(8_040);
    deepStrictEqual(last.pcm.slice(0, 101), Int16Array.of(...samples.slice(-100), 0));
    deepStrictEqual(silence.pcm, new Int16Array(FRAME_SAMPLES));
    deepStrictEqual(microphone.counters(), {
      "microphone-file-late-frames": 0,
      "microphone-skipped-frames": 0,
    });
    deepStrictEqual(reports, [{ state: "running", message: "" }]);
    await microphone.stop();
  });
});

Deno.test("openMicrophone() stays on the file's time line over a stall", async () => {
  const samples = Int16Array.from({ length: 96_000 }, (_, n) => n % 30_000);
  await withFile(wav(samples), async (path) => {
    const microphone = await openMicrophone({ kind: "file", path }, { now: () => 0 });
    strictEqual(microphone.take(20)[0].pcm[1], 1);
    const [frame] = microphone.take(520);
    strictEqual(frame.capturedAtMs, 500);
    strictEqual(frame.pcm[0], 24_000);
    await microphone.stop();
  });
});

Deno.test("openMicrophone() takes any rate: a tone stays where it is", async () => {
  const tone = Int16Array.from(
    { length: 44_100 },
    (_, n) => Math.round(10_000 * Math.sin(2 * Math.PI * 441 * n / 44_100)),
  );
  await withFile(wav(tone, 44_100), async (path) => {
    const microphone = await openMicrophone({ kind: "file", path }, { now: () => 0 });
    const frames = Array.from({ length: 40 }, (_, n) => microphone.take(20 * (n + 1))).flat();
    await microphone.stop();
    const pcm = joined(frames).slice(4_800);
    const error = pcm.map((sample, n) =>
      sample - Math.round(10_000 * Math.sin(2 * Math.PI * 441 * (n + 4_800) / 48_000))
    );
    strictEqual(Math.max(...error.map(Math.abs)) < 100, true, `${Math.max(...error)}`);
  });
});

Deno.test("openMicrophone() refuses files that are not there or hold no sound", async () => {
  const open = (path: string) => openMicrophone({ kind: "file", path }, { now: () => 0 });
  await rejects(open("/nowhere.wav"), (error: Refusal) => {
    strictEqual(error.code, "no-file");
    return true;
  });
  await rejects(open(import.meta.filename!), (error: Refusal) => {
    strictEqual(error.code, "bad-file");
    strictEqual(/Cannot read the microphone: .*Invalid data found/.test(error.message), true);
    return true;
  });
  const ffmpeg = await findFfmpeg();
  await withFile(new Uint8Array(), async (path) => {
    const source = ["-f", "lavfi", "-i", "testsrc2=size=32x32", "-frames:v", "1"];
    await runFfmpeg(ffmpeg, ["-v", "error", "-y", ...source, "-f", "matroska", path]);
    await rejects(open(path), /matches no streams/);
  });
});

Deno.test("openMicrophone() of a tone and of silence", async () => {
  const tone = await openMicrophone({ kind: "tone", hertz: 1_000, dbfs: -6 }, { now: () => 0 });
  const pcm = joined([...tone.take(20), ...tone.take(40)]);
  strictEqual(Math.max(...pcm), 16_422);
  strictEqual(pcm[960 + 12], pcm[12]);
  await tone.stop();
  const silence = await openMicrophone({ kind: "silence" }, { now: () => 0 });
  deepStrictEqual(joined([...silence.take(20), ...silence.take(60)]), new Int16Array(3 * 960));
  await silence.stop();
});

/** A shell script in the place of the device. */
function device(scripts: string[], now: () => number) {
  const reports: CaptureReport[] = [];
  const microphone = new DeviceMicrophone({
    now,
    ffmpeg: "/bin/sh",
    variants: scripts.map((script) => ["-c", script]),
    report: (report) => reports.push(report),
    retryDelaysMs: [0],
  });
  return { microphone, reports };
}

Deno.test(
  "DeviceMicrophone.take() gives frames stamped by their arrival, oldest dropped",
  posix,
  async () => {
    const { microphone, reports } = device(
      ["head -c 23045 /dev/zero; exec sleep 60"],
      () => 5_000,
    );
    await until(() => microphone.counters()["microphone-dropped-frames"] === 2);
    const frames = microphone.take(0);
    strictEqual(frames.length, 10);
    strictEqual(frames.every(({ capturedAtMs }) => capturedAtMs <= 4_980), true);
    deepStrictEqual(microphone.take(0), []);
    deepStrictEqual(reports, [{ state: "running", message: "" }]);
    await microphone.stop();
  },
);

Deno.test(
  "DeviceMicrophone comes back after its ffmpeg died; nothing comes after stop()",
  posix,
  async () => {
    let nowMs = 0;
    const { microphone, reports } = device(
      ["head -c 1920 /dev/zero; echo 'default: Input/output error' >&2; exit 1"],
      () => nowMs += 1_000,
    );
    await until(() => reports.at(-1)?.state === "ended");
    const [first, second, ...more] = microphone.take(0);
    strictEqual(more.length, 0);
    strictEqual(second.capturedAtMs > first.capturedAtMs, true);
    deepStrictEqual(reports.map(({ state }) => state), ["running", "trouble", "running", "ended"]);
    strictEqual(microphone.counters()["microphone-failures"], 2);
    await microphone.stop();
    deepStrictEqual(microphone.take(0), []);
  },
);
