import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { drawNumber, type GreyPicture, pictureMaker, readNumber, ssim } from "./picture.ts";
import { examinePictures, writeTestVideo } from "./picture_files.ts";
import { run } from "./programs.ts";
import { TemporaryDirectory } from "./wait.ts";

const VIDEO = { width: 320, height: 240, source: 5, seed: 1 };

function noisy(picture: GreyPicture, amplitude: number, seed: number): GreyPicture {
  const random = seededRandom(seed);
  const grey = Uint8Array.from(
    picture.grey,
    (value) => Math.max(0, Math.min(255, value + (2 * random.fraction() - 1) * amplitude)),
  );
  return { ...picture, grey };
}

Deno.test("readNumber() reads every number drawNumber() draws, in noise and at any size", () => {
  const random = seededRandom(2);
  for (let round = 0; round < 24; round++) {
    const [width, height] = [[320, 240], [384, 216], [640, 360], [1280, 720]][round % 4];
    const number = { frame: random.u32() & 0xffff, source: random.u32() & 63 };
    const picture = { width, height, grey: new Uint8Array(width * height).fill(128) };
    drawNumber(picture, number);
    deepStrictEqual(readNumber(noisy(picture, 60, round)), number);
  }
});

Deno.test("readNumber() says nothing where there is no bar or a broken one", () => {
  const picture = { width: 320, height: 240, grey: new Uint8Array(320 * 240) };
  for (const shade of [0, 16, 128, 235, 255]) {
    picture.grey.fill(shade);
    strictEqual(readNumber(picture), undefined);
  }
  drawNumber(picture, { frame: 1_000, source: 3 });
  for (let block = 0; block < 32; block++) {
    const broken = { ...picture, grey: picture.grey.slice() };
    const [left, top] = [(2 + block % 16) * 16, (1 + (block >> 4)) * 16];
    for (let y = top; y < top + 16; y++) {
      const value = 251 - broken.grey[y * 320 + left];
      broken.grey.fill(value, y * 320 + left, y * 320 + left + 16);
    }
    strictEqual(readNumber(broken), undefined, `block ${block}`);
  }
});

Deno.test("ssim() is 1 for the same picture, less with noise, little for another one", () => {
  const draw = pictureMaker(VIDEO);
  const picture = (frame: number, of = draw) => ({
    width: 320,
    height: 240,
    grey: of(frame).subarray(0, 320 * 240),
  });
  strictEqual(ssim(picture(9), picture(9)), 1);
  const little = ssim(picture(9), noisy(picture(9), 3, 1));
  const much = ssim(picture(9), noisy(picture(9), 30, 1));
  ok(little > 0.75 && little < 1 && much < little - 0.3, `${little} ${much}`);
  ok(ssim(picture(9), picture(39)) < 0.97);
  ok(ssim(picture(9), picture(9, pictureMaker({ ...VIDEO, source: 6 }))) < 0.9);
});

Deno.test("examinePictures() reads a test video back through H.264 at 320x240", async () => {
  await using directory = new TemporaryDirectory();
  const [sent, received] = [directory.file("sent.mkv"), directory.file("received.h264")];
  await writeTestVideo(sent, VIDEO, { frames: 60, fps: 30 });
  await run("ffmpeg", [
    ...["-v", "error", "-i", sent],
    ..."-c:v libx264 -preset ultrafast -tune zerolatency -b:v 300k -f h264".split(" "),
    received,
  ]);
  const report = await examinePictures(received, VIDEO);
  deepStrictEqual(
    report.numbers,
    Array.from({ length: 60 }, (_, frame) => ({ frame, source: 5 })),
  );
  strictEqual(report.outOfOrder, 0);
  ok(report.ssimWorst > 0.85, `worst SSIM ${report.ssimWorst}`);
  ok(report.ssimMean > 0.9, `mean SSIM ${report.ssimMean}`);
  const another = await examinePictures(received, { ...VIDEO, source: 6 });
  ok(another.ssimMean < 0.9, `SSIM with another source's pictures ${another.ssimMean}`);
});
