import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { ffmpegPlaces, FfmpegProcess, findFfmpeg, missingFfmpeg } from "./ffmpeg_process.ts";
import { isRunning } from "./running_test_helper.ts";

const posix = { ignore: Deno.build.os === "windows" };
const shell = (script: string) => FfmpegProcess.start("/bin/sh", ["-c", script]);

Deno.test("ffmpegPlaces() looks beside the program, in ffmpeg/ beside it, then on PATH", () => {
  deepStrictEqual(
    ffmpegPlaces({ system: "linux", programDirectory: "/opt/meet", path: "/usr/bin::/bin" }),
    ["/opt/meet/ffmpeg", "/opt/meet/ffmpeg/ffmpeg", "/usr/bin/ffmpeg", "/bin/ffmpeg"],
  );
  const places = ffmpegPlaces({ system: "windows", programDirectory: "D:", path: "C:\\a;C:\\b" });
  strictEqual(places.length, 4);
  strictEqual(places.every((place) => place.endsWith("ffmpeg.exe")), true);
});

Deno.test("missingFfmpeg() says how to install it", () => {
  match(missingFfmpeg("linux"), /apt-get install ffmpeg/);
  match(missingFfmpeg("windows"), /winget install ffmpeg .*ffmpeg\.exe .*beside/);
  match(missingFfmpeg("darwin"), /brew install ffmpeg/);
});

Deno.test("findFfmpeg() finds one that runs, or refuses with the sentence", async () => {
  const process = FfmpegProcess.start(await findFfmpeg(), ["-hide_banner", "-version"]);
  let text = "";
  for await (const chunk of process.chunks) text += new TextDecoder().decode(chunk);
  match(text, /^ffmpeg version/);
  deepStrictEqual(await process.exit, { code: 0, stopped: false, lastWords: "" });
  const nowhere = findFfmpeg({ path: "/nowhere" });
  await rejects(nowhere, (error: Refusal) => error.code === "ffmpeg-missing");
});

Deno.test(
  "findFfmpeg() takes the one in ffmpeg/, and passes over one that does not start",
  posix,
  async () => {
    const folder = Deno.makeTempDirSync();
    try {
      const beside = `${folder}/ffmpeg/ffmpeg`;
      Deno.mkdirSync(`${folder}/ffmpeg`);
      Deno.writeTextFileSync(beside, "#!/bin/sh\necho ffmpeg version 1\n", { mode: 0o755 });
      strictEqual(await findFfmpeg({ programDirectory: folder }), beside);
      Deno.chmodSync(beside, 0o644);
      const fromPath = await findFfmpeg({ programDirectory: folder });
      match(fromPath, /^\/usr\/.*ffmpeg$/);
      const neither = findFfmpeg({ programDirectory: folder, path: "/nowhere" });
      await rejects(neither, /ffmpeg\/ffmpeg does not start: .*denied.*Install it/i);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
);

Deno.test("FfmpegProcess.exit tells code and last words of a long stderr", posix, async () => {
  const process = shell(
    "i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done; printf 'it failed' >&2; exit 7",
  );
  for await (const _ of process.chunks);
  deepStrictEqual(await process.exit, { code: 7, stopped: false, lastWords: "it failed" });
});

Deno.test("FfmpegProcess.chunks holds ffmpeg back while nobody reads", posix, async () => {
  const process = shell("head -c 3000000 /dev/zero; echo all written >&2");
  let bytes = 0;
  for await (const chunk of process.chunks) bytes += chunk.length;
  strictEqual(bytes, 3_000_000);
  strictEqual((await process.exit).lastWords, "all written");
});

Deno.test(
  "FfmpegProcess.stop() ends it, read or not, once or twice, alive or dead",
  posix,
  async () => {
    const unread = shell("exec sleep 60");
    await unread.stop();
    await unread.stop();
    strictEqual(isRunning(unread.pid), false);
    strictEqual((await unread.exit).stopped, true);
    const left = shell("yes");
    for await (const _ of left.chunks) break;
    await left.stop();
    const dead = shell("exit 0");
    await dead.exit.then(() => dead.stop());
  },
);
