import { match, strictEqual } from "node:assert/strict";
import type { CaptureReport } from "./capture_loop.ts";
import { findFfmpeg } from "./ffmpeg_process.ts";
import { openMicrophone } from "./microphone.ts";
import { until } from "./running_test_helper.ts";

/** A sound server of its own, whose default source hears what is played to `speaker`. */
function startPulseAudio(directory: string): Deno.ChildProcess {
  const socket = `module-native-protocol-unix socket=${directory}/socket auth-anonymous=1`;
  return new Deno.Command("pulseaudio", {
    args: [
      ...["-n", "--daemonize=no", "--exit-idle-time=-1", "--log-level=error"],
      ...["-L", socket, "-L", "module-null-sink sink_name=speaker"],
    ],
    env: { XDG_RUNTIME_DIR: directory, HOME: directory },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

Deno.test({
  name: "openMicrophone() hears a PulseAudio source, and says so when the server is gone",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const directory = await Deno.makeTempDir();
    const server = startPulseAudio(directory);
    Deno.env.set("PULSE_SERVER", `unix:${directory}/socket`);
    try {
      await until(() => exists(`${directory}/socket`));
      const tone = new Deno.Command(await findFfmpeg(), {
        args: ["-v", "quiet", "-re", "-f", "lavfi", "-i", "sine", "-f", "pulse", "tone"],
        stdin: "null",
      }).spawn();
      const reports: CaptureReport[] = [];
      const now = () => performance.now();
      const microphone = await openMicrophone({ kind: "device" }, {
        now,
        report: (report) => reports.push(report),
        retryDelaysMs: [60_000],
      });
      let peak = 0;
      let lateMs = Infinity;
      await until(() => {
        for (const { pcm, capturedAtMs } of microphone.take(now())) {
          peak = Math.max(peak, ...pcm);
          lateMs = Math.min(lateMs, now() - capturedAtMs);
        }
        return peak > 2_000;
      });
      strictEqual(lateMs >= 20, true, `${lateMs}`);
      await end(server);
      await until(() => reports.length > 1);
      strictEqual(reports[0].state, "running");
      strictEqual(reports[1].state, "trouble");
      match(reports[1].message, /^Cannot read the microphone: \S/);
      await microphone.stop();
      await tone.status;
    } finally {
      Deno.env.delete("PULSE_SERVER");
      await end(server);
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
  await child.status;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}
