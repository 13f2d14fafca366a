import { Buffer } from "node:buffer";
import type { Display } from "./display.ts";
import { run } from "./programs.ts";
import { until } from "./wait.ts";

/** The pointer is in the corner at the bottom right, and is in what ffmpeg grabs but not in what xwd does. */
const POINTER_SIDE = 32;

/** R, G and B of every pixel of a display, by the X server's own `xwd`; black where the pointer is. */
export async function screenPixels(display: Display): Promise<Buffer> {
  const dump = await Deno.makeTempFile({ suffix: ".xwd" });
  try {
    await run("xwd", ["-silent", "-root", "-display", display.name, "-out", dump]);
    return await pixelsOf(dump, display);
  } finally {
    await Deno.remove(dump);
  }
}

/** The same of a picture of it in a file; `undefined` while there is none. */
export async function stillPixels(path: string, display: Display): Promise<Buffer | undefined> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isThere ? await pixelsOf(path, display) : undefined;
}

async function pixelsOf(path: string, { width, height }: Display): Promise<Buffer> {
  const bytes = await run("ffmpeg", [
    ...["-v", "error", "-i", path, "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"],
  ]);
  for (let row = height - POINTER_SIDE; row < height; row++) {
    const end = 3 * (row + 1) * width;
    bytes.fill(0, end - 3 * POINTER_SIDE, end);
  }
  return Buffer.from(bytes);
}

/** A terminal that shows what is written to it. */
export interface TextScreen extends AsyncDisposable {
  write(text: string): Promise<void>;
}

/** Opens a terminal on a display, without a cursor that blinks. @param size Columns and lines. */
export async function openTextScreen(display: Display, size = "110x36"): Promise<TextScreen> {
  const fifo = `${await Deno.makeTempDir()}/text`;
  await run("mkfifo", [fifo]);
  const terminal = new Deno.Command("xterm", {
    args: [
      ...["-geometry", `${size}+0+0`, "-fa", "DejaVu Sans Mono", "-fs", "10", "+bc", "-uc"],
      ...["-xrm", "*cursorColor: white", "-e", "cat", fifo],
    ],
    env: display.env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await display.xdotool("mousemove", String(display.width - 1), String(display.height - 1));
  // Opening waits for the terminal's `cat`.
  const file = await Deno.open(fifo, { write: true });
  await until(
    "the terminal is there",
    () => display.xdotool("search", "--class", "xterm").catch(() => ""),
  );
  return {
    write: async (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    },
    [Symbol.asyncDispose]: async () => {
      file.close();
      terminal.kill("SIGTERM");
      await terminal.status;
      await Deno.remove(fifo);
    },
  };
}
