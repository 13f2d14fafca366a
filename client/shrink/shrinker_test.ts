/** A picture's process at its limits: real ones with the real sharp, and programs that do as no such process should. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import sharp from "sharp";
import { plainWebpSize } from "@fusionmeet/protocol";
import { Shrinker, type ShrinkStart } from "./shrinker.ts";
import { PREVIEW_JOB, type ShrinkJob, THUMBNAIL_JOB } from "./shrink_job.ts";

const { signal } = new AbortController();

/** A folder that is there while the test runs. */
async function withFolder(test: (file: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test((name) => join(folder, name));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A process that runs this in place of a picture's program. */
function running(script: string): ShrinkStart {
  return () => ({ program: Deno.execPath(), args: ["eval", script], environment: {} });
}

function plain(width: number, height: number, background = "#204060") {
  return sharp({ create: { width, height, channels: 3, background } });
}

Deno.test("Shrinker makes a small, upright picture of each kind, without what a camera wrote into it", async () => {
  await withFolder(async (file) => {
    const shrinker = new Shrinker();
    const left = {
      create: { width: 200, height: 300, channels: 3, background: "#c02020" },
    } as const;
    const half = await sharp(left).png().toBuffer();
    const two = plain(400, 300, "#2020c0").composite([{ input: half, left: 0, top: 0 }]);
    // It lies on its side: its left is up.
    const exif = { IFD0: { Artist: "Ada" }, IFD3: { GPSLatitude: "51/1 30/1 0/1" } };
    await two.clone().jpeg().withMetadata({ orientation: 6 }).withExifMerge(exif)
      .toFile(file("a.jpg"));
    const made = await shrinker.shrink(file("a.jpg"), THUMBNAIL_JOB, signal);
    deepStrictEqual(plainWebpSize(made), { width: 240, height: 320 });
    const { exif: kept, icc, xmp } = await sharp(made).metadata();
    deepStrictEqual([kept, icc, xmp], [undefined, undefined, undefined]);
    const { data } = await sharp(made).raw().toBuffer({ resolveWithObject: true });
    const colour = (row: number) => [...data.subarray((row * 240 + 120) * 3).subarray(0, 3)];
    isNear(colour(60), [0xc0, 0x20, 0x20]);
    isNear(colour(260), [0x20, 0x20, 0xc0]);
    await plain(64, 48).avif({ effort: 0 }).toFile(file("a.avif"));
    await plain(64, 48).gif().toFile(file("a.gif"));
    for (const name of ["a.avif", "a.gif"]) {
      const small = await shrinker.shrink(file(name), PREVIEW_JOB, signal);
      deepStrictEqual(plainWebpSize(small), { width: 64, height: 48 }, name);
    }
  });
});

Deno.test("Shrinker keeps a picture of noise within its bytes, and shows what is transparent on white", async () => {
  await withFolder(async (file) => {
    const noise = { width: 600, height: 600, channels: 4, background: "#0000" } as const;
    const gaussian = { type: "gaussian", mean: 128, sigma: 60 } as const;
    await sharp({ create: { ...noise, channels: 3, noise: gaussian } }).png().toFile(file("a.png"));
    await sharp({ create: noise }).png().toFile(file("b.png"));
    const shrinker = new Shrinker();
    const small = await shrinker.shrink(file("a.png"), THUMBNAIL_JOB, signal);
    strictEqual(small.length <= THUMBNAIL_JOB.bytesMax, true, `${small.length} bytes`);
    const white = await shrinker.shrink(file("b.png"), THUMBNAIL_JOB, signal);
    isNear([...(await sharp(white).raw().toBuffer()).subarray(0, 3)], [255, 255, 255]);
  });
});

Deno.test("a picture's process ends at its limits of memory, time and pixels, in words", async () => {
  await withFolder(async (file) => {
    // Interlaced: it has to be whole in memory, 144 MB, before a line of it is known.
    const large = { width: 6_000, height: 6_000, channels: 4, background: "red" } as const;
    await sharp({ create: large }).png({ progressive: true, compressionLevel: 1 }).toFile(
      file("a.png"),
    );
    const shrinker = new Shrinker();
    const limits: readonly (readonly [Partial<ShrinkJob>, string])[] = [
      [{ memoryBytesMax: 200 << 20 }, "picture-memory"],
      [{ timeMsMax: 1 }, "picture-slow"],
      [{ pixelsMax: 35_999_999 }, "picture-broken"],
      [{ bytesMax: 20 }, "picture-broken"],
    ];
    for (const [limit, code] of limits) {
      const job = { ...THUMBNAIL_JOB, ...limit };
      await rejects(shrinker.shrink(file("a.png"), job, signal), { code }, code);
    }
    const bytes = Deno.statSync(file("a.png")).size;
    const job = { ...THUMBNAIL_JOB, fileBytesMax: bytes - 1 };
    await rejects(shrinker.shrink(file("a.png"), job, signal), { code: "picture-too-big" });
  });
});

Deno.test("Shrinker asks no process about what is no picture, whatever it is called", async () => {
  await withFolder(async (file) => {
    const never = new Shrinker(() => {
      throw new Error("nothing is started");
    });
    const texts = ["", "<svg><image href='http://10.0.0.1/'/></svg>", "II*\0", "%PDF-1.7"];
    for (const [at, text] of texts.entries()) {
      Deno.writeTextFileSync(file(`${at}.png`), text);
      const shrunk = never.shrink(file(`${at}.png`), THUMBNAIL_JOB, signal);
      await rejects(shrunk, { code: "not-a-picture" }, text);
    }
    await rejects(never.shrink(file("none"), THUMBNAIL_JOB, signal), { code: "file-unreadable" });
  });
});

Deno.test("Shrinker takes nothing wrong from its process, ends one that hangs, and does not try again without sharp", async () => {
  await withFolder(async (file) => {
    await plain(9, 9).png().toFile(file("a.png"));
    const shrink = (start: ShrinkStart, job: Partial<ShrinkJob> = {}, stop = signal) =>
      new Shrinker(start).shrink(file("a.png"), { ...THUMBNAIL_JOB, ...job }, stop);
    const write = (bytes: string) => running(`Deno.stdout.writeSync(${bytes})`);
    await rejects(shrink(write("new Uint8Array(99)")), { code: "picture-broken" });
    await rejects(shrink(write("new Uint8Array(99)"), { bytesMax: 98 }), {
      code: "picture-broken",
    });
    const large = (await plain(400, 3).webp().toBuffer()).toString("base64");
    await rejects(shrink(write(`Uint8Array.fromBase64("${large}")`)), { code: "picture-broken" });
    const hangs = running("setInterval(() => {}, 1000)");
    await rejects(shrink(hangs, { timeMsMax: -900 }), { code: "picture-slow" });
    await rejects(shrink(hangs, {}, AbortSignal.timeout(50)), { name: "TimeoutError" });
    const crashes = running("Deno.kill(Deno.pid, 'SIGKILL')");
    await rejects(shrink(crashes), { code: "picture-broken", message: /SIGKILL/ });
    let starts = 0;
    const without = new Shrinker((job) => {
      starts++;
      return running("console.error('no library'); Deno.exit(3)")(job);
    });
    const again = () => without.shrink(file("a.png"), THUMBNAIL_JOB, signal);
    await rejects(again(), { code: "no-sharp", message: "no library" });
    await rejects(again(), { code: "still-no-sharp" });
    strictEqual(starts, 1);
  });
});

function isNear(found: readonly number[], wanted: readonly number[]): void {
  const isRight = found.every((value, at) => Math.abs(value - wanted[at]) <= 12);
  strictEqual(isRight, true, `${found} is not ${wanted}`);
}
