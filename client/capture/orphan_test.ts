import { strictEqual } from "node:assert/strict";
import { isRunning, until } from "./running_test_helper.ts";

const module = (name: string) => JSON.stringify(import.meta.resolve(name));

const CONFIG = `${import.meta.dirname}/../../deno.json`;

/** Stand-ins for a client: each captures, and says so. */
const PROGRAMS = {
  "the test picture": `
    import { openCamera } from ${module("./camera.ts")};
    const quality = { width: 64, height: 48, framesPerSecond: 30 };
    const picture = () => console.log("captures");
    await openCamera({ kind: "testsrc" }, { now: () => performance.now(), quality, picture });`,
  "a file as microphone, with the decoder waiting": `
    import { openMicrophone } from ${module("./microphone.ts")};
    const now = () => performance.now();
    await openMicrophone({ kind: "file", path: Deno.args[0] }, { now });
    console.log("captures");
    setInterval(() => {}, 1000);`,
  "a device that gives nothing": `
    import { FfmpegProcess } from ${module("./ffmpeg_process.ts")};
    FfmpegProcess.start("/bin/sleep", ["60"]);
    console.log("captures");
    setInterval(() => {}, 1000);`,
};

for (const [what, program] of Object.entries(PROGRAMS)) {
  Deno.test({
    name: `no process is left when a program that captures ${what} is killed with -9`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const directory = await Deno.makeTempDir();
      const voice = `${directory}/voice.wav`;
      try {
        await Deno.writeFile(voice, longWav());
        const client = new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--no-check", "--config", CONFIG, "-", voice],
          stdin: "piped",
          stdout: "piped",
          stderr: "inherit",
        }).spawn();
        await ReadableStream.from([program]).pipeThrough(new TextEncoderStream())
          .pipeTo(client.stdin);
        const reader = client.stdout.getReader();
        strictEqual((await reader.read()).done, false);
        const descendants = await childrenOf(client.pid);
        strictEqual(descendants.length > 0, true);
        client.kill("SIGKILL");
        await client.status;
        await until(() => !descendants.some(isRunning), 3_000);
        await reader.cancel();
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}

async function childrenOf(pid: number): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const text = await Deno.readTextFile(`/proc/${pid}/task/${name}/children`).catch(() => "");
    pids.push(...text.split(" ").filter((child) => child.trim() !== "").map(Number));
  }
  return pids;
}

/** A minute of silence: more than is decoded ahead. */
function longWav(): Uint8Array {
  const header = Uint8Array.fromHex(
    "52494646" + "24e05700" + "57415645666d7420" + "10000000" + "0100" + "0100" + "80bb0000" +
      "00770100" + "0200" + "1000" + "64617461" + "00e05700",
  );
  const bytes = new Uint8Array(header.length + 60 * 96_000);
  bytes.set(header);
  return bytes;
}
