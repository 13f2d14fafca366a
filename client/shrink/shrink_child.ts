import { createRequire } from "node:module";
import type { Sharp, SharpOptions } from "sharp";
import { messageOf } from "@fusionmeet/base";
import { SHRINK_EXIT, type ShrinkJob, type ToldJob } from "./shrink_job.ts";

/** How often the process looks how much memory it has. */
const MEMORY_LOOK_MS = 5;
/** WebP qualities that are tried, in this order, at the full size and then at half of it, until the picture is small enough. */
const QUALITIES = [80, 60, 40, 20];
/** Loaders that may run, whatever a file says it is; libvips has many more (SVG, TIFF, PDF…), and all are blocked. */
const LOADERS = ["Jpeg", "Png", "Webp", "Nsgif", "Heif"].map((name) => `VipsForeignLoad${name}`);
/** What sharp calls its native part when it looks for it. */
const NATIVE = /\bsharp-[\w-]+-[\d.]+\.node$/;

type SharpModule = typeof import("sharp").default;

/**
 * `fusionmeet-client --shrink JOB`: reads a picture from stdin, writes a small one (WebP, opaque, upright, sRGB, nothing
 * of its metadata) to stdout, and ends. Whatever the picture makes of libvips stays in this process: it ends itself when
 * it has too much memory or takes too long, and whoever started it ends it, too.
 *
 * @returns the exit code.
 */
export async function runShrinkChild(told: string): Promise<number> {
  const job: ToldJob = JSON.parse(told);
  setTimeout(() => end("time", `it takes longer than ${job.timeMsMax} ms`), job.timeMsMax);
  setInterval(() => {
    if (Deno.memoryUsage().rss <= job.memoryBytesMax) return;
    end("memory", `it needs more memory than ${job.memoryBytesMax >> 20} MiB`);
  }, MEMORY_LOOK_MS);
  const bytes = new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  let sharp: SharpModule;
  try {
    sharp = await loadSharp(job);
  } catch (thrown) {
    return end("noSharp", messageOf(thrown));
  }
  let made: Uint8Array;
  try {
    made = await shrink(bytes, sharp, job);
  } catch (thrown) {
    return end("notAPicture", messageOf(thrown));
  }
  const output = Deno.stdout.writable.getWriter();
  await output.write(made);
  return SHRINK_EXIT.made;
}

async function loadSharp({ native }: ToldJob): Promise<SharpModule> {
  if (native !== undefined) leadTo(native);
  const { default: sharp }: { default: SharpModule } = await import(
    new URL("./sharp_module.ts", import.meta.url).href
  );
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: LOADERS });
  return sharp;
}

/**
 * Sharp asks for its native part under names that only a folder of npm packages has: in a packed program it is given this
 * one, which lies beside its libraries on the disk.
 */
function leadTo(native: string): void {
  const Module = createRequire(import.meta.url)("node:module");
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (request: string, ...rest: unknown[]) =>
    NATIVE.test(request) ? native : resolve.call(Module, request, ...rest);
}

/** @throws Error in libvips' words, or when it cannot be made small enough */
async function shrink(bytes: Uint8Array, sharp: SharpModule, job: ShrinkJob): Promise<Uint8Array> {
  const options: SharpOptions = {
    limitInputPixels: job.pixelsMax,
    sequentialRead: true,
    // Half a picture is none; an unusual one is.
    failOn: "error",
    pages: 1,
  };
  const side = job.sideMax;
  const { data, info } = await sharp(bytes, options).autoOrient()
    .resize(side, side, { fit: "inside", withoutEnlargement: true })
    .flatten({ background: "#ffffff" }).toColourspace("srgb").raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixels = () => sharp(data, { raw: { width, height, channels: info.channels } });
  const half = () => pixels().resize(Math.ceil(width / 2), Math.ceil(height / 2));
  for (const picture of [pixels, half]) {
    for (const quality of QUALITIES) {
      const made = await webp(picture(), quality);
      if (made.length <= job.bytesMax) return made;
    }
  }
  throw new Error(`it cannot be made smaller than ${job.bytesMax} bytes`);
}

async function webp(picture: Sharp, quality: number): Promise<Uint8Array> {
  return await picture.webp({ quality, effort: 4 }).toBuffer();
}

function end(why: keyof typeof SHRINK_EXIT, words: string): never {
  console.error(words.replaceAll(/\s*\n\s*/g, "; "));
  Deno.exit(SHRINK_EXIT[why]);
}
