import { rejects, strictEqual } from "node:assert/strict";
import { type Refusal } from "@fusionmeet/base";
import { EncoderProbe, pictureFault } from "./encoder_probe.ts";
import { encoderCandidates, probeArguments } from "./ffmpeg_arguments.ts";
import { findFfmpeg, runFfmpeg } from "./ffmpeg_process.ts";
import { QUALITY_DEFAULT } from "./sources.ts";

const QUALITY = { ...QUALITY_DEFAULT, width: 640, height: 480 };
const [X264] = encoderCandidates("linux", false);

Deno.test("EncoderProbe.find() finds one that encodes, and asks once", async () => {
  const probe = new EncoderProbe();
  const ffmpeg = await findFfmpeg();
  const first = probe.find(ffmpeg, QUALITY);
  strictEqual(probe.find(ffmpeg, QUALITY), first);
  strictEqual((await first).options.length > 0, true);
});

Deno.test({
  name: "EncoderProbe.find() refuses with the encoder's last words",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await rejects(new EncoderProbe().find("/bin/false", QUALITY), (error: Refusal) => {
      strictEqual(error.code, "no-encoder");
      return true;
    });
  },
});

Deno.test("pictureFault() accepts what x264 makes here and nothing else", async () => {
  const ffmpeg = await findFfmpeg();
  const good = probeArguments(X264, QUALITY);
  const { stdout } = await runFfmpeg(ffmpeg, good);
  strictEqual(pictureFault(stdout), "");
  strictEqual(pictureFault(stdout.subarray(0, -1)), "4 pictures instead of five");
  strictEqual(pictureFault(new Uint8Array()), "0 pictures instead of five");
  strictEqual(/does not start as FLV/.test(pictureFault(Uint8Array.of(1))), true);
  const sliced = good.map((arg) => arg === "sliced-threads=0:slices=1" ? "slices=4" : arg);
  strictEqual(
    pictureFault((await runFfmpeg(ffmpeg, sliced)).stdout),
    "several slices in a picture",
  );
});
