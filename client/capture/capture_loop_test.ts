import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ProtocolError } from "@fusionmeet/base";
import { isRunning, until } from "./running_test_helper.ts";
import { CaptureLoop, type CaptureReport } from "./capture_loop.ts";

const posix = { ignore: Deno.build.os === "windows" };

/** Runs shell scripts in the place of ffmpeg until the loop gives up or `until` says so. */
function play(
  scripts: string[],
  options: { retryDelaysMs?: number[]; take?: (text: string) => void } = {},
) {
  const reports: CaptureReport[] = [];
  const output: string[] = [];
  const ended = Promise.withResolvers<void>();
  let runs = 0;
  const loop = new CaptureLoop({
    kind: "camera",
    ffmpeg: "/bin/sh",
    variants: scripts.map((script) => ["-c", script]),
    begin: () => {
      runs++;
      return (chunk) => {
        const text = new TextDecoder().decode(chunk);
        output.push(text);
        options.take?.(text);
      };
    },
    report: (report) => {
      reports.push(report);
      if (report.state === "ended") ended.resolve();
    },
    retryDelaysMs: options.retryDelaysMs ?? [0, 0],
  });
  return { loop, reports, output, ended: ended.promise, runs: () => runs };
}

Deno.test(
  "CaptureLoop says ffmpeg's last words, tries again, and gives up saying so",
  posix,
  async () => {
    const { loop, reports, ended, runs } = play([
      "echo '[v4l2 @ 0x5f] /dev/video0: Device or resource busy' >&2; exit 1",
    ]);
    await ended;
    const message = "Cannot read the camera: /dev/video0: Device or resource busy; " +
      "another program uses it: close that one";
    deepStrictEqual(reports, [
      { state: "trouble", message },
      { state: "trouble", message },
      { state: "ended", message },
    ]);
    strictEqual(runs(), 3);
    strictEqual(loop.failureCount, 3);
    await loop.stop();
  },
);

Deno.test(
  "CaptureLoop tries the next way at once and stays with the one that works",
  posix,
  async () => {
    const { loop, reports, output, ended } = play([
      "echo 'no such mode: Invalid argument' >&2; exit 1",
      "echo picture; echo 'the cable: Input/output error' >&2; exit 1",
    ]);
    await ended;
    deepStrictEqual(output, ["picture\n", "picture\n", "picture\n"]);
    deepStrictEqual(reports.map(({ state }) => state), [
      ...["running", "trouble"],
      ...["running", "trouble"],
      ...["running", "ended"],
    ]);
    strictEqual(reports.every(({ message }) => !message.includes("no such mode")), true);
    strictEqual(reports[1].message.startsWith("Cannot read the camera: the cable: Input"), true);
    await loop.stop();
  },
);

Deno.test("CaptureLoop ends a run whose output nobody can read", posix, async () => {
  const { loop, reports, ended } = play(["echo garbage; exec sleep 60"], {
    retryDelaysMs: [],
    take: () => {
      throw new ProtocolError("malformed", "Cannot read the encoder's output: garbage");
    },
  });
  await ended;
  deepStrictEqual(reports, [{
    state: "ended",
    message: "Cannot read the camera: Cannot read the encoder's output: garbage",
  }]);
  await loop.stop();
});

Deno.test("CaptureLoop.stop() ends the process at once and says nothing more", posix, async () => {
  const started = Promise.withResolvers<void>();
  const { loop, reports, output, runs } = play(["echo $$; exec sleep 60"], {
    take: () => started.resolve(),
  });
  await started.promise;
  await loop.stop();
  await loop.stop();
  strictEqual(isRunning(Number(output[0])), false);
  deepStrictEqual(reports, [{ state: "running", message: "" }]);
  strictEqual(runs(), 1);
});

Deno.test("CaptureLoop.stop() does not wait for the next try", posix, async () => {
  const { loop, reports } = play(["exit 1"], { retryDelaysMs: [60_000] });
  await until(() => reports.length > 0);
  await loop.stop();
  strictEqual(loop.failureCount, 1);
});

Deno.test("CaptureLoop says so when the program cannot be started", posix, async () => {
  const reports: CaptureReport[] = [];
  const loop = new CaptureLoop({
    kind: "microphone",
    ffmpeg: "/nowhere/ffmpeg",
    variants: [[]],
    begin: () => () => {},
    report: (report) => reports.push(report),
    retryDelaysMs: [],
  });
  await until(() => reports.length > 0);
  strictEqual(reports[0].state, "ended");
  strictEqual(reports[0].message.includes("/nowhere/ffmpeg"), true, reports[0].message);
  await loop.stop();
});
